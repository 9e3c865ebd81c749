"""Check a history of the workload `v1`."""

from collections.abc import Iterable

from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.checks.ends import Ends
from focus_signal.testing.v1.checks.matches import Matches
from focus_signal.testing.v1.checks.relays import Relays
from focus_signal.testing.v1.checks.restarts import Restarts
from focus_signal.testing.v1.checks.rooms import Views
from focus_signal.testing.v1.checks.tokens import Tokens
from focus_signal.testing.v1.checks.wires import Wires
from focus_signal.testing.v1.plan import V1Plan
from focus_signal.testing.violation import Violation

_PLENTY = 100_000
"""Bytes: more than anybody misses in a run."""
_MOST_OF_ONE = 3
"""Of one invariant no more breaches are told."""


def check_v1(history: Iterable[h.Event], plan: V1Plan) -> list[Violation]:
    """Tell what did not hold, in the order in which it was seen."""
    violations: list[Violation] = []
    told: dict[str, int] = {}

    def report(invariant: str, t: float, text: str) -> None:
        told[invariant] = told.get(invariant, 0) + 1
        if told[invariant] <= _MOST_OF_ONE:
            violations.append(Violation(invariant, t, text))

    config = plan.config
    looking = (
        Wires(report).look,
        Relays(report, config.seeds).look,
        Views(report, 2 * config.grace, config.seeds).look,
        Matches(report).look,
        Tokens(report).look,
        Restarts(report, 2 * config.grace).look,
        Ends(report, config.users, config.grace, config.replay_bytes < _PLENTY).look,
    )
    for event in history:
        for look in looking:
            look(event)
    return violations

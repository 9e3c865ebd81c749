"""The matchmaker does what the naive one does, whatever comes, and a mistake in it would be noticed."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from focus_signal.core.commands import (
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RelayClump,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.matchmaker import RelayScope
from tests.core.comparison import (
    BAD_SIZES,
    CONNECTIONS,
    LARGEST,
    OUTCOMES,
    SIZES,
    STEPS,
    STRANGERS,
    USERS,
    Comparison,
    Difference,
    compare,
)
from tests.core.mutants import MUTANTS, Mutate
from tests.core.naive import SeedCommand

connections = st.sampled_from(CONNECTIONS)
users = st.sampled_from(USERS)
steps = st.sampled_from(STEPS)
sizes = st.sampled_from([*SIZES, *SIZES, 0, -1, LARGEST + 1, 1 << 53])
names = st.sampled_from([*USERS, *USERS, *STRANGERS])

STREAMS = 25
LENGTH = 400


class Machine(RuleBasedStateMachine):
    """Any command at any moment, though what leads to a room comes more often than chance would have it."""

    scope: ClassVar[RelayScope]
    met: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.comparison = Comparison(self.scope)

    @initialize(present=st.permutations(USERS))
    def some_are_there(self, present: list[str]) -> None:
        for connection, user in enumerate(present):
            self.comparison.do(Connect(connection, user))

    @rule(connection=connections, user=users, step=steps)
    def connect(self, connection: int, user: str, step: float) -> None:
        self.comparison.do(Connect(connection, user), step)

    @rule(connection=connections, size=sizes, step=steps)
    def ask(self, connection: int, size: int, step: float) -> None:
        self.comparison.do(RequestMatch(connection, size), step)

    @rule(first=connections, size=st.sampled_from(SIZES))
    def ask_one_after_the_other(self, first: int, size: int) -> None:
        for connection in range(first, first + size):
            self.comparison.do(RequestMatch(connection % len(CONNECTIONS), size))

    @rule(connection=connections, to=names, step=steps)
    def relay(self, connection: int, to: str, step: float) -> None:
        self.comparison.do(Relay(connection, to, "offer", b"{}"), step)

    @rule(connection=connections)
    def relay_to_everybody(self, connection: int) -> None:
        for user in USERS:
            self.comparison.do(Relay(connection, user, "ice-candidate", b"{}"))

    @rule(connection=connections, to=names, size=st.integers(1, 4), step=steps)
    def relay_a_clump(self, connection: int, to: str, size: int, step: float) -> None:
        payloads = tuple(b"%d" % number for number in range(size))
        self.comparison.do_clump(RelayClump(connection, to, "ice-candidate", payloads), step)
        for user in USERS:
            self.comparison.do_clump(RelayClump(connection, user, "ice-candidate", payloads))

    @rule(connection=connections, how=st.sampled_from([Withdraw, Disconnect]), step=steps)
    def leave(self, connection: int, how: type[Withdraw | Disconnect], step: float) -> None:
        self.comparison.do(how(connection), step)

    @rule(step=steps)
    def time_passes(self, step: float) -> None:
        self.comparison.do(TimePassed(), step)

    @rule(connection=connections, what=st.sampled_from(["invalid", "invalid", "beyond", "drain"]))
    def something_rare(self, connection: int, what: str) -> None:
        # A size beyond all numbers is no argument of a rule: Python refuses to show it.
        commands: dict[str, SeedCommand] = {
            "invalid": Invalid(connection, "bad-json", "no", "bob"),
            "beyond": RequestMatch(connection, BAD_SIZES[-1]),
            "drain": Drain(),
        }
        self.comparison.do(commands[what])

    def teardown(self) -> None:
        # What follows is not counted.
        self.met.update(self.comparison.outcomes, commands=self.comparison.commands)
        self.comparison.everybody_leaves()


@pytest.mark.parametrize("relay_scope", ["room", pytest.param("any", marks=pytest.mark.long)])
def test_the_matchmaker_is_the_naive_one(relay_scope: RelayScope) -> None:
    """Effects, statistics, deadline and all that is inside are looked at after each command."""

    class Run(Machine):
        scope = relay_scope
        met: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=200,
            stateful_step_count=60,
            derandomize=True,
            deadline=None,
            database=None,
            report_multiple_bugs=False,  # the first one is made small before the time of a test is over
        ),
    )
    assert Run.met["commands"] >= 10_000
    assert {outcome for outcome in OUTCOMES if Run.met[outcome] < 20} == set()


def test_random_streams_find_no_difference() -> None:
    met = compare(STREAMS, LENGTH)
    assert met["commands"] >= 10_000
    assert {outcome for outcome in OUTCOMES if met[outcome] < 20} == set()


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_a_mistake_is_found(mutate: Mutate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the same streams passes without the mistake; with it, at least one shows a difference."""
    mutate(monkeypatch)
    with pytest.raises(Difference):
        compare(STREAMS, LENGTH)


def test_there_are_mistakes_to_find() -> None:
    assert len(MUTANTS) >= 20
    assert len({mutate.__name__ for mutate in MUTANTS}) == len(MUTANTS)

"""The matchmaker does what the naive one does, whatever comes, and a mistake in it would be noticed."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from focus_signal.core.commands import (
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.matchmaker import RelayScope
from tests.core.comparison import (
    BAD_SIZES,
    CONNECTIONS,
    LARGEST,
    SIZES,
    STEPS,
    STRANGERS,
    USERS,
    Comparison,
    Difference,
    compare_streams,
)
from tests.core.mutants import MUTANTS, Mutate

connections = st.sampled_from(CONNECTIONS)
users = st.sampled_from(USERS)
steps = st.sampled_from(STEPS)
sizes = st.sampled_from([*SIZES, *SIZES, 0, -1, LARGEST + 1, 1 << 53])
names = st.sampled_from([*USERS, *USERS, *STRANGERS])

STREAMS = 25
LENGTH = 400


class Machine(RuleBasedStateMachine):
    """Any command at any moment; `scope` and `commands` belong to one run of the whole machine."""

    scope: RelayScope = "room"
    commands = 0

    def __init__(self) -> None:
        super().__init__()
        self.comparison = Comparison(self.scope)

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

    @rule(connection=connections)
    def ask_beyond_all_numbers(self, connection: int) -> None:
        # No argument of the rule: Python refuses to show it.
        self.comparison.do(RequestMatch(connection, BAD_SIZES[-1]))

    @rule(connection=connections, to=names, kind=st.sampled_from(["offer", "ice-candidate"]), step=steps)
    def relay(self, connection: int, to: str, kind: str, step: float) -> None:
        self.comparison.do(Relay(connection, to, kind, b"{}"), step)

    @rule(connection=connections, to=st.none() | names)
    def invalid(self, connection: int, to: str | None) -> None:
        self.comparison.do(Invalid(connection, "bad-message", "no", to))

    @rule(connection=connections, step=steps)
    def withdraw(self, connection: int, step: float) -> None:
        self.comparison.do(Withdraw(connection), step)

    @rule(connection=connections, step=steps)
    def disconnect(self, connection: int, step: float) -> None:
        self.comparison.do(Disconnect(connection), step)

    @rule(step=steps)
    def time_passes(self, step: float) -> None:
        self.comparison.do(TimePassed(), step)

    @rule()
    def drain(self) -> None:
        self.comparison.do(Drain())

    @invariant()
    def it_was_compared(self) -> None:
        """Look once more; the effects and all the rest are looked at after each command (`Comparison.do`)."""
        assert self.comparison.core.statistics() == self.comparison.naive.statistics()

    def teardown(self) -> None:
        type(self).commands += self.comparison.commands
        self.comparison.everybody_leaves()


@pytest.mark.parametrize("scope", ["room", "any"])
def test_the_matchmaker_is_the_naive_one(scope: RelayScope) -> None:
    class Run(Machine):
        commands = 0

    Run.scope = scope
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
    # Those of `teardown` are not among them.
    assert Run.commands >= 10_000


def test_random_streams_find_no_difference() -> None:
    assert compare_streams(STREAMS, LENGTH) >= 10_000


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_a_mistake_is_found(mutate: Mutate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the same streams passes without the mistake; with it, at least one shows a difference."""
    mutate(monkeypatch)
    with pytest.raises(Difference):
        compare_streams(STREAMS, LENGTH)


def test_there_are_mistakes_to_find() -> None:
    assert len(MUTANTS) >= 20
    assert len({mutate.__name__ for mutate in MUTANTS}) == len(MUTANTS)

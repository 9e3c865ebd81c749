"""What goes wrong in one connection stays there as long as the guards stand; without one it is found out."""

from __future__ import annotations

import pytest

from focus_signal.testing.history import Crashed, Ended, Got
from focus_signal.testing.plan import Fault, Join, Open, Operation, Plan, RunConfig, Say, Signal
from focus_signal.testing.run import Run, run_plan, run_simulation
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.mutants_guards import (
    FAULT_OF_THE_READER,
    GUARD_MUTANTS,
    NO_GUARD_OF_THE_READER,
    PLANTED_FAULTS,
)
from focus_signal.testing.workload.swarm import siege

SOON = 6
# Of whom a goodbye cannot be said, nobody can be told anything.
UNTOLD = {"fault-of-the-goodbye"}


def broken(ran: Run) -> set[str]:
    return {violation.invariant for violation in ran.violations}


def run(seed: int, subject: Subject) -> Run:
    return run_simulation(seed=seed, level="full", subject=subject, workload=siege())


@pytest.mark.parametrize("mutant", GUARD_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_server_without_a_guard_is_found(mutant: Subject) -> None:
    assert any(mutant.breaks in broken(run(seed, mutant)) for seed in range(SOON))


@pytest.mark.parametrize("planted", PLANTED_FAULTS, ids=lambda planted: planted.name)
def test_with_every_guard_in_its_place_a_fault_is_contained(planted: Subject) -> None:
    runs = [run(seed, planted) for seed in range(SOON)]
    assert any("fault" in broken(ran) for ran in runs), "the fault was met"
    assert not any(isinstance(event, Crashed) for ran in runs for event in ran.history)
    if planted.name not in UNTOLD:
        assert not any("contained" in broken(ran) for ran in runs)


def test_each_guard_has_its_fault() -> None:
    assert [f"no-guard-{fault.name.removeprefix('fault-')}" for fault in PLANTED_FAULTS] == [
        mutant.name for mutant in GUARD_MUTANTS
    ]


def test_who_is_not_told_is_named() -> None:
    [mutant] = [mutant for mutant in GUARD_MUTANTS if mutant.name == "no-guard-around-the-reader"]
    texts = [
        violation.text
        for seed in range(SOON)
        for violation in run(seed, mutant).violations
        if violation.invariant == "contained"
    ]
    assert texts
    assert all("was cut, and told nothing" in text for text in texts), "the guard behind it holds"


def slow_one() -> Plan:
    """Let a read fail on a connection for which something waits."""
    operations: list[Operation] = [
        Open(id=1, at=0.0, conn=1, user="ana"),
        Open(id=2, at=0.0, conn=2, user="bo"),
        Join(id=3, at=1.0, conn=1, size=2),
        Join(id=4, at=1.0, conn=2, size=2),
        Fault(id=5, at=2.0, conn=2, fault="slow-reader", amount=1_000.0),
        Signal(id=6, at=3.0, conn=1, kind="offer", to="bo", padding=700),
        Signal(id=7, at=3.0, conn=1, kind="offer", to="bo", padding=700),
    ]
    operations += [Say(id=10 + count, at=3.125 + count / 16, conn=2, text="{}") for count in range(3)]
    return Plan(seed=1, config=RunConfig(window=512, latency=(0.0, 0.0)), operations=tuple(operations))


def told(subject: Subject) -> tuple[int, list[int | None]]:
    """Tell how many messages the slow one has got behind its match, and how it was closed."""
    history = run_plan(slow_one(), level="full", subject=subject).history
    got = [event for event in history if isinstance(event, Got) and event.conn == 2]
    return len(got) - 1, [event.code for event in history if isinstance(event, Ended) and event.conn == 2]


def test_what_waits_is_sent_ahead_of_the_news() -> None:
    assert told(SERVER) == (2 + 3, [])
    offers, code = told(FAULT_OF_THE_READER)
    assert offers >= 2
    assert code == [1011]
    fewer, nothing = told(NO_GUARD_OF_THE_READER)
    assert fewer < offers
    assert nothing == [None]

"""Every scenario of the siege in small: the server stands it, and a server with a bug does not.

What is counted must come out; what is measured (seconds, MiB, shares of a processor) is left to the full run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import attrs
import pytest

from benchmarks.load import WrongResult
from benchmarks.siege import descriptors, drain, floods, slow_handshakes, slow_readers, soak
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import Start, run_subject

SCENARIOS: dict[str, Callable[[Start], Outcome]] = {
    "floods": partial(floods.run, size=floods.SMALL),
    "slow-handshakes": partial(slow_handshakes.run, size=slow_handshakes.SMALL),
    "slow-readers": partial(slow_readers.run, size=slow_readers.SMALL),
    "descriptors": partial(descriptors.run, size=descriptors.SMALL),
    "drain": partial(drain.run, size=drain.SMALL),
    "soak": partial(soak.run, size=soak.SMALL),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_server_stands_it(name: str) -> None:
    outcome = SCENARIOS[name](run_subject)
    assert outcome.miscounted == []
    assert outcome.findings


def test_a_server_is_held_to_the_processor_that_is_named() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    for cpu in cpus:
        with run_subject(cpu=cpu) as subject:
            assert os.sched_getaffinity(subject.pid) == {cpu}
    assert sorted(os.sched_getaffinity(0)) == cpus


def _planted(name: str) -> Start:
    return partial(run_subject, program=("tests.siege.planted", name))


FEW_FLOODS = attrs.evolve(floods.SMALL, visits=60, warm=20, base_seconds=0.3)
FEW_CYCLES = attrs.evolve(soak.SMALL, cycles=300, settle_seconds=0.2)
IMPATIENT = attrs.evolve(slow_readers.SMALL, gone_by=0.5, write_timeout=60.0, stalled=2, stalled_gone_by=0.3)


def _descriptors(kind: str) -> Callable[[Start], Outcome]:
    return partial(descriptors.run, size=attrs.evolve(descriptors.SMALL, kinds=(kind,)))


@pytest.mark.long
@pytest.mark.parametrize(
    ("bug", "run", "notices"),
    [
        ("leak_map_entry", partial(soak.run, size=FEW_CYCLES), "_by_user: ("),
        ("leak_session_id", partial(soak.run, size=FEW_CYCLES), ".by_id: ("),
        ("remember_twice", partial(soak.run, size=FEW_CYCLES), "Guessers who are remembered"),
        ("leak_task", partial(soak.run, size=FEW_CYCLES), "tasks: ("),
        ("leak_descriptor", partial(soak.run, size=FEW_CYCLES), "descriptors: ("),
        ("leak_memory", partial(soak.run, size=attrs.evolve(soak.SMALL, cycles=1_000)), "at most 1 MiB"),
        ("leak_at_the_door", partial(floods.run, size=FEW_FLOODS), "tasks: ("),
        ("tell_nobody", partial(drain.run, size=drain.SMALL), "nothing: 200"),
        ("never_hurry", partial(drain.run, size=drain.SMALL), "at most 1 s"),
        ("name_no_time", _descriptors("seated"), "turned away without 503 and Retry-After"),
        ("keep_soft_limit", _descriptors("soft limit"), "at least 1,024"),
        ("spin", _descriptors("FIN"), "lines logged a second"),
        ("spin", _descriptors("FIN"), "cores"),
        ("forgive_slow_readers", partial(slow_readers.run, size=IMPATIENT), "non-readers who were ended"),
    ],
)
def test_a_bug_is_noticed(bug: str, run: Callable[[Start], Outcome], notices: str) -> None:
    assert notices in "\n".join(map(str, run(_planted(bug)).missed))


@pytest.mark.parametrize(
    "run",
    [
        partial(slow_handshakes.run, size=slow_handshakes.SMALL),
        partial(slow_readers.run, size=slow_readers.SMALL),
    ],
)
def test_a_lost_message_ends_the_scenario(
    run: Callable[[Start], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where its loss stops both sides, it is waited for.
    monkeypatch.setattr("benchmarks.siege.visits.PATIENCE", 0.5)
    with pytest.raises(WrongResult, match=r"is lost|waited 0.5 s for \d+ messages"):
        run(_planted("lose_messages"))


def test_those_who_stall_for_ever_are_counted() -> None:
    outcome = slow_readers.run(run_subject, attrs.evolve(IMPATIENT, deaf=1, gone_by=10.0))
    assert "sent less than an outbox holds: ended" in [finding.what for finding in outcome.miscounted]


def test_those_who_are_never_cut_are_counted() -> None:
    patient = attrs.evolve(slow_handshakes.SMALL, visits=20, handshake_timeout=60.0, cut_by=0.2, patience=0.1)
    outcome = slow_handshakes.run(run_subject, patient)
    assert outcome.miscounted[0].what == "slow visits that were cut"

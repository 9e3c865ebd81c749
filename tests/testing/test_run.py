"""Runs of a seed or a plan at the three levels: what they hold, and that all of it is there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_signal.errors import PlanError
from focus_signal.testing.determinism.policies import replay
from focus_signal.testing.failure import load_failure
from focus_signal.testing.history import EndRead, Sent
from focus_signal.testing.plan import LEVELS, Join, Level, Open, Plan, RunConfig
from focus_signal.testing.run import Run, run_plan, run_simulation
from focus_signal.testing.workload.swarm import swarm

SHELL: tuple[Level, ...] = ("message", "full")
# A workload as small as one can be that still tells something.
SMALL = swarm(clients=3, operations=12, seconds=3.0, settle=10.0)


def self_match() -> Plan:
    """Make a plan that the seed's logic answers with a room of one user twice."""
    config = RunConfig(latency=(0.001, 0.001), seconds=5.0, settle=5.0, seat_grace=1.0)
    strangers = (Open(id=1, at=0.0, conn=1, user="eve"), Open(id=2, at=0.5, conn=2, user="ana"))
    asks = tuple(Join(id=number, at=float(number), conn=2, size=2) for number in (3, 4))
    return Plan(seed=5, config=config, operations=(*strangers, *asks))


def run_of(level: Level) -> Run:
    return run_simulation(seed=4, workload=SMALL, level=level)


def test_a_seed_is_the_same_plan_at_every_level() -> None:
    runs = [run_of(level) for level in LEVELS]
    assert [run.level for run in runs] == list(LEVELS)
    assert len({run.plan.to_json() for run in runs}) == 1
    assert all(run.seed == 4 and run.violations == () for run in runs)
    sent = [sorted(each.op for each in run.history if isinstance(each, Sent)) for run in runs]
    assert sent[0], "the plan has nothing in it"
    assert len({run.digest for run in runs}) == 3


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_seed_gives_the_same_digest(level: Level) -> None:
    first, again = run_of(level), run_of(level)
    assert first.digest == again.digest
    assert first.trace.lines == again.trace.lines
    assert run_simulation(seed=5, workload=SMALL, level=level).digest != first.digest
    assert run_plan(first.plan, level=level).digest == first.digest


def test_only_the_core_has_no_schedule_and_no_bytes() -> None:
    core, message, full = (run_of(level) for level in LEVELS)
    assert (core.schedule, core.wire) == (None, "")
    for run in (message, full):
        assert run.schedule is not None
        assert run.schedule.choices
        assert run.wire
    assert message.wire != full.wire


@pytest.mark.parametrize("level", SHELL)
def test_another_schedule_is_another_run_of_the_same_plan(level: Level) -> None:
    runs = [
        run_simulation(seed=4, workload=SMALL, level=level, schedule=schedule)
        for schedule in ("shuffle", "single-step", "pct:2")
    ]
    assert len({run.digest for run in runs}) == 3
    assert all(run.violations == () for run in runs)


@pytest.mark.parametrize("level", SHELL)
def test_a_recorded_schedule_gives_the_same_run(level: Level) -> None:
    for schedule in ("shuffle", "single-step"):
        ran = run_simulation(seed=4, workload=SMALL, level=level, schedule=schedule)
        assert ran.schedule is not None
        policy = replay(ran.schedule.choices, ran.schedule.kind)
        assert run_plan(ran.plan, level=level, policy=policy).digest == ran.digest


@pytest.mark.parametrize("level", LEVELS)
def test_a_failure_file_holds_all_that_it_takes(level: Level, tmp_path: Path) -> None:
    ran = run_plan(self_match(), level=level, subject="seed")
    ran.failure.save(tmp_path / "failure.json")
    failure = load_failure(tmp_path / "failure.json")
    assert failure.violations[0].invariant == "self-match"
    log = failure.schedule
    policy = None if log is None else replay(log.choices, log.kind)
    again = run_plan(failure.plan, level=failure.level, subject=failure.subject, policy=policy)
    assert again.digest == failure.digest == ran.digest
    assert again.violations == failure.violations


@pytest.mark.parametrize("level", LEVELS)
def test_what_breaks_shrinks_and_still_breaks_at_its_level(level: Level) -> None:
    ran = run_plan(self_match(), level=level, subject="seed")
    smaller = ran.shrink()
    assert smaller.level == level
    assert smaller.violations[0].invariant == "self-match"
    kinds = [type(operation) for operation in smaller.plan.operations]
    assert kinds == [Open, Join, Join]


def test_what_a_swarm_finds_shrinks_at_the_core_and_is_confirmed_above() -> None:
    found = next(
        run
        for run in (run_simulation(seed=seed, level="full", subject="seed") for seed in range(20))
        if run.violations
    )
    smaller = found.shrink()
    assert smaller.level == "full"
    assert len(smaller.plan.operations) < len(found.plan.operations) / 2
    assert found.violations[0].invariant in {violation.invariant for violation in smaller.violations}


def test_there_is_nothing_to_shrink_where_everything_held() -> None:
    with pytest.raises(ValueError, match="nothing to shrink"):
        run_of("core").shrink()


def test_a_breach_that_hangs_on_its_schedule_stays_as_it_is() -> None:
    """Its plan shows none under the schedule of its seed, so no smaller one can be looked for."""
    ran = run_plan(self_match(), level="message", subject="seed")
    hidden = Run(self_match(), "message", run_of("message").subject, ran.history, ran.violations)
    assert hidden.shrink() is hidden


@pytest.mark.parametrize("level", LEVELS)
def test_a_run_can_be_drawn(level: Level) -> None:
    ran = run_plan(self_match(), level=level, subject="seed")
    assert ran.to_mermaid().startswith("sequenceDiagram")
    assert ran.to_svg().startswith("<svg")
    for drawn in (ran.to_mermaid(), ran.to_svg(), ran.to_ascii()):
        assert "self-match" in drawn
        assert "ana" in drawn


def test_the_server_reads_every_end_above_the_core_too() -> None:
    for level in LEVELS:
        ends = [each for each in run_of(level).history if isinstance(each, EndRead)]
        assert ends, level


@pytest.mark.parametrize("argument", [{"level": "web"}, {"subject": "sever"}, {"schedule": "fifo"}])
def test_an_argument_that_is_none_is_refused(argument: dict[str, str]) -> None:
    with pytest.raises(PlanError):
        run_simulation(seed=1, workload=SMALL, **argument)  # type: ignore[arg-type]

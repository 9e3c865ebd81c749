"""Where a run is shrunk: in the core if that shows the breach and it is confirmed, else where it ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs
import pytest

from focus_signal.testing.plan import Level, Open, Plan, RunConfig
from focus_signal.testing.run import run_plan, run_simulation
from focus_signal.testing.shrink_run import TRIES_ABOVE_CORE, shrink_run
from focus_signal.testing.violation import Violation

PLAN = Plan(
    seed=0,
    config=RunConfig(),
    operations=tuple(Open(id=n, at=float(n), conn=n, user=f"u{n}") for n in range(1, 9)),
)
Breaks = Callable[[tuple[int, ...], Level], bool]


@attrs.frozen
class Judgement:
    """A run of which nothing is known but what it broke."""

    plan: Plan
    level: Level
    violations: tuple[Violation, ...]


class Judge:
    """Says which plans break something, and counts how often it was asked at each level."""

    def __init__(self, breaks: Breaks) -> None:
        self.breaks = breaks
        self.asked: Counter[Level] = Counter()

    def __call__(self, plan: Plan, level: Level) -> Judgement:
        self.asked[level] += 1
        ids = tuple(operation.id for operation in plan.operations)
        broken = [Violation("other", 0.0, "always")]
        if self.breaks(ids, level):
            broken.append(Violation("wanted", 0.0, "broken"))
        return Judgement(plan, level, tuple(broken))


def ids_of(plan: Plan) -> list[int]:
    return [operation.id for operation in plan.operations]


def judged(judge: Judge, level: Level) -> Judgement:
    ran = judge(PLAN, level)
    judge.asked.clear()
    return ran


@pytest.mark.parametrize("level", ["core", "message", "full"])
def test_what_the_core_shows_is_shrunk_there(level: Level) -> None:
    judge = Judge(lambda ids, _: {3, 6} <= set(ids))
    shrunk = shrink_run(judged(judge, level), judge, invariant="wanted")
    assert ids_of(shrunk.ran.plan) == [3, 6]
    assert (shrunk.ran.level, shrunk.minimal) == (level, True)
    assert shrunk.runs == judge.asked.total()
    assert level == "core" or judge.asked[level] == 1


def test_what_the_core_does_not_show_is_shrunk_where_it_ran() -> None:
    judge = Judge(lambda ids, level: level == "full" and {3, 6} <= set(ids))
    shrunk = shrink_run(judged(judge, "full"), judge, invariant="wanted")
    assert ids_of(shrunk.ran.plan) == [3, 6]
    assert (shrunk.ran.level, shrunk.minimal) == ("full", True)
    assert judge.asked["core"] == 1


def test_what_is_not_confirmed_is_shrunk_where_it_ran() -> None:
    judge = Judge(lambda ids, level: set(ids) >= ({3} if level == "core" else {3, 6}))
    shrunk = shrink_run(judged(judge, "message"), judge, invariant="wanted")
    assert ids_of(shrunk.ran.plan) == [3, 6]
    assert shrunk.runs == judge.asked.total()


def test_what_only_its_own_schedule_shows_stays_as_it_is() -> None:
    judge = Judge(lambda *_: False)
    ran = Judgement(PLAN, "message", (Violation("wanted", 0.0, "broken"),))
    shrunk = shrink_run(ran, judge)
    assert shrunk.ran is ran
    assert not shrunk.minimal
    assert judge.asked == {"core": 1, "message": 1}


def test_above_core_fewer_plans_are_tried() -> None:
    # Never smaller: every plan is tried in vain, and there are more of them than that.
    plan = PLAN.keeping(
        tuple(Open(id=n, at=float(n), conn=n, user=f"u{n}") for n in range(1, TRIES_ABOVE_CORE + 9))
    )
    judge = Judge(lambda ids, level: level == "full" and len(ids) == len(plan.operations))
    ran = judge(plan, "full")
    judge.asked.clear()
    shrunk = shrink_run(ran, judge, invariant="wanted")
    assert not shrunk.minimal
    assert judge.asked["full"] <= TRIES_ABOVE_CORE + 2


def test_the_first_invariant_is_meant_if_none_is_named() -> None:
    judge = Judge(lambda *_: True)
    assert ids_of(shrink_run(judged(judge, "core"), judge).ran.plan) == []
    with pytest.raises(ValueError, match="drained held, and other, wanted did not"):
        shrink_run(judged(judge, "core"), judge, invariant="drained")
    with pytest.raises(ValueError, match="every invariant held"):
        shrink_run(Judgement(PLAN, "core", ()), judge)


def test_a_real_run() -> None:
    ran = next(ran for seed in range(1, 50) if (ran := run_simulation(seed=seed, subject="twins")).violations)
    shrunk = shrink_run(ran, lambda plan, level: run_plan(plan, level=level, subject="twins"))
    assert ran.violations[0].invariant in {violation.invariant for violation in shrunk.ran.violations}
    assert len(shrunk.ran.plan.operations) <= 6 < len(ran.plan.operations)

"""Exploration: as many schedules as combinatorics says, and what fails can be seen again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import permutations, product
from math import factorial

import pytest
import trio

from focus_signal.errors import NondeterminismError, PlanError
from focus_signal.testing.determinism.exploration import (
    Exploration,
    exhaustive,
    explore,
    explore_runs,
    pct,
    sampled,
)
from focus_signal.testing.determinism.policies import Policy, replay
from focus_signal.testing.determinism.runtime import (
    Failed,
    Ran,
    attempt_deterministically,
    run_deterministically,
)
from focus_signal.testing.determinism.scheduler import Schedule
from tests.testing.programs import fall_behind, racing


def interleavings(tasks: int, steps: int) -> list[list[int]]:
    """List every order of single steps, by a way of its own."""
    return sorted(set(permutations([task for task in range(tasks) for _ in range(steps)])))  # type: ignore[arg-type]


def loses(order: Sequence[int], tasks: int) -> bool:
    """Say whether an order of reads and writes loses an increment."""
    number, seen = 0, dict[int, int]()
    for task in order:
        if task in seen:
            number = seen[task] + 1
        else:
            seen[task] = number
    return number != tasks


@pytest.mark.parametrize(("tasks", "steps"), [(1, 3), (2, 1), (2, 2), (2, 3), (2, 5), (3, 2), (4, 1)])
def test_every_order_of_every_batch_is_run(tasks: int, steps: int) -> None:
    exploration = explore(racing(tasks, steps), exhaustive())
    assert exploration.complete
    assert exploration.schedules == exploration.distinct == factorial(tasks) ** steps
    # Within Trio's rounds all read before any writes.
    assert len(exploration.failures) == (0 if tasks == 1 or steps == 1 else exploration.schedules)


@pytest.mark.parametrize(("tasks", "steps"), [(2, 1), (2, 2), (2, 4), (3, 2)])
def test_every_order_of_steps_is_run(tasks: int, steps: int) -> None:
    exploration = explore(racing(tasks, steps), exhaustive(beyond_trio=True))
    assert exploration.complete
    assert exploration.beyond_trio
    expected = factorial(tasks * steps) // factorial(steps) ** tasks
    assert exploration.schedules == exploration.distinct == expected


@pytest.mark.parametrize("tasks", [2, 3])
def test_as_many_fail_as_should(tasks: int) -> None:
    orders = interleavings(tasks, 2)
    exploration = explore(racing(tasks), exhaustive(beyond_trio=True))
    assert exploration.schedules == len(orders)
    assert len(exploration.failures) == sum(loses(order, tasks) for order in orders)
    assert 0 < len(exploration.failures) < exploration.schedules


def test_the_orders_are_those_of_the_batches() -> None:
    orders: dict[tuple[int, ...], None] = {}

    async def tell() -> None:
        order: list[int] = []

        async def step(task: int) -> None:
            order.append(task)
            await trio.lowlevel.cancel_shielded_checkpoint()
            order.append(task)

        async with trio.open_nursery() as nursery:
            for task in range(3):
                nursery.start_soon(step, task)
        orders[tuple(order)] = None

    assert explore(tell, exhaustive()).complete
    rounds = list(permutations(range(3)))
    assert sorted(orders) == sorted((*one, *other) for one, other in product(rounds, rounds))


def test_a_failure_is_seen_again() -> None:
    test = racing(2)
    exploration = explore(test, exhaustive(beyond_trio=True), seed=5)
    failure = exploration.failures[0]
    assert failure.error == "AssertionError: 1 of 2"
    assert failure.how == (
        f"run_deterministically(test, seed=5, policy=replay({list(failure.choices)}, 'step'))"
    )
    for each in exploration.failures:
        with pytest.raises(AssertionError, match="1 of 2"):
            run_deterministically(test, seed=5, policy=replay(each.choices, each.kind))


def test_it_says_that_there_is_more() -> None:
    exploration = explore(racing(3, 3), exhaustive(max_schedules=20))
    assert not exploration.complete
    assert str(exploration).startswith("not complete: 20 of more; 20 failed, the first with AssertionError")
    assert not explore(racing(2, 2), exhaustive(max_schedules=3)).complete
    assert explore(racing(2, 2), exhaustive(max_schedules=4)).complete


def test_it_says_that_it_is_complete() -> None:
    assert str(explore(racing(2, 1), exhaustive())) == "complete: 2 schedules"
    assert (
        str(explore(racing(2, 1), exhaustive(beyond_trio=True)))
        == "complete: 2 schedules (beyond Trio's own orders)"
    )
    assert str(explore(racing(2, 1), sampled(schedules=10))) == "not complete: 10 of more, 2 of them distinct"


def test_it_stops_at_the_first_failure() -> None:
    strategies = (exhaustive(beyond_trio=True), sampled("single-step", 100), sampled("pct", 100))
    for strategy in strategies:
        exploration = explore(racing(2), strategy, stop_at_first=True)
        assert len(exploration.failures) == 1
        assert exploration.schedules < 30
        assert not exploration.complete


def test_a_failure_in_the_last_schedule_leaves_it_complete() -> None:
    async def test() -> None:
        order: list[int] = []

        async def step(task: int) -> None:
            order.append(task)

        async with trio.open_nursery() as nursery:
            for task in range(3):
                nursery.start_soon(step, task)
        assert order != [2, 1, 0]

    exploration = explore(test, exhaustive(), stop_at_first=True)
    assert (exploration.complete, exploration.schedules, len(exploration.failures)) == (True, 6, 1)


def test_pct_finds_what_no_order_of_batches_shows() -> None:
    assert explore(fall_behind, sampled("shuffle", 50)).failures == ()
    found = explore(fall_behind, pct(2, 20))
    assert found.failures
    assert found.beyond_trio
    assert "beyond Trio" in str(found)
    assert explore(fall_behind, sampled("single-step", 40)).failures
    # And no order of batches does, since these are all.
    every = explore(fall_behind, exhaustive())
    assert every.complete
    assert (every.schedules, every.failures) == (2**7, ())


def test_samples_repeat() -> None:
    def choices(exploration: Exploration) -> list[tuple[int, ...]]:
        return [failure.choices for failure in exploration.failures]

    for policy in ("single-step", "pct"):
        first = explore(racing(3, 3), sampled(policy, 20), seed=3)
        assert choices(explore(racing(3, 3), sampled(policy, 20), seed=3)) == choices(first)
        assert choices(explore(racing(3, 3), sampled(policy, 20), seed=300)) != choices(first)


def test_a_standstill_and_a_circle_are_failures() -> None:
    async def turn() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    assert "standstill" in str(explore(trio.sleep_forever, exhaustive()))
    assert "not ended after 50 steps" in str(explore(turn, exhaustive(), max_steps=50))


def test_groups_are_told_leaf_by_leaf() -> None:
    async def fail() -> None:
        raise ValueError("of its own")

    async def test() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)

    assert explore(test, exhaustive()).failures[0].error == "ValueError: of its own"


def test_what_is_not_decided_ends_the_exploration() -> None:
    runs = iter(range(100))

    async def change() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(2 + next(runs) % 2):
                nursery.start_soon(trio.lowlevel.checkpoint)

    with pytest.raises(NondeterminismError, match="the same schedule led to other tasks"):
        explore(change, exhaustive())

    async def read_clock() -> None:
        time.time()

    with pytest.raises(NondeterminismError, match=r"time\.time\(\)"):
        explore(read_clock, exhaustive())

    async def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explore(stop, exhaustive())


def test_wrong_strategies_are_refused() -> None:
    with pytest.raises(PlanError, match="allowed are"):
        sampled("fifo")
    assert pct(4, 7) == sampled("pct:4", 7)
    with pytest.raises(PlanError, match="depth is 0"):
        pct(0)
    for make in (exhaustive, lambda number: sampled("shuffle", number)):
        with pytest.raises(PlanError, match="number of schedules is 0"):
            make(0)


def test_other_kinds_of_runs_are_explored() -> None:
    asked: list[str] = []

    def run_once(policy: Policy) -> Ran[object] | Failed:
        asked.append(policy.name)
        return attempt_deterministically(racing(2), seed=1, policy=policy)

    def tell_how(schedule: Schedule) -> str:
        return f"with {schedule.choices}"

    exploration = explore_runs(run_once, sampled("pct:2", 4), tell_how=tell_how)
    assert (exploration.schedules, asked) == (4, ["pct:2"] * 4)
    assert all(failure.how == f"with {list(failure.choices)}" for failure in exploration.failures)

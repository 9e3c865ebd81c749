"""Deterministic runs: everything from the seed, errors as they are, and an end to what can never end."""

from __future__ import annotations

import gc
import os
import random
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest
import trio
import trio.lowlevel

from focus_signal.errors import NondeterminismError, PlanError, SimulationFailed
from focus_signal.testing.determinism import runtime
from focus_signal.testing.determinism.policies import Policy, pct, replay, shuffle, single_step
from focus_signal.testing.determinism.runtime import (
    Failed,
    Ran,
    attempt_deterministically,
    reproducible,
    run_deterministically,
)
from focus_signal.testing.determinism.tripwires import leaves
from tests.testing.programs import interleave, make_noise, said_by, wake_together


async def trace(tasks: int = 4) -> list[tuple[float, int, str]]:
    """Tell when which task drew what."""
    told: list[tuple[float, int, str]] = []

    async def tell(task: int) -> None:
        for _ in range(3):
            await trio.sleep(random.choice([0.25, 0.5, 1.0]))
            told.append((trio.current_time(), task, os.urandom(4).hex()))

    async with trio.open_nursery() as nursery:
        for task in range(tasks):
            nursery.start_soon(tell, task)
    return told


def test_a_seed_decides() -> None:
    ran = run_deterministically(trace, 5, seed=1)
    for _ in range(5):
        noise = make_noise()
        again = run_deterministically(trace, 5, seed=1)
        assert (again.value, again.seconds) == (ran.value, ran.seconds)
        assert again.schedule.digest() == ran.schedule.digest()
        del noise
    assert len({repr(run_deterministically(trace, seed=seed).value) for seed in range(20)}) == 20


def test_seeds_do_not_touch_each_other() -> None:
    forward = {seed: run_deterministically(trace, seed=seed).value for seed in range(6)}
    backward = {seed: run_deterministically(trace, seed=seed).value for seed in reversed(range(6))}
    assert forward == backward


@pytest.mark.parametrize("policy", [shuffle(7), single_step(7), pct(7)])
def test_a_policy_decides_the_schedule_alone(policy: Policy) -> None:
    ran = run_deterministically(interleave, seed=1, policy=policy)
    other = run_deterministically(interleave, seed=2, policy=policy)
    assert (ran.value, ran.schedule.digest()) == (other.value, other.schedule.digest())
    again = run_deterministically(interleave, seed=1, policy=replay(ran.schedule.choices, ran.schedule.kind))
    assert (ran.value, ran.schedule.digest()) == (again.value, again.schedule.digest())


def test_time_is_virtual() -> None:
    async def sleep() -> float:
        await trio.sleep(86400.0)
        return trio.current_time()

    ran = run_deterministically(sleep, seed=1)
    assert (ran.value, ran.seconds) == (86400.0, 86400.0)


def test_only_the_function_is_scheduled() -> None:
    async def noop() -> int:
        return 5

    ran = run_deterministically(noop, seed=1)
    assert (ran.value, ran.schedule.choices) == (5, [])


PROGRAM = """
import sys
from focus_signal.testing.determinism.runtime import run_deterministically
from tests.testing.test_runtime import trace
for seed in (3, 4):
    ran = run_deterministically(trace, seed=seed)
    print(ran.value, ran.seconds, ran.schedule.digest(), ran.schedule.choices)
"""


def test_processes_agree() -> None:
    said = [said_by(PROGRAM, hash_seed) for hash_seed in (1, 2)]
    here = ""
    for seed in (3, 4):
        ran = run_deterministically(trace, seed=seed)
        here += f"{ran.value} {ran.seconds} {ran.schedule.digest()} {ran.schedule.choices}\n"
    assert said == [here, here]


def test_an_error_comes_out_as_it_was_raised() -> None:
    async def fail() -> None:
        await trio.sleep(2)
        raise ValueError("of its own")

    async def fail_in_a_nursery() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)

    with pytest.raises(ValueError, match="of its own"):
        run_deterministically(fail, seed=1)
    with pytest.raises(ExceptionGroup) as caught:
        run_deterministically(fail_in_a_nursery, seed=1)
    assert [repr(leaf) for leaf in leaves(caught.value)] == ["ValueError('of its own')"]
    attempt = attempt_deterministically(fail, seed=1)
    assert isinstance(attempt, Failed)
    assert (repr(attempt.error), attempt.seconds) == ("ValueError('of its own')", 2.0)


def test_who_stops_the_program_stops_it() -> None:
    async def stop(kind: type[BaseException]) -> None:
        raise kind

    for kind in (KeyboardInterrupt, SystemExit):
        with pytest.raises(kind):
            attempt_deterministically(stop, kind, seed=1)
    with pytest.raises(KeyboardInterrupt):
        run_deterministically(stop, KeyboardInterrupt, seed=1, policy=replay([1, 2, 3]))


def test_a_swallowed_refusal_fails_the_run() -> None:
    async def swallow() -> int:
        with suppress(Exception):
            time.monotonic()
        return 5

    with pytest.raises(NondeterminismError, match=r"time\.monotonic\(\)"):
        run_deterministically(swallow, seed=1)
    assert run_deterministically(swallow, seed=1, tripwires=False).value == 5


def test_without_tripwires_threads_are_let_in() -> None:
    assert run_deterministically(trio.to_thread.run_sync, lambda: 5, seed=1, tripwires=False).value == 5
    with pytest.raises(NondeterminismError, match="to_thread"):
        run_deterministically(trio.to_thread.run_sync, lambda: 5, seed=1)


def test_a_misfit_ends_the_run() -> None:
    async def go_on() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(turn)

    async def turn() -> None:
        while True:  # noqa: ASYNC110 - a loop without an end is what is to be ended
            await trio.sleep(1)

    with pytest.raises(PlanError, match="the schedule ends after 3 choices"):
        run_deterministically(go_on, seed=1, policy=replay([0, 1, 1]))


def test_an_endless_run_is_ended() -> None:
    async def turn() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(SimulationFailed, match="has not ended after 50 steps"):
        run_deterministically(turn, seed=1, max_steps=50)


async def wait_behind_a_shield() -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()


def test_a_standstill_is_ended() -> None:
    async def wait_for_each_other() -> None:
        one, other = trio.Lock(), trio.Lock()

        async def take(first: trio.Lock, second: trio.Lock) -> None:
            async with first:
                await trio.sleep(1)
                async with second:
                    pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, one, other)
            nursery.start_soon(take, other, one)

    attempt = attempt_deterministically(wait_for_each_other, seed=1)
    assert isinstance(attempt, Failed)
    assert isinstance(attempt.error, SimulationFailed)
    assert str(attempt.error) == "standstill: every task waits, and none has a deadline"
    assert attempt.seconds == 1.0
    again = attempt_deterministically(wait_for_each_other, seed=1, policy=replay(attempt.schedule.choices))
    assert repr(getattr(again, "error", None)) == repr(attempt.error)


@pytest.fixture
def silent_wreck(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away, unheard, the tasks of a run that was broken off: they complain that it is gone."""
    # However many runs there were before, the collection behind one of them must not fall into this test.
    monkeypatch.setattr(runtime, "_RUNS", count(1))
    gc.collect()  # what others have left is heard
    with monkeypatch.context() as patch:
        # From here on, since Python may collect whenever it likes.
        patch.setattr(sys, "unraisablehook", lambda _: None)
        yield
        gc.collect()


def test_a_standstill_behind_a_shield_is_ended(silent_wreck: None) -> None:
    urandom, clock = os.urandom, time.time
    with pytest.raises(SimulationFailed, match="standstill"):
        run_deterministically(wait_behind_a_shield, seed=1)
    assert (os.urandom, time.time, gc.isenabled()) == (urandom, clock, True)
    assert run_deterministically(interleave, 2, seed=1).value


def test_waiting_is_no_standstill() -> None:
    async def wait() -> list[int]:
        with trio.move_on_after(3600):
            await trio.sleep_forever()
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 10)
            nursery.start_soon(trio.testing.wait_all_tasks_blocked, 0.001)
        return await wake_together()

    ran = run_deterministically(wait, seed=1)
    assert ran.seconds == 3610.0


def test_nothing_is_collected_in_a_run() -> None:
    async def tell() -> bool:
        return gc.isenabled()

    assert gc.isenabled()
    assert run_deterministically(tell, seed=1).value is False
    assert gc.isenabled()
    gc.disable()
    try:
        run_deterministically(tell, seed=1)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_now_and_then_it_is_collected_between_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Node:
        own: Node | None = None

    async def leave_a_circle() -> weakref.ref[Node]:
        node = Node()
        node.own = node
        return weakref.ref(node)

    gc.disable()
    try:
        monkeypatch.setattr(runtime, "_RUNS", iter(range(49, 60)))
        left = run_deterministically(leave_a_circle, seed=1).value
        assert left() is not None
        run_deterministically(interleave, 2, seed=1)
        assert left() is None
    finally:
        gc.enable()


async def test_it_is_not_for_the_inside_of_a_run() -> None:
    with pytest.raises(RuntimeError, match="inside of a run"):
        run_deterministically(interleave, seed=1)
    with pytest.raises(RuntimeError, match="inside of a run"):
        attempt_deterministically(interleave, seed=1)


def test_reproducible() -> None:
    def run(seed: int) -> tuple[list[int], str, str]:
        with reproducible(seed) as schedule:
            order = trio.run(wake_together)
            return order, schedule.digest(), os.urandom(4).hex()

    assert run(1) == run(1)
    assert len({repr(run(seed)) for seed in range(10)}) == 10


def test_what_ran_can_be_shown() -> None:
    ran: Ran[list[int]] = run_deterministically(interleave, seed=1)
    assert ran.schedule.kind == "batch"
    assert not ran.schedule.policy.beyond_trio

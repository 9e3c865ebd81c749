"""The schedule: obeyed, recorded, replayed, the same under noise, and of one thread."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from random import Random
from threading import Thread
from typing import Any

import pytest
import trio
from attrs import frozen
from trio.testing import MockClock

from focus_signal.errors import PlanError, SimulationFailed
from focus_signal.testing.determinism.policies import Kind, Policy, replay, shuffle, single_step
from focus_signal.testing.determinism.scheduler import Schedule, scheduled, worker_threads_checked
from tests.testing.programs import interleave, make_noise, said_by, wake_together

RUN: Any = sys.modules["trio._core._run"]


def names() -> tuple[object, object]:
    return RUN._r, RUN._ALLOW_DETERMINISTIC_SCHEDULING


def run(policy: Policy, program: Callable[..., Any] = interleave) -> tuple[Any, Schedule]:
    with scheduled(policy) as schedule:
        return trio.run(program, clock=MockClock(autojump_threshold=0)), schedule


@frozen
class Always:
    """Choose the same index each time, or what lies nearest to it."""

    index: int
    kind: Kind = "batch"
    name: str = "always"
    beyond_trio: bool = False

    def begin(self) -> Always:
        return self

    def choose(self, ready: Sequence[int]) -> int:
        return min(self.index, len(ready) - 1)

    def end(self) -> None:
        pass


def test_the_order_is_obeyed() -> None:
    rounds, _ = run(Always(0))
    assert rounds == [*[0, 1, 2, 3, 4] * 4, 0, 2, 4, 1, 3]
    rounds, _ = run(Always(9))
    assert rounds == [*[4, 3, 2, 1, 0] * 4, 4, 2, 0, 3, 1]
    steps, _ = run(Always(0, "step"))
    assert steps == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [0, 2, 4, 1, 3]


@pytest.mark.parametrize("make", [shuffle, single_step])
def test_a_seed_decides(make: Callable[[int], Policy]) -> None:
    first, schedule = run(make(1))
    again, repeated = run(make(1))
    assert (again, repeated.digest()) == (first, schedule.digest())
    assert (repeated.choices, repeated.batches, repeated.steps) == (
        schedule.choices,
        schedule.batches,
        schedule.steps,
    )
    assert len({run(make(seed))[1].digest() for seed in range(20)}) == 20


@pytest.mark.parametrize("make", [shuffle, single_step])
def test_a_run_is_replayed_from_its_choices(make: Callable[[int], Policy]) -> None:
    first, schedule = run(make(3))
    again, repeated = run(replay(schedule.choices, schedule.kind))
    assert (again, repeated.digest(), repeated.choices) == (first, schedule.digest(), schedule.choices)


def test_choices_of_another_kind_or_run_do_not_fit() -> None:
    _, schedule = run(shuffle(3))
    assert schedule.choices
    with pytest.raises(PlanError, match=r"in the schedule|ready"):
        run(replay(schedule.choices, "step"))
    with pytest.raises(PlanError, match=r"the run ended at choice \d+ of \d+ in the schedule"):
        run(replay([*schedule.choices, 0]))
    with pytest.raises(PlanError, match=rf"the schedule ends after {len(schedule.choices) - 1} choices"):
        run(replay(schedule.choices[:-1]))
    with pytest.raises(PlanError, match=r"choice 2 of the schedule is 99, but \d+ tasks are ready"):
        run(replay([0, 0, 99]))


def test_a_choice_out_of_range_is_not_taken() -> None:
    with pytest.raises(PlanError, match="choice 0 is -1, but 2 tasks are ready"):
        run(Always(-1))


def test_a_misfit_says_more_than_what_came_of_it() -> None:
    async def fail() -> None:
        await interleave()
        raise ValueError("because of the schedule")

    with pytest.raises(PlanError) as caught:
        run(replay([0]), fail)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(KeyboardInterrupt), scheduled(replay([0])):
        raise KeyboardInterrupt


def test_a_fault_is_told_at_once_and_once() -> None:
    told: list[int] = []
    with (
        pytest.raises(SimulationFailed, match="not ended after 7 steps"),
        scheduled(shuffle(1), max_steps=7) as schedule,
    ):
        schedule.call_on_fault(lambda: told.append(schedule.steps))
        trio.run(interleave, clock=MockClock(autojump_threshold=0))
    assert told == [schedule.steps]
    assert 7 < schedule.steps <= 12


def test_counts() -> None:
    async def noop() -> None:
        pass

    with scheduled(Always(0), asking=False) as schedule:
        trio.run(noop)
    assert (schedule.batches, schedule.steps, schedule.choices) == (0, 0, [])
    empty = schedule.digest()
    _, schedule = run(Always(0))
    assert schedule.steps >= 5 * 6
    assert schedule.batches < schedule.steps
    assert schedule.digest() != empty


def test_a_digest_tells_long_runs_apart() -> None:
    def digest(last: int) -> str:
        schedule = Schedule(Always(0))
        first, second = object(), object()
        for number in range(10_000):
            pair: list[Any] = [first, second]
            schedule.arrange(pair if number != last else pair[:1], None)  # type: ignore[arg-type]
        assert schedule.digest() == schedule.digest()
        return schedule.digest()

    assert len({digest(-1), digest(0), digest(1), digest(5000), digest(9999)}) == 5


def test_noise_in_memory_changes_nothing() -> None:
    """The check can fail: Trio by itself gives many orders under the same noise."""
    ours: dict[object, None] = {}
    plain: dict[object, None] = {}
    for _ in range(30):
        noise = make_noise()
        woken, schedule = run(shuffle(5), wake_together)
        ours[tuple(woken), schedule.digest(), tuple(schedule.choices)] = None
        plain[tuple(trio.run(wake_together))] = None
        del noise
    assert len(ours) == 1
    assert len(plain) > 5


def test_seeding_alone_would_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the generator but without the flag, the same noise shows: so both are needed."""
    traces: dict[object, None] = {}
    for _ in range(30):
        noise = make_noise()
        monkeypatch.setattr(RUN, "_r", Random(5))
        monkeypatch.setattr(RUN, "_ALLOW_DETERMINISTIC_SCHEDULING", False)  # Hypothesis had set it
        traces[tuple(trio.run(wake_together))] = None
        del noise
    assert len(traces) > 5


PROGRAM = """
import trio
from trio.testing import MockClock
from focus_signal.testing.determinism.policies import shuffle
from focus_signal.testing.determinism.scheduler import scheduled
from tests.testing.programs import interleave, wake_together

for program in (interleave, wake_together):
    with scheduled(shuffle(5)) as schedule:
        print(trio.run(program, clock=MockClock(autojump_threshold=0)), schedule.digest())
"""


def test_processes_agree() -> None:
    said = [said_by(PROGRAM, hash_seed) for hash_seed in (1, 2)]
    here = "".join(
        f"{order} {schedule.digest()}\n"
        for order, schedule in (run(shuffle(5), program) for program in (interleave, wake_together))
    )
    assert said == [here, here]


def test_another_thread_is_left_alone() -> None:
    seen: list[object] = []

    def run_elsewhere() -> None:
        seen.extend(tuple(trio.run(wake_together)) for _ in range(20))
        seen.append(RUN._r.random())

    kept = names()
    with scheduled(Always(0)) as schedule:
        thread = Thread(target=run_elsewhere)
        thread.start()
        thread.join()
        assert (schedule.batches, schedule.choices) == (0, [])
        assert trio.run(wake_together) == list(range(8))
    assert len(set(seen)) > 5
    assert isinstance(seen[-1], float)
    assert names() == kept


def test_one_thread_simulates_at_a_time() -> None:
    said: list[str] = []

    def simulate() -> None:
        with pytest.raises(RuntimeError, match="another thread of this process is in a simulation") as caught:
            scheduled(shuffle(1)).__enter__()
        said.append(str(caught.value))

    with scheduled(shuffle(1)):
        thread = Thread(target=simulate)
        thread.start()
        thread.join()
    assert len(said) == 1
    run(shuffle(1))


def test_all_is_put_back() -> None:
    kept = names()
    with pytest.raises(ValueError, match="of its own"), scheduled(shuffle(1)):
        assert names() != kept
        raise ValueError("of its own")
    assert names() == kept
    with scheduled(shuffle(1)):
        inside = names()
        with pytest.raises(RuntimeError, match="already in force in this thread"):
            scheduled(shuffle(2)).__enter__()
        assert names() == inside
    assert names() == kept
    run(shuffle(1))
    assert names() == kept


async def test_a_run_that_has_begun_is_not_scheduled() -> None:
    with pytest.raises(RuntimeError, match="inside of a run"):
        scheduled(shuffle(1)).__enter__()


def test_worker_threads_are_checked() -> None:
    checked: list[int] = []
    with worker_threads_checked(lambda: checked.append(1)):
        assert trio.run(trio.to_thread.run_sync, lambda: 5) == 5
        assert trio.run(trio.to_thread.run_sync, lambda: 6) == 6
    assert trio.run(trio.to_thread.run_sync, lambda: 7) == 7
    assert checked == [1, 1]

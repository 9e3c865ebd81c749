"""Points do nothing outside a simulation, and within one they ask its director, in every task of it."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from attrs import define, field

from focus_signal.observe.buggify import Point, What, buggify, directed_by, pause, witness


@define(eq=False)
class Recorder:
    """Direct as it was told, and note what it is asked."""

    meddles: bool = True
    seconds: float = 0.0
    asked: list[str] = field(factory=list[str], init=False)

    def buggify(self, name: Point) -> bool:
        self.asked.append(f"buggify {name}")
        return self.meddles

    def pause(self, name: Point) -> float:
        self.asked.append(f"pause {name}")
        return self.seconds

    def witness(self, what: What, connection: int) -> None:
        self.asked.append(f"{what} {connection}")


async def test_outside_nothing_happens() -> None:
    assert buggify("owner.short-turn") is False
    witness("served", 1)
    with trio.testing.assert_no_checkpoints():
        await pause("owner.late-turn")


@pytest.mark.parametrize("meddles", [True, False])
def test_within_the_director_decides(*, meddles: bool) -> None:
    recorder = Recorder(meddles)
    with directed_by(recorder):
        assert buggify("connection.backlogged") is meddles
        witness("end-read", 7)
    assert recorder.asked == ["buggify connection.backlogged", "end-read 7"]


async def test_as_much_time_passes_as_the_director_says(autojump_clock: trio.testing.MockClock) -> None:
    recorder = Recorder(seconds=1.5)
    with directed_by(recorder):
        began = trio.current_time()
        await pause("inbox.late-send")
        assert trio.current_time() == began + 1.5
    assert recorder.asked == ["pause inbox.late-send"]


async def test_no_time_is_not_even_a_checkpoint() -> None:
    with directed_by(Recorder()), trio.testing.assert_no_checkpoints():
        await pause("owner.late-turn")


async def test_a_pause_can_be_cancelled(autojump_clock: trio.testing.MockClock) -> None:
    with directed_by(Recorder(seconds=10.0)), trio.move_on_after(1.0) as scope:
        await pause("owner.late-turn")
    assert scope.cancelled_caught


async def test_tasks_inherit_it_from_where_they_are_started() -> None:
    inside, outside = Recorder(), list[bool]()

    async def ask() -> None:
        outside.append(buggify("owner.short-turn"))

    async with trio.open_nursery() as nursery:
        with directed_by(inside):
            nursery.start_soon(ask)
        # The block is left before that task runs; it keeps what held where it was started.
        nursery.start_soon(ask)
    assert sorted(outside) == [False, True]
    assert inside.asked == ["buggify owner.short-turn"]


async def test_a_task_of_its_own_does_not_direct_its_parent() -> None:
    directing, go_on = trio.Event(), trio.Event()

    async def direct() -> None:
        with directed_by(Recorder()):
            directing.set()
            await go_on.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(direct)
        await directing.wait()
        assert buggify("owner.short-turn") is False
        go_on.set()


def test_behind_the_block_it_is_as_it_was() -> None:
    outer, inner = Recorder(meddles=False), Recorder()
    with directed_by(outer):
        with directed_by(inner):
            assert buggify("owner.short-turn") is True
        assert buggify("owner.short-turn") is False
        with pytest.raises(ZeroDivisionError), directed_by(inner):
            raise ZeroDivisionError
        assert buggify("owner.short-turn") is False
    assert buggify("owner.short-turn") is False
    assert (len(outer.asked), len(inner.asked)) == (2, 1)

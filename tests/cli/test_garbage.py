"""Garbage in circles: when the process looks for it, and that it goes."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Generator

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

from focus_signal.cli import garbage
from focus_signal.cli.garbage import Collector
from tests.cli.program import start

YOUNG, EVERYTHING = 0, 2


class Circle:
    def __init__(self) -> None:
        self.self = self


@define(eq=False)
class Heap:
    """Stand for the objects that are in use, and note what is looked at."""

    objects: int
    left: int | None = None  # by a look at everything
    looks: list[int] = field(factory=list[int])

    def collect(self, generation: int) -> None:
        self.looks.append(generation)
        if generation == EVERYTHING and self.left is not None:
            self.objects = self.left

    def turns(self, collector: Collector, *, times: int = 20) -> list[int]:
        self.looks.clear()
        for _ in range(times):
            collector.turn()
        return self.looks


def collector(objects: int) -> tuple[Heap, Collector]:
    heap = Heap(objects)
    return heap, Collector(lambda: heap.objects, heap.collect)


def test_the_young_are_looked_at_in_every_turn() -> None:
    heap, each = collector(1000)
    assert heap.turns(each, times=100) == [YOUNG] * 100


@pytest.mark.parametrize(("objects", "looks"), [(4000, 0), (4001, 1)])
def test_everything_is_looked_at_once_there_is_four_times_as_much(objects: int, looks: int) -> None:
    heap, each = collector(1000)
    heap.objects = objects
    assert heap.turns(each).count(EVERYTHING) == looks


def test_what_is_in_use_counts_from_then_on() -> None:
    heap, each = collector(1000)
    heap.objects = 5000
    assert heap.turns(each).count(EVERYTHING) == 1
    heap.objects = 20_000
    assert heap.turns(each).count(EVERYTHING) == 0
    heap.objects = 20_001
    assert heap.turns(each).count(EVERYTHING) == 1


def test_what_was_garbage_does_not_count() -> None:
    heap, each = collector(1000)
    heap.objects, heap.left = 5000, 1100
    heap.turns(each)
    heap.objects = 4401
    assert heap.turns(each).count(EVERYTHING) == 1


def test_what_has_gone_does_not_count() -> None:
    heap, each = collector(10_000)
    heap.objects = 1000
    heap.turns(each)
    heap.objects = 4001
    assert heap.turns(each).count(EVERYTHING) == 1


@pytest.fixture
def _as_before() -> Generator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("_as_before")
async def test_circles_go(
    autojump_clock: MockClock, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_use = [1000]
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: in_use[0])
    garbage.take_over()
    nursery.start_soon(garbage.run_collector)
    await trio.sleep(0.1)
    young = Circle()
    there = weakref.ref(young)
    del young
    assert there() is not None, "nothing but a look can find it"
    await trio.sleep(0.2)
    assert there() is None

    old = Circle()
    there = weakref.ref(old)
    await trio.sleep(10)  # many looks at the young have left it
    del old
    await trio.sleep(10)
    assert there() is not None, "a look at the young has found what is old"
    in_use[0] = 4001
    await trio.sleep(2)
    assert there() is None


_TELLING = """
import gc, sys
def tell(phase, info):
    if phase == "start" and "trio" in sys.modules and info["generation"] == 0:
        sys.stderr.write(f"a look at generation 0, after {gc.get_threshold()}\\n")
from focus_signal.cli import main
gc.callbacks.append(tell)
sys.exit(main(["serve", "--host", "127.0.0.1", "--port", "0", "--ready-json"]))
"""


async def test_serve_looks_at_the_young() -> None:
    async with start([sys.executable, "-c", _TELLING]) as program:
        await program.ready()
        # Nobody is there, so that nothing but a turn of the collector can look at anything.
        while "a look at generation 0, after (10000, " not in program.log():  # noqa: ASYNC110 - another process
            await trio.sleep(0.01)
        assert (await program.stop()).status == 0

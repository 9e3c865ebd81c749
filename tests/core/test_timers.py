"""Timers: the order of what is due, what is set or cancelled meanwhile, and what is kept of what is gone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from heapq import heappop
from itertools import islice
from random import Random
from typing import Any

import pytest
from attrs import define, field, frozen

from focus_signal.core import timers as module
from focus_signal.core.timers import Timers, seconds_until
from tests.access.planting import Planted, caught
from tests.core.effort import instructions_of


@define
class Naive:
    """Timers as one would first write them: a list that is sorted at each look."""

    entries: list[tuple[float, int, int]] = field(factory=list)
    count: int = 0

    def set(self, item: int, at: float) -> None:
        self.cancel(item)
        self.count += 1
        self.entries.append((at, self.count, item))

    def cancel(self, item: int) -> None:
        self.entries = [entry for entry in self.entries if entry[2] != item]

    def next_deadline(self) -> float | None:
        return min(self.entries)[0] if self.entries else None

    def due(self, now: float) -> Iterator[int]:
        newest = self.count
        while self.entries and min(self.entries)[0] <= now and min(self.entries)[1] <= newest:
            entry = min(self.entries)
            self.entries.remove(entry)
            yield entry[2]


def check(timers: Timers[Any]) -> None:
    """See that what is inside agrees with itself, and that stale entries are few."""
    live = list(timers._entries.values())
    assert {number: item for item, (_, number) in timers._entries.items()} == timers._items
    assert set(live) <= set(timers._heap)
    assert len(timers._heap) - len(live) <= len(live) + 64
    assert not timers._heap or timers._heap[0] in live
    assert len(timers) == len(live)


def test_by_time_then_in_the_order_of_setting() -> None:
    timers = Timers[str]()
    for item, at in [("d", 2.0), ("a", 1.0), ("e", 2.0), ("b", 1.0), ("f", 3.0), ("c", 1.0)]:
        timers.set(item, at)
    assert timers.next_deadline() == 1.0
    assert list(timers.due(0.99)) == []
    assert list(timers.due(2.0)) == ["a", "b", "c", "d", "e"]
    assert timers.next_deadline() == 3.0
    assert list(timers.due(2.99)) == []
    assert list(timers.due(100.0)) == ["f"]
    assert timers.next_deadline() is None


def test_setting_anew_replaces_earlier_and_later() -> None:
    timers = Timers[str]()
    timers.set("a", 1.0)
    timers.set("b", 2.0)
    timers.set("a", 3.0)
    assert timers.at("a") == 3.0
    assert timers.next_deadline() == 2.0
    assert list(timers.due(2.0)) == ["b"]
    timers.set("a", 2.5)
    assert timers.next_deadline() == 2.5
    assert list(timers.due(9.0)) == ["a"]
    assert list(timers.due(9.0)) == []


def test_setting_anew_to_the_same_time_comes_behind() -> None:
    timers = Timers[str]()
    for item in "aba":
        timers.set(item, 1.0)
    assert list(timers.due(1.0)) == ["b", "a"]


def test_cancelled_does_not_come() -> None:
    timers = Timers[str]()
    for item in "abc":
        timers.set(item, 1.0)
    timers.cancel("a")
    timers.cancel("a")
    timers.cancel("never set")
    assert timers.at("a") is None
    assert len(timers) == 2
    assert list(timers.due(1.0)) == ["b", "c"]


def test_equal_items_are_one_and_others_need_no_order() -> None:
    @frozen
    class Alarm:
        of: object

    first, second = object(), object()
    timers = Timers[Alarm]()
    timers.set(Alarm(first), 1.0)
    timers.set(Alarm(second), 1.0)
    timers.set(Alarm(first), 2.0)
    assert list(timers.due(1.0)) == [Alarm(second)]
    timers.cancel(Alarm(first))
    assert timers.next_deadline() is None


def test_cancelled_meanwhile_does_not_come() -> None:
    timers = Timers[str]()
    for item in "abcd":
        timers.set(item, 1.0)
    came: list[str] = []
    for item in timers.due(1.0):
        came.append(item)
        if item == "a":
            timers.cancel("b")
            timers.set("c", 5.0)
    assert came == ["a", "d"]
    assert timers.next_deadline() == 5.0


def test_set_meanwhile_for_later_waits() -> None:
    timers = Timers[str]()
    timers.set("a", 1.0)
    timers.set("b", 1.5)
    for item in timers.due(2.0):
        assert timers.at(item) is None, "it is let go of before it is given"
        timers.set(item, 2.5)
    assert list(timers.due(2.5)) == ["a", "b"]


def test_set_meanwhile_and_due_already_is_for_the_next_walk_in_its_place() -> None:
    timers = Timers[str]()
    timers.set("a", 1.0)
    timers.set("b", 3.0)
    came: list[str] = []
    for item in timers.due(9.0):
        came.append(item)
        timers.set("new", 2.0)
    assert came == ["a"]
    assert timers.next_deadline() == 2.0, "whoever waits for it does not wait"
    assert list(timers.due(9.0)) == ["new", "b"]


def test_a_walk_ends_though_everything_is_set_anew() -> None:
    timers = Timers[int]()
    for item in range(5):
        timers.set(item, 1.0)
    came: list[int] = []
    for item in islice(timers.due(1.0), 20):
        came.append(item)
        timers.set(item, 1.0)
    assert came == [0, 1, 2, 3, 4]
    assert timers.next_deadline() == 1.0


def test_a_walk_that_is_broken_off_loses_nothing() -> None:
    timers = Timers[str]()
    for item in "abc":
        timers.set(item, 1.0)
    for _ in timers.due(1.0):
        break
    assert len(timers) == 2
    check(timers)
    assert list(timers.due(1.0)) == ["b", "c"]


def test_stale_entries_are_few() -> None:
    timers = Timers[int]()
    timers.set(-1, 0.0)  # so that what is stale does not come to the top
    for turn in range(2_000):
        timers.set(turn % 7, 1.0 + turn)
        check(timers)
    for item in range(500):
        timers.set(item, 10.0)
    for item in range(500):
        timers.cancel(item)
        check(timers)
    timers.cancel(-1)
    assert (timers._heap, timers._entries, timers._items) == ([], {}, {})


def test_tidying_keeps_the_order_and_is_seldom() -> None:
    timers, most, times = Timers[int](), 0, 0
    random = Random(5)
    at = {item: float(random.randrange(1, 1_000)) for item in range(300)}
    for item, time in at.items():
        timers.set(item, time)
    for turn in range(3_000):
        item, before = random.randrange(150), len(timers._heap)
        at[item] = float(random.randrange(500, 2_000))
        timers.set(item, at[item])
        most, times = max(most, len(timers._heap)), times + (len(timers._heap) < before - 100)
        if turn % 100 == 0:
            check(timers)
    assert most == 2 * len(timers) + 64
    # Of 600 and more entries about half go each time.
    assert 5 < times < 10
    came = list(timers.due(1e9))
    assert sorted(came) == list(range(300))
    assert [at[item] for item in came] == sorted(at.values())


def test_nothing_is_kept_of_an_item_that_is_cancelled() -> None:
    class Thing:
        pass

    timers = Timers[object]()
    timers.set("first", 0.0)
    things = [Thing() for _ in range(20)]
    seen = [weakref.ref(thing) for thing in things]
    for thing in things:
        timers.set(thing, 1.0)
        timers.cancel(thing)
    del thing
    things.clear()
    gc.collect()
    assert len(timers._heap) == 21, "their entries are still there"
    assert [ref() for ref in seen] == [None] * 20


def walked(timers: Timers[int] | Naive, now: float, seed: int) -> list[int]:
    """Walk over what is due and set or cancel something at some of the steps."""
    random = Random(seed)
    came: list[int] = []
    for item in timers.due(now):
        came.append(item)
        other, at, action = random.randrange(12), now + random.randrange(-3, 4), random.randrange(4)
        if action == 0:
            timers.set(other, at)
        elif action == 1:
            timers.cancel(other)
    return came


def test_the_same_as_the_naive_ones() -> None:
    for seed in range(100):
        random = Random(seed)
        timers, naive, now = Timers[int](), Naive(), 0.0
        for step in range(100):
            item, at = random.randrange(12), now + random.randrange(-2, 8)
            action = random.randrange(8)
            if action < 4:
                timers.set(item, at)
                naive.set(item, at)
            elif action < 6:
                timers.cancel(item)
                naive.cancel(item)
            else:
                now += random.randrange(4)
                assert walked(timers, now, step) == walked(naive, now, step)
            assert timers.next_deadline() == naive.next_deadline()
            check(timers)


def _cost(count: int) -> int:
    """Count what setting, moving, cancelling and giving one out cost where there are others."""
    timers = Timers[int]()
    for item in range(count):
        timers.set(item, 100.0 + item)

    def steps() -> None:
        timers.set(-1, 50.0)
        timers.set(-1, 60.0)
        timers.set(-2, 70.0)
        timers.cancel(-2)
        timers.next_deadline()
        assert list(timers.due(60.0)) == [-1]

    return instructions_of(steps)


def test_a_step_costs_the_same_however_many_there_are() -> None:
    assert _cost(20) > 50, "nothing was counted"
    assert _cost(20) == _cost(500)


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(-5.0, 0), (0.0, 0), (1e-9, 0), (0.001, 1), (1.0, 1), (1.0 + 1e-9, 1), (1.001, 2), (59.5, 60)],
)
def test_whole_seconds(left: float, seconds: int) -> None:
    assert seconds_until(left, 0.0) == seconds
    assert seconds_until(1e5 + left, 1e5) == seconds


def test_a_sum_of_floats_is_no_second_more() -> None:
    for tenth in range(1, 3_000):
        now = tenth / 10
        assert seconds_until(now + 60.0, now) == 60
        assert seconds_until(now + 60.0, now + 60.0) == 0


_set, _due = Timers.set, Timers.due


def _keeps_the_first(self: Any, item: Any, at: float) -> None:
    if self.at(item) is None:
        _set(self, item, at)


def _keeps_the_place(self: Any, item: Any, at: float) -> None:
    if self.at(item) != at:
        _set(self, item, at)


def _newest_first(self: Any, item: Any, at: float) -> None:
    self._count -= 2
    _set(self, item, at)


def _as_a_list(self: Any, now: float) -> Iterator[Any]:
    return iter(list(_due(self, now)))


def _without_an_end(self: Any, now: float) -> Iterator[Any]:
    while self._heap and self._heap[0][0] <= now:
        yield next(_due(self, now))


def _only_the_top(self: Any) -> None:
    while self._heap and self._heap[0][1] not in self._items:
        heappop(self._heap)


def _without_order(self: Any) -> None:
    _only_the_top(self)
    if len(self._heap) > 2 * len(self._items) + 64:
        self._heap[:] = self._entries.values()


def _each_time(self: Any) -> None:
    self._heap[:] = sorted(entry for entry in self._heap if entry[1] in self._items)


test_faults_are_caught = caught(
    [
        Planted(
            "the first stays", test_setting_anew_replaces_earlier_and_later, Timers, "set", _keeps_the_first
        ),
        Planted(
            "the place stays",
            test_setting_anew_to_the_same_time_comes_behind,
            Timers,
            "set",
            _keeps_the_place,
        ),
        Planted("newest first", test_by_time_then_in_the_order_of_setting, Timers, "set", _newest_first),
        Planted("never cancelled", test_cancelled_does_not_come, Timers, "cancel", lambda *_: None),
        Planted("all at once", test_cancelled_meanwhile_does_not_come, Timers, "due", _as_a_list),
        Planted("all at once, naively", test_the_same_as_the_naive_ones, Timers, "due", _as_a_list),
        Planted(
            "a walk that never ends",
            test_a_walk_ends_though_everything_is_set_anew,
            Timers,
            "due",
            _without_an_end,
        ),
        Planted(
            "a little late",
            test_by_time_then_in_the_order_of_setting,
            Timers,
            "due",
            lambda self, now: _due(self, now - 0.001),
        ),
        Planted(
            "no heap any more", test_tidying_keeps_the_order_and_is_seldom, Timers, "_tidy", _without_order
        ),
        Planted("stale entries stay", test_stale_entries_are_few, Timers, "_tidy", _only_the_top),
        Planted(
            "tidied too often", test_a_step_costs_the_same_however_many_there_are, Timers, "_tidy", _each_time
        ),
        Planted("a second more", test_a_sum_of_floats_is_no_second_more, module, "_ROUNDING", 0.0),
    ]
)

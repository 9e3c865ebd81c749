"""The replay log: its numbers, what it keeps and what it drops when it is too much."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from attrs import define, field

from focus_signal.core.effects import Ack, Message
from focus_signal.core.replay import Budget, ReplayLog
from tests.access.planting import Planted, caught
from tests.core.effort import instructions_of

PLENTY = 1 << 40


def filled(most: int, *sizes: int, budget: Budget | None = None) -> ReplayLog:
    """Make a log with messages of these sizes; `Ack(n)` is message n."""
    log = ReplayLog(most, Budget(PLENTY) if budget is None else budget)
    for size in sizes:
        append(log, size)
    return log


def append(log: ReplayLog, size: int) -> None:
    number = log.last + 1
    assert log.append(Ack(number), size) == number == log.last


def numbers(log: ReplayLog, seen: int) -> list[int] | None:
    """List what follows; each message must be the one that had its number."""
    after = log.after(seen)
    if after is None:
        return None
    assert all(message == Ack(number) for number, message in after)
    return [number for number, _ in after]


def test_numbers_begin_with_one_and_each_is_one_more() -> None:
    log = filled(100)
    assert log.last == 0
    assert numbers(log, 0) == []
    for _ in range(3):
        append(log, 10)
    assert log.last == 3
    assert [numbers(log, seen) for seen in range(4)] == [[1, 2, 3], [2, 3], [3], []]
    assert (log.bytes, len(log)) == (30, 3)


def test_what_was_seen_is_dropped() -> None:
    log = filled(100, 10, 20, 30, 40)
    log.forget(2)
    assert (log.bytes, len(log), log.last) == (70, 2, 4)
    assert [numbers(log, seen) for seen in range(5)] == [None, None, [3, 4], [4], []]
    log.forget(2)
    log.forget(0)
    assert (log.bytes, len(log)) == (70, 2)
    log.forget(4)
    assert (log.bytes, len(log), log.last) == (0, 0, 4)
    assert [numbers(log, seen) for seen in range(5)] == [None, None, None, None, []]
    append(log, 10)
    assert numbers(log, 4) == [5]


def complains(action: Callable[[int], object], seen: int) -> bool:
    try:
        action(seen)
    except (ValueError, KeyError) as error:
        return f"message {seen} was not sent yet" in str(error)
    return False


def test_what_was_never_sent_cannot_have_been_seen() -> None:
    log = filled(100, 10, 10)
    assert complains(log.forget, 3)
    assert complains(log.after, 3)
    assert numbers(log, 0) == [1, 2]


def test_the_newest_are_kept_as_many_as_fit() -> None:
    log = filled(100, 40, 30, 30)
    assert numbers(log, 0) == [1, 2, 3]
    append(log, 1)
    assert (numbers(log, 0), numbers(log, 1), log.bytes) == (None, [2, 3, 4], 61)
    append(log, 39)
    assert (numbers(log, 1), numbers(log, 2), log.bytes) == ([2, 3, 4, 5], [3, 4, 5], 100)
    append(log, 1)
    assert (numbers(log, 1), numbers(log, 2), log.bytes) == (None, [3, 4, 5, 6], 71)
    append(log, 100)
    assert (numbers(log, 5), numbers(log, 6), log.bytes) == (None, [7], 100)


def test_one_that_is_too_large_is_not_kept_and_none_before_it() -> None:
    log = filled(100, 10, 101)
    assert (log.last, log.bytes, len(log)) == (2, 0, 0)
    assert (numbers(log, 0), numbers(log, 1), numbers(log, 2)) == (None, None, [])
    append(log, 5)
    assert (numbers(log, 1), numbers(log, 2)) == (None, [3])


def test_nothing_is_kept_where_nothing_may_be() -> None:
    log = filled(0, 1, 1)
    assert (log.last, log.bytes, numbers(log, 1), numbers(log, 2)) == (2, 0, None, [])


def test_messages_without_a_size_are_kept_and_dropped_like_others() -> None:
    budget = Budget(10)
    log = filled(10, 0, 0, 10, 0, budget=budget)
    assert numbers(log, 0) == [1, 2, 3, 4]
    append(log, 1)
    assert (numbers(log, 2), numbers(log, 3)) == (None, [4, 5])
    log.forget(5)
    assert (budget.bytes, budget._shelves) == (0, [])


def test_room_in_the_log_and_in_the_budget() -> None:
    budget = Budget(150)
    log = filled(100, 60, budget=budget)
    assert (log.fits(40), log.fits(41)) == (True, False)
    other = filled(100, 70, budget=budget)
    assert (log.fits(20), log.fits(21)) == (True, False)
    assert (other.fits(20), other.fits(21)) == (True, False)
    append(log, 20)
    assert budget.cleared == 0
    assert (numbers(log, 0), numbers(other, 0)) == ([1, 2], [1])


def test_whole_as_long_as_nothing_unseen_was_dropped() -> None:
    log = filled(100)
    steps: list[Callable[[], object]] = [
        lambda: append(log, 60),
        lambda: append(log, 40),
        lambda: append(log, 1),  # drops the first
        lambda: log.forget(1),
        log.clear,
        lambda: append(log, 10),
        lambda: log.forget(2),
        lambda: log.forget(3),
        lambda: append(log, 101),  # is not kept
        lambda: log.forget(5),
    ]
    whole = [log.whole]
    for step in steps:
        step()
        whole.append(log.whole)
    assert whole == [True, True, True, False, True, False, False, False, True, False, True]


def test_clearing_drops_everything_and_the_numbers_go_on() -> None:
    log = filled(100, 10, 10)
    log.clear()
    log.clear()
    assert (log.bytes, len(log), log.last) == (0, 0, 2)
    assert (numbers(log, 1), numbers(log, 2)) == (None, [])
    append(log, 10)
    assert (numbers(log, 1), numbers(log, 2)) == (None, [3])


def test_what_is_closed_keeps_nothing() -> None:
    budget = Budget(1_000)
    log = filled(100, 10, 10, budget=budget)
    log.close()
    for size in (10, 0):
        append(log, size)
    assert (log.last, log.bytes, len(log), budget.bytes) == (4, 0, 0, 0)
    assert not log.fits(0)
    log.close()
    assert (budget.bytes, budget._shelves) == (0, [])


@define
class Naive:
    """A log as one would first write it: everything that was ever sent, and what it counts for."""

    most: int
    sizes: list[int] = field(factory=list)
    seen: int = 0
    gone: int = 0
    """The last number that is not kept."""

    def append(self, size: int) -> None:
        self.sizes.append(size)
        while sum(self.sizes[self.gone :]) > self.most:
            self.gone += 1

    def forget(self, seen: int) -> None:
        self.seen = max(self.seen, seen)
        self.gone = max(self.gone, seen)

    def after(self, seen: int) -> list[tuple[int, Message]] | None:
        if seen < self.gone:
            return None
        return [(number, Ack(number)) for number in range(seen + 1, len(self.sizes) + 1)]


def check(budget: Budget, most: int, logs: list[ReplayLog]) -> None:
    """See that the budget holds, and that each log stands on its shelf."""
    assert budget.bytes == sum(log.bytes for log in logs) <= most
    stands = [(log, place) for place, shelf in enumerate(budget._shelves) for log in shelf]
    assert all(1 << place <= log.bytes < 2 << place for log, place in stands)
    assert len(stands) == sum(log.bytes > 0 for log in logs)
    assert not budget._shelves or budget._shelves[-1]


def test_the_same_as_the_naive_one() -> None:
    for seed in range(60):
        random = Random(seed)
        budget = Budget(PLENTY)
        log, naive = filled(100, budget=budget), Naive(100)
        for _ in range(80):
            action = random.randrange(10)
            if action < 7:
                size = random.choice([0, 1, 10, 30, 60, 100, 101])
                append(log, size)
                naive.append(size)
            else:
                seen = random.randrange(log.last + 1)
                log.forget(seen)
                naive.forget(seen)
            assert (len(log), log.whole) == (log.last - naive.gone, naive.gone <= naive.seen)
            assert [log.after(seen) for seen in range(log.last + 1)] == [
                naive.after(seen) for seen in range(log.last + 1)
            ]
            check(budget, PLENTY, [log])


def _cost_of_a_full_log(most: int) -> int:
    log = filled(most, *[1] * most)
    return instructions_of(lambda: log.append(Ack(1), 1))


def test_to_keep_one_costs_the_same_however_many_are_kept() -> None:
    assert _cost_of_a_full_log(10) > 20, "nothing was counted"
    assert _cost_of_a_full_log(10) == _cost_of_a_full_log(5_000)


_append = ReplayLog.append


def _unnumbered(self: Any, message: Message, size: int) -> int:
    return int(self.last) + 1 if size > self._most else _append(self, message, size)


def _unbounded(self: Any, message: Message, size: int) -> int:
    most, self._most = self._most, PLENTY
    number = _append(self, message, size)
    self._most = most
    return number


def _all_or_nothing(self: Any, message: Message, size: int) -> int:
    if self.bytes + size > self._most:
        self.clear()
    return _append(self, message, size)


def _gap(self: Any, message: Message, size: int) -> int:
    if size <= self._most:
        return _append(self, message, size)
    self.last += 1
    return int(self.last)


def _what_is_left(self: Any, seen: int) -> list[tuple[int, Message]]:
    return [(number, message) for number, (_, message) in self._kept.items() if number > seen]


def _not_given_back(self: Any) -> None:
    self._kept.clear()
    self.bytes = 0


def _own_room_alone(self: Any, size: int) -> bool:
    return bool(self.bytes + size <= self._most)


def _slow_drop(self: Any) -> None:
    size, _ = self._kept.pop(min(number for number in self._kept))
    self.bytes -= size


FAULTS: list[tuple[str, Callable[[], None], str, Any]] = [
    ("unnumbered", test_one_that_is_too_large_is_not_kept_and_none_before_it, "append", _unnumbered),
    ("unbounded", test_the_newest_are_kept_as_many_as_fit, "append", _unbounded),
    ("unbounded, naively", test_the_same_as_the_naive_one, "append", _unbounded),
    ("all or nothing", test_the_newest_are_kept_as_many_as_fit, "append", _all_or_nothing),
    ("a gap", test_one_that_is_too_large_is_not_kept_and_none_before_it, "append", _gap),
    ("what is left of it", test_what_was_seen_is_dropped, "after", _what_is_left),
    ("never forgotten", test_what_was_seen_is_dropped, "forget", lambda *_: None),
    ("seen before it was sent", test_what_was_never_sent_cannot_have_been_seen, "_check", lambda *_: None),
    ("its own room alone", test_room_in_the_log_and_in_the_budget, "fits", _own_room_alone),
    ("always whole", test_whole_as_long_as_nothing_unseen_was_dropped, "whole", True),
    ("open for ever", test_what_is_closed_keeps_nothing, "close", ReplayLog.clear),
    ("not given back", test_what_is_closed_keeps_nothing, "clear", _not_given_back),
    (
        "a search for the oldest",
        test_to_keep_one_costs_the_same_however_many_are_kept,
        "_drop_oldest",
        _slow_drop,
    ),
]
test_faults_are_caught = caught(
    [Planted(about, test, ReplayLog, name, thing) for about, test, name, thing in FAULTS]
)

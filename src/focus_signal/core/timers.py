"""What is due, and when: items, each with a time of its own.

The times are in a heap. An item that is set anew or cancelled leaves its old entry there, but nothing of
itself. Such an entry is dropped when it comes to the top, or with all others of its kind once these are more
than the live ones and some. So each step costs, on average, no more than the logarithm of how many there are.
"""

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from math import ceil
from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T", bound=Hashable)

_STALE = 64
# Times are floats: what is left of a second must not be made one more by the last bit of a sum.
_ROUNDING = 1e-6


def seconds_until(at: float, now: float) -> int:
    """Count the whole seconds after which a time has come, rounded up; 0 when it has."""
    left = at - now
    return ceil(left - _ROUNDING) if left > _ROUNDING else 0


@define(eq=False)
class Timers(Generic[T]):
    """Hold items and their times; equal items are one."""

    # An entry is a time and a number, that of the call of `set`.
    _entries: dict[T, tuple[float, int]] = field(factory=dict[T, tuple[float, int]], init=False)
    _items: dict[int, T] = field(factory=dict[int, T], init=False)
    # All entries of items, and some that are none any more; the first one is one.
    _heap: list[tuple[float, int]] = field(factory=list[tuple[float, int]], init=False)
    _count: int = field(default=0, init=False)

    def __len__(self) -> int:
        """Count the items."""
        return len(self._items)

    def at(self, item: T) -> float | None:
        """Tell an item's time; None if it has none."""
        entry = self._entries.get(item)
        return None if entry is None else entry[0]

    def set(self, item: T, at: float) -> None:
        """Give an item a time, instead of the one that it may have, behind all others of that time."""
        before = self._entries.get(item)
        if before is not None:
            del self._items[before[1]]
        self._count += 1
        entry = self._entries[item] = (at, self._count)
        self._items[self._count] = item
        heappush(self._heap, entry)
        self._tidy()

    def cancel(self, item: T) -> None:
        """Take an item's time away, if it has one."""
        entry = self._entries.pop(item, None)
        if entry is not None:
            del self._items[entry[1]]
            self._tidy()

    def next_deadline(self) -> float | None:
        """Tell the earliest time; None when there is no item."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[T]:
        """Give what is due, by time and then in the order of setting, and let go of each as it is given.

        Whoever carries the items out may set and cancel others meanwhile. One that is cancelled does not
        come. One that was set only then and is due already ends the walk where it would come; `next_deadline`
        tells of it, and the next walk begins with it. So every walk ends.
        """
        newest = self._count
        while self._heap and self._heap[0][0] <= now and self._heap[0][1] <= newest:
            _, number = heappop(self._heap)
            item = self._items.pop(number)
            del self._entries[item]
            self._tidy()
            yield item

    def _tidy(self) -> None:
        """Let the first entry be one of an item, and those that are not be few."""
        heap, items = self._heap, self._items
        while heap and heap[0][1] not in items:
            heappop(heap)
        if len(heap) > 2 * len(items) + _STALE:
            heap[:] = self._entries.values()
            heapify(heap)

"""Who stands where: arrival numbers in order, apart by weight, and which sums of people they can make.

A line is all the tickets that accept rooms of one size. Tickets of one weight are interchangeable but for
their age, so whether a line can fill a room is a question about how many of each weight it holds: a knapsack,
with the sums that can be made as the bits of one number.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

from attrs import define, field


def sums(counts: Mapping[int, int], top: int) -> int:
    """Tell which sums the tickets of more than one person can make, as the bits of a number.

    Args:
      counts: how many tickets there are, by weight.
      top: the largest sum that matters.

    Returns:
      a number whose bit `s` is set if some of them sum to `s`, for every `s` up to `top`.
    """
    made = 1
    wanted = (2 << top) - 1
    for weight, count in counts.items():
        if weight == 1:
            continue
        # With heaps of 1, 2, 4 ... and what remains, every number of tickets up to `left` can be taken.
        left = min(count, top // weight)
        heap = 1
        while left > 0:
            taken = min(heap, left)
            made |= made << taken * weight & wanted
            left -= taken
            heap *= 2
    return made


def completes(made: int, ones: int, people: int) -> bool:
    """Tell whether one of the sums that were made, and at most so many single people, are `people`."""
    return bool(made >> max(0, people - ones) & (2 << min(ones, people)) - 1)


def can_make(counts: Mapping[int, int], people: int) -> bool:
    """Tell whether some of the tickets sum to `people`."""
    ones = counts.get(1, 0)
    return ones >= people or completes(sums(counts, people), ones, people)


@define(eq=False)
class ByWeight:
    """Hold arrival numbers, the oldest first, apart by the weight of their tickets.

    Each is a plain list: a newcomer is appended, and whoever comes back or leaves is found by bisection; the
    rest then moves by one, which C does for thousands in a microsecond.
    """

    people: int = field(default=0, init=False)
    """How many people there are in all."""
    arrivals: dict[int, list[int]] = field(factory=dict[int, list[int]], init=False)
    """By weight; a weight that nobody has is not in it. Changed here only."""

    def add(self, weight: int, arrival: int) -> int:
        """Add a ticket that is not there, and tell how many there now are of its weight."""
        self.people += weight
        same = self.arrivals.get(weight)
        if same is None:
            self.arrivals[weight] = [arrival]
            return 1
        if arrival > same[-1]:
            same.append(arrival)
        else:
            insort(same, arrival)
        return len(same)

    def remove(self, weight: int, arrival: int) -> int:
        """Remove a ticket that is there, and tell how many there now are of its weight."""
        self.people -= weight
        same = self.arrivals[weight]
        if len(same) == 1:
            del self.arrivals[weight]
            return 0
        del same[bisect_left(same, arrival)]
        return len(same)

    def people_up_to(self, arrival: int) -> int:
        """Count the people in the tickets up to this one."""
        return sum([weight * bisect_right(same, arrival) for weight, same in self.arrivals.items()])


@define(eq=False)
class Line(ByWeight):
    """Hold the tickets that accept rooms of one size.

    Args:
      size: how many people such a room is for.
    """

    size: int = field(kw_only=True)
    avoiding: int = field(default=0, init=False)
    """How many of the tickets avoid somebody."""
    # What `can_be_filled` has found out, by weight.
    _known: dict[int, bool] = field(factory=dict[int, bool], init=False)

    def enter(self, weight: int, arrival: int, *, avoids: bool) -> None:
        """Add a ticket that is not there."""
        # No room holds more than size // weight tickets of one weight: beyond these, one more or less
        # changes nothing about what can be filled.
        if self.add(weight, arrival) <= self.size // weight:
            self._known.clear()
        self.avoiding += avoids

    def leave(self, weight: int, arrival: int, *, avoids: bool) -> None:
        """Remove a ticket that is there."""
        if self.remove(weight, arrival) < self.size // weight:
            self._known.clear()
        self.avoiding -= avoids

    def can_be_filled(self, weight: int) -> bool:
        """Tell whether a ticket of this weight, which is in the line, can fill a room with others in it.

        Whether they avoid each other is left aside: the answer yes may be wrong for that, and no never is.
        """
        if self.people < self.size:
            return False
        known = self._known.get(weight)
        if known is None:
            known = self._known[weight] = can_make(self.others(weight), self.size - weight)
        return known

    def others(self, weight: int) -> dict[int, int]:
        """Count the tickets by weight, one of this weight not among them."""
        return {each: len(same) - (each == weight) for each, same in self.arrivals.items()}

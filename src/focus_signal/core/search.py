"""Who meets a ticket: of all groups that fill a room with it, the one that has waited longest.

"Longest" is the lexicographic order of the groups' sorted arrival numbers. All groups for one size have the
same sum, so none is the beginning of another, and the first difference between two lists decides: of those
who are in one of two groups only, the oldest makes its group the older one. The ticket itself is in every
group and decides nothing. So the answer is found by going through the others from the oldest on, and taking
each with whom the group can still be completed from those behind.

Where nobody avoids anybody, "can be completed" is a question about numbers, and no choice is ever taken back.
Where somebody does, it is only a bound: then the search may have to go back, and has a number of steps.
"""

from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush, merge
from typing import Generic

from attrs import define, field

from focus_signal.core.lines import Line, can_make, completes, sums
from focus_signal.core.tickets import M, Ticket

MOST_STEPS = 1000
"""How often a search with avoids looks at somebody, beside once for each person of the largest room."""


def oldest_group(line: Line, weight: int, arrival: int) -> list[int]:
    """Find the oldest group in a line in which nobody avoids anybody.

    Args:
      line: can be filled by the ticket.
      weight: the ticket's.
      arrival: the ticket's; it is in the line.

    Returns:
      the arrival numbers of the group, in order, the ticket's among them.
    """
    ones = line.arrivals.get(1)
    if ones is not None and len(line.arrivals) == 1:
        first = ones[: line.size]
        return first if arrival <= first[-1] else [*first[:-1], arrival]
    return _oldest_of_several_weights(line, weight, arrival)


def _oldest_of_several_weights(line: Line, weight: int, arrival: int) -> list[int]:
    missing = line.size - weight
    left = line.others(weight)
    waiting = {each: iter(same) for each, same in line.arrivals.items()}
    heads: list[tuple[int, int]] = []

    def next_of(each: int) -> None:
        for head in waiting[each]:
            if head != arrival:
                heappush(heads, (head, each))
                return

    for each in waiting:
        next_of(each)
    group = [arrival]
    while missing:
        # There is one: what is left can make what is missing, from beginning to end.
        head, each = heappop(heads)
        left[each] -= 1
        if each <= missing and can_make(left, missing - each):
            group.append(head)
            missing -= each
            next_of(each)
        else:
            # Nobody of this weight is wanted any more, now or later. Suppose that later, when the tickets of
            # a set Y have been taken since, one of this weight could be, with a set S from behind it to
            # complete the group. Then Y, S and the one that is passed over here would complete it now: all of
            # Y and S are behind that one, and the sum is the same. But just this was found impossible.
            del left[each]
    group.sort()
    return group


@define(eq=False)
class _Candidates(Generic[M]):
    """Be those who may join a ticket, from the oldest on, looked up one by one as the search gets to them.

    Args:
      source: everybody else in the line, the oldest first.
      left: how many of them there are, by weight.
      missing: how many people are missing.
    """

    _source: Iterator[Ticket[M]]
    _left: dict[int, int]
    _missing: int
    found: list[Ticket[M]] = field(factory=list[Ticket[M]], init=False)
    """Those who were looked up and can join the ticket, by themselves."""
    # What there is from `found[i]` on, by `i`, whoever avoids whom, and so one entry more than `found` has:
    # the sums that the tickets of several people can make, and how many single people there are.
    _behind: list[tuple[int, int]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._behind = [(sums(self._left, self._missing), self._left.get(1, 0))]

    def can_complete(self, at: int, people: int) -> bool:
        """Tell whether those from `found[at]` on can sum to `people`; no is certain, yes is not."""
        made, ones = self._behind[at]
        return ones >= people or completes(made, ones, people)

    def look_up(self, *, suits: Callable[[Ticket[M]], bool]) -> None:
        """Look at the next one; there must be one."""
        ticket = next(self._source)
        weight = ticket.weight
        left = self._left[weight] = self._left[weight] - 1
        made, ones = self._behind[-1]
        if weight == 1:
            ones = left
        elif left < self._missing // weight:  # more of one weight than that are as good as that many
            made = sums(self._left, self._missing)
        if suits(ticket):
            self.found.append(ticket)
            self._behind.append((made, ones))
        else:
            self._behind[-1] = made, ones


@define(eq=False)
class _Group(Generic[M]):
    """Be those who have been chosen, and whom they avoid.

    The sets are only asked and changed as a whole: what comes of it does not depend on their order.
    """

    tickets: list[Ticket[M]] = field(factory=list[Ticket[M]], init=False)
    _users: set[str] = field(factory=set[str], init=False)
    _avoided: set[str] = field(factory=set[str], init=False)
    # Whom each of the tickets avoids and nobody before it does.
    _news: list[frozenset[str]] = field(factory=list[frozenset[str]], init=False)

    def suits(self, ticket: Ticket[M]) -> bool:
        """Tell whether the ticket avoids nobody here, and nobody here avoids its members."""
        return self._users.isdisjoint(ticket.avoid) and self._avoided.isdisjoint(ticket.users)

    def add(self, ticket: Ticket[M]) -> None:
        self.tickets.append(ticket)
        self._users.update(ticket.users)
        new = ticket.avoid - self._avoided
        self._news.append(new)
        self._avoided |= new

    def drop_last(self) -> None:
        self._users.difference_update(self.tickets.pop().users)
        self._avoided -= self._news.pop()


@define(eq=False)
class Search(Generic[M]):
    """Look for a ticket's groups where somebody avoids somebody, with one number of steps for all sizes.

    A step is a look at somebody who might join. A search whose steps are used up finds nothing more.

    Args:
      tickets: all the tickets of the pool, by arrival.
      ticket: the one that every group is to hold.
      steps: how many there are.
    """

    _tickets: Mapping[int, Ticket[M]]
    _ticket: Ticket[M]
    _steps: int

    def oldest_group(self, line: Line) -> list[int]:
        """Find the oldest group in a line that the ticket can fill, as far as numbers go.

        Returns:
          the arrival numbers of the group, in order, the ticket's among them; empty if there is none, or none
          was found in time.
        """
        missing = line.size - self._ticket.weight
        candidates = _Candidates(self._others(line), line.others(self._ticket.weight), missing)
        found = candidates.found
        alone: _Group[M] = _Group()
        alone.add(self._ticket)
        group: _Group[M] = _Group()
        group.add(self._ticket)
        chosen: list[int] = []  # where in `found` the others of the group are
        at = 0
        while missing:
            if not candidates.can_complete(at, missing):
                # Those from here on cannot complete the group: do without the last one who was chosen.
                if not chosen:
                    return []
                at = chosen.pop()
                missing += found[at].weight
                group.drop_last()
                at += 1
                continue
            if not self._steps:
                return []
            self._steps -= 1
            if at == len(found):
                candidates.look_up(suits=alone.suits)
                if at == len(found):
                    continue
            ticket = found[at]
            rest = missing - ticket.weight
            if rest >= 0 and candidates.can_complete(at + 1, rest) and group.suits(ticket):
                chosen.append(at)
                missing = rest
                group.add(ticket)
            at += 1
        return sorted([ticket.arrival for ticket in group.tickets])

    def _others(self, line: Line) -> Iterator[Ticket[M]]:
        for arrival in merge(*line.arrivals.values()):
            if arrival != self._ticket.arrival:
                yield self._tickets[arrival]

"""Who waits, and whom each of them meets: the tickets that can be met, pool by pool.

A ticket stands in the line of every size that it accepts, so that looking for a group is looking at a few
lines, from the largest size down, and never at everybody. What a step costs grows with the sizes that the
ticket accepts and with the different weights of the tickets there, and with how many wait only as bisection
does. A search that has avoids to mind has a number of steps (see `search`).

Nothing here decides when: whoever owns the tickets lets them enter, leave and lose patience.
"""

from collections.abc import Iterator
from heapq import merge
from typing import Generic

from attrs import define, field

from focus_signal.core.lines import ByWeight, Line
from focus_signal.core.search import MOST_STEPS, Search, oldest_group
from focus_signal.core.tickets import M, PoolKey, Ticket


@define(eq=False)
class _Pool(Generic[M]):
    """Hold the tickets of one key."""

    tickets: dict[int, Ticket[M]] = field(factory=dict[int, Ticket[M]], init=False)
    everybody: ByWeight = field(factory=ByWeight, init=False)
    lines: dict[int, Line] = field(factory=dict[int, Line], init=False)
    # By size: who would be in a room of it, patient or not. Only where rooms take others in later.
    seats: dict[int, ByWeight] = field(factory=dict[int, ByWeight], init=False)

    def stand(self, ticket: Ticket[M], sizes: range) -> None:
        lines = self.lines
        weight, arrival, avoids = ticket.weight, ticket.arrival, bool(ticket.avoid)
        for size in sizes:
            line = lines.get(size)
            if line is None:
                line = lines[size] = Line(size=size)
            line.enter(weight, arrival, avoids=avoids)

    def step_out(self, ticket: Ticket[M], sizes: range) -> None:
        lines = self.lines
        weight, arrival, avoids = ticket.weight, ticket.arrival, bool(ticket.avoid)
        for size in sizes:
            line = lines[size]
            line.leave(weight, arrival, avoids=avoids)
            if not line.people:
                del lines[size]


def _accepted(ticket: Ticket[M]) -> range:
    return range(ticket.smallest, ticket.most + 1)


def _fitting(ticket: Ticket[M]) -> range:
    """List the sizes that it will have accepted once it is no longer patient."""
    return range(max(ticket.weight, ticket.least), ticket.most + 1)


@define(eq=False)
class Pools(Generic[M]):
    """Hold every ticket that can be met, and tell whom it meets."""

    _pools: dict[PoolKey, _Pool[M]] = field(factory=dict[PoolKey, _Pool[M]], init=False)
    _waiting: int = field(default=0, init=False)

    @property
    def waiting(self) -> int:
        """Count the people who can be met."""
        return self._waiting

    def __len__(self) -> int:
        """Count the keys of which there are tickets."""
        return len(self._pools)

    def enter(self, ticket: Ticket[M]) -> None:
        """Let the ticket be met from here on; it stands where its arrival number puts it.

        One that has entered already stays where it is.
        """
        if ticket.entered:
            return
        ticket.entered = True
        self._waiting += ticket.weight
        pool = self._pools.get(ticket.key)
        if pool is None:
            pool = self._pools[ticket.key] = _Pool()
        pool.tickets[ticket.arrival] = ticket
        pool.everybody.add(ticket.weight, ticket.arrival)
        pool.stand(ticket, _accepted(ticket))
        if ticket.key.backfill:
            for size in _fitting(ticket):
                seats = pool.seats.get(size)
                if seats is None:
                    seats = pool.seats[size] = ByWeight()
                seats.add(ticket.weight, ticket.arrival)

    def leave(self, ticket: Ticket[M]) -> None:
        """Let the ticket be met no more; whether it has entered does not matter."""
        if not ticket.entered:
            return
        ticket.entered = False
        self._waiting -= ticket.weight
        pool = self._pools[ticket.key]
        del pool.tickets[ticket.arrival]
        if not pool.tickets:
            del self._pools[ticket.key]
            return
        pool.everybody.remove(ticket.weight, ticket.arrival)
        pool.step_out(ticket, _accepted(ticket))
        if ticket.key.backfill:
            for size in _fitting(ticket):
                seats = pool.seats[size]
                seats.remove(ticket.weight, ticket.arrival)
                if not seats.people:
                    del pool.seats[size]

    def lose_patience(self, ticket: Ticket[M]) -> None:
        """Let the ticket accept all its sizes from here on; whether it has entered does not matter."""
        before = ticket.smallest
        ticket.patient = False
        if ticket.entered:
            self._pools[ticket.key].stand(ticket, range(ticket.smallest, before))

    def find(self, ticket: Ticket[M]) -> list[Ticket[M]]:
        """Find the group that the ticket meets: the largest size that can be filled, and the oldest tickets.

        Nothing is changed. Where somebody avoids somebody, a group may be missed: see `search.Search`.

        Returns:
          the group in the order of arrival, the ticket itself among them; empty if there is none, or if the
          ticket has not entered.
        """
        if not ticket.entered:
            return []
        pool = self._pools[ticket.key]
        search: Search[M] | None = None
        for size in reversed(_accepted(ticket)):
            line = pool.lines[size]
            if not line.can_be_filled(ticket.weight):
                continue
            if not line.avoiding:
                arrivals = oldest_group(line, ticket.weight, ticket.arrival)
            else:
                if search is None:
                    search = Search(pool.tickets, ticket, MOST_STEPS + ticket.most)
                arrivals = search.oldest_group(line)
            if arrivals:
                return [pool.tickets[arrival] for arrival in arrivals]
        return []

    def position(self, ticket: Ticket[M]) -> tuple[int, int, int]:
        """Tell where the ticket stands; one that has not entered is answered as if it had.

        Returns:
          how many people there are of its key up to it, in the order of arrival and its own among them; how
          many in all; and how many are missing for the least size that it accepts now.
        """
        own = 0 if ticket.entered else ticket.weight
        pool = self._pools.get(ticket.key)
        if pool is None:
            return own, own, max(0, ticket.smallest - own)
        line = pool.lines.get(ticket.smallest)
        there = own + (0 if line is None else line.people)
        everybody = pool.everybody
        return (
            own + everybody.people_up_to(ticket.arrival),
            own + everybody.people,
            max(0, ticket.smallest - there),
        )

    def fitting(self, key: PoolKey, size: int, free: int) -> Iterator[Ticket[M]]:
        """Go through the tickets that a room with backfill has space for and that want to be that many.

        Args:
          key: the room's.
          size: how many people are in the room.
          free: how many seats are left.

        Returns:
          the tickets, the oldest first, patient or not, whoever avoids whom.
        """
        pool = self._pools.get(key)
        if pool is None:
            return
        queues: list[list[int]] = []
        for weight in pool.everybody.arrivals:
            seats = pool.seats.get(size + weight)
            if weight <= free and seats is not None and weight in seats.arrivals:
                queues.append(seats.arrivals[weight])
        for arrival in merge(*queues):
            yield pool.tickets[arrival]

"""Tickets by the hundred, for tests of what only shows in a crowd."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from focus_signal.core import pools as real
from focus_signal.core.open_rooms import OpenRoom, OpenRooms
from focus_signal.core.tickets import PoolKey, Ticket

PLAIN = PoolKey("")
BACKFILL = PoolKey("", backfill=True)


@frozen
class User:
    user: str


@define(eq=False)
class Crowd:
    """Hand out tickets with users and arrival numbers of their own."""

    pools: real.Pools[User] = field(init=False)
    rooms: OpenRooms[User] = field(init=False)
    numbers: int = 0

    def __attrs_post_init__(self) -> None:
        self.pools = real.Pools()  # which may be another one, where a test has put it there
        self.rooms = OpenRooms(self.pools)

    def ticket(
        self,
        most: int,
        least: int | None = None,
        *,
        key: PoolKey = PLAIN,
        users: Sequence[str] | None = None,
        weight: int = 1,
        avoid: Sequence[str] = (),
        patient: bool = False,
    ) -> Ticket[User]:
        """Make a ticket that has not entered; its users are named after its number."""
        self.numbers += 1
        names = users or [f"{self.numbers}-{place}" for place in range(weight)]
        members = tuple([User(name) for name in names])
        wanted = most if least is None else least
        return Ticket(key, self.numbers, members, wanted, most, frozenset(avoid), patient)

    def enter(self, *tickets: Ticket[User]) -> None:
        for ticket in tickets:
            self.pools.enter(ticket)

    def clique(self, people: int, size: int, key: PoolKey = PLAIN) -> list[Ticket[User]]:
        """Let as many people enter who all avoid each other."""
        names = [f"{self.numbers}-{place}-clique" for place in range(people)]
        tickets = [self.ticket(size, key=key, users=[name], avoid=names) for name in names]
        self.enter(*tickets)
        return tickets

    def room(self, capacity: int, people: int, *, avoid: Sequence[str] = ()) -> OpenRoom:
        """Open a room with so many in it, who avoid these."""
        self.numbers += 1
        members = {f"{self.numbers}-{place}": frozenset(avoid) for place in range(people)}
        room = OpenRoom(BACKFILL, self.numbers, capacity, members)
        self.rooms.open(room)
        return room

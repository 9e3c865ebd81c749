"""Rooms that take others in later, and those who wait for a seat in one.

A room's members change in `rooms`, which notes every such room that has a seat more. Before anything is
decided by what is known here of the rooms, what was noted is taken in.
"""

from collections.abc import Callable
from itertools import count

from attrs import define, field

from focus_signal.core.open_rooms import OpenRoom, OpenRooms
from focus_signal.core.pools import Pools
from focus_signal.core.rooms import Rooms
from focus_signal.core.state import Room, Session
from focus_signal.core.tickets import Ticket


@define(eq=False)
class Backfill:
    """Let those who wait into rooms that stand.

    Args:
      rooms: where the rooms are.
      pools: where those are who wait.
      leave: takes the places back of those behind a ticket, since they have met others.
    """

    _rooms: Rooms
    _pools: Pools[Session]
    _leave: Callable[[Ticket[Session]], None]
    _open_rooms: OpenRooms[Session] = field(init=False)
    # The rooms that take others in, by their ages.
    _by_age: dict[int, Room] = field(factory=dict[int, Room], init=False)
    _ages: "count[int]" = field(factory=lambda: count(1), init=False)
    to_fill: dict[Room, None] = field(factory=dict[Room, None], init=False)
    """Those of them for which somebody may wait; changed here only."""

    def __attrs_post_init__(self) -> None:
        self._open_rooms = OpenRooms(self._pools)

    def open(self, room: Room, group: list[Ticket[Session]]) -> None:
        """Let others into a room in which a group has met, if there are seats."""
        opened = room.open = OpenRoom.of(group[0].key, next(self._ages), group)
        self._by_age[opened.age] = room
        self._open_rooms.open(opened)
        self.to_fill[room] = None

    def find(self, ticket: Ticket[Session]) -> Room | None:
        """Find the oldest room that takes a ticket."""
        self._take_in()
        opened = self._open_rooms.fits(ticket)
        return None if opened is None else self._by_age[opened.age]

    def let_in(self, ticket: Ticket[Session], room: Room) -> None:
        """Give those behind a ticket seats in a room that takes them."""
        opened = room.open
        assert opened is not None  # noqa: S101 - only such a room takes anybody
        self._leave(ticket)
        self._rooms.enter(room, ticket.members)
        self._open_rooms.join(opened, ticket)
        room.max_size = opened.capacity
        # Somebody may wait who would not have been content with as few as it had.
        self.to_fill[room] = None

    def fill(self) -> int:
        """Let those who wait into the seats that have become free, and count the tickets that got some."""
        tickets = 0
        while self._rooms.thinned or self.to_fill:
            self._take_in()
            if not self.to_fill:
                break
            room = next(iter(self.to_fill))
            ticket = None if room.open is None else self._open_rooms.oldest_for(room.open)
            if ticket is None:
                del self.to_fill[room]
            else:
                tickets += 1
                self.let_in(ticket, room)
        return tickets

    def _take_in(self) -> None:
        """Take in who has left which room."""
        thinned = self._rooms.thinned
        for room in thinned:
            opened = room.open
            if opened is None:
                continue
            there = {member.user: None for member in room.members}
            for user in list(opened.members):
                if user not in there:
                    self._open_rooms.leave(opened, user)
            if there:
                self.to_fill[room] = None
            else:
                room.open = None
                del self._by_age[opened.age]
                self._open_rooms.close(opened)
                self.to_fill.pop(room, None)
        thinned.clear()

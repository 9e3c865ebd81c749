"""Rooms that take others in later: which of them a ticket gets into, and who gets a seat that is free.

A room is for as many people as the one of all who were matched into it that wanted the fewest. Rooms stand by
how many people they have and how many they are for, so that the oldest with space for a ticket is at the
head of one of a few queues; the tickets stand by the sizes of the rooms that they would make (see `pools`).
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Generic

from attrs import define, field

from focus_signal.core.pools import Pools
from focus_signal.core.search import MOST_STEPS
from focus_signal.core.tickets import M, PoolKey, Ticket


@define(eq=False)
class OpenRoom:
    """Be a room that takes others in while it has seats; `OpenRooms` changes it, and nothing else.

    Args:
      key: that of the tickets which have met in it.
      age: a number that no other room has; the older of two rooms has the smaller one.
      capacity: how many people it is for.
      members: the users in it, in the order of arrival, with those whom each of them avoids.
    """

    key: PoolKey
    age: int
    capacity: int
    members: dict[str, frozenset[str]] = field(factory=dict[str, frozenset[str]])
    shape: tuple[int, int] | None = field(default=None, init=False)
    """Where it stands among the rooms with free seats: its size and capacity; None if it is not there."""
    # How many members avoid a user.
    _avoided: dict[str, int] = field(factory=dict[str, int], init=False)

    def __attrs_post_init__(self) -> None:
        for avoid in self.members.values():
            self._count(avoid, 1)

    @classmethod
    def of(cls, key: PoolKey, age: int, group: Sequence[Ticket[M]]) -> "OpenRoom":
        """Make the room in which a group has met; somebody must be in the group."""
        room = cls(key, age, group[0].most)
        for ticket in group:
            room.seat(ticket)
        return room

    @property
    def free(self) -> int:
        """Count the seats that are left."""
        return self.capacity - len(self.members)

    def suits(self, ticket: Ticket[M]) -> bool:
        """Tell whether the ticket avoids nobody here, and nobody here avoids its members; none is one here.

        Who is in this room and waits means to leave it for another one.
        """
        if not self.members.keys().isdisjoint(ticket.users):
            return False
        return self.members.keys().isdisjoint(ticket.avoid) and self._avoided.keys().isdisjoint(ticket.users)

    def seat(self, ticket: Ticket[M]) -> None:
        """Put the ticket's members in, for whom it must not be too large from here on."""
        self.capacity = min(self.capacity, ticket.most)
        for user in ticket.users:
            self.unseat(user)
            self.members[user] = ticket.avoid
            self._count(ticket.avoid, 1)

    def unseat(self, user: str) -> None:
        """Take a user out, who need not be in."""
        avoid = self.members.pop(user, None)
        if avoid is not None:
            self._count(avoid, -1)

    def _count(self, avoid: frozenset[str], by: int) -> None:
        for user in sorted(avoid):
            count = self._avoided.get(user, 0) + by
            if count:
                self._avoided[user] = count
            else:
                del self._avoided[user]


# By how many people are in them, and then by how many they are for: the ages, in order.
_Shapes = dict[int, dict[int, list[int]]]


@define(eq=False)
class OpenRooms(Generic[M]):
    """Hold the rooms that take others in later.

    Looking for a room costs as much as there are shapes (size and capacity) that the ticket fits into;
    looking for a ticket, as much as there are different weights. Only those are passed over one by one that
    do not want to meet, and no more than `MOST_STEPS` are looked at.

    Args:
      pools: those who wait.
    """

    _pools: Pools[M]
    _rooms: dict[int, OpenRoom] = field(factory=dict[int, OpenRoom], init=False)
    _shapes: dict[PoolKey, _Shapes] = field(factory=dict[PoolKey, _Shapes], init=False)

    def __len__(self) -> int:
        """Count the rooms, those without free seats too."""
        return len(self._rooms)

    @property
    def shapes(self) -> Mapping[PoolKey, _Shapes]:
        """Show where the rooms with free seats stand."""
        return self._shapes

    def open(self, room: OpenRoom) -> None:
        """Let the room take others in from here on; one that does so already stays as it is."""
        self._rooms[room.age] = room
        self._put_in_place(room)

    def close(self, room: OpenRoom) -> None:
        """Let the room take nobody in any more; whether it did does not matter."""
        if self._rooms.pop(room.age, None) is not None:
            self._put_in_place(room)

    def join(self, room: OpenRoom, ticket: Ticket[M]) -> None:
        """Put the ticket's members into the room, which from here on is for no more people than they want."""
        room.seat(ticket)
        self._put_in_place(room)

    def leave(self, room: OpenRoom, user: str) -> None:
        """Take a user out of the room, whether in it or not; an empty room takes nobody in."""
        room.unseat(user)
        self._put_in_place(room)

    def fits(self, ticket: Ticket[M]) -> OpenRoom | None:
        """Find the oldest room that takes the ticket, whether that has entered or not, patient or not."""
        shapes = self._shapes.get(ticket.key)
        if shapes is None:
            return None
        weight = ticket.weight
        queues: list[list[int]] = []
        for size in range(max(1, ticket.least - weight), ticket.most - weight + 1):
            for capacity, ages in shapes.get(size, {}).items():
                if size + weight <= capacity:
                    queues.append(ages)
        for age in islice(merge(*queues), MOST_STEPS):
            room = self._rooms[age]
            if room.suits(ticket):
                return room
        return None

    def oldest_for(self, room: OpenRoom) -> Ticket[M] | None:
        """Find the oldest ticket that the room takes; an empty or closed room takes none."""
        if room.shape is None:
            return None
        for ticket in islice(self._pools.fitting(room.key, len(room.members), room.free), MOST_STEPS):
            if room.suits(ticket):
                return ticket
        return None

    def _put_in_place(self, room: OpenRoom) -> None:
        size = len(room.members)
        shape = (size, room.capacity) if room.age in self._rooms and 0 < size < room.capacity else None
        if shape == room.shape:
            return
        if room.shape is not None:
            self._take_out(room, *room.shape)
        room.shape = shape
        if shape is not None:
            ages = self._shapes.setdefault(room.key, {}).setdefault(size, {}).setdefault(room.capacity, [])
            insort(ages, room.age)

    def _take_out(self, room: OpenRoom, size: int, capacity: int) -> None:
        shapes = self._shapes[room.key]
        sizes = shapes[size]
        ages = sizes[capacity]
        del ages[bisect_left(ages, room.age)]
        if not ages:
            del sizes[capacity]
        if not sizes:
            del shapes[size]
        if not shapes:
            del self._shapes[room.key]

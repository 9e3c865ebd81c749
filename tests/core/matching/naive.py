"""The rules of matching once more, as plain and as slow as can be: every group there is gets looked at.

Tickets and rooms are records in lists; nothing is kept in order, counted in advance or remembered. Nothing
of the real thing is used, so that a mistake has to be made twice, in two shapes, to go unseen.
"""

from __future__ import annotations

from itertools import combinations

from attrs import define, field


@define(eq=False)
class NaiveTicket:
    key: tuple[str, bool, bool]
    arrival: int
    users: list[str]
    least: int
    most: int
    avoid: list[str]
    patient: bool
    here: bool = False

    def accepts(self, size: int) -> bool:
        if size < len(self.users):
            return False  # a party is never in a room that is too small for it
        if self.patient:
            return size == self.most
        return self.least <= size <= self.most


@define(eq=False)
class NaiveRoom:
    key: tuple[str, bool, bool]
    age: int
    capacity: int
    users: list[str] = field(factory=list)
    avoids: dict[str, list[str]] = field(factory=dict)
    open: bool = True


def apart(first: NaiveTicket, second: NaiveTicket) -> bool:
    """Tell whether one of them avoids the other."""
    return any(user in first.avoid for user in second.users) or any(
        user in second.avoid for user in first.users
    )


def valid(group: list[NaiveTicket], size: int) -> bool:
    """Tell whether the group is one for a room of this size."""
    if sum(len(ticket.users) for ticket in group) != size:
        return False
    if not all(ticket.here and ticket.key == group[0].key and ticket.accepts(size) for ticket in group):
        return False
    return not any(apart(first, second) for first, second in combinations(group, 2))


def welcome(room: NaiveRoom, ticket: NaiveTicket) -> bool:
    """Tell whether the room takes the ticket."""
    size = len(room.users) + len(ticket.users)
    if not room.open or not room.users or room.key != ticket.key:
        return False
    if size > room.capacity or size < ticket.least or size > ticket.most:
        return False
    if any(user in ticket.avoid for user in room.users):
        return False
    return not any(user in room.avoids[member] for member in room.users for user in ticket.users)


@define(eq=False)
class Naive:
    """Hold everybody."""

    tickets: list[NaiveTicket] = field(factory=list)
    rooms: list[NaiveRoom] = field(factory=list)

    def alike(self, ticket: NaiveTicket) -> list[NaiveTicket]:
        """List those who wait where the ticket does, itself among them whether it is here or not."""
        return [
            other for other in self.tickets if other.key == ticket.key and (other.here or other is ticket)
        ]

    def find(self, ticket: NaiveTicket) -> list[int]:
        if not ticket.here:
            return []
        others = [other for other in self.alike(ticket) if other is not ticket]
        best: tuple[int, list[int]] | None = None
        for count in range(len(others) + 1):
            for chosen in combinations(others, count):
                group = [ticket, *chosen]
                size = sum(len(each.users) for each in group)
                if valid(group, size):
                    candidate = (-size, sorted(each.arrival for each in group))
                    if best is None or candidate < best:
                        best = candidate
        return [] if best is None else best[1]

    def position(self, ticket: NaiveTicket) -> tuple[int, int, int]:
        alike = self.alike(ticket)
        least = next(size for size in range(1, ticket.most + 1) if ticket.accepts(size))
        return (
            sum(len(other.users) for other in alike if other.arrival <= ticket.arrival),
            sum(len(other.users) for other in alike),
            max(0, least - sum(len(other.users) for other in alike if other.accepts(least))),
        )

    def waiting(self) -> int:
        return sum(len(ticket.users) for ticket in self.tickets if ticket.here)

    def keys(self) -> int:
        keys: list[tuple[str, bool, bool]] = []
        for ticket in self.tickets:
            if ticket.here and ticket.key not in keys:
                keys.append(ticket.key)
        return len(keys)

    def fits(self, ticket: NaiveTicket) -> int | None:
        """Tell the age of the oldest room that takes the ticket."""
        return min((room.age for room in self.rooms if welcome(room, ticket)), default=None)

    def oldest_for(self, room: NaiveRoom) -> int | None:
        """Tell the arrival of the oldest ticket that the room takes."""
        return min(
            (ticket.arrival for ticket in self.tickets if ticket.here and welcome(room, ticket)), default=None
        )

    def join(self, room: NaiveRoom, ticket: NaiveTicket) -> None:
        room.capacity = min(room.capacity, ticket.most)
        for user in ticket.users:
            room.users.append(user)
            room.avoids[user] = ticket.avoid

    def leave_room(self, room: NaiveRoom, user: str) -> None:
        room.users.remove(user)
        del room.avoids[user]

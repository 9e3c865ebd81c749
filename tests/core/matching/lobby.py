"""A lobby as small as can be: who comes, what is said, and what follows, in the words of docs/matching.md.

It does what the page tells about time and order, around the real pools and rooms: it tries a ticket when it
comes, comes back or loses patience, proposes where there is a ready check, and fills the seats of its rooms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field, frozen

from focus_signal.core.open_rooms import OpenRoom, OpenRooms
from focus_signal.core.pools import Pools
from focus_signal.core.tickets import PoolKey, Ticket

ASKS = re.compile(
    r"(?P<names>[a-z, ]+?)(?: avoids (?P<avoid>[a-z, ]+?) and)?"
    r" asks? for (?P<least>\d+)(?: to (?P<most>\d+))?"
    r"(?P<together> together)?(?: in (?P<pool>[a-z]+))?(?P<backfill> with backfill)?"
    r"(?P<ready> with a ready check)?(?P<hasty> without patience)?"
)
EVENTS = {
    "'s patience ends": "lose_patience",
    " goes away": "go_away",
    " comes back": "come_back",
    " cancels": "cancel",
    " is ready": "ready",
    " declines": "decline",
    " leaves the room": "leave_room",
}


@frozen
class User:
    user: str


@define(eq=False)
class Proposal:
    group: list[Ticket[User]]
    ready: list[str] = field(factory=list)


def names_of(text: str) -> list[str]:
    return re.split(r", | and ", text)


def listed(names: Sequence[str]) -> str:
    """Write names as the page does: ana, ben and cem."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def people(group: Sequence[Ticket[User]]) -> str:
    return listed([user for ticket in group for user in ticket.users])


@define(eq=False)
class Lobby:
    pools: Pools[User] = field(factory=Pools[User])
    rooms: OpenRooms[User] = field(init=False)
    tickets: dict[str, Ticket[User]] = field(factory=dict)
    proposals: dict[str, Proposal] = field(factory=dict)
    seats: dict[str, OpenRoom] = field(factory=dict)
    away: list[str] = field(factory=list)
    numbers: int = 0
    told: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.rooms = OpenRooms(self.pools)

    def do(self, what: str) -> str:
        """Let something happen, and tell what follows."""
        self.told = []
        asked = ASKS.fullmatch(what)
        if asked is not None:
            self.ask(asked)
        else:
            for ending, event in EVENTS.items():
                if what.endswith(ending):
                    getattr(self, event)(what.removesuffix(ending))
                    break
            else:
                raise ValueError(f"the page has {what!r}, and nobody knows what that is")
        return "; ".join(self.told) or "nothing"

    def ask(self, asked: re.Match[str]) -> None:
        names = names_of(asked["names"])
        if (len(names) > 1) != bool(asked["together"]):
            raise ValueError("those who ask together are a party, and nobody else is")
        self.numbers += 1
        least = int(asked["least"])
        ticket = Ticket(
            PoolKey(asked["pool"] or "", asked["ready"] is not None, asked["backfill"] is not None),
            self.numbers,
            tuple([User(name) for name in names]),
            least,
            int(asked["most"] or least),
            frozenset(names_of(asked["avoid"]) if asked["avoid"] else []),
            patient=asked["hasty"] is None,
        )
        self.tickets.update(dict.fromkeys(names, ticket))
        self.pools.enter(ticket)
        self.attempt(ticket)

    def lose_patience(self, name: str) -> None:
        ticket = self.tickets[name]
        self.pools.lose_patience(ticket)
        self.attempt(ticket)

    def go_away(self, name: str) -> None:
        self.away.append(name)
        self.pools.leave(self.tickets[name])

    def come_back(self, name: str) -> None:
        self.away.remove(name)
        ticket = self.tickets[name]
        if not any(user in self.away for user in ticket.users):
            self.pools.enter(ticket)
            self.attempt(ticket)

    def cancel(self, name: str) -> None:
        ticket = self.tickets[name]
        self.told.append(f"{people([ticket])} {'are' if ticket.weight > 1 else 'is'} out")
        self.end([ticket])

    def ready(self, name: str) -> None:
        proposal = self.proposals[name]
        proposal.ready.append(name)
        if len(proposal.ready) == sum(ticket.weight for ticket in proposal.group):
            for user in proposal.ready:
                del self.proposals[user]
            self.stand(proposal.group)

    def decline(self, name: str) -> None:
        group = self.proposals[name].group
        for ticket in group:
            for user in ticket.users:
                del self.proposals[user]
        self.cancel(name)
        others = [ticket for ticket in group if name not in ticket.users]
        for ticket in others:
            self.pools.enter(ticket)
        for ticket in others:
            if ticket.entered:
                self.attempt(ticket)

    def leave_room(self, name: str) -> None:
        room = self.seats.pop(name)
        self.rooms.leave(room, name)
        self.fill(room)

    # What follows.

    def attempt(self, ticket: Ticket[User]) -> None:
        room = self.rooms.fits(ticket)
        if room is not None:
            self.join(room, ticket)
            return
        group = self.pools.find(ticket)
        if not group:
            position, waiting, missing = self.pools.position(ticket)
            waits = "wait" if ticket.weight > 1 else "waits"
            self.told.append(f"{people([ticket])} {waits} ({position} of {waiting}, {missing} missing)")
        elif ticket.key.ready_check:
            for member in group:
                self.pools.leave(member)
            proposal = Proposal(group)
            self.proposals.update(dict.fromkeys([user for each in group for user in each.users], proposal))
            self.told.append(f"a room is proposed to {people(group)}")
        else:
            self.stand(group)

    def stand(self, group: list[Ticket[User]]) -> None:
        self.told.append(f"{people(group)} {'meet' if len(group) > 1 or group[0].weight > 1 else 'meets'}")
        self.end(group)
        if group[0].key.backfill:
            self.numbers += 1
            room = OpenRoom.of(group[0].key, self.numbers, group)
            self.seats.update(dict.fromkeys(room.members, room))
            self.rooms.open(room)
            self.fill(room)

    def join(self, room: OpenRoom, ticket: Ticket[User]) -> None:
        self.told.append(f"{next(iter(room.members))}'s room takes {people([ticket])}")
        self.end([ticket])
        self.rooms.join(room, ticket)
        self.seats.update(dict.fromkeys(ticket.users, room))

    def fill(self, room: OpenRoom) -> None:
        while (ticket := self.rooms.oldest_for(room)) is not None:
            self.join(room, ticket)

    def end(self, group: Sequence[Ticket[User]]) -> None:
        for ticket in group:
            self.pools.leave(ticket)
            for user in ticket.users:
                del self.tickets[user]

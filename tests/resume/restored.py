"""The rules of a restart, written down once more and as plainly as can be: who is in which room.

All that tokens say is kept. A room's members are those of the highest `rev` shown of it; somebody whom a
later change has put elsewhere, or nowhere, is not among them. From that all else follows, in whatever order
they have come.
"""

from __future__ import annotations

from attrs import Factory, define

from focus_signal.core.tokens import RoomRecord, SessionToken

OLDEST = 600.0


@define(eq=False)
class Holder:
    """Be a session that has come back."""

    id: str
    issued: int
    proved: bool = False
    """Whether it is known to have a token of the new server."""


@define(eq=False)
class Restored:
    """Be what a new server is to know.

    Args:
      until: the end of the time in which sessions come back, on the wall clock.
    """

    until: float
    best: dict[str, RoomRecord] = Factory(dict)
    latest: dict[str, tuple[int, str]] = Factory(dict)
    """The last that is known of each user: on the count of changes, and in which room; no room is ""."""
    holders: dict[str, Holder] = Factory(dict)
    seeds: dict[str, None] = Factory(dict)
    bare: dict[str, None] = Factory(dict)
    """Who has come without a token, and is not who the rooms are kept for."""
    final: dict[str, tuple[str, ...]] | None = None
    """The rooms as they were when the time was over."""

    def show(self, token: SessionToken, wall: float) -> bool:
        """Let somebody come with a token, and tell whether the session comes back."""
        if wall - token.issued / 1000 > OLDEST:
            return False
        holder, open_ = self.holders.get(token.user), wall < self.until
        if holder is not None and holder.id == token.session:
            if holder.proved or token.issued < holder.issued:
                return False
            holder.issued = token.issued
        elif not open_ or (holder is not None and token.issued <= holder.issued):
            return False
        else:
            self.holders[token.user] = Holder(token.session, token.issued)
            self.bare.pop(token.user, None)
        if open_:
            self._learn(token)
        return True

    def come_bare(self, user: str) -> bool:
        """Let somebody come with nothing but a user id, and tell whether that is let in."""
        if user in self.holders or user in self.bare or any(user in room for room in self.rooms().values()):
            return False
        self.bare[user] = None
        return True

    def rooms(self) -> dict[str, tuple[str, ...]]:
        """Give the members of every room, in order of arrival; until the end those who have not come too."""
        if self.final is not None:
            return self.final
        found: dict[str, tuple[str, ...]] = {}
        for name, record in self.best.items():
            members = tuple(user for user in record.members if self.latest[user][1] == name)
            if members:
                found[name] = members
        return found

    def end(self) -> None:
        """Let the time be over: those who have not come are lost."""
        came = self.holders | self.seeds
        rooms = {name: tuple(user for user in room if user in came) for name, room in self.rooms().items()}
        self.final = {name: room for name, room in rooms.items() if room}

    def _learn(self, token: SessionToken) -> None:
        record = token.room
        if record is not None:
            if record.id not in self.best or self.best[record.id].rev < record.rev:
                self.best[record.id] = record
            for user in record.members:
                self._note(user, record.rev, record.id)
        if record is None or token.user not in record.members:
            self._note(token.user, token.rev, "")

    def _note(self, user: str, rev: int, room: str) -> None:
        if user not in self.latest or self.latest[user][0] < rev:
            self.latest[user] = (rev, room)

"""Who has met: rooms, their members, and what the members are told of each other.

A session is in one room at the most. A room ends with its last member; what it took is given back then.
"""

from collections.abc import Callable, Iterable, Sequence

from attrs import define, field

from focus_signal.core.codes import normalized
from focus_signal.core.effects import (
    ClosedReason,
    LeftReason,
    Message,
    PeerAway,
    PeerBack,
    PeerJoined,
    PeerLeft,
    RoomClosed,
    RoomEntered,
    RoomFound,
    RoomView,
)
from focus_signal.core.state import Room, Session
from focus_signal.core.telling import Telling
from focus_signal.core.tokens import RoomRecord

_LARGEST_RECORD = 64
"""Members of the largest room of which tokens tell."""


@define(eq=False)
class Rooms:
    """Hold every room.

    Args:
      telling: tells the members.
      next_rev: gives the next number on the count of all changes.
    """

    _telling: Telling
    _next_rev: Callable[[], int]
    by_id: dict[str, Room] = field(factory=dict[str, Room], init=False)
    """Every room by its id; changed here only."""
    by_code: dict[str, Room] = field(factory=dict[str, Room], init=False)
    """Those that have a code by it, normalized; changed here only."""
    stale: dict[Session, None] = field(factory=dict[Session, None], init=False)
    """Whose token no longer says what is; whoever issues a new one takes it out."""
    thinned: dict[Room, None] = field(factory=dict[Room, None], init=False)
    """The rooms that take in those who wait, and have a seat more; whoever fills it takes them out."""

    def __len__(self) -> int:
        """Count the rooms that stand."""
        return len(self.by_id)

    def open(self, room: Room, members: Sequence[Session]) -> None:
        """Open a room for its members; each of them leaves the room it was in.

        Raises:
          ValueError: there is a room of this id already.
        """
        self.register(room)
        for member in members:
            if member.room is not None:
                self.leave(member, "moved", "moved")
            if member.resumption is not None:
                room.mixed = True
        rev = room.rev = self._next_rev() if room.mixed else 0
        for member in members:
            member.room, member.rev = room, rev
        room.members.update(dict.fromkeys(members))
        self.tell_found(room, members)

    def register(self, room: Room) -> None:
        """Note a room that has no members yet.

        Raises:
          ValueError: there is a room of this id already.
        """
        if room.id in self.by_id:
            raise ValueError(f"the room id {room.id!r} was given out twice")
        self.by_id[room.id] = room
        if room.code is not None:
            self.by_code[normalized(room.code)] = room

    def enter(self, room: Room, members: Sequence[Session]) -> None:
        """Let sessions into a room that stands; each of them leaves the room it was in."""
        for member in members:
            self.leave(member, "moved", "moved")
        self.seat(room, members)
        self.tell_found(room, members)

    def seat(self, room: Room, members: Iterable[Session]) -> None:
        """Give sessions that are in no room seats, and tell those who are there already."""
        there = list(room.members)
        for member in members:
            for peer in there:
                self._telling.tell(peer, PeerJoined(member.user))
            room.rev = self._next_rev()
            room.members[member] = None
            member.room, member.rev = room, room.rev
            room.mixed = room.mixed or member.resumption is not None
        self._note_change(room)

    def tell_found(self, room: Room, members: Iterable[Session]) -> None:
        """Tell members, in this order, that they are in the room."""
        # One message for all of the seed's dialect: it is written once.
        plain = RoomFound(room.id, tuple([peer.user for peer in room.members]))
        for member in members:
            if member.resumption is not None:
                self._telling.tell(member, RoomEntered(self.view(room, member)))
            elif member.connection is not None:
                self._telling.tell_plain(member.connection, plain)
        if room.mixed:
            self._note_change(room)

    def leave(self, session: Session, why: ClosedReason, told: LeftReason) -> None:
        """Take the session out of its room, if it is in one.

        Args:
          session: who leaves.
          why: what it is told itself.
          told: what the others are told.
        """
        room = session.room
        if room is None:
            return
        session.room = None
        del room.members[session]
        if not room.mixed:
            if not room.members:
                self.forget(room)
            return
        room.rev = session.rev = self._next_rev()
        if session.resumption is not None:
            self._telling.tell(session, RoomClosed(room.id, why))
            self.stale[session] = None
        if not room.members:
            self.forget(room)
            return
        self.tell_others(room, session, PeerLeft(session.user, told))
        self._note_change(room)
        if room.open is not None:
            self.thinned[room] = None

    def has_code(self, code: str) -> bool:
        """Tell whether a room has this code, or one that reads alike."""
        return normalized(code) in self.by_code

    def of_code(self, code: str) -> Room | None:
        """Find the room of a code."""
        return self.by_code.get(normalized(code))

    def forget(self, room: Room) -> None:
        """Give back what a room has taken that has no members."""
        del self.by_id[room.id]
        if room.code is not None:
            del self.by_code[normalized(room.code)]
        if room.open is not None:
            self.thinned[room] = None

    def tell_away(self, session: Session, grace: int) -> None:
        """Tell the others that a session's connection has ended."""
        if session.room is not None:
            self.tell_others(session.room, session, PeerAway(session.user, grace))

    def tell_back(self, session: Session, *, resumed: bool) -> None:
        """Tell the others that it has come back."""
        if session.room is not None:
            self.tell_others(session.room, session, PeerBack(session.user, resumed))

    def tell_others(self, room: Room, session: Session, message: Message) -> None:
        """Tell all members but one; those of the seed's dialect know nothing of the kind."""
        for peer in room.members:
            if peer.resumption is not None and peer is not session:
                self._telling.tell(peer, message)

    @staticmethod
    def view(room: Room, session: Session) -> RoomView:
        """Tell how a member sees the room: it offers to those who were there before, and to the seed's."""
        offer_to: list[str] = []
        comes_first = True
        for peer in room.members:
            if peer is session:
                comes_first = False
            elif comes_first or peer.resumption is None:
                offer_to.append(peer.user)
        return RoomView(
            room.id,
            tuple(peer.user for peer in room.members),
            tuple(offer_to),
            room.code,
            tuple(peer.user for peer in room.members if peer.resumption is None),
            tuple(peer.user for peer in room.members if peer.connection is None),
        )

    @staticmethod
    def record(room: Room) -> RoomRecord | None:
        """Tell of a room as tokens do; None if it is too large for that."""
        if len(room.members) > _LARGEST_RECORD:
            return None
        return RoomRecord(
            room.id,
            room.code,
            room.max_size,
            room.kind,
            room.rev,
            tuple(member.user for member in room.members),
            tuple(member.user for member in room.members if member.resumption is None),
        )

    def _note_change(self, room: Room) -> None:
        for member in room.members:
            if member.resumption is not None:
                self.stale[member] = None

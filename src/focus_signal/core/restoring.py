"""What stood before the server was started, brought back by the tokens of those who come back.

For a while after its start the server takes the tokens of the one before. Each tells of a room; of several
that tell of one room the latest counts, and of the rooms in which somebody is said to be, too: one count goes
through all changes that a server makes. Who is said to be there and has not come is expected, and holds the
seat until the while is over.
"""

from collections.abc import Callable

from attrs import define, field

from focus_signal.core.alarms import Alarm, WindowOver
from focus_signal.core.effects import PeerAway, RoomClosed
from focus_signal.core.moment import Moment
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Room, Session
from focus_signal.core.telling import Telling
from focus_signal.core.timers import Timers, seconds_until
from focus_signal.core.tokens import RoomRecord, SessionToken

OLDEST_TOKEN = 600_000
"""Milliseconds: an older token brings nothing back."""


@define(eq=False)
class Restoring:
    """Bring sessions and rooms back.

    Args:
      window: seconds after the start for which that is done.
      moment: now.
      telling: tells those who have come.
      timers: wakes this when the window is over.
      sessions: who there is.
      rooms: where they are.
      stop_waiting: ends the place of a session that is seated, and that may wait for a match.
    """

    _window: float
    _moment: Moment
    _telling: Telling
    _timers: Timers[Alarm]
    _sessions: Sessions
    _rooms: Rooms
    _stop_waiting: Callable[[Session], None]
    _until: float = field(default=float("-inf"), init=False)
    # Those who have a seat and have not come, by their user ids.
    _expected: dict[str, Session] = field(factory=dict[str, Session], init=False)
    # How late it is known where somebody was, on the count of all changes.
    _known: dict[str, int] = field(factory=dict[str, int], init=False)
    # The latest record of each room, by its `rev`: a room may have ended since it came back.
    _shown: dict[str, int] = field(factory=dict[str, int], init=False)
    # When those who have come were seated or unseated here; who has another time since has moved by itself.
    _placed: dict[Session, int] = field(factory=dict[Session, int], init=False)

    def begin(self) -> None:
        """Begin the window: the server has started."""
        self._until = self._moment.now + self._window

    @property
    def seconds_left(self) -> int:
        """Tell how many seconds are left of the window, rounded up; 0 when it is over."""
        return seconds_until(self._until, self._moment.now)

    def expects(self, user: str, *, resumable: bool = False) -> bool:
        """Tell whether somebody has a seat and has not come; if asked so, only who has a token."""
        expected = self._expected.get(user)
        return expected is not None and not (resumable and expected.resumption is None)

    def takes(self, token: SessionToken) -> bool:
        """Tell whether a token of the server before brings its session back."""
        return (
            self._moment.now < self._until
            and token.process != self._sessions.process
            and self._moment.wall - token.issued <= OLDEST_TOKEN
        )

    def restore(self, token: SessionToken) -> Session:
        """Bring a session back, and the room of which its token tells; nobody may have the user id."""
        self._learn(token)
        session = self._expected.pop(token.user, None)
        if session is None or session.resumption is None:
            if session is not None:
                self._rooms.leave(session, "removed", "removed")
            session = Session(token.user, None, self._sessions.new_resumption(token.session))
        else:
            session.resumption.id = token.session
            session.resumption.log.clear()
        self._take_over(session, token)
        self._sessions.register(session)
        return session

    def restore_again(self, session: Session, token: SessionToken) -> None:
        """Take what a token of the server before says of a session that was brought back already."""
        if self.takes(token):
            self._learn(token)
            self._take_over(session, token)

    def _learn(self, token: SessionToken) -> None:
        """Take in where its holder was, and who else was there."""
        # Nothing has to be ended where nothing was brought back.
        self._timers.set(WindowOver(), self._until)
        user, room = token.user, token.room
        self._moment.last_rev = max(self._moment.last_rev, token.rev)
        if room is not None:
            self._show(room)
        if token.rev > self._known.get(user, -1) and (room is None or user not in room.members):
            # The holder left every room after all that was known.
            self._known[user] = token.rev
            self._unseat(user)

    def _take_over(self, session: Session, token: SessionToken) -> None:
        resumption = session.resumption
        assert resumption is not None  # noqa: S101 - only such a session has a token
        resumption.generation = max(resumption.generation, token.generation)
        resumption.issued = max(resumption.issued, token.issued)
        resumption.held = True
        if not self._has_moved(session):
            session.rev = self._placed[session] = max(session.rev, token.rev)

    def tell_outcome(self, session: Session, token: SessionToken) -> None:
        """Tell a session that has come back if it is no longer in the room of which its token tells."""
        room = token.room
        if room is not None and (session.room is None or session.room.id != room.id):
            self._telling.tell(session, RoomClosed(room.id, "removed"))

    def seat_seed(self, session: Session) -> None:
        """Give a session of the seed's dialect that begins the seat that is kept for it, if there is one."""
        expected = self._expected.get(session.user)
        if expected is None or expected.resumption is not None:
            return
        del self._expected[session.user]
        room = expected.room
        if room is None:
            return
        _hand_over(room, expected, session)
        self._rooms.tell_back(session, resumed=False)

    def keep_seat(self, session: Session) -> None:
        """Keep the seat of a session that came back, and ends for a later one of the same user."""
        room = session.room
        if room is None or not is_restored(session) or self._has_moved(session):
            return
        expected = self._expected[session.user] = Session(
            session.user, None, self._sessions.new_resumption("")
        )
        _hand_over(room, session, expected)
        self._placed[expected] = expected.rev

    def end(self) -> None:
        """End the window: who has not come is lost."""
        for session in list(self._expected.values()):
            self._rooms.leave(session, "left", "lost")
            if session.resumption is not None:
                session.resumption.log.close()
        self._expected.clear()
        self._known.clear()
        self._shown.clear()
        self._placed.clear()
        for room in self._rooms.by_id.values():
            room.restored = False

    def _show(self, record: RoomRecord) -> None:
        """Let a room be as a record has it, unless something later is known."""
        shown = self._shown.get(record.id, -1)
        if record.rev <= shown:
            # Of the room something later is known. But whoever was in it had left for it what was before.
            for user in record.members:
                if self._known.get(user, -1) < record.rev:
                    self._known[user] = record.rev
                    self._unseat(user)
            return
        self._shown[record.id] = record.rev
        self._moment.last_rev = max(self._moment.last_rev, record.rev)
        room = self._rooms.by_id.get(record.id)
        # Tokens were sent out of what has changed here; they must not seem to be later than those to come.
        has_changed = room is not None and room.rev > shown
        if room is None:
            room = Room(record.id, record.kind, record.max_size, self._free_code(record.code))
            room.restored = True
            self._rooms.register(room)
        for member in list(room.members):
            if member.user not in record.members:
                self._leave(member)
        seats = [seat for user in record.members if (seat := self._seat_of(user, record)) is not None]
        has_changed = has_changed or any(session.rev > record.rev for session in seats)
        self._seat(room, seats)
        if not room.members:
            self._rooms.forget(room)
            return
        room.rev = self._moment.next_rev() if has_changed else record.rev
        for session in seats:
            session.rev = self._placed[session] = room.rev

    def _seat(self, room: Room, seats: list[Session]) -> None:
        """Let these be a room's members, in this order, and tell those who have come."""
        new = [session for session in seats if session.room is not room]
        for session in new:
            self._stop_waiting(session)
            self._rooms.leave(session, "moved", "moved")
        if self._rooms.by_id.get(room.id) is not room:
            self._rooms.register(room)  # it was empty for a moment
        there = list(room.members)
        self._rooms.seat(room, new)
        for session in new:
            if session.connection is None:
                for peer in there:
                    self._telling.tell(peer, PeerAway(session.user, self.seconds_left))
        room.members.clear()
        room.members.update(dict.fromkeys(seats))
        self._rooms.tell_found(room, [session for session in new if session.connection is not None])

    def _seat_of(self, user: str, record: RoomRecord) -> Session | None:
        """Find who has the seat that a record tells of; None if something later is known of the user."""
        if self._known.get(user, -1) >= record.rev:
            return None
        self._known[user] = record.rev
        is_seed = user in record.seeds
        session = self._sessions.by_user.get(user)
        if session is not None and (is_restored(session) or (is_seed and session.resumption is None)):
            # Somebody who is here may have met others since, or have left.
            later = session.room is not None and not session.room.restored
            return None if later or self._has_moved(session) else session
        expected = self._expected.get(user)
        if expected is None:
            expected = Session(user, None, None if is_seed else self._sessions.new_resumption(""))
            self._expected[user] = expected
        return expected

    def _unseat(self, user: str) -> None:
        expected = self._expected.get(user)
        if expected is not None:
            self._leave(expected)
        elif (session := self._sessions.by_user.get(user)) is not None and is_restored(session):
            self._leave(session)

    def _has_moved(self, session: Session) -> bool:
        """Tell whether somebody has taken or left a seat here by itself."""
        return session.rev != self._placed.get(session, session.rev)

    def _leave(self, session: Session) -> None:
        """Take somebody out of a room who is known to have left it, unless that is not where it is now."""
        if self._has_moved(session):
            return
        self._rooms.leave(session, "removed", "removed")
        self._placed[session] = session.rev
        if self._expected.get(session.user) is session:
            del self._expected[session.user]
            if session.resumption is not None:
                session.resumption.log.close()

    def _free_code(self, code: str | None) -> str | None:
        """Give the code of a room back to it, unless another has taken it by chance."""
        return None if code is None or self._rooms.has_code(code) else code


def _hand_over(room: Room, before: Session, session: Session) -> None:
    """Give a session the seat of another one."""
    members = [session if member is before else member for member in room.members]
    room.members.clear()
    room.members.update(dict.fromkeys(members))
    before.room, session.room, session.rev = None, room, before.rev


def is_restored(session: Session) -> bool:
    """Tell whether a session came back by a token of the server before."""
    return session.resumption is not None and session.resumption.issued > 0

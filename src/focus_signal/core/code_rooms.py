"""Rooms that are entered by a code: opened, entered and left because somebody says so."""

from collections.abc import Callable

from attrs import define, field

from focus_signal.core.codes import code_of, is_chosen
from focus_signal.core.guesses import Guesses, keys_of
from focus_signal.core.moment import Moment
from focus_signal.core.restoring import Restoring
from focus_signal.core.rooms import Rooms
from focus_signal.core.state import Room, Session
from focus_signal.core.telling import Telling


@define(eq=False)
class CodeRooms:
    """Open, enter and leave rooms.

    Args:
      max_size: the largest room that may be opened.
      moment: now.
      telling: tells those who ask.
      rooms: where the rooms are.
      restoring: knows whether rooms may stand that nobody knows of yet.
      new_id: gives a fresh id, and with it a code that nobody can guess.
    """

    _max_size: int
    _moment: Moment
    _telling: Telling
    _rooms: Rooms
    _restoring: Restoring
    _new_id: Callable[[], str]
    guesses: Guesses = field(factory=Guesses, init=False)
    """Who has named too many codes that were wrong."""

    def create(self, session: Session, max_size: int, chosen: str | None) -> None:
        """Open a room in which the session is alone, or refuse."""
        if not 1 <= max_size <= self._max_size:
            text = f"maxSize must be a whole number from 1 to {self._max_size}, not {str(max_size)[:40]}"
            self._telling.refuse(session, "bad-match-size", text)
            return
        if chosen is not None:
            if not is_chosen(chosen):
                text = "code must be 4 to 32 letters and digits, dashes not counted"
                self._telling.refuse(session, "bad-message", text)
                return
            if self._is_barred(session):
                return
            if self._rooms.has_code(chosen):
                self._miss(session)
                self._telling.refuse(session, "code-taken", "another room has this code")
                return
            if self._may_come_back(session):
                return
        room_id = self._new_id()
        code = code_of(room_id) if chosen is None else chosen
        while self._rooms.has_code(code):
            code = code_of(self._new_id())
        self._rooms.open(Room(room_id, "code", max_size, code), [session])

    def join(self, session: Session, code: str) -> None:
        """Let a session into the room of a code, or refuse."""
        if self._is_barred(session):
            return
        room = self._rooms.of_code(code)
        if room is None:
            if not self._may_come_back(session):
                self._miss(session)
                self._telling.refuse(session, "room-not-found", "there is no room of this code")
        elif room.restored and room is not session.room:
            self._may_come_back(session)
        elif room is not session.room:
            if len(room.members) >= room.max_size:
                self._telling.refuse(session, "room-full", f"the room has room for {room.max_size}")
            else:
                self._rooms.enter(room, [session])

    def leave(self, session: Session) -> None:
        """Let a session out of its room, or refuse if it is in none."""
        if session.room is None:
            self._telling.refuse(session, "not-in-room", "you are in no room")
        else:
            self._rooms.leave(session, "left", "left")

    def _may_come_back(self, session: Session) -> bool:
        """Put off what cannot be known before all have come back that may, and tell whether that is so."""
        seconds = self._restoring.seconds_left
        if seconds:
            text = f"the server has just started, and its rooms are coming back: ask again in {seconds} s"
            self._telling.refuse(session, "try-later", text, retry_after=seconds)
        return seconds > 0

    def _is_barred(self, session: Session) -> bool:
        """Refuse whoever has named too many codes that were wrong."""
        seconds = self.guesses.blocked(_keys(session), self._moment.now)
        if seconds:
            text = f"too many codes were wrong: ask again in {seconds} s"
            self._telling.refuse(session, "rate-limited", text, retry_after=seconds)
        return seconds > 0

    def _miss(self, session: Session) -> None:
        self.guesses.miss(_keys(session), self._moment.now)


def _keys(session: Session) -> tuple[str, ...]:
    return keys_of(session.user, None if session.resumption is None else session.resumption.address)

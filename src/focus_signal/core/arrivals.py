"""How a connection comes to speak for somebody, and what becomes of a session whose connection ends.

A session of the seed's dialect belongs to the newest connection in its user's name, seat and all; one with a
seat outlives its connection by the grace. A session of the protocol `focus-signal.v1` belongs to whoever has
its token, and outlives its connection by the grace once the peer is known to have one.
"""

from math import ceil

from attrs import define

from focus_signal.core.alarms import Alarm, SessionDue
from focus_signal.core.commands import OpenSession
from focus_signal.core.effects import LeftReason, State, Welcome
from focus_signal.core.lobby import Lobby
from focus_signal.core.moment import Moment
from focus_signal.core.restoring import Restoring
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Session
from focus_signal.core.telling import Telling
from focus_signal.core.timers import Timers
from focus_signal.core.tokens import SessionToken

TOKEN_RENEWAL = 300.0
"""Seconds after which a session gets its next token: half of a token's life."""


@define(eq=False)
class Arrivals:
    """Let sessions begin, come back and end.

    Args:
      grace: the seconds for which a session outlives its connection.
      moment: now.
      telling: tells everyone.
      timers: wakes this when a session is due.
      sessions: who there is.
      rooms: where they are.
      lobby: where they wait.
      restoring: brings back what was there before the server was started.
    """

    grace: float
    _moment: Moment
    _telling: Telling
    _timers: Timers[Alarm]
    _sessions: Sessions
    _rooms: Rooms
    _lobby: Lobby
    _restoring: Restoring

    def connect(self, connection: int, user: str) -> bool:
        """Let a connection of the seed's dialect speak for its user, and tell whether it does."""
        session = self._sessions.by_user.get(user)
        held = session is not None and session.resumption is not None
        if held or self._restoring.expects(user, resumable=True):
            self._telling.close(connection, "id-in-use")
            return False
        if session is None:
            self._restoring.seat_seed(self._sessions.begin(user, connection))
            return True
        replaced = self._sessions.move(session, connection)
        # The seat is taken over, the place in a queue is not: who waits is the connection that asked.
        self._lobby.end(session, None)
        self._timers.cancel(SessionDue(session))
        if replaced is not None:
            self._telling.close(replaced, "replaced")
        self._rooms.tell_back(session, resumed=False)
        return True

    def open(self, command: OpenSession) -> bool:
        """Let a connection of `focus-signal.v1` resume its session or begin one, and tell whether it does."""
        token, why = command.token, command.why
        if token is not None and why is None:
            if token.user != command.user:
                why = "wrong-user"
            elif (session := self._sessions.by_id.get(token.session)) is not None:
                why = self._judge(session, token)
                if why is None:
                    return self._resume(session, command, token)
            elif self._restoring.takes(token):
                why = self._restore(command, token)
                if why is None:
                    return True
            else:
                why = "unknown"
        return self._begin(command, why)

    def withdraw(self, connection: int) -> None:
        """Let nobody meet a session whose connection's end was read."""
        session = self._sessions.by_connection.get(connection)
        if session is not None and not session.leaving:
            session.leaving = True
            if session.resumption is None:
                self._lobby.end(session, None)
            else:
                self._lobby.suspend(session)

    def disconnect(self, connection: int, *, finished: bool) -> None:
        """Let a connection speak for nobody; its session is away, or ends."""
        self.withdraw(connection)
        session = self._sessions.disconnect(connection)
        if session is None:
            return
        resumption = session.resumption
        stays = session.room is not None if resumption is None else resumption.held and not finished
        if stays:
            self._timers.set(SessionDue(session), self._moment.now + self.grace)
            self._rooms.tell_away(session, ceil(self.grace))
        elif resumption is None:
            self._sessions.forget(session)  # which has nothing but its name
        else:
            self.end(session, "left" if finished else "lost")

    def due(self, session: Session) -> None:
        """End a session whose grace is over; give one that is there its next token."""
        if session.connection is None:
            self.end(session, "lost")
        else:
            self._rooms.stale[session] = None

    def end(self, session: Session, told: LeftReason) -> None:
        """End a session, and with it everything that it has."""
        self._timers.cancel(SessionDue(session))
        self._lobby.end(session, None)
        self._rooms.leave(session, "left", told)
        self._rooms.stale.pop(session, None)
        self._sessions.forget(session)

    def issue_tokens(self) -> None:
        """Send the next token to every session whose token no longer says what is."""
        stale = self._rooms.stale
        for session in stale:
            if session.resumption is not None and session.resumption.id:
                self._sessions.issue(session, self._moment.wall, self._telling)
                if session.connection is not None:
                    self._timers.set(SessionDue(session), self._moment.now + TOKEN_RENEWAL)
        stale.clear()

    def _judge(self, session: Session, token: SessionToken) -> str | None:
        """Tell what is wrong with the token of a session that there is."""
        resumption = session.resumption
        assert resumption is not None  # noqa: S101 - only such a session has an id
        if token.process == self._sessions.process:
            if token.generation > resumption.generation:
                return "unknown"
            return "superseded" if token.generation < resumption.least_generation else None
        # It came back by a token of the server before; this is that one again, or another.
        return "superseded" if resumption.proved or token.issued < resumption.issued else None

    def _resume(self, session: Session, command: OpenSession, token: SessionToken) -> bool:
        resumption = session.resumption
        assert resumption is not None  # noqa: S101 - only such a session has an id
        log, connection = resumption.log, command.connection
        ours = token.process == self._sessions.process
        if ours and command.seen > log.last:
            self._telling.close(connection, "bad-request")
            return False
        if not ours:
            # Ahead of the welcome, which tells what stands then.
            self._restoring.restore_again(session, token)
        was_away = session.connection is None
        replaced = self._sessions.move(session, connection)
        if replaced is not None:
            self._telling.close(replaced, "replaced")
        self._timers.cancel(SessionDue(session))
        resumption.address = command.address
        resumption.held = True
        missed = None
        if ours:
            resumption.proved = True
            resumption.least_generation = max(resumption.least_generation, token.generation)
            missed = log.after(command.seen)  # what was seen of the server before is none of our numbers
        if missed is not None:
            self._sessions.saw(session, command.seen)
            welcome = Welcome(session.user, True, command.seen, resumption.last_id)
            self._telling.tell_now(connection, welcome)
            for seq, message in missed:
                self._telling.tell_now(connection, message, seq)
        else:
            log.clear()
            self._welcome(session, resumption.last_id if ours else None)
            if not ours:
                self._restoring.tell_outcome(session, token)
        if was_away or missed is None:
            self._rooms.tell_back(session, resumed=missed is not None)
        self._lobby.come_back(session)
        self._rooms.stale[session] = None
        return True

    def _restore(self, command: OpenSession, token: SessionToken) -> str | None:
        """Bring a session back from its token, or tell why not."""
        holder = self._sessions.by_user.get(token.user)
        if holder is not None:
            if holder.resumption is not None and holder.resumption.issued >= token.issued:
                return "superseded"
            self._restoring.keep_seat(holder)
            self._replace(holder)
        session = self._restoring.restore(token)
        if session.resumption is not None:
            session.resumption.address = command.address
        self._sessions.move(session, command.connection)
        self._welcome(session, None)
        self._restoring.tell_outcome(session, token)
        self._rooms.tell_back(session, resumed=False)
        self._rooms.stale[session] = None
        return None

    def _begin(self, command: OpenSession, why: str | None) -> bool:
        holder = self._sessions.by_user.get(command.user)
        expected = self._restoring.expects(command.user)
        if (holder is not None or expected) and not command.authenticated:
            self._telling.close(command.connection, "id-in-use")
            return False
        if holder is not None:
            self._replace(holder)
        session = Session(command.user, None, self._sessions.new_resumption(address=command.address))
        # It is in no room, whatever a token may still tell of one before it.
        session.rev = self._moment.last_rev
        self._sessions.register(session)
        self._sessions.move(session, command.connection)
        self._welcome(session, 0, why)
        self._rooms.stale[session] = None
        return True

    def _replace(self, holder: Session) -> None:
        """End a session for another one of the same user."""
        connection = holder.connection
        self.end(holder, "replaced")
        if connection is not None:
            self._telling.close(connection, "replaced")

    def _welcome(self, session: Session, last_id: int | None, why: str | None = None) -> None:
        """Welcome somebody who has to be told everything that stands."""
        resumption, connection = session.resumption, session.connection
        assert resumption is not None  # noqa: S101 - only such a session is welcomed
        assert connection is not None  # noqa: S101 - it was moved to one
        ticket, proposal = self._lobby.views(session)
        room = None if session.room is None else Rooms.view(session.room, session)
        state = State(ticket, proposal, room)
        self._telling.tell_now(
            connection, Welcome(session.user, False, resumption.log.last, last_id, state, why)
        )

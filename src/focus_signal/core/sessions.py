"""Who is who: the session of each user, and the connection that speaks for it.

Identity is the session, never the user id as a string and never a connection. A user has one session. From
the moment that another connection speaks for it, the one before speaks for nobody, so that its end can touch
nothing. What a session of each dialect survives is decided in `arrivals`; here is who there is.
"""

from collections.abc import Callable

from attrs import define, field

from focus_signal.core.effects import SessionIssued
from focus_signal.core.replay import Budget, ReplayLog
from focus_signal.core.rooms import Rooms
from focus_signal.core.state import Resumption, Session
from focus_signal.core.telling import Telling
from focus_signal.core.tokens import SessionToken

_MOST_ON_THEIR_WAY = 64
"""Tokens of one session of which it is remembered in which message they went out."""


@define(eq=False)
class Sessions:
    """Hold the sessions by user, by connection and by their ids.

    Args:
      replay_bytes: how much is kept of what one peer has not seen.
      budget: how much of what all of them have not.
      new_id: gives a fresh id.
    """

    _replay_bytes: int
    _budget: Budget
    _new_id: Callable[[], str]
    by_user: dict[str, Session] = field(factory=dict[str, Session], init=False)
    """The session of each user; changed here only."""
    by_connection: dict[int, Session] = field(factory=dict[int, Session], init=False)
    """The session for which each connection speaks; one that was replaced is not among them."""
    by_id: dict[str, Session] = field(factory=dict[str, Session], init=False)
    """The sessions that can be resumed, by their ids; changed here only."""
    _process: str = field(default="", init=False)

    def __len__(self) -> int:
        """Count the sessions, those away too."""
        return len(self.by_user)

    @property
    def process(self) -> str:
        """Tell by which id tokens name this server; it is made when it is first asked for."""
        self._process = self._process or self._new_id()
        return self._process

    def connections(self) -> list[int]:
        """List the connections that speak for a session, in the order in which they came."""
        return list(self.by_connection)

    def begin(self, user: str, connection: int) -> Session:
        """Begin a session of the seed's dialect; nobody may have the user id."""
        session = self.by_user[user] = self.by_connection[connection] = Session(user, connection)
        return session

    def new_resumption(self, session_id: str | None = None, address: str | None = None) -> Resumption:
        """Make what lets a session be resumed; a new id for it if none is given."""
        name = self._new_id() if session_id is None else session_id
        return Resumption(name, ReplayLog(self._replay_bytes, self._budget), address=address)

    def register(self, session: Session) -> None:
        """Note a session that can be resumed; nobody may have the user id."""
        self.by_user[session.user] = session
        if session.resumption is not None and session.resumption.id:
            self.by_id[session.resumption.id] = session

    def move(self, session: Session, connection: int) -> int | None:
        """Let a connection speak for a session.

        Returns:
          the one that spoke for it until now.
        """
        before = session.connection
        if before is not None:
            del self.by_connection[before]
        session.connection = connection
        session.leaving = False
        self.by_connection[connection] = session
        return before

    def disconnect(self, connection: int) -> Session | None:
        """Let a connection speak for nobody, and give the session for which it did."""
        session = self.by_connection.pop(connection, None)
        if session is not None:
            session.connection = None
        return session

    def forget(self, session: Session) -> None:
        """Give back what a session has taken."""
        if session.connection is not None:
            del self.by_connection[session.connection]
            session.connection = None
        if self.by_user.get(session.user) is session:
            del self.by_user[session.user]
        if session.resumption is not None:
            self.by_id.pop(session.resumption.id, None)
            session.resumption.log.close()

    def saw(self, session: Session, seen: int) -> bool:
        """Note what a peer has handled, and which tokens it has by that.

        Returns:
          False when nothing of that number was sent: then nothing has changed.
        """
        resumption = session.resumption
        if resumption is None or seen > resumption.log.last:
            return False
        resumption.log.forget(seen)
        on_their_way = resumption.on_their_way
        while on_their_way and on_their_way[0][1] <= seen:
            resumption.least_generation, _ = on_their_way.pop(0)
            resumption.held = resumption.proved = True
        return True

    def issue(self, session: Session, wall: int, telling: Telling) -> None:
        """Send a session its next token.

        Args:
          session: one that can be resumed.
          wall: the wall clock, in milliseconds.
          telling: sends it.
        """
        resumption = session.resumption
        assert resumption is not None  # noqa: S101 - the caller's part
        resumption.generation += 1
        token = SessionToken(
            resumption.id,
            resumption.generation,
            self.process,
            session.user,
            wall,
            session.rev,
            None if session.room is None else Rooms.record(session.room),
        )
        telling.tell(session, SessionIssued(token))
        on_their_way = resumption.on_their_way
        on_their_way.append((resumption.generation, resumption.log.last))
        if len(on_their_way) > _MOST_ON_THEIR_WAY:
            # A peer may never say what it has seen. The oldest tells that it has a token at all; without one
            # of the others an old token is good for longer, and no good one is refused.
            del on_their_way[1]

"""Who is who: the session of each user, and the connection that speaks for it.

Identity is the session, never the user id as a string and never a connection. A user has one session; a newer
connection in the same name takes it over, and from then on the older connection speaks for nobody, so that
its end can touch nothing. A session with a seat in a room outlives its connection by the grace; one without
ends with it.
"""

from collections import OrderedDict

from attrs import define, field


@define(eq=False)
class Session:
    """Be one user's stay: its connection (None while it is away), its ticket and its room."""

    user: str
    connection: int | None
    # The connection's end has been read, though what it sent before may still be on its way.
    leaving: bool = False
    waits_for: int | None = None
    room: str | None = None


@define(eq=False)
class Sessions:
    """Hold the sessions by user and by connection, and those away in the order in which their grace ends.

    Args:
      grace: the seconds for which a seat in a room outlives its connection.
    """

    grace: float
    by_user: dict[str, Session] = field(factory=dict[str, Session], init=False)
    """The session of each user; changed here only."""
    by_connection: dict[int, Session] = field(factory=dict[int, Session], init=False)
    """The session for which each connection speaks; one that was replaced is not among them."""
    # Everybody has the same grace and time only grows, so the order of leaving is the order of the deadlines.
    # An OrderedDict gives up its first entry, or any other, without a walk over the ones that are gone.
    _away: OrderedDict[Session, float] = field(factory=OrderedDict[Session, float], init=False)

    def __len__(self) -> int:
        """Count the sessions, those away too."""
        return len(self.by_user)

    @property
    def connected(self) -> int:
        """Count the connections that speak for a session."""
        return len(self.by_connection)

    def connections(self) -> list[int]:
        """List the connections that speak for a session, in the order in which they came."""
        return list(self.by_connection)

    def connect(self, connection: int, user: str) -> tuple[Session, int | None]:
        """Let a connection speak for the user's session, which begins here if there is none.

        Returns:
          the session, and the connection that spoke for it until now.
        """
        session = self.by_user.get(user)
        replaced = None
        if session is None:
            session = self.by_user[user] = Session(user, connection)
        else:
            replaced = session.connection
            if replaced is not None:
                del self.by_connection[replaced]
            self._away.pop(session, None)
            session.connection = connection
            session.leaving = False
        self.by_connection[connection] = session
        return session, replaced

    def disconnect(self, connection: int, now: float) -> Session | None:
        """Let the connection speak for nobody; its session is away if it has a seat in a room, else it ends.

        Returns:
          the session, if it has ended.
        """
        session = self.by_connection.pop(connection, None)
        if session is None:
            return None
        session.connection = None
        if session.room is None:
            del self.by_user[session.user]
            return session
        self._away[session] = now + self.grace
        return None

    def next_deadline(self) -> float | None:
        """Tell when the next grace ends; None when nobody is away."""
        return next(iter(self._away.values()), None)

    def expire(self, now: float) -> list[Session]:
        """End the sessions whose grace is over, and list them."""
        ended: list[Session] = []
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            session, _ = self._away.popitem(last=False)
            del self.by_user[session.user]
            ended.append(session)
        return ended

"""The matchmaker: one synchronous, total function from (command, now) to effects.

Whatever comes, in whatever state, gives effects; what cannot be done gives a `Refused`. The rules:

* A user has one session. The newest connection in its name speaks for it and the one before is closed.
* A session has one ticket and one seat at the most. Asking again for the same size keeps the place; asking
  for another moves. A seat is kept until the next room is found.
* Within a size, who came first is matched first, and who survives somebody's leaving keeps its place.
* A connection whose end was read is in no match from then on, though what it sent before is still relayed.
* A relay reaches whoever shares the sender's room (or anyone, if the scope says so), and is refused
  otherwise.

Time and ids come from outside. If `handle` raises all the same, the state is suspect and the caller must
stop.
"""

from collections.abc import Callable
from typing import Literal, assert_never

from attrs import define, field, frozen

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RelayClump,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Close, Deliver, DeliverClump, Effect, Refused, Relayed, RoomFound
from focus_signal.core.queues import Queues
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Session, Sessions

RelayScope = Literal["room", "any"]


def match_size_message(came: str, largest: int) -> str:
    """Say what a match size may be, in the one wording that every layer uses."""
    return f"matchSize must be a whole number from 1 to {largest}, not {came}"


@frozen
class Rules:
    """Be the rules that an operator can choose.

    Args:
      max_match_size: the largest room that may be asked for.
      relay_scope: "room" relays between members of one room; "any" between any two users.
      seat_grace: the seconds for which a seat in a room outlives its connection.
    """

    max_match_size: int = 16
    relay_scope: RelayScope = "room"
    seat_grace: float = 30.0


@frozen
class MatchmakerStatistics:
    """Be a look at the matchmaker at one moment.

    Args:
      connections: connections that speak for a user.
      users: sessions, those away within their grace too.
      waiting: tickets in all queues.
      rooms: rooms that stand.
      matches: rooms found since the start.
      relayed: messages relayed since the start.
      refused: messages refused since the start.
    """

    connections: int
    users: int
    waiting: int
    rooms: int
    matches: int
    relayed: int
    refused: int


@define(eq=False)
class Matchmaker:
    """Decide; see the module for the rules.

    Args:
      rules: what the operator chose.
      new_id: gives a fresh id for each room.
    """

    rules: Rules
    new_id: Callable[[], str]
    _sessions: Sessions = field(init=False)
    _by_user: dict[str, Session] = field(init=False)
    _by_connection: dict[int, Session] = field(init=False)
    _any_scope: bool = field(init=False)
    _queues: Queues = field(factory=Queues, init=False)
    _rooms: Rooms = field(factory=Rooms, init=False)
    _now: float = field(default=float("-inf"), init=False)
    _draining: bool = field(default=False, init=False)
    _matches: int = field(default=0, init=False)
    _relayed: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._sessions = Sessions(self.rules.seat_grace)
        self._by_user, self._by_connection = self._sessions.by_user, self._sessions.by_connection
        self._any_scope = self.rules.relay_scope == "any"

    def handle(self, command: Command, now: float) -> list[Effect]:
        """Carry out one command.

        Args:
          command: what came in.
          now: the time in seconds, on any clock that does not run backwards (if it does, it is held).

        Returns:
          what is to be done, in this order.
        """
        if now > self._now:  # noqa: PLR1730 - a call of max() for every message would cost more
            self._now = now
        if isinstance(command, Relay):  # nearly every one
            return self._relay(command)
        match command:
            case RequestMatch():
                return self._request_match(command)
            case Connect():
                return self._connect(command)
            case Invalid(connection, code, message, to):
                if self._by_connection.get(connection) is None:
                    return []
                return self._refuse(connection, code, message, to)
            case Withdraw(connection):
                return self._withdraw(connection)
            case Disconnect(connection):
                return self._disconnect(connection)
            case TimePassed():
                for session in self._sessions.expire(self._now):
                    self._rooms.leave(session)
                return []
            case Drain():
                self._draining = True
                return [Close(connection, "restart") for connection in self._sessions.connections()]
        assert_never(command)

    def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        """Carry out the relays of a clump, as `handle` would one after the other.

        Args are those of `handle`.

        Returns:
          what is to be done: nothing changes between two of them, so what becomes of one becomes of all.
        """
        connection, to, kind, payloads = clump.connection, clump.to, clump.kind, clump.payloads
        effects = self.handle(Relay(connection, to, kind, payloads[0]), now)
        match effects:
            case [Deliver(target, Relayed(sender, _, _))]:
                self._relayed += len(payloads) - 1
                return DeliverClump(target, sender, kind, payloads)
            case _:
                for payload in payloads[1:]:
                    effects += self._relay(Relay(connection, to, kind, payload))
                return effects

    def next_deadline(self) -> float | None:
        """Tell when a `TimePassed` is next due; None when nothing waits for time."""
        return self._sessions.next_deadline()

    def statistics(self) -> MatchmakerStatistics:
        """Look at the matchmaker at this moment."""
        return MatchmakerStatistics(
            connections=self._sessions.connected,
            users=len(self._sessions),
            waiting=self._queues.waiting,
            rooms=len(self._rooms),
            matches=self._matches,
            relayed=self._relayed,
            refused=self._refused,
        )

    def _connect(self, command: Connect) -> list[Effect]:
        if self._by_connection.get(command.connection) is not None:
            return []
        session, replaced = self._sessions.connect(command.connection, command.user)
        # The seat is taken over, the place in a queue is not: who waits is the connection that asked.
        self._queues.leave(session)
        effects: list[Effect] = []
        if replaced is not None:
            effects.append(Close(replaced, "replaced"))
        if self._draining:
            effects.append(Close(command.connection, "restart"))
        return effects

    def _withdraw(self, connection: int) -> list[Effect]:
        session = self._by_connection.get(connection)
        if session is not None:
            session.leaving = True
            self._queues.leave(session)
        return []

    def _disconnect(self, connection: int) -> list[Effect]:
        self._withdraw(connection)
        self._sessions.disconnect(connection, self._now)
        return []

    def _request_match(self, command: RequestMatch) -> list[Effect]:
        session = self._by_connection.get(command.connection)
        if session is None or session.leaving:
            return []
        size = command.size
        if not 1 <= size <= self.rules.max_match_size:
            # Nothing that is shown may be long, and Python itself refuses to show a very long number.
            came = str(size) if abs(size) < 1 << 53 else "a number beyond all sizes"
            message = match_size_message(came, self.rules.max_match_size)
            return self._refuse(command.connection, "bad-match-size", message)
        members = self._queues.join(session, size)
        if not members:
            return []
        room = self.new_id()
        self._rooms.open(room, members)
        self._matches += 1
        found = RoomFound(room, tuple(member.user for member in members))
        return [Deliver(self._connection_of(member), found) for member in members]

    def _relay(self, command: Relay) -> list[Effect]:
        # What most of the time is spent on: so no more steps in here than there have to be.
        sender = self._by_connection.get(command.connection)
        if sender is None:
            return []
        target = self._by_user.get(command.to)
        if (
            target is None
            or target.connection is None
            or target.leaving
            or not (self._any_scope or (sender.room is not None and sender.room == target.room))
        ):
            message = "no peer of this user id can be reached from here"
            return self._refuse(command.connection, "peer-unavailable", message, command.to)
        self._relayed += 1
        return [Deliver(target.connection, Relayed(sender.user, command.kind, command.payload))]

    def _refuse(self, connection: int, code: str, message: str, to: str | None = None) -> list[Effect]:
        self._refused += 1
        return [Deliver(connection, Refused(code, message, to))]

    @staticmethod
    def _connection_of(session: Session) -> int:
        assert session.connection is not None  # noqa: S101 - who holds a ticket or is reachable has one
        return session.connection

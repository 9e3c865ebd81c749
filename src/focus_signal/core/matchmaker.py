"""The matchmaker: one synchronous, total function from (command, now) to effects.

Whatever comes, in whatever state, gives effects; what cannot be done gives a `Refused`. Who does what:

* `arrivals`: which connection speaks for whom, and what becomes of a session whose connection ends.
* `restoring`: what stood before the server was started.
* `lobby`, `proposals` and `backfill`: who waits, and who meets whom; `pools`, `search` and `open_rooms` find
  that out.
* `rooms` and `code_rooms`: who has met, and what they are told of each other.
* `relays`: what they send each other. `telling` numbers and keeps what is sent.

Time and ids come from outside. If `handle` raises all the same, the state is suspect and the caller must
stop.
"""

from collections.abc import Callable
from typing import Literal, assert_never

from attrs import define, field, frozen

from focus_signal.core.alarms import (
    Alarm,
    NoticeDue,
    PatienceOver,
    ProposalOver,
    SessionDue,
    TimeOver,
    WindowOver,
)
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.code_rooms import CodeRooms
from focus_signal.core.commands import (
    Begin,
    Broadcast,
    Cancel,
    Command,
    Connect,
    CreateRoom,
    Decline,
    Disconnect,
    Drain,
    Invalid,
    JoinRoom,
    LeaveRoom,
    Numbered,
    OpenSession,
    Ping,
    Ready,
    Relay,
    RelayClump,
    RequestMatch,
    RequestTicket,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Deliver, DeliverClump, Effect, GoingAway, Pong, Refused, Relayed
from focus_signal.core.lobby import Lobby, match_size_message
from focus_signal.core.moment import Moment
from focus_signal.core.relays import UNREACHABLE, Relays
from focus_signal.core.replay import Budget
from focus_signal.core.restoring import Restoring
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Room, Session
from focus_signal.core.telling import Telling
from focus_signal.core.timers import Timers

RelayScope = Literal["room", "any"]

_RECONNECT_IN = 1
"""Seconds: who is sent away spreads its return by itself."""


# Nobody is in a hurry for those, and others may be.
_MOST_NOTICES = 32


@frozen
class Rules:
    """Be the rules that an operator can choose.

    Args:
      max_match_size: the largest room that may be asked for.
      relay_scope: "room" relays between members of one room; "any" between any two users.
      seat_grace: the seconds for which a seat in a room, and a session, outlive their connection.
      ready_timeout: the seconds in which everyone has to say that they are ready.
      replay_bytes: how much is kept of what one peer has not seen.
      total_replay_bytes: how much of what all of them have not.
    """

    max_match_size: int = 16
    relay_scope: RelayScope = "room"
    seat_grace: float = 30.0
    ready_timeout: float = 15.0
    replay_bytes: int = 256 * 1024
    total_replay_bytes: int = 64 * 1024 * 1024


@frozen
class MatchmakerStatistics:
    """Be a look at the matchmaker at one moment.

    Args:
      connections: connections that speak for a user.
      users: sessions, those away within their grace too.
      waiting: users who wait for a match.
      rooms: rooms that stand.
      matches: rooms found since the start.
      relayed: messages relayed since the start.
      refused: messages refused since the start.
      replay_bytes: what is kept of what peers have not seen.
    """

    connections: int
    users: int
    waiting: int
    rooms: int
    matches: int
    relayed: int
    refused: int
    replay_bytes: int = 0


@define(eq=False)
class Matchmaker:
    """Decide; see the module for the rules.

    Args:
      rules: what the operator chose.
      new_id: gives a fresh id each time, a UUID of version 4.
    """

    rules: Rules
    new_id: Callable[[], str]
    _moment: Moment = field(factory=Moment, init=False)
    _telling: Telling = field(factory=Telling, init=False)
    _timers: Timers[Alarm] = field(factory=Timers[Alarm], init=False)
    _budget: Budget = field(init=False)
    _rooms: Rooms = field(init=False)
    _sessions: Sessions = field(init=False)
    _lobby: Lobby = field(init=False)
    _restoring: Restoring = field(init=False)
    _arrivals: Arrivals = field(init=False)
    _code_rooms: CodeRooms = field(init=False)
    _relays: Relays = field(init=False)
    _by_user: dict[str, Session] = field(init=False)
    _by_connection: dict[int, Session] = field(init=False)
    # What there may be to do at the end of a command; whoever does it takes it out.
    _thinned: dict[Room, None] = field(init=False)
    _to_fill: dict[Room, None] = field(init=False)
    _stale: dict[Session, None] = field(init=False)
    _any_scope: bool = field(init=False)
    _draining: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        rules, moment, telling, timers = self.rules, self._moment, self._telling, self._timers
        self._budget = Budget(rules.total_replay_bytes)
        self._rooms = rooms = Rooms(telling, moment.next_rev)
        self._sessions = sessions = Sessions(rules.replay_bytes, self._budget, self.new_id)
        largest = rules.max_match_size
        self._lobby = Lobby(largest, rules.ready_timeout, moment, telling, timers, rooms, self.new_id)
        self._restoring = Restoring(
            2 * rules.seat_grace, moment, telling, timers, sessions, rooms, self._lobby.replace
        )
        self._arrivals = Arrivals(
            rules.seat_grace, moment, telling, timers, sessions, rooms, self._lobby, self._restoring
        )
        self._code_rooms = CodeRooms(largest, moment, telling, rooms, self._restoring, self.new_id)
        self._thinned, self._stale, self._to_fill = rooms.thinned, rooms.stale, self._lobby.backfill.to_fill
        self._any_scope = rules.relay_scope == "any"
        self._relays = Relays(self._any_scope, telling)
        self._by_user, self._by_connection = sessions.by_user, sessions.by_connection

    def handle(self, command: Command, now: float) -> list[Effect]:  # noqa: C901, PLR0912 - a branch a command
        """Carry out one command.

        Args:
          command: what came in.
          now: the time in seconds, on any clock that does not run backwards (if it does, it is held).

        Returns:
          what is to be done, in this order.
        """
        moment = self._moment
        if now > moment.now:  # noqa: PLR1730 - a call of max() for every message would cost more
            moment.now = now
        if isinstance(command, Relay):  # nearly every one
            return self._relay(command)
        match command:
            case RequestMatch():
                self._request_match(command)
            case Numbered():
                self._numbered(command)
            case Connect(connection, user):
                if self._may_open(connection) and self._arrivals.connect(connection, user):
                    self._send_away_if_draining(connection)
            case OpenSession():
                if self._may_open(command.connection) and self._arrivals.open(command):
                    self._send_away_if_draining(command.connection)
            case Withdraw(connection):
                self._arrivals.withdraw(connection)
            case Disconnect(connection, finished):
                self._arrivals.disconnect(connection, finished=finished)
            case TimePassed():
                self._pass_time()
            case Drain():
                self._drain()
            case Begin(wall, restores):
                moment.wall_offset = wall - moment.now
                if restores:
                    self._restoring.begin()
            case _:
                session = self._by_connection.get(command.connection)
                # Of these the seed's dialect has only what is invalid.
                if session is not None and (session.resumption is not None or isinstance(command, Invalid)):
                    self._carry_out(session, command)
        return self._finish()

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
                self._relays.relayed += len(payloads) - 1
                return DeliverClump(target, sender, kind, payloads)
            case _:
                for payload in payloads[1:]:
                    effects += self._relay(Relay(connection, to, kind, payload))
                return effects

    def next_deadline(self) -> float | None:
        """Tell when a `TimePassed` is next due; None when nothing waits for time."""
        return self._timers.next_deadline()

    def statistics(self) -> MatchmakerStatistics:
        """Look at the matchmaker at this moment."""
        return MatchmakerStatistics(
            connections=len(self._by_connection),
            users=len(self._sessions),
            waiting=self._lobby.waiting,
            rooms=len(self._rooms),
            matches=self._lobby.matches,
            relayed=self._relays.relayed,
            refused=self._telling.refused,
            replay_bytes=self._budget.bytes,
        )

    def _relay(self, command: Relay) -> list[Effect]:
        # What most of the time is spent on: so no more steps in here than there have to be.
        sender = self._by_connection.get(command.connection)
        if sender is None:
            return []
        target = self._by_user.get(command.to)
        if (
            target is not None
            and target.resumption is None
            and sender.resumption is None
            and target.connection is not None
            and not target.leaving
            and (self._any_scope or (sender.room is not None and sender.room is target.room))
        ):
            self._relays.relayed += 1
            return [Deliver(target.connection, Relayed(sender.user, command.kind, command.payload))]
        if sender.resumption is None and (target is None or target.resumption is None):
            self._telling.refused += 1
            return [Deliver(command.connection, Refused("peer-unavailable", UNREACHABLE, command.to))]
        self._relays.relay(sender, target, command)
        return self._finish()

    def _may_open(self, connection: int) -> bool:
        return self._by_connection.get(connection) is None

    def _request_match(self, command: RequestMatch) -> None:
        session = self._by_connection.get(command.connection)
        if session is None or session.leaving or session.resumption is not None:
            return
        size, largest = command.size, self.rules.max_match_size
        if not 1 <= size <= largest:
            # Nothing that is shown may be long, and Python itself refuses to show a very long number.
            came = str(size) if abs(size) < 1 << 53 else "a number beyond all sizes"
            self._telling.refuse(session, "bad-match-size", match_size_message(came, largest))
            return
        self._lobby.request_plain(session, size)

    def _numbered(self, command: Numbered) -> None:
        """Carry out a request that says what the peer has handled, or that has a number, or both."""
        session, telling, number = self._by_connection.get(command.connection), self._telling, command.id
        if session is None or session.resumption is None:
            return
        resumption = session.resumption
        can_be_seen = command.seen is None or self._sessions.saw(session, command.seen)
        if number is not None:
            if number <= resumption.last_id:
                telling.acknowledge(session, number)
                return
            telling.begin(session, number)
        if can_be_seen:
            # Its peer was told goodbye with 1012, and takes for undone what was not answered before.
            if number is None or not self._refuses_all(session):
                self._carry_out(session, command.request)
        else:
            text = f"seen must be at most {resumption.log.last}, the last that was sent, not {command.seen}"
            telling.refuse(session, "bad-message", text)
        telling.end()

    def _carry_out(self, session: Session, request: Command) -> None:  # noqa: C901, PLR0912 - as above
        match request:
            case Relay():
                self._relays.relay(session, self._by_user.get(request.to), request)
            case Broadcast():
                self._relays.broadcast(session, request)
            case RequestTicket(_, terms):
                if not self._refuses_all(session):
                    self._lobby.request(session, terms)
            case Cancel():
                self._lobby.cancel(session)
            case Ready(_, proposal):
                self._lobby.proposals.ready(session, proposal)
            case Decline(_, proposal):
                self._lobby.proposals.decline(session, proposal)
            case CreateRoom(_, max_size, code):
                if not self._refuses_all(session):
                    self._code_rooms.create(session, max_size, code)
            case JoinRoom(_, code):
                if not self._refuses_all(session):
                    self._code_rooms.join(session, code)
            case LeaveRoom():
                self._code_rooms.leave(session)
            case Ping(connection):
                self._telling.end()  # what has no number does not end the request by itself
                self._telling.tell_now(connection, Pong())
            case Invalid(_, code, message, to, retry_after):
                self._telling.refuse(session, code, message, to, retry_after)
            case _:
                raise AssertionError(f"{type(request).__name__} is no request")

    def _refuses_all(self, session: Session) -> bool:
        if self._draining:
            text = "the server is about to stop: ask again once you are connected to the next one"
            self._telling.refuse(session, "draining", text, retry_after=_RECONNECT_IN)
        return self._draining

    def _send_away_if_draining(self, connection: int) -> None:
        if self._draining:
            self._telling.close(connection, "restart")

    def _drain(self) -> None:
        self._draining = True
        sessions = list(self._by_connection.values())
        self._lobby.end_all(list(self._by_user.values()), "draining")
        for session in sessions:
            if session.resumption is not None:
                self._telling.tell(session, GoingAway(_RECONNECT_IN))
            if session.connection is not None:
                self._telling.close(session.connection, "restart")

    def _pass_time(self) -> None:
        notices = 0
        for alarm in self._timers.due(self._moment.now):
            match alarm:
                case SessionDue(session):
                    self._arrivals.due(session)
                case NoticeDue(place):
                    self._lobby.notice(place)
                    notices += 1
                    if notices == _MOST_NOTICES:
                        break  # the rest is due as before, and comes with the next turn
                case PatienceOver(ticket):
                    self._lobby.lose_patience(ticket)
                case TimeOver(place):
                    self._lobby.time_over(place)
                case ProposalOver(proposal):
                    self._lobby.proposals.end(proposal)
                case WindowOver():
                    self._restoring.end()
                case _:
                    assert_never(alarm)

    def _finish(self) -> list[Effect]:
        """Do what all that was done calls for, and give the effects."""
        if self._thinned or self._to_fill:
            self._lobby.fill()
        if self._stale:
            self._arrivals.issue_tokens()
        return self._telling.take() if self._telling.effects else []

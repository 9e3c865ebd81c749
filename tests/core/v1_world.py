"""A matchmaker, clients of both dialects around it, and what must hold after every command.

* It does not raise, and nothing inside contradicts anything else (`structure`).
* Numbers go up by one; a connection is told what its dialect knows, nothing before its welcome and nothing
  behind its close.
* A request with a number is answered once, and by that first; what is refused, or was answered before, has
  changed nothing.
* Nobody is put into a match who is not there.
* Each client that hears everything believes what is so (`v1_clients`).
* When all have left and time has passed, nothing is kept.
"""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID

import attrs

from focus_signal.core.commands import (
    Begin,
    Command,
    Connect,
    Disconnect,
    Numbered,
    OpenSession,
    TimePassed,
)
from focus_signal.core.effects import (
    Ack,
    Close,
    Deliver,
    DeliverNumbered,
    Effect,
    Message,
    Pong,
    Refused,
    SessionIssued,
    Welcome,
)
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.core.state import Room, Session
from focus_signal.core.tokens import SessionToken
from tests.core.stage import held
from tests.core.structure import broken_inside
from tests.core.v1_clients import Broken, Client, insist

V1_USERS = ("ada", "bob", "cyd", "dan")
SEED_USERS = ("sam", "sue")
RULES = Rules(
    max_match_size=4, seat_grace=8.0, ready_timeout=5.0, replay_bytes=6_000, total_replay_bytes=8_000
)
WALL = 1_700_000_000.0
_REMEMBERED = 1e5
"""Seconds after which nobody's wrong codes and declined matches count any more."""


@attrs.define(eq=False)
class World:
    """Carry out commands and see that all holds."""

    rules: Rules = RULES
    now: float = 0.0
    clients: dict[str, Client] = attrs.field(factory=lambda: {user: Client(user) for user in V1_USERS})
    seeds: dict[str, int | None] = attrs.field(factory=lambda: dict.fromkeys(SEED_USERS))
    tokens: list[SessionToken] = attrs.field(factory=list[SessionToken])
    """All that were ever given out, whoever has got them."""
    met: Counter[str] = attrs.field(factory=Counter[str])
    core: Matchmaker = attrs.field(init=False)
    connections: int = attrs.field(default=0, init=False)
    last: dict[int, int] = attrs.field(factory=dict[int, int], init=False)
    """The number of the last message on each connection of v1 that was welcomed."""
    answered: dict[Session, int] = attrs.field(factory=dict[Session, int], init=False)
    """The number of the last request of each session that was answered."""
    closed: dict[int, str] = attrs.field(factory=dict[int, str], init=False)
    seed_connections: dict[int, None] = attrs.field(factory=dict[int, None], init=False)
    fine: bool = attrs.field(default=True, init=False)
    """Whether all has held so far."""
    _chance: random.Random = attrs.field(factory=lambda: random.Random(1), init=False)

    def __attrs_post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.core = Matchmaker(self.rules, lambda: str(UUID(int=self._chance.getrandbits(128), version=4)))
        self.do(Begin(WALL + self.now))

    def restart(self) -> None:
        """Let the server end at once, and another one begin; nobody is told."""
        for client in self.clients.values():
            client.connection = None
        self.seeds = dict.fromkeys(self.seeds)
        self._start()

    def do(self, command: Command) -> list[Effect]:
        """Carry out one command.

        Raises:
          Broken: something does not hold.
        """
        self.fine = False
        seats, before = self._seats(), self._print()
        session = self._asks(command)
        try:
            effects = self.core.handle(command, self.now)
        except Exception as error:
            raise Broken(f"{type(command).__name__} raised {error!r}") from error
        for effect in effects:
            self._take(effect)
        if session is not None and isinstance(command, Numbered) and command.id is not None:
            is_new = command.id > self.answered.get(session, 0)
            self.answered[session] = max(command.id, self.answered.get(session, 0))
            self._check_answer(command, effects, is_new=is_new, changed=before != self._print())
        for broken in broken_inside(self.core):
            raise Broken(broken)
        for member, room in self._seats().items():
            was_there = seats.get(member) is room or room.kind == "code" or room.restored
            insist(was_there or member.present, "matched although it is not there")
        self._check_beliefs()
        self.fine = True
        return effects

    def open(self, command: OpenSession | Connect) -> None:
        """Let a client open a connection, and hear on it if it may."""
        connection = command.connection
        if isinstance(command, Connect):
            self.seed_connections[connection] = None
            self.seeds[command.user] = connection
            self.do(command)
            return
        client = self.clients[command.user]
        before, client.connection = client.connection, connection
        self.do(command)
        if connection not in self.last:
            insist(connection in self.closed, "neither welcomed nor sent away")
            client.connection = before

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what falls due be done."""
        self.now += seconds
        for _ in range(200):
            self.do(TimePassed())
            deadline = self.core.next_deadline()
            if deadline is None or deadline > self.now:
                return
        raise Broken("time does not end")

    def new_connection(self) -> int:
        self.connections += 1
        return self.connections

    def everybody_leaves(self) -> None:
        """End every connection and let all time pass; nothing may be left then."""
        for client in self.clients.values():
            client.connection = None
        for connection in list(self.core._by_connection):
            self.do(Disconnect(connection))
        for _ in range(2_000):
            deadline = self.core.next_deadline()
            if deadline is None:
                break
            self.now = max(self.now, deadline)
            self.do(TimePassed())
        later = self.now + _REMEMBERED
        self.core._code_rooms.guesses.forget(later)
        self.core._lobby.proposals.penalties.forget(later)
        kept = {path: size for path, size in held(self.core).items() if size}
        insist(not kept, f"kept although everybody has left: {kept}")
        insist(self.core.next_deadline() is None, "time is waited for although everybody has left")
        insist(self.core.statistics().waiting == 0, "somebody waits although everybody has left")
        insist(self.core.statistics().replay_bytes == 0, "bytes are kept although everybody has left")

    def _asks(self, command: Command) -> Session | None:
        """Find whose request a command is, if it is one of a session of v1."""
        session = self.core._by_connection.get(getattr(command, "connection", 0))
        return None if session is None or session.resumption is None else session

    def _take(self, effect: Effect) -> None:
        connection = effect.connection
        was_closed = self.closed.get(connection, "restart") != "restart"
        insist(not was_closed, "something comes behind a close")
        match effect:
            case Close(_, reason):
                self.closed[connection] = reason
                self.met[f"closed {reason}"] += 1
                self.seeds = {u: None if c == connection else c for u, c in self.seeds.items()}
                self.stop_hearing(connection)
            case Deliver(_, message):
                self.met[type(message).__name__] += 1
                insist(connection in self.seed_connections, "a message of the seed's dialect for another one")
            case DeliverNumbered(_, message, seq):
                self.met[_kind_of(message)] += 1
                insist(connection not in self.seed_connections, "a message that the seed's do not know")
                self._count(connection, message, seq)
                if isinstance(message, SessionIssued):
                    self.tokens.append(message.token)
                for client in self.clients.values():
                    if client.connection == connection:
                        client.hear(message, seq)

    def stop_hearing(self, connection: int) -> None:
        for client in self.clients.values():
            if client.connection == connection:
                client.connection = None

    def _count(self, connection: int, message: Message, seq: int) -> None:
        if isinstance(message, Welcome):
            insist(seq == 0 and connection not in self.last, "a welcome that has a number, or a second one")
            self.last[connection] = message.seq
            return
        insist(connection in self.last, "something comes ahead of the welcome")
        if isinstance(message, Pong):
            insist(seq == 0, "a pong has a number")
            return
        self.last[connection] += 1
        insist(seq == self.last[connection], f"number {seq}, and not {self.last[connection]}")

    def _check_answer(self, command: Numbered, effects: list[Effect], *, is_new: bool, changed: bool) -> None:
        told = [
            effect.message
            for effect in effects
            if isinstance(effect, DeliverNumbered) and effect.connection == command.connection
        ]
        answers = [
            message for message in told if isinstance(message, Ack | Refused) and message.id is not None
        ]
        insist(len(answers) == 1, f"{len(answers)} answers to one request")
        insist(answers[0].id == command.id, "an answer to another request")
        insist(told[0] is answers[0], "something comes ahead of the answer")
        if isinstance(answers[0], Refused) or not is_new:
            insist(not changed, "something has changed that was refused, or done before")
            insist(len(effects) == 1, "something comes of what was refused, or done before")
        if not is_new:
            insist(isinstance(answers[0], Ack), "what was answered before is refused")

    def _check_beliefs(self) -> None:
        for client in self.clients.values():
            if client.connection is None:
                continue
            session = self.core._by_connection.get(client.connection)
            insist(session is not None, f"{client.user} hears on a connection that speaks for nobody")
            if session is not None:
                for wrong in client.disagreements(session):
                    raise Broken(wrong)

    def _seats(self) -> dict[Session, Room]:
        return {member: room for room in self.core._rooms.by_id.values() for member in room.members}

    def _print(self) -> object:
        """Show what a request can change."""
        core = self.core
        rooms = [(room.id, room.max_size, *room.members) for room in core._rooms.by_id.values()]
        places = [
            (session, place.terms, place.proposal, *(place.proposal.ready if place.proposal else ()))
            for session in core._by_user.values()
            if (place := session.place) is not None
        ]
        return rooms, places, dict(core._by_connection)


def _kind_of(message: Message) -> str:
    """Name a message, so that a run can be asked whether it has met everything."""
    name = type(message).__name__
    match message:
        case Refused(code):
            return code
        case Welcome(resumed=resumed, why=why):
            return f"{name} {why or resumed}"
        case _:
            return f"{name} {getattr(message, 'reason', '')}".strip()

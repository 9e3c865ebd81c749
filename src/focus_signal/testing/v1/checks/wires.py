"""What goes over a connection: numbers, answers, and the end of it."""

from collections.abc import Callable

from attrs import define, field

from focus_signal.core.commands import Command, Connect, Disconnect, Numbered, OpenSession, Withdraw
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
from focus_signal.testing.v1 import history as h

Report = Callable[[str, float, str], None]


@define(eq=False)
class _Connection:
    user: str
    session: str = ""
    last: int | None = None
    """The number of what was sent last; None before the welcome."""
    closed: bool = False
    gone: bool = False


@define(eq=False)
class Wires:
    """Look at every step of the owner.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
    """

    _report: Report
    _connections: dict[int, _Connection] = field(factory=dict[int, _Connection], init=False)
    _sent: dict[tuple[str, int], Message] = field(factory=dict[tuple[str, int], Message], init=False)
    _answered: dict[str, int] = field(factory=dict[str, int], init=False)

    def look(self, event: h.Event) -> None:
        """Look at the next thing that happened."""
        if isinstance(event, h.Begun):
            self._connections.clear()
            self._sent.clear()
            self._answered.clear()
        elif isinstance(event, h.Decided):
            self._step(event.t, event.command, event.effects)

    def _step(self, t: float, command: Command, effects: list[Effect]) -> None:
        number = getattr(command, "connection", None)
        if isinstance(command, OpenSession | Connect):
            self._connections[command.connection] = _Connection(command.user)
            self._name_session(command.connection, command, effects)
        sender = None if number is None else self._connections.get(number)
        if sender is not None and (sender.closed or sender.gone) and not isinstance(command, Disconnect):
            if effects and not isinstance(command, Withdraw):
                self._report("old-socket", t, f"{_name(command)} of {sender.user} was heard: {effects[0]}")
        elif sender is not None and isinstance(command, Numbered) and command.id is not None:
            self._answer(t, sender, command, effects)
        for effect in effects:
            self._look_at(t, effect)
        if isinstance(command, Disconnect) and sender is not None:
            sender.gone = True

    def _name_session(self, number: int, command: Command, effects: list[Effect]) -> None:
        for effect in effects:
            if effect.connection != number or not isinstance(effect, DeliverNumbered):
                continue
            if isinstance(effect.message, SessionIssued):
                session = self._connections[number].session = effect.message.token.session
                self._answered.setdefault(session, 0)
        token = command.token if isinstance(command, OpenSession) else None
        if token is None or self._connections[number].session != token.session:
            return
        for other, connection in self._connections.items():
            if other != number and connection.session == token.session:
                # Whether it is told goodbye or not: another one speaks for the session.
                connection.gone = True

    def _look_at(self, t: float, effect: Effect) -> None:
        connection = self._connections.get(effect.connection)
        if connection is None:
            return
        if connection.closed:
            self._report("old-socket", t, f"behind its goodbye {connection.user} was sent {effect}")
        elif isinstance(effect, Close):
            # Who is sent away by a drain keeps its session, and what is for it is kept.
            connection.closed = effect.reason != "restart"
        elif isinstance(effect, Deliver):
            return
        elif isinstance(effect.message, Welcome):
            if connection.last is not None:
                self._report("seq", t, f"{connection.user} was welcomed twice")
            connection.last = effect.message.seq
            if not effect.message.resumed:
                # A session that has ended may come back once more after a restart, and begins to count anew.
                session = connection.session
                for key in [key for key in self._sent if key[0] == session and key[1] > connection.last]:
                    del self._sent[key]
        elif connection.last is None:
            self._report("seq", t, f"{connection.user} was sent {_name(effect.message)} before its welcome")
        elif isinstance(effect.message, Pong):
            if effect.seq:
                self._report("seq", t, f"a pong had the number {effect.seq}")
        else:
            self._count(t, connection, effect.seq, effect.message)

    def _count(self, t: float, connection: _Connection, seq: int, message: Message) -> None:
        last = connection.last or 0
        if seq != last + 1:
            self._report("seq", t, f"{connection.user} was sent {_name(message)} {seq} behind {last}")
        connection.last = seq
        before = self._sent.setdefault((connection.session, seq), message)
        if before != message:
            text = f"{connection.user} was sent {_name(message)} as {seq}, which was {_name(before)}"
            self._report("seq", t, text)

    def _answer(self, t: float, sender: _Connection, command: Numbered, effects: list[Effect]) -> None:
        number = command.id or 0
        mine = [
            effect.message
            for effect in effects
            if isinstance(effect, DeliverNumbered) and effect.connection == command.connection
        ]
        answers = [
            message for message in mine if isinstance(message, Ack | Refused) and message.id is not None
        ]
        what = f"request {number} of {sender.user} ({_name(command.request)})"
        if [answer.id for answer in answers] != [number]:
            self._report("unanswered", t, f"{what} got {len(answers)} answers: {answers}")
            return
        known = self._answered.get(sender.session, 0)
        if number <= known and effects != [_ack_of(effects)]:
            self._report("resume-double", t, f"{what} was answered before, and did something: {effects}")
        self._answered[sender.session] = max(known, number)
        if isinstance(answers[0], Refused):
            others = [effect for effect in effects if getattr(effect, "message", None) is not answers[0]]
            if others:
                self._report("acked-first", t, f"{what} was refused and caused {others[0]}")
        elif mine[0] is not answers[0]:
            self._report("acked-first", t, f"{what} caused {_name(mine[0])} before its ack")


def _ack_of(effects: list[Effect]) -> Effect | None:
    """Give the first effect if it is an ack."""
    first = effects[0] if effects else None
    return first if isinstance(first, DeliverNumbered) and isinstance(first.message, Ack) else None


def _name(thing: object) -> str:
    return type(thing).__name__

"""What became of everything that was sent: which of it arrived, what caused it, and what was lost.

A history does not say that something was lost; it only lacks what should follow. A connection keeps its order
both ways, so what was sent is paired with what was decided, and that with what a client got, first to first.
"""

from collections import defaultdict
from collections.abc import Sequence

from attrs import define, field, frozen

from focus_signal.core.commands import Begin, Command, Drain, Invalid, Relay, RequestMatch, TimePassed
from focus_signal.core.effects import Close, Deliver, Effect, Refused, Relayed, RoomFound, SeedMessage
from focus_signal.testing.history import Decided, Ended, EndRead, Event, Got, Left, Sent, Served, mark_of
from focus_signal.testing.plan import Join, Operation, Plan, Say, Signal
from focus_signal.wire.close_codes import CLOSE_CODES


@frozen
class Lost:
    """Be an effect that no client ever saw; `conn` is None if its connection is nobody's."""

    conn: int | None
    effect: Effect


@define(eq=False)
class Fates:
    """Tell what became of the events of a history, which go by their places in it.

    Args:
      arrived: the places of what clients sent, or ended, that reached the server.
      cause: the operation behind a decision, or behind a message that a client got, by their places.
      lost: what was decided and never seen by a client, by the decision's place.
      conn: the plan's connection that an event of the server's own is about, by the event's place.
    """

    arrived: dict[int, bool] = field(factory=dict[int, bool])
    cause: dict[int, int] = field(factory=dict[int, int])
    lost: dict[int, list[Lost]] = field(factory=dict[int, list[Lost]])
    conn: dict[int, int] = field(factory=dict[int, int])


@define
class _OnItsWay:
    """Be an effect that nobody has seen yet."""

    decided: int
    op: int | None
    effect: Effect


@define(eq=False)
class _Line:
    """Be what is on its way on one connection: the places of what went up, and what goes down."""

    up: list[tuple[int, Operation]] = field(factory=list[tuple[int, Operation]])
    left: list[int] = field(factory=list[int])
    down: list[_OnItsWay] = field(factory=list[_OnItsWay])


def fates_of(plan: Plan, history: Sequence[Event]) -> Fates:
    """Pair everything that was sent with what came of it."""
    pairing = _Pairing({operation.id: operation for operation in plan.operations})
    for place, event in enumerate(history):
        pairing.see(place, event)
    return pairing.finish()


@define(eq=False)
class _Pairing:
    """Go through a history, and hold what is still on its way."""

    operations: dict[int, Operation]
    fates: Fates = field(factory=Fates)
    lines: dict[int, _Line] = field(factory=lambda: defaultdict[int, _Line](_Line))
    served: dict[int, int] = field(factory=dict[int, int])

    def see(self, place: int, event: Event) -> None:
        match event:
            case Sent(conn=conn, op=op):
                if op in self.operations:
                    self.lines[conn].up.append((place, self.operations[op]))
            case Left(conn=conn):
                self.lines[conn].left.append(place)
            case Served(conn=conn, connection=connection):
                self.served[connection] = conn
            case EndRead(connection=connection):
                self._end(place, connection)
            case Decided(command=command, effects=effects):
                self._decide(place, command, effects)
            case Got(conn=conn, message=message):
                seen = _take(self.lines[conn].down, message)
                if seen is not None and seen.op is not None:
                    self.fates.cause[place] = seen.op
            case Ended(conn=conn, code=code):
                _take(self.lines[conn].down, code)
            case _:
                pass  # what else happens takes nothing off its way

    def finish(self) -> Fates:
        for conn, line in self.lines.items():
            for unseen in line.down:
                self.fates.lost.setdefault(unseen.decided, []).append(Lost(conn, unseen.effect))
        return self.fates

    def _end(self, place: int, connection: int) -> None:
        conn = self.served.get(connection)
        if conn is not None:
            self.fates.conn[place] = conn
            for end in self.lines[conn].left:
                self.fates.arrived[end] = True

    def _decide(self, place: int, command: Command, effects: list[Effect]) -> None:
        speaker = None
        if not isinstance(command, TimePassed | Drain | Begin):
            speaker = self.served.get(command.connection)
        op = None
        if speaker is not None:
            self.fates.conn[place] = speaker
            cause = _take_cause(self.lines[speaker], command)
            if cause is not None:
                sent, op = cause
                self.fates.arrived[sent] = True
                self.fates.cause[place] = op
        for effect in effects:
            conn = self.served.get(effect.connection)
            if conn is None:
                self.fates.lost.setdefault(place, []).append(Lost(None, effect))
            else:
                self.lines[conn].down.append(_OnItsWay(place, op, effect))


def _take_cause(line: _Line, command: Command) -> tuple[int, int] | None:
    """Find the place and the operation of what was sent and is now decided."""
    mark = mark_of(command.payload) if isinstance(command, Relay) else None
    # A mark says it for sure; a text that somebody wrote by hand has none, or one that is not its own.
    exact = [index for index, (_, operation) in enumerate(line.up) if operation.id == mark]
    likely = [index for index, (_, operation) in enumerate(line.up) if _fits(operation, command)]
    for index in (*exact, *likely):
        place, operation = line.up.pop(index)
        return place, operation.id
    return None


def _fits(operation: Operation, command: Command) -> bool:
    match command:
        case Relay():
            return isinstance(operation, Say)
        case RequestMatch():
            return isinstance(operation, Join | Say)
        case Invalid():
            return isinstance(operation, Join | Signal | Say)
        case _:
            return False


def _take(down: list[_OnItsWay], seen: SeedMessage | int | None) -> _OnItsWay | None:
    """Take off its way the first effect that is what a client has seen: a message, or a close code."""
    for index, way in enumerate(down):
        effect = way.effect
        if isinstance(effect, Deliver):
            same = not isinstance(seen, int | None) and _identity(effect.message) == _identity(seen)
        else:
            same = isinstance(effect, Close) and seen == CLOSE_CODES[effect.reason].code
        if same:
            return down.pop(index)
    return None


def _identity(message: SeedMessage) -> tuple[object, ...]:
    """Tell a message from others, whether it was decided or read off the wire."""
    match message:
        case Relayed(sender, kind, payload):
            mark = mark_of(payload)
            return sender, kind, payload if mark is None else mark
        case RoomFound(room, peers):
            return room, tuple(peers)
        case Refused(code, _, to):
            return code, to

"""Look through a history once and say which invariants did not hold in it."""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Close, Deliver, Effect, Refused, Relayed, RoomFound
from focus_signal.testing import history as h
from focus_signal.testing.invariants import matches, ways
from focus_signal.testing.invariants.ends import REPLACED, RESTART, Ends
from focus_signal.testing.invariants.frames import Frames
from focus_signal.testing.invariants.names import Findings
from focus_signal.testing.invariants.relays import Relays
from focus_signal.testing.invariants.world import Line, World
from focus_signal.testing.plan import Join, Plan, Signal, Verb
from focus_signal.testing.violation import Violation

_Judge = Callable[[float, Any, Sequence[Effect]], None]
_Look = Callable[[Any], None]


def check(history: Sequence[h.Event], plan: Plan) -> list[Violation]:
    """Judge a run by its history.

    Args:
      history: what happened, in order.
      plan: what was to be done.

    Returns:
      the violations in the order in which they were noticed, of each invariant the first few; none for a run
      in which all of them hold.
    """
    inspection = _Inspection(plan)
    looks = inspection.looks
    for event in history:
        look = looks.get(type(event))
        if look is not None:
            look(event)
    inspection.over(history[-1].t if history else 0.0)
    return inspection.findings.found


@define(eq=False)
class _Inspection:
    """Be one look through a history."""

    plan: Plan
    findings: Findings = field(factory=Findings, init=False)
    looks: dict[type, _Look] = field(init=False)
    _world: World = field(init=False)
    _relays: Relays = field(init=False)
    _ends: Ends = field(init=False)
    _frames: Frames = field(init=False)
    _judges: dict[type, _Judge] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._world = World(self.plan)
        self._relays = Relays(self._world, self.findings)
        self._ends = Ends(self._world, self.findings)
        self._frames = Frames(self._world, self.findings)
        self.looks = {
            h.Sent: self._sent,
            h.Got: self._got,
            h.Decided: self._decided,
            h.Served: self._served,
            h.EndRead: self._end_read,
            h.Left: self._left,
            h.NotConnected: self._not_connected,
            h.Ended: self._ended,
            h.Strange: self._strange,
            h.Torn: self._frames.torn,
            h.Pinged: self._frames.pinged,
            h.Ponged: self._frames.ponged,
            h.Meddled: self._meddled,
            h.Waits: self._ends.waits,
            h.Beyond: self._beyond,
            h.Crashed: self._crashed,
            h.DrainOver: self._ends.drain_over,
            h.Faulted: self._faulted,
            h.Restarted: self._restarted,
            h.Settled: self._settled,
            h.Emptied: self._ends.emptied,
        }
        self._judges = {
            Relay: self._judge_relay,
            RequestMatch: self._judge_request,
            Connect: self._judge_connect,
            Invalid: self._judge_invalid,
            Withdraw: self._judge_withdraw,
            Disconnect: self._judge_disconnect,
            TimePassed: self._judge_other,
            Drain: self._judge_drain,
        }

    def over(self, t: float) -> None:
        """Judge what could only be judged at the end."""
        self._relays.over()
        ways.over(self._world, self.findings, t)

    # What clients tell.

    def _sent(self, event: h.Sent) -> None:
        self._world.lines[event.conn].sent.append(event)

    def _got(self, event: h.Got) -> None:
        ways.got(self._world, self.findings, event.t, event.conn, event.message)

    def _left(self, event: h.Left) -> None:
        self._world.lines[event.conn].left = True

    def _not_connected(self, event: h.NotConnected) -> None:
        self._world.lines[event.conn].ended = True

    def _ended(self, event: h.Ended) -> None:
        line = self._world.lines[event.conn]
        line.ended = True
        self._ends.told(event.t, line, event.code)
        if event.code is None and self._world.plan.config.transport == "native":
            self._ends.not_told(event.t, line)
        # The owner's own close goes behind all that was delivered; a stop's need not.
        by_owner = (event.code == REPLACED and line.closed == "replaced") or (
            event.code == RESTART and line.closed == "restart" and not (self._world.stopping or line.gone)
        )
        if by_owner and not line.left:
            ways.ended(self.findings, event.t, line)

    def _strange(self, event: h.Strange) -> None:
        line = self._world.lines[event.conn]
        text = f"c{line.conn} of {line.user} got a text that is no message: {event.text[:80]!r}"
        self.findings.report("strange-text", event.t, text, (line.opened_by,))

    # What the server tells.

    def _served(self, event: h.Served) -> None:
        if event.conn < 0:
            self._world.lines[event.conn] = Line(event.conn, "", -1, stranger=True)
        line = self._world.lines[event.conn]
        line.number = event.connection
        self._world.served[event.connection] = line

    def _end_read(self, event: h.EndRead) -> None:
        line = self._world.served.get(event.connection)
        if line is not None:
            line.end_read = True
            self._ends.end_read(event.t, line)
            self._world.end(line)

    def _faulted(self, event: h.Faulted) -> None:
        self.findings.report("fault", event.t, f"the server met a fault of its own: {event.error}")

    def _beyond(self, event: h.Beyond) -> None:
        self.findings.report("held", event.t, f"{event.limit}: {event.text}")

    def _crashed(self, event: h.Crashed) -> None:
        self.findings.report("contained", event.t, f"the server has ended by itself: {event.error}")

    def _meddled(self, event: h.Meddled) -> None:
        verb = self._world.ops.get(event.op)
        if type(verb) is Verb:
            if verb.verb == "drain":
                self._ends.drain_begins(event.t, verb)
            else:
                self._world.stopping = True

    def _restarted(self, event: h.Restarted) -> None:
        self._ends.over(event.t)
        self._world.forget()

    def _settled(self, event: h.Settled) -> None:
        self._ends.over(event.t)
        ways.settled(self._world, self.findings, event.t)
        self._frames.settled(event.t)
        matches.starved(self._world, self.findings, event.t)

    # What the owner decided.

    def _decided(self, event: h.Decided) -> None:
        effects = event.effects
        command = event.command
        judge = self._judges.get(type(command)) or self._judge_of(command)
        judge(event.t, command, effects)
        if effects:
            served = self._world.served
            for effect in effects:
                line = served.get(effect.connection)
                if line is None or line.closed is not None:
                    continue
                if type(effect) is Close:
                    line.closed = effect.reason
                elif type(effect) is Deliver and not line.end_read and not line.stranger:
                    line.delivered.append((effect.message, event.t))

    def _judge_of(self, command: Command) -> _Judge:
        """Find the judge for a command of a kind that is built on one of the known ones."""
        kind = next(kind for kind in type(command).__mro__ if kind in self._judges)
        judge = self._judges[type(command)] = self._judges[kind]
        return judge

    def _judge_relay(self, t: float, command: Relay, effects: Sequence[Effect]) -> None:
        line = self._world.served.get(command.connection)
        if line is not None:
            op = ways.decided(self._world, self.findings, t, line, command)
            self._relays.decided(t, op, command, effects)
            if len(effects) > 1:
                self._judge_stray(t, effects, (RoomFound, Close))

    def _judge_request(self, t: float, command: RequestMatch, effects: Sequence[Effect]) -> None:
        line = self._world.served.get(command.connection)
        if line is not None:
            op = ways.decided(self._world, self.findings, t, line, command)
            matches.requested(self._world, self.findings, t, op, command, effects)
            if effects:
                self._judge_stray(t, effects, (Relayed, Close))

    def _judge_connect(self, t: float, command: Connect, effects: Sequence[Effect]) -> None:
        line = self._world.served.get(command.connection)
        if line is not None and not line.connected:
            line.user = command.user
            self._ends.connected(t, line, command, effects)
        if effects:
            self._judge_stray(t, effects, (Relayed, RoomFound, Refused))

    def _judge_invalid(self, t: float, command: Invalid, effects: Sequence[Effect]) -> None:
        line = self._world.served.get(command.connection)
        if line is None:
            return
        op = ways.decided(self._world, self.findings, t, line, command)
        operation = self._world.ops.get(op)
        most = self._world.plan.config.max_match_size
        if (type(operation) is Join and 1 <= operation.size <= most) or (
            type(operation) is Signal
            and 1 <= len(operation.to) <= 32
            and operation.claim in {None, line.user}
        ):
            text = f"what c{line.conn} of {line.user} sent (#{op}) is refused as {command.code}"
            self.findings.report("bad-request", t, text, (op,))
        if self._world.speakers.get(line.user) is not line:
            return
        codes = [
            effect.message.code
            for effect in effects
            if type(effect) is Deliver
            and effect.connection == line.number
            and type(effect.message) is Refused
        ]
        if codes != [command.code] and (codes or line.open):
            text = f"what c{line.conn} of {line.user} sent (#{op}) is to get {command.code}, not {codes}"
            self.findings.report("bad-request", t, text, (op,))
        if len(effects) > 1:
            self._judge_stray(t, effects, (Relayed, RoomFound, Close))

    def _judge_withdraw(self, t: float, command: Withdraw, effects: Sequence[Effect]) -> None:
        line = self._world.served.get(command.connection)
        if line is not None and line.connected:
            line.withdrawn = True
            self._world.end(line)
        if effects:
            self._judge_other(t, command, effects)

    def _judge_disconnect(self, t: float, command: Disconnect, effects: Sequence[Effect]) -> None:
        line = self._world.served.get(command.connection)
        if line is not None:
            self._world.disconnect(line, t)
        if effects:
            self._judge_other(t, command, effects)

    def _judge_drain(self, t: float, command: Drain, effects: Sequence[Effect]) -> None:
        del command
        self._ends.drain(t, effects)
        self._judge_stray(t, effects, (Relayed, RoomFound, Refused))

    def _judge_other(self, t: float, command: Command, effects: Sequence[Effect]) -> None:
        del command
        self._judge_stray(t, effects, (Relayed, RoomFound, Refused, Close))

    def _judge_stray(self, t: float, effects: Sequence[Effect], kinds: tuple[type, ...]) -> None:
        """Look at effects that do not belong to the command that they came of."""
        strays = [
            effect
            for effect in effects
            if type(effect.message if type(effect) is Deliver else effect) in kinds
        ]
        if not strays:
            return
        self._relays.late(t, strays)
        if RoomFound in kinds:
            matches.matched(self._world, self.findings, t, strays, None, -1)
        if Close in kinds:
            self._ends.closed(t, strays)
        if Refused in kinds and any(
            type(effect) is Deliver and type(effect.message) is Refused for effect in strays
        ):
            self.findings.report("bad-request", t, "there is an error that nothing asked for")

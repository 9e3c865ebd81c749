"""The core level: a plan against the pure core, with events in place of tasks and sockets.

Every connection is a pair of ways that keep their order and take their time; a way can be blocked, and what
is on it then arrives when it is not. The order of steps is the shell's own: an end that was read is a
withdrawal at once, and a disconnect behind what the connection had sent before.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf

from attrs import define, field

from focus_signal.core.commands import Command, Connect, Disconnect, Drain, TimePassed, Withdraw
from focus_signal.core.effects import Close, Deliver, SeedMessage
from focus_signal.observe.buggify import Point
from focus_signal.server.config import Config
from focus_signal.server.logic import Decider, Dialect
from focus_signal.testing import history as h
from focus_signal.testing.core_lines import Line, Way
from focus_signal.testing.identity import room_ids
from focus_signal.testing.keyed import quantized
from focus_signal.testing.mixing import Mixer, Pause, mixer
from focus_signal.testing.plan import (
    LONGEST_PAUSE,
    Fault,
    Hostile,
    Join,
    Leave,
    Open,
    Operation,
    Plan,
    Say,
    Signal,
    Verb,
    text_of,
)
from focus_signal.testing.subject import Subject
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName

CLOSE_TIMEOUT = Config().close_timeout

# What stands for an operation, where something travels that no operation has caused.
_END, _GOODBYE, _HOME, _OWN = -1, -2, -3, -4

_Action = Callable[[], None]
_Due = tuple[float, int, Way | None, _Action]


@define(eq=False)
class CoreRun:
    """Run one plan; `run` gives its history."""

    plan: Plan
    subject: Subject
    history: list[h.Event] = field(factory=list[h.Event])
    _decider: Decider = field(init=False)
    _dialect: Dialect = field(init=False)
    _deadline: float = field(default=inf, init=False)
    _now: float = field(default=0.0, init=False)
    # What is due: when, in which order at the same time, on which way it comes (if on any), and what it does.
    _heap: list[_Due] = field(factory=list[_Due], init=False)
    _order: "count[int]" = field(factory=count, init=False)
    _numbers: "count[int]" = field(factory=lambda: count(1), init=False)
    # By the numbers of the plan, and by those of the server.
    _lines: dict[int, Line] = field(factory=dict[int, Line], init=False)
    _by_connection: dict[int, Line] = field(factory=dict[int, Line], init=False)
    _refused: dict[int, None] = field(factory=dict[int, None], init=False)
    _takes_nobody: str = field(default="", init=False)
    # The operation behind what is being decided.
    _cause: int = field(default=0, init=False)
    # Whether the points in the server meddle; not once the chaos is over.
    _meddles: bool = field(init=False)
    _new_id: Callable[[], str] = field(init=False)
    _up_takes: Mixer = field(init=False)
    _down_takes: Mixer = field(init=False)
    _late_send: Pause = field(init=False)
    _late_turn: Pause = field(init=False)

    def __attrs_post_init__(self) -> None:
        seed, (low, high) = self.plan.seed, self.plan.config.latency
        self._new_id = room_ids(seed)
        self._up_takes = mixer(seed, "up", low, high)
        self._down_takes = mixer(seed, "down", low, high)
        self._late_send = self._pauses("inbox.late-send")
        self._late_turn = self._pauses("owner.late-turn")
        self._meddles = bool(self.plan.config.buggify)
        self._build()

    def run(self) -> list[h.Event]:
        """Carry out the whole plan, heal, settle, and send everyone home."""
        plan = self.plan
        for operation in plan.operations:
            self._run_until(operation.at)
            self._cause = operation.id
            self._do(operation)
        self._run_until(max(plan.config.seconds, self._now))
        self._heal()
        self._run_until(self._now + plan.config.settle)
        self._send_home()
        self._run_until(inf)
        self._empty()
        return self.history

    def _run_until(self, time: float) -> None:
        """Let happen what is due before a time; at that time itself the plan goes first."""
        heap = self._heap
        while True:
            due = heap[0][0] if heap else inf
            if self._deadline <= due and self._deadline <= time and self._deadline < inf:
                self._pass_time()
            elif due < time:
                self._now, _, way, action = heappop(heap)
                if way is None or not (way.stuck or way.held or way.blocked_until > self._now):
                    action()
                else:
                    self._stick(way, action)
            else:
                break
        if time < inf:
            self._now = time

    def _pass_time(self) -> None:
        self._now = max(self._now, self._deadline)
        self._cause = _OWN
        self._decide(TimePassed())
        if self._deadline <= self._now:
            self._fail(f"next_deadline() is still {self._deadline} after the TimePassed of that time")

    # What clients do.

    def _do(self, operation: Operation) -> None:
        match operation:
            case Join() | Signal() | Say():
                self._say(operation)
            case Open(conn=conn, user=user):
                self._open(operation.id, conn, user)
            case Leave():
                self._leave(operation)
            case Fault():
                self._fault(operation)
            case Verb():
                self._verb(operation)
            case Hostile():
                pass  # there is nothing here that a stranger could knock at

    def _say(self, operation: Join | Signal | Say) -> None:
        line = self._lines.get(operation.conn)
        if line is not None and not line.left and not line.ended:
            op = operation.id
            self.history.append(h.Sent(self._now, line.conn, op))
            text = text_of(operation, line.user)
            self._send_up(line, op, lambda: self._arrive(line, op, text))

    def _leave(self, operation: Leave) -> None:
        line = self._lines.get(operation.conn)
        if line is not None and not line.left and not line.ended:
            line.left = True
            self.history.append(h.Left(self._now, line.conn, operation.id))
            self._send_end(line, operation.id)

    def _open(self, op: int, conn: int, user: str) -> None:
        line = self._lines[conn] = Line(conn, user, self.plan.config.fin_delay)
        if conn in self._refused:
            line.ended = True
            self.history.append(h.NotConnected(self._now, conn, "refused"))
            return
        self._send_up(line, op, lambda: self._connect(line, op))

    def _connect(self, line: Line, op: int) -> None:
        if self._takes_nobody:
            line.ended = True
            self.history.append(h.NotConnected(self._now, line.conn, self._takes_nobody))
            return
        number = line.connection = next(self._numbers)
        self._by_connection[number] = line
        self.history.append(h.Served(self._now, line.conn, number))
        self._send_down(line, op, lambda: self._connected(line))
        self._cause = op
        self._decide(Connect(number, line.user))

    def _connected(self, line: Line) -> None:
        if not line.left and not line.ended:
            self.history.append(h.Connected(self._now, line.conn))

    # What the server hears and says.

    def _arrive(self, line: Line, op: int, text: bytes) -> None:
        if line.connection is not None and not line.end_read and not line.said_goodbye:
            self._hand_on(line, op, self._dialect.decode(text, line.connection, line.user))

    def _hand_on(self, line: Line, op: int, command: Command) -> None:
        """Let the owner carry it out, behind what the connection had before, perhaps after a pause."""
        pause = self._late_send.seconds(op) if self._meddles else 0.0
        if pause or line.handed_on_until > self._now:
            line.handed_on_until = max(line.handed_on_until, self._now + pause)
            self._at(line.handed_on_until, lambda: self._carry_out(line, op, command))
        else:
            self._cause = op
            self._decide(command)

    def _carry_out(self, line: Line, op: int, command: Command) -> None:
        # A server that has gone takes with it what its connections were about to hand on.
        if not line.forgotten:
            self._cause = op
            self._decide(command)

    def _read_end(self, line: Line) -> None:
        if line.end_read or line.connection is None:
            return
        number = line.connection
        line.end_read = True
        self.history.append(h.EndRead(self._now, number))
        if not line.ended and not line.left:
            self._send_down(line, _END, lambda: self._see_end(line, CLOSE_CODES["done"].code))
        if line.forgotten:
            return
        self._cause = _END
        self._decide(Withdraw(number))
        late = self._late_turn.seconds(line.conn) if self._meddles else 0.0
        line.handed_on_until = max(line.handed_on_until, self._now + late)
        self._at(line.handed_on_until, lambda: self._carry_out(line, _END, Disconnect(number)))

    def _see_end(self, line: Line, code: int | None) -> None:
        if not line.ended:
            line.ended = True
            if not line.left:
                self.history.append(h.Ended(self._now, line.conn, code))

    def _decide(self, command: Command) -> None:
        try:
            effects = self._decider.handle(command, self._now)
        except Exception as error:  # noqa: BLE001 - what any logic may raise is what the history is to say
            self._fail(f"{type(error).__name__}: {error}")
            return
        self.history.append(h.Decided(self._now, type(command).__name__, command, effects))
        deadline = self._decider.next_deadline()
        self._deadline = inf if deadline is None else deadline
        for effect in effects:
            line = self._by_connection.get(effect.connection)
            if line is None:
                continue
            if isinstance(effect, Close):
                self._say_goodbye(line, effect.reason)
            elif isinstance(effect, Deliver) and not (line.said_goodbye or line.end_read):
                # Nothing follows a goodbye, and nothing is put behind an end that was read.
                self._deliver(line, effect.message)

    def _deliver(self, line: Line, message: SeedMessage) -> None:
        def get() -> None:
            if not line.left and not line.ended:
                self.history.append(h.Got(self._now, line.conn, message))

        self._send_down(line, self._cause, get)

    def _say_goodbye(self, line: Line, name: CloseName) -> None:
        if line.said_goodbye or line.end_read:
            return
        line.said_goodbye = True

        def arrive() -> None:
            self._see_end(line, CLOSE_CODES[name].code)
            self._send_up(line, _GOODBYE, lambda: self._read_end(line))

        self._send_down(line, _GOODBYE, arrive)
        self._at(self._now + CLOSE_TIMEOUT, lambda: self._read_end(line))

    # What happens to links and to the server.

    def _fault(self, fault: Fault) -> None:
        self.history.append(h.Meddled(self._now, fault.id))
        if fault.fault == "refuse":
            self._refused[fault.conn] = None
            return
        line = self._lines.get(fault.conn)
        if line is None:
            return
        for name, way in (("up", line.up), ("down", line.down)):
            if fault.direction in {"both", name}:
                self._meddle(way, fault)
        if fault.fault == "fin-delay":
            line.fin_delay = quantized(fault.amount)

    def _meddle(self, way: Way, fault: Fault) -> None:
        match fault.fault:
            case "partition":
                way.blocked_until = max(way.blocked_until, quantized(self._now + fault.amount))
            case "hold":
                way.held = True
            case "release":
                way.held = False
                self._free(way)
            case "latency":
                way.extra += quantized(fault.amount)
            case _:
                pass  # how bytes travel is nothing that the core can see

    def _verb(self, verb: Verb) -> None:
        self.history.append(h.Meddled(self._now, verb.id))
        match verb.verb:
            case "drain":
                if not self._takes_nobody:
                    self._takes_nobody = "draining"
                    self._decide(Drain())
            case "stop":
                self._end_server("restart", "stopped")
                self.history.append(h.Restarted(self._now))
            case "restart":
                self._end_server("restart", "")
                self.history.append(h.Restarted(self._now))

    def _fail(self, error: str) -> None:
        """End the server by its own fault; the state is suspect, and nothing goes on with it."""
        self.history.append(h.Faulted(self._now, error))
        self._end_server("internal-error", "failed")

    def _end_server(self, goodbye: CloseName, takes_nobody: str) -> None:
        for line in self._by_connection.values():
            self._say_goodbye(line, goodbye)
            line.forgotten = True
        self._by_connection.clear()
        self._takes_nobody = takes_nobody
        self._build()

    def _build(self) -> None:
        logic = self.subject.build(self.plan.config.server_config(), self._new_id)
        self._decider, self._dialect, self._deadline = logic.decider, logic.dialect, inf

    def _heal(self) -> None:
        self._meddles = False
        self._refused.clear()
        for line in self._lines.values():
            line.fin_delay = self.plan.config.fin_delay
            for way in (line.up, line.down):
                way.heal()
                self._free(way)
        self.history.append(h.Healed(self._now))

    def _send_home(self) -> None:
        self.history.append(h.Settled(self._now))
        for line in self._lines.values():
            if not line.left and not line.ended:
                line.left = True
                self._send_end(line, _HOME)

    def _send_end(self, line: Line, op: int) -> None:
        self._send_up(line, op, lambda: self._read_end(line), line.fin_delay)

    def _empty(self) -> None:
        if self._takes_nobody not in {"stopped", "failed"}:
            at = self._decider.statistics()
            self.history.append(h.Emptied(self._now, at.users, at.rooms, at.waiting, at.connections))

    # Time.

    def _at(self, time: float, action: _Action) -> None:
        heappush(self._heap, (time, next(self._order), None, action))

    def _send_up(self, line: Line, op: int, action: _Action, more: float = 0.0) -> None:
        self._send(line.up, self._up_takes.seconds(op, line.conn) + more, action)

    def _send_down(self, line: Line, op: int, action: _Action) -> None:
        self._send(line.down, self._down_takes.seconds(op, line.conn), action)

    def _send(self, way: Way, takes: float, action: _Action) -> None:
        due = self._now + takes + way.extra
        if due < way.clear:
            due = way.clear
        else:
            way.clear = due
        heappush(self._heap, (due, next(self._order), way, action))

    def _stick(self, way: Way, action: _Action) -> None:
        """Keep what should have arrived on a blocked way, behind what is stuck there already."""
        way.stuck.append(action)
        if len(way.stuck) == 1:
            self._free(way)

    def _free(self, way: Way) -> None:
        """Let what is stuck on a way arrive as soon as it may."""
        if way.stuck and not way.held:
            self._at(max(way.blocked_until, self._now), lambda: self._arrive_stuck(way))

    def _arrive_stuck(self, way: Way) -> None:
        if way.blocked_until > self._now:
            self._free(way)
            return
        while way.stuck and not way.held:
            way.stuck.popleft()()

    def _pauses(self, point: Point) -> Pause:
        likely = self.plan.config.buggify.get(point, 0.0)
        return Pause(likely, mixer(self.plan.seed, point, 0.0, LONGEST_PAUSE))


def run_core(plan: Plan, subject: Subject) -> list[h.Event]:
    """Run a plan at the core level and give its history."""
    with subject.changed():
        return CoreRun(plan, subject).run()

"""The server's rules as far as the checks need them: who speaks, who waits, who shares a room.

It follows what was decided, in that order, and is written from the rules and not from the server's code.
"""

from typing import Literal

from attrs import define, field

from focus_signal.core.effects import CloseReason, SeedMessage
from focus_signal.testing.history import Sent
from focus_signal.testing.plan import Fault, Open, Operation, Plan, Signal

Lost = Literal["matched", "moved", "ended", "replaced", "drained", "unheard"]
"""What became of a request: a match; a request for another size; the connection's end; a newer connection; a
drain; or it came from a connection that spoke for nobody."""


@define(eq=False)
class Line:
    """Be one connection, as the client and as the server know it."""

    conn: int
    user: str
    opened_by: int
    number: int = -1
    stranger: bool = False  # a test's own client: what it sends and gets is not in the history
    # What the client has sent, how much of that was decided, and the operations that were passed over.
    sent: list[Sent] = field(factory=list[Sent])
    heard: int = 0
    passed_over: tuple[int, ...] = ()
    # What was delivered and when, how much of that the client has got, and what it has missed.
    delivered: list[tuple[SeedMessage, float]] = field(factory=list[tuple[SeedMessage, float]])
    got: int = 0
    missed: tuple[SeedMessage, ...] = ()
    # What the server knows.
    connected: bool = False
    withdrawn: bool = False
    end_read: bool = False
    disconnected: bool = False
    closed: CloseReason | None = None
    gone: bool = False  # its server was stopped or restarted
    # What the client knows.
    left: bool = False
    ended: bool = False
    drained_at: float | None = None
    cut_at: float = 0.0
    drained_by: float = 0.0

    @property
    def open(self) -> bool:
        """Tell whether a message that is delivered now can arrive; only for one that speaks for its user."""
        return not self.end_read and not self.withdrawn and self.closed is None

    @property
    def stays(self) -> bool:
        """Tell whether nothing at all has ended this connection so far."""
        ended = self.left or self.ended or self.end_read or self.withdrawn or self.gone
        return not ended and self.closed is None


@define(eq=False)
class World:
    """Hold what the history has said so far."""

    plan: Plan
    ops: dict[int, Operation] = field(init=False)
    lines: dict[int, Line] = field(factory=dict[int, Line], init=False)
    served: dict[int, Line] = field(factory=dict[int, Line], init=False)
    speakers: dict[str, Line] = field(factory=dict[str, Line], init=False)
    had: dict[str, int] = field(factory=dict[str, int], init=False)
    # A request is a size and the operation that made it; a queue holds those for a size in their order.
    wishes: dict[str, tuple[int, int]] = field(factory=dict[str, tuple[int, int]], init=False)
    queues: dict[int, dict[str, int]] = field(factory=dict[int, dict[str, int]], init=False)
    lost: dict[tuple[str, int], tuple[Lost, int]] = field(
        factory=dict[tuple[str, int], tuple[Lost, int]], init=False
    )
    seats: dict[str, str] = field(factory=dict[str, str], init=False)
    away: dict[str, float] = field(factory=dict[str, float], init=False)
    draining: bool = field(default=False, init=False)
    stopping: bool = field(default=False, init=False)
    any_scope: bool = field(init=False)
    # The connections whose links the plan meddles with, each with the latency that this adds.
    faulted: dict[int, float] = field(init=False)
    longest_way: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.ops = {operation.id: operation for operation in self.plan.operations}
        self.any_scope = self.plan.config.relay_scope == "any"
        self.faulted = faulted_lines(self.plan)
        for operation in self.plan.operations:
            if type(operation) is Open:
                self.lines[operation.conn] = Line(operation.conn, operation.user, operation.id)

    def connect(self, line: Line, t: float) -> Line | None:
        """Let a connection speak for its user, and give the one that did until now."""
        user = line.user
        before = self.speakers.get(user)
        self.speakers[user] = line
        self.had[user] = self.had.get(user, 0) + 1
        line.connected = True
        self.withdraw(user, "replaced")
        until = self.away.pop(user, None)
        if until is not None and until <= t:
            self.seats.pop(user, None)
        return before

    def end(self, line: Line) -> None:
        """Know that nothing reaches this connection any more."""
        if self.speakers.get(line.user) is line:
            self.withdraw(line.user, "ended")

    def disconnect(self, line: Line, t: float) -> None:
        """Know that nothing more comes from this connection; its user's seat is kept for the grace."""
        if not line.connected:
            return
        line.disconnected = True
        if self.speakers.get(line.user) is line:
            self.withdraw(line.user, "ended")
            del self.speakers[line.user]
            if line.user in self.seats:
                self.away[line.user] = t + self.plan.config.seat_grace

    def ask(self, user: str, size: int, op: int) -> None:
        """Let a user wait for a size: at the end of the queue, unless it waits there already."""
        wish = self.wishes.get(user)
        if wish is not None:
            if wish[0] == size:
                return
            self.withdraw(user, "moved")
        self.wishes[user] = (size, op)
        queue = self.queues.get(size)
        if queue is None:
            queue = self.queues[size] = {}
        queue[user] = op

    def withdraw(self, user: str, why: Lost) -> None:
        """Let a user wait no more."""
        wish = self.wishes.pop(user, None)
        if wish is not None:
            del self.queues[wish[0]][user]
            self.lost[user, wish[0]] = (why, wish[1])

    def take(self, user: str, room: str, size: int) -> None:
        """Put a user into a room, for which its request is used up."""
        wish = self.wishes.get(user)
        self.withdraw(user, "matched")
        self.lost[user, size] = ("matched", -1 if wish is None else wish[1])
        self.seats[user] = room

    def together(self, user: str, other: str) -> bool:
        """Tell whether a message may pass between two users who are here."""
        if self.any_scope:
            return True
        room = self.seats.get(user)
        return room is not None and room == self.seats.get(other)

    def drain(self) -> None:
        """Let nobody wait any more for what was asked before the server began to drain."""
        self.draining = True
        for user in list(self.wishes):
            self.withdraw(user, "drained")

    def forget(self) -> None:
        """Begin anew with another server."""
        for line in self.lines.values():
            line.gone = line.gone or line.number >= 0
            line.connected = False
        self.speakers.clear()
        self.had.clear()
        self.wishes.clear()
        self.queues.clear()
        self.lost.clear()
        self.seats.clear()
        self.away.clear()
        self.draining = self.stopping = False


def expected_text(signal: Signal) -> bytes:
    """Give what the payload of a signal must hold, as its client wrote it."""
    return b'"m%d %b"' % (signal.id, b"x" * signal.padding)


def faulted_lines(plan: Plan) -> dict[int, float]:
    """List the connections whose links a plan meddles with, each with the latency that this adds."""
    faulted: dict[int, float] = {}
    for operation in plan.operations:
        if type(operation) is Fault:
            more = operation.amount if operation.fault in {"latency", "fin-delay"} else 0.0
            faulted[operation.conn] = faulted.get(operation.conn, 0.0) + more
    return faulted

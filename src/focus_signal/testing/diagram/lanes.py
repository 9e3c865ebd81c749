"""A run as a chart: a lane for every connection and rows in order of time, free of any way to draw them.

The chart says what a reader needs to see why a run went wrong: what was sent and where it was lost, what each
client got, the faults, and the violations at their place. What the owner decided is left to the trace, except
where something was decided of which nobody ever heard.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import assert_never

from attrs import define, evolve, field

from focus_signal.core.commands import Invalid, Relay
from focus_signal.core.effects import Close, Deliver
from focus_signal.testing import history as h
from focus_signal.testing.diagram.chart import Arrow, Chart, Lane, Note, Only, Row
from focus_signal.testing.diagram.fates import Fates, Lost, fates_of
from focus_signal.testing.diagram.texts import close_text, message_text, operation_text, shown
from focus_signal.testing.plan import Hostile, Open, Operation, Plan, Signal, Verb, users_of
from focus_signal.testing.violation import Violation
from focus_signal.wire.close_codes import CLOSE_CODES

LEFT_OUT: dict[type[h.Event], str] = {
    h.Connected: "it follows every `Served`, and nothing depends on it",
    h.Pinged: "a heartbeat is no part of what anybody says; a violation of `pongs` tells of one that failed",
    h.Ponged: "as `Pinged`",
    h.Waits: "how full an outbox is says nothing about order; a violation of `bound` tells it",
}
"""The kinds of event that no chart shows, and why."""


def only_about(plan: Plan, violations: Sequence[Violation]) -> Only:
    """Choose the operations that violations name, and everything on the connections of those."""
    ops = tuple(dict.fromkeys(op for violation in violations for op in violation.ops))
    return Only(ops, _conns_of(plan, ops))


def chart_of(
    plan: Plan,
    history: Sequence[h.Event],
    violations: Sequence[Violation] = (),
    *,
    only: Only | None = None,
    last: int | None = None,
) -> Chart:
    """Make a chart of a run.

    Args:
      plan: what was to be done.
      history: what happened.
      violations: what was wrong with it.
      only: which rows to show; None for all.
      last: at most so many rows, the last ones, besides violations; None for all.
    """
    marked = {op for violation in violations for op in violation.ops}
    rows = [
        evolve(row, marked=True) if isinstance(row, Arrow) and row.op in marked else row
        for row in _Reader(plan, list(history)).rows()
    ]
    whole = len(rows)
    if only is not None:
        rows = [row for row in rows if only.admits(row)]
    if last is not None:
        rows = rows[max(len(rows) - last, 0) :]
    left_out = whole - len(rows)
    for violation in sorted(violations, key=lambda violation: violation.t):
        place = bisect_right(rows, violation.t, key=lambda row: row.t)
        rows.insert(place, _violation_row(plan, violation))
    lanes = _lanes_of(plan, rows)
    if left_out:
        text = f"{left_out} of {whole} rows are not shown"
        rows.insert(0, Note(rows[0].t if rows else 0.0, "note", text))
    title = f"seed {plan.seed}, {len(plan.operations)} operations"
    return Chart(title, lanes, tuple(rows))


def _violation_row(plan: Plan, violation: Violation) -> Note:
    text = f"VIOLATION {shown(violation.invariant)}: {shown(violation.text, 1000)}"
    conns = _conns_of(plan, violation.ops)
    return Note(violation.t, "violation", text, conns or "all", violation.ops)


def _conns_of(plan: Plan, ops: Sequence[int]) -> tuple[int, ...]:
    conns = {op.id: op.conn for op in plan.operations if not isinstance(op, Verb | Hostile)}
    return tuple(dict.fromkeys(conns[op] for op in ops if op in conns))


def _lanes_of(plan: Plan, rows: Sequence[Row]) -> tuple[Lane, ...]:
    """Give the lanes of what is shown, in the order in which the plan opens them."""
    used: dict[int, None] = {}
    for row in rows:
        if isinstance(row, Arrow):
            used[row.conn] = None
        elif not isinstance(row.over, str):
            used.update(dict.fromkeys(row.over))
    users = users_of(plan)
    known = [Lane(conn, user) for conn, user in users.items() if conn in used]
    return (*known, *(Lane(conn, "?") for conn in sorted(used) if conn not in users))


@define(eq=False)
class _Reader:
    """Read a history and give the rows that it makes."""

    plan: Plan
    history: list[h.Event]
    _operations: dict[int, Operation] = field(init=False)
    _opens: dict[int, Open] = field(init=False)
    _fates: Fates = field(init=False)
    _settled: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._operations = {operation.id: operation for operation in self.plan.operations}
        self._opens = {op.conn: op for op in self.plan.operations if isinstance(op, Open)}
        self._fates = fates_of(self.plan, self.history)

    def rows(self) -> Iterator[Row]:
        for place, event in enumerate(self.history):
            match event:
                case h.Torn(t=t, conn=conn, text=text):
                    yield Note(t, "fault", f"torn: {shown(text, 200)}", "server" if conn is None else (conn,))
                case h.Sent() | h.Left() | h.NotConnected() | h.Got() | h.Strange() | h.Ended():
                    yield from self._at_a_client(place, event)
                case h.Served() | h.EndRead() | h.Decided() | h.Meddled():
                    yield from self._at_the_server(place, event)
                case h.Beyond(t=t, limit=limit, text=text):
                    yield Note(t, "fault", f"beyond {limit}: {shown(text, 200)}", "server")
                case h.Crashed(t=t, error=error):
                    yield Note(t, "fault", f"the server has ended: {shown(error, 200)}", "server")
                case h.DrainOver() | h.Faulted() | h.Restarted() | h.Healed() | h.Settled() | h.Emptied():
                    yield self._of_the_run(event)
                case h.Connected() | h.Waits() | h.Pinged() | h.Ponged():
                    pass  # LEFT_OUT says why
                case _:
                    assert_never(event)

    def _at_a_client(
        self, place: int, event: h.Sent | h.Left | h.NotConnected | h.Got | h.Strange | h.Ended
    ) -> Iterator[Row]:
        t, conn = event.t, event.conn
        match event:
            case h.Sent(op=op):
                yield Arrow(t, conn, True, self._named(op), op, lost=place not in self._fates.arrived)
            case h.Left(op=op):
                lost = place not in self._fates.arrived
                if not self._settled:  # from there on everyone leaves, as the note says
                    yield Arrow(t, conn, True, self._named(op), op, end=True, lost=lost)
            case h.NotConnected(reason=reason):
                opens = self._opens.get(conn)
                text = f"{'opens' if opens is None else operation_text(opens)}: {shown(reason)}"
                yield Arrow(t, conn, True, text, None if opens is None else opens.id, end=True, lost=True)
            case h.Got(message=message):
                cause = self._fates.cause.get(place)
                yield Arrow(t, conn, False, message_text(message, cause), cause)
            case h.Strange(text=text):
                yield Arrow(t, conn, False, f"no message of the server's: {shown(text)}")
            case h.Ended(code=code):
                if not self._settled:
                    yield Arrow(t, conn, False, close_text(code), end=True)

    def _at_the_server(
        self, place: int, event: h.Served | h.EndRead | h.Decided | h.Meddled
    ) -> Iterator[Row]:
        t = event.t
        match event:
            case h.Served(conn=conn):
                opens = self._opens.get(conn)
                text = "opens" if opens is None else operation_text(opens)
                yield Arrow(t, conn, True, text, None if opens is None else opens.id)
            case h.EndRead(connection=connection):
                owner = self._fates.conn.get(place)
                if owner is None:
                    yield Note(t, "note", f"the server reads the end of connection {connection}", "server")
                elif not self._settled:
                    yield Note(t, "note", "the server reads the end", (owner,))
            case h.Decided():
                yield from self._unheard(place, event)
            case h.Meddled(op=op):
                conns = _conns_of(self.plan, (op,))
                yield Note(t, "fault", self._named(op), conns or "server", (op,))

    def _of_the_run(
        self, event: h.DrainOver | h.Faulted | h.Restarted | h.Healed | h.Settled | h.Emptied
    ) -> Note:
        match event:
            case h.DrainOver(t=t, began=began, grace=grace):
                text = f"the drain is over, after {t - began:.3f} s of {grace:g} s"
                return Note(t, "fault", text, "server")
            case h.Faulted(t=t, error=error):
                return Note(t, "fault", f"the server's own fault: {shown(error, 200)}", "server")
            case h.Restarted(t=t):
                return Note(t, "fault", "a server that has forgotten everything")
            case h.Healed(t=t):
                return Note(t, "note", "every fault is healed")
            case h.Settled(t=t):
                self._settled = True
                return Note(t, "note", "settled, everyone leaves")
            case h.Emptied():
                names = ("users", "rooms", "waiting", "connections", "tasks", "streams")
                left = [f"{getattr(event, name)} {name}" for name in names if getattr(event, name)]
                return Note(event.t, "note", f"left over: {', '.join(left) or 'nothing'}")

    def _unheard(self, place: int, event: h.Decided) -> Iterator[Row]:
        """Show what was decided and never seen: an effect that was lost, and a message that had none."""
        op = self._fates.cause.get(place)
        for lost in self._fates.lost.get(place, ()):
            yield self._lost(event.t, lost, op)
        asked = isinstance(event.command, Relay) or (
            isinstance(event.command, Invalid) and op is not None and isinstance(self._operations[op], Signal)
        )
        if asked and not event.effects:
            conn = self._fates.conn.get(place)
            text = "never delivered, no error" if op is None else f"#{op}: never delivered, no error"
            yield Note(event.t, "note", text, "server" if conn is None else (conn,), _known(op))

    def _lost(self, t: float, lost: Lost, op: int | None) -> Row:
        effect = lost.effect
        if isinstance(effect, Deliver):
            text, end = message_text(effect.message, op), False
        else:
            assert isinstance(effect, Close)  # noqa: S101 - no other effect is for a client of these plans
            text, end = close_text(CLOSE_CODES[effect.reason].code), True
        if lost.conn is None:
            where = f"to connection {effect.connection}, which is nobody's"
            return Note(t, "note", f"{text} {where}", "server", _known(op))
        return Arrow(t, lost.conn, False, text, op, end=end, lost=True)

    def _named(self, op: int) -> str:
        operation = self._operations.get(op)
        return f"#{op}, which the plan does not have" if operation is None else operation_text(operation)


def _known(op: int | None) -> tuple[int, ...]:
    return () if op is None else (op,)

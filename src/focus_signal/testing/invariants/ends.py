"""Connections come and go: takeovers, closes, drains, and what is left when everyone has gone."""

from collections.abc import Sequence

from attrs import define, field

from focus_signal.core.commands import Connect
from focus_signal.core.effects import Close, CloseReason, Effect
from focus_signal.server.config import Config
from focus_signal.testing.history import DrainOver, Emptied, Waits
from focus_signal.testing.invariants.names import Findings
from focus_signal.testing.invariants.world import Line, World
from focus_signal.testing.plan import Verb
from focus_signal.wire.close_codes import CLOSE_CODES

RESTART = CLOSE_CODES["restart"].code
REPLACED = CLOSE_CODES["replaced"].code
_CLOSE_TIMEOUT = Config().close_timeout
# With a smaller window, what waits ahead of a close frame may take longer than any grace.
_WIDE = 16_384


@define(eq=False)
class Ends:
    """Follow how connections end."""

    _world: World
    _findings: Findings
    _drains: list[tuple[float, Verb]] = field(factory=list[tuple[float, Verb]], init=False)

    def connected(self, t: float, line: Line, command: Connect, effects: Sequence[Effect]) -> None:
        """Look at a connection that from now on speaks for its user."""
        world = self._world
        before = world.connect(line, t)
        closes = _closes(effects)
        ops = (line.opened_by, -1 if before is None else before.opened_by)
        if before is not None and closes.pop(before.number, None) != "replaced":
            text = f"c{before.conn} of {command.user} was not closed when the newer c{line.conn} came"
            self._findings.report("newest-wins", t, text, ops)
        if world.draining and closes.pop(line.number, None) != "restart":
            text = f"c{line.conn} of {command.user} came while the server drained, and was not closed"
            self._findings.report("drained", t, text, ops)
        self._close_no_other(t, closes)

    def drain(self, t: float, effects: Sequence[Effect]) -> None:
        """Look at the decision to close everyone."""
        world = self._world
        world.drain()
        closes = _closes(effects)
        for line in world.speakers.values():
            if closes.pop(line.number, None) != "restart" and line.open:
                text = f"c{line.conn} of {line.user} was not closed by the drain"
                self._findings.report("drained", t, text, (line.opened_by,))
        self._close_no_other(t, closes)

    def closed(self, t: float, effects: Sequence[Effect]) -> None:
        """Look at closes that come of a command which closes nobody."""
        self._close_no_other(t, _closes(effects))

    def drain_begins(self, t: float, verb: Verb) -> None:
        """Know who is to be told, and until when."""
        self._drains.append((t, verb))
        slack = 2 * self._world.plan.config.latency[1] + 0.1
        for line in self._world.lines.values():
            if line.number < 0 or line.stranger or line.drained_at is not None or line.gone:
                continue
            if line.stays:
                line.drained_at = t
                line.cut_at = t + verb.grace
                line.drained_by = t + verb.grace + _CLOSE_TIMEOUT + slack

    def drain_over(self, event: DrainOver) -> None:
        """Look at how long a drain took."""
        latest = event.began + event.grace + _CLOSE_TIMEOUT + 0.1
        if event.t > latest:
            text = f"the drain with {event.grace} s of grace that began at {event.began} came back only now"
            self._findings.report("drained", event.t, text, self._ops_of(event.began))

    def end_read(self, t: float, line: Line) -> None:
        """Look at whether a connection that was drained has ended in time, and not before it was told."""
        if line.drained_at is None:
            return
        if t > line.drained_by:
            self._outlived(t, line)
        elif t < line.cut_at and line.closed is None and not line.ended and self._is_the_drains(line):
            text = f"c{line.conn} of {line.user} was cut by a drain that had told it nothing"
            self._findings.report("drained", t, text, (line.opened_by, *self._ops_of(line.drained_at)))

    def told(self, t: float, line: Line, code: int | None) -> None:
        """Look at what a client was told whose connection was drained."""
        if line.drained_at is None or code == RESTART or not self._must_be_told(line):
            return
        text = f"c{line.conn} of {line.user} was drained and ended with {code} instead of {RESTART}"
        self._findings.report("drained", t, text, (line.opened_by, *self._ops_of(line.drained_at)))

    def not_told(self, t: float, line: Line) -> None:
        """Look at a client whose connection has ended with no close frame, and not by its own doing."""
        config = self._world.plan.config
        if line.number < 0:
            return  # the server had never heard of it
        # Whoever is slow, and whoever is still there when a server stops, may be cut without a word.
        quick = config.window >= _WIDE and not config.bandwidth and not config.buggify
        ended = line.left or line.closed is not None or line.drained_at is not None or line.gone
        if quick and not ended and not self._world.stopping and line.conn not in self._world.faulted:
            text = f"c{line.conn} of {line.user} was cut, and told nothing"
            self._findings.report("contained", t, text, (line.opened_by,))

    def over(self, t: float) -> None:
        """Look at who should have been drained by now; before a restart, and when all has settled."""
        for line in self._world.lines.values():
            if line.drained_at is not None and not line.gone and not line.end_read and t > line.drained_by:
                self._outlived(t, line)

    def waits(self, event: Waits) -> None:
        """Look at what waits for a connection."""
        config = self._world.plan.config
        most = config.outbox_bytes
        if (event.bytes > most and event.messages > 1) or event.messages > config.outbox_messages:
            line = self._world.served.get(event.connection)
            who = f"connection {event.connection}" if line is None else f"c{line.conn} of {line.user}"
            text = f"{event.bytes} bytes in {event.messages} messages wait for {who}, and {most} bytes may"
            self._findings.report("bound", event.t, text, () if line is None else (line.opened_by,))

    def emptied(self, event: Emptied) -> None:
        """Look at what is left behind."""
        left = {
            "users": event.users,
            "rooms": event.rooms,
            "requests that wait": event.waiting,
            "connections": event.connections,
            "tasks": event.tasks,
            "streams": event.streams,
        }
        shown = ", ".join(f"{count} {name}" for name, count in left.items() if count)
        if shown:
            self._findings.report("leak", event.t, f"when everyone had gone there still were {shown}")

    def _close_no_other(self, t: float, closes: dict[int, CloseReason]) -> None:
        for connection, reason in closes.items():
            line = self._world.served.get(connection)
            if line is None or (self._world.draining and reason == "restart"):
                continue
            text = f"c{line.conn} of {line.user} was closed ({reason}) without cause"
            self._findings.report("newest-wins", t, text, (line.opened_by,))

    def _is_the_drains(self, line: Line) -> bool:
        """Tell whether nothing but a drain can have ended a connection."""
        ended = line.left or line.closed == "replaced" or line.withdrawn or line.gone
        return not ended and not self._world.stopping and line.conn not in self._world.faulted

    def _must_be_told(self, line: Line) -> bool:
        """Tell whether a drain ended a connection, and had the time to say so."""
        config = self._world.plan.config
        grace = line.cut_at - (line.drained_at or 0.0)
        in_time = grace >= 1.0 + 4 * config.latency[1] and config.window >= _WIDE
        return in_time and not config.bandwidth and not config.buggify and self._is_the_drains(line)

    def _outlived(self, t: float, line: Line) -> None:
        text = f"c{line.conn} of {line.user} outlived the drain; {line.drained_by} would have been in time"
        began = -1.0 if line.drained_at is None else line.drained_at
        self._findings.report("drained", t, text, (line.opened_by, *self._ops_of(began)))
        line.drained_at = None

    def _ops_of(self, began: float) -> list[int]:
        return [verb.id for at, verb in self._drains if at == began]


def _closes(effects: Sequence[Effect]) -> dict[int, CloseReason]:
    return {effect.connection: effect.reason for effect in effects if type(effect) is Close}

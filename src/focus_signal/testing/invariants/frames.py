"""What is under the messages: frames that are whole and in their order, and pongs for pings."""

from attrs import define, field

from focus_signal.testing.history import Pinged, Ponged, Torn
from focus_signal.testing.invariants.names import Findings
from focus_signal.testing.invariants.ways import latest_sent
from focus_signal.testing.invariants.world import Line, World


@define(eq=False)
class _Pings:
    """Hold the pings of one client: when each was sent, and the number of the last one that was answered."""

    sent: list[float] = field(factory=list[float])
    answered: int = 0


@define(eq=False)
class Frames:
    """Follow what connections carry beside messages."""

    _world: World
    _findings: Findings
    _pings: dict[int, _Pings] = field(factory=dict[int, _Pings], init=False)

    def torn(self, event: Torn) -> None:
        """Look at what a server has sent that is wrong by itself."""
        line = self._world.lines.get(-1 if event.conn is None else event.conn)
        who = "a client of the test's own" if line is None else f"c{line.conn} of {line.user}"
        ops = () if line is None else (line.opened_by,)
        self._findings.report("frames", event.t, f"to {who}: {event.text}", ops)

    def pinged(self, event: Pinged) -> None:
        """Know of a ping."""
        self._of(event.conn).sent.append(event.t)

    def ponged(self, event: Ponged) -> None:
        """Look at a pong: it must answer a ping behind those that were answered before."""
        pings, number = self._of(event.conn), event.number
        if number < 1 or number > len(pings.sent):
            self._report(event.t, event.conn, "got a pong for which it has not asked")
        elif number <= pings.answered:
            self._report(event.t, event.conn, f"got the pong {number} behind the pong {pings.answered}")
        else:
            pings.answered = number

    def settled(self, t: float) -> None:
        """Look at the connections that are still there: their last pings were answered long ago."""
        for conn, pings in self._pings.items():
            line = self._world.lines[conn]
            until = latest_sent(self._world, line, t)
            due = sum(sent <= until for sent in pings.sent)
            if line.stays and pings.answered < due:
                self._report(t, conn, f"got no pong for its ping {due}, and is still there")

    def _of(self, conn: int) -> _Pings:
        return self._pings.setdefault(conn, _Pings())

    def _report(self, t: float, conn: int, what: str) -> None:
        line: Line = self._world.lines[conn]
        self._findings.report("pongs", t, f"c{conn} of {line.user} {what}", (line.opened_by,))

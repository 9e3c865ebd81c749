"""Handshakes per second: connect, upgrade, close; a fixed number of clients at a time."""

from __future__ import annotations

import time
import uuid

from benchmarks.frames import CLOSE
from benchmarks.load import Connection, Load
from benchmarks.meter import Meter, Result, Scale

AT_ONCE = 32
_LIMIT = 30.0


class Caller(Connection):
    """Closes as soon as it is open; has done its job when the server's close frame is there."""

    __slots__ = ()

    def on_frame(self, opcode: int, payload: bytes) -> None:
        super().on_frame(opcode, payload)
        if opcode == CLOSE:
            self.load.forget(self)
            self.load.on_end(self)


def measure_handshakes(pid: int, load: Load, scale: Scale, kind: type[Caller] = Caller) -> Result:
    """Keep AT_ONCE clients busy; count those whose close was answered within the measured time."""
    done = 0
    stopping = False

    def next_one() -> None:
        load.start(kind, str(uuid.uuid4()))

    def ended(_: Connection) -> None:
        nonlocal done
        done += 1
        if not stopping:
            next_one()

    load.on_open = Connection.leave
    load.on_end = ended
    for _ in range(AT_ONCE):
        next_one()
    load.rest(scale.warm_seconds)
    meter, before = Meter(pid), done
    until = time.perf_counter() + scale.seconds
    load.run(lambda: time.perf_counter() >= until, scale.seconds + _LIMIT, "time to pass")
    span, count = meter.read(), done - before
    stopping = True
    load.run(lambda: not load.connections, _LIMIT, "the last closes")
    return Result.of(span, handshakes=count / span.wall, handshake_us=span.server / count * 1e6)

"""Ten thousand idle connections: their memory, and what their heartbeats cost, over half a minute.

Nobody says anything but the server, which pings; the generator answers. Whoever is cut ends the run.
"""

from __future__ import annotations

import statistics

from benchmarks.frames import PING
from benchmarks.joins import new_users
from benchmarks.load import Connection, Load, WrongResult
from benchmarks.memory import warm_up
from benchmarks.meter import Meter, Result, Scale, resident_kib

# Beside the connections that are counted: those of the warm-up, and what each process has open anyway.
SPARE_DESCRIPTORS = 500
_LIMIT = 120.0


class Sleeper(Connection):
    """Counts the pings that it answers."""

    __slots__ = ("pings",)

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.pings = 0

    def on_frame(self, opcode: int, payload: bytes) -> None:
        super().on_frame(opcode, payload)
        self.pings += opcode == PING


def measure_idle(pid: int, load: Load, scale: Scale) -> Result:
    """Open them, hold them, and see that all are still there and were asked for a sign of life.

    Raises:
        WrongResult: one was lost, or was never pinged.
    """
    warm_up(pid, load)
    before = resident_kib(pid)
    sleepers = load.open(Sleeper, new_users(scale.many), seconds=_LIMIT)
    for sleeper in sleepers:
        sleeper.pings = 0
    meter = Meter(pid)
    load.rest(scale.hold_seconds)
    span = meter.read()
    kib = (resident_kib(pid) - before) / scale.many
    unasked = sum(not sleeper.pings for sleeper in sleepers)
    if unasked:
        raise WrongResult(f"{unasked} connections had no ping in {scale.hold_seconds:g} s")
    pings = statistics.mean(sleeper.pings for sleeper in sleepers)
    percent = span.server / span.wall * 100
    return Result.of(span, many_kib=kib, many_percent=percent, many_pings=pings)

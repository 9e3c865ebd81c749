"""KiB per idle connection: what 2,000 connections that say nothing add to the server's memory."""

from __future__ import annotations

from benchmarks.joins import new_users
from benchmarks.load import Connection, Load
from benchmarks.meter import Meter, Result, Scale, resident_kib, settle

WARM = 200
_CYCLES = 5


def warm_up(pid: int, load: Load, kind: type[Connection] = Connection) -> None:
    """Let clients come that leave, and clients that stay.

    The former fill what is needed once: code, caches, free lists. The latter keep the pages that were taken
    for them, so that those who are measured hardly find room that was paid for already.
    """
    for _ in range(_CYCLES):
        load.leave(load.open(kind, new_users(WARM)))
    load.open(kind, new_users(WARM))
    settle(load, pid)


def measure_memory(pid: int, load: Load, scale: Scale, kind: type[Connection] = Connection) -> Result:
    """Warm up; then add the idle ones and see the growth."""
    warm_up(pid, load, kind)
    before = resident_kib(pid)
    meter = Meter(pid)
    load.open(kind, new_users(scale.idle))
    settle(load, pid)
    return Result.of(meter.read(), idle_kib=(resident_kib(pid) - before) / scale.idle)

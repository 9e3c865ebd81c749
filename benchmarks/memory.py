"""KiB per idle connection: what 2,000 connections that say nothing add to the server's memory."""

from __future__ import annotations

from benchmarks.joins import new_users
from benchmarks.load import Connection, Load
from benchmarks.meter import Meter, Result, Scale, resident_kib, settle

WARM = 200
_CYCLES = 5


def measure_memory(pid: int, load: Load, scale: Scale) -> Result:
    """Warm up with clients that leave and clients that stay; then add the idle ones and see the growth.

    The warm-up fills what is needed once: code, caches, free lists. Those who stay keep the pages that were
    taken for them, so that the measured ones hardly find room that was paid for already.
    """
    for _ in range(_CYCLES):
        load.leave(load.open(Connection, new_users(WARM)))
    load.open(Connection, new_users(WARM))
    settle(load, pid)
    before = resident_kib(pid)
    meter = Meter(pid)
    load.open(Connection, new_users(scale.idle))
    settle(load, pid)
    return Result.of(meter.read(), idle_kib=(resident_kib(pid) - before) / scale.idle)

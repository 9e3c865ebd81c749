"""Seconds from a process's start until it says that it listens, and its memory when it then rests."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks.load import Load
from benchmarks.meter import (
    NOTHING,
    Result,
    Scale,
    Span,
    core_seconds,
    delay_seconds,
    processor_seconds,
    resident_kib,
    settle,
)
from benchmarks.servers import Running


def measure_start(
    run: Callable[[], AbstractContextManager[Running]], cpu: int | None, scale: Scale
) -> Result:
    """Start it some times, after once for the files that the system then has in memory.

    Args:
        run: starts the server.
        cpu: the processor that it is started on; None leaves it free.
        scale: how often.
    """
    with run():
        pass
    cpus = os.sched_getaffinity(0) if cpu is None else {cpu}
    everything = NOTHING
    seconds: list[float] = []
    mib: list[float] = []
    for _ in range(scale.starts):
        core, delay, generator = core_seconds(cpus), delay_seconds(), time.process_time()
        began = time.perf_counter()
        with run() as running:
            everything += Span(
                time.perf_counter() - began,
                time.process_time() - generator,
                processor_seconds(running.pid),
                core_seconds(cpus) - core,
                delay_seconds() - delay,
            )
            seconds.append(running.start_seconds)
            load = Load(running.port)
            settle(load, running.pid)
            load.close()
            mib.append(resident_kib(running.pid) / 1024)
    return Result.of(everything, start_s=statistics.median(seconds), rest_mib=statistics.median(mib))

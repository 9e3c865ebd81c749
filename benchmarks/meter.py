"""What a phase is measured with: the wall, the processor time of both sides, the server's memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import attrs

from benchmarks.load import Load, WrongResult


@attrs.frozen
class Scale:
    """How long and how large; `--quick` takes the second one."""

    seconds: float = 2.5
    warm_seconds: float = 0.7
    joiners: int = 1000
    idle: int = 2000
    waiting: int = 8000
    leavers: int = 100
    batches: int = 15
    starts: int = 5
    many: int = 10_000
    hold_seconds: float = 30.0


QUICK = Scale(seconds=1.0, warm_seconds=0.4, waiting=4000, batches=5, starts=1)
# For the many servers of `make bench-peers`.
PEERS = Scale(seconds=0.9, warm_seconds=0.5)
PEERS_QUICK = Scale(seconds=0.6, warm_seconds=0.4)


@attrs.frozen
class Span:
    """Seconds between two readings of a meter: processor time of both sides, and what was in their way.

    `core` is how long the server's processor was busy or taken away, `delay` how long the generator was ready
    to run and did not get its own.
    """

    wall: float
    generator: float
    server: float
    core: float
    delay: float

    def __add__(self, other: Span) -> Span:
        return Span(
            self.wall + other.wall,
            self.generator + other.generator,
            self.server + other.server,
            self.core + other.core,
            self.delay + other.delay,
        )


NOTHING = Span(0.0, 0.0, 0.0, 0.0, 0.0)


@attrs.frozen
class Result:
    """The figures of one phase by name, and the load on the two processors (0 to 1).

    `other` is what the server's processor did that was not the server, `delay` how long the generator had to
    wait for its processor: the rest of the machine, in the way of either side.
    """

    figures: dict[str, float]
    generator: float
    server: float
    other: float
    delay: float

    @classmethod
    def of(cls, span: Span, **figures: float) -> Result:
        other = max(0.0, span.core - span.server)
        return cls(figures, *(part / span.wall for part in (span.generator, span.server, other, span.delay)))


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process, all its threads.

    It is what /proc/PID/stat shows as utime + stime, in nanoseconds instead of hundredths of a second: Linux
    gives every process such a clock, whose number is made from its id (see clock_getcpuclockid(3)).
    """
    return time.clock_gettime((~pid << 3) | 2)


def resident_kib(pid: int) -> int:
    """Return VmRSS of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise WrongResult(f"process {pid} has no VmRSS: it has ended")


def core_seconds(cpus: Iterable[int]) -> float:
    """Return how long these processors have been busy, with whatever it was.

    What the host of a virtual machine took away ("steal") is in it.
    """
    wanted = {f"cpu{number}" for number in cpus}
    busy = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name in wanted:
            user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, fields)
            busy += user + nice + system + irq + softirq + steal
    return busy / os.sysconf("SC_CLK_TCK")


def delay_seconds() -> float:
    """Return how long this process (it has one thread) has been ready to run without running."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


class Meter:
    """Start it, then read what has passed since."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._start = self._now()

    def _now(self) -> Span:
        core, delay = core_seconds(os.sched_getaffinity(self.pid)), delay_seconds()
        return Span(time.perf_counter(), time.process_time(), processor_seconds(self.pid), core, delay)

    def read(self) -> Span:
        now, then = self._now(), self._start
        return Span(
            now.wall - then.wall,
            now.generator - then.generator,
            now.server - then.server,
            now.core - then.core,
            now.delay - then.delay,
        )


def settle(load: Load, pid: int, seconds: float = 10) -> None:
    """Serve the connections until the server has used next to no processor time for 100 ms.

    Raises:
        WrongResult: it does not come to rest within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = processor_seconds(pid)
        load.rest(0.1)
        if processor_seconds(pid) - before < 0.001:
            return
    raise WrongResult(f"the server did not come to rest within {seconds:g} s")

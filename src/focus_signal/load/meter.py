"""What both sides have used between two readings: the clock on the wall, processors, memory. Linux tells."""

import time
from pathlib import Path

from attrs import frozen

from focus_signal.load.faults import WrongResult
from focus_signal.load.report import SATURATED, Generator, Server


class NoSuchProcess(WrongResult):
    """Say that the process to be watched is not there (any more)."""


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process, all its threads.

    Linux gives every process a clock for it, whose number is made from its id (see clock_getcpuclockid(3)).

    Raises:
      NoSuchProcess: there is none of this id.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except (OSError, OverflowError) as error:  # told below, with the id
        raise NoSuchProcess(f"there is no process {pid}") from error


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process, in KiB.

    Raises:
      NoSuchProcess: there is none of this id.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError as error:
        raise NoSuchProcess(f"there is no process {pid}") from error
    for line in lines:
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise NoSuchProcess(f"process {pid} has ended")


@frozen
class Reading:
    """Seconds up to now: on the wall, of this process, waiting for a processor, and of the server."""

    wall: float
    own: float
    waited: float | None
    server: float | None


def read(pid: int | None) -> Reading:
    """Read everything."""
    server = None if pid is None else processor_seconds(pid)
    return Reading(time.perf_counter(), time.process_time(), _waited(), server)


def generator_share(before: Reading, after: Reading, count: int) -> Generator:
    """Return what the generator did between two readings, in which it did so many things."""
    wall, own = after.wall - before.wall, after.own - before.own
    waited = None
    if before.waited is not None and after.waited is not None:
        waited = (after.waited - before.waited) / wall
    cpu = own / wall
    each = own / count * 1e6 if count else None
    return Generator(cpu, waited, saturated=cpu + (waited or 0.0) > SATURATED, cpu_us_each=each)


def server_share(
    pid: int, before: Reading, after: Reading, count: int, grown_by: tuple[int, int] | None
) -> Server:
    """Return what the server used; `grown_by` is its memory before so many connections, and how many."""
    assert before.server is not None and after.server is not None  # noqa: S101, PT018 - both were read with the id
    used, resident = after.server - before.server, resident_kib(pid)
    each = None if grown_by is None else (resident - grown_by[0]) / grown_by[1]
    return Server(
        pid, used / (after.wall - before.wall), used / count * 1e6 if count else None, resident, each
    )


def _waited() -> float | None:
    """Return how long this process (it has one thread) has been ready to run without running."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):  # a kernel that does not count it
        return None

"""The server under siege: `focus-signal serve` as a process of its own, with its log and a probe."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import attrs

from benchmarks.load import WrongResult
from benchmarks.meter import processor_seconds, resident_kib
from benchmarks.servers import ready_port
from benchmarks.siege.census import left_over
from benchmarks.siege.probed import COLLECT, LOOK

REPOSITORY = Path(__file__).resolve().parents[2]
PROBED = "benchmarks.siege.probed"
_PATIENCE = 20.0
_BETWEEN_LOOKS = 0.02
# What the server counts since its start; everything else in its statistics comes down again.
_ONLY_GROW = {"matches", "relayed", "refused", "closed"}
UNLIMITED: Mapping[str, float] = dict.fromkeys(
    ("message_rate", "message_burst", "byte_rate", "byte_burst"), 0
)
"""Settings for peers who send as fast as they can: honest ones too are to load the server here."""


@attrs.frozen
class Look:
    """What the server holds at one moment: memory, descriptors, Trio tasks, statistics, maps by path.

    `blocks` is how many pieces of memory Python has given out: so one can tell what is kept from what is only
    scattered.
    """

    rss_kib: int
    blocks: int
    descriptors: int
    tasks: int
    statistics: dict[str, Any]
    maps: dict[str, int]

    def above(self, base: Look) -> dict[str, tuple[int, int]]:
        """Return what there is more of than there was, each with both counts; memory is not among it."""
        more = left_over(base.maps, self.maps)
        for name in ("descriptors", "tasks"):
            before, now = getattr(base, name), getattr(self, name)
            if now > before:
                more[name] = (before, now)
        for name, now in self.statistics.items():
            before = base.statistics[name]
            if name not in _ONLY_GROW and now > before:
                more[f"statistics.{name}"] = (before, now)
        return more


@attrs.define(eq=False)
class Subject:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    _log: Path
    _probe: socket.socket

    @property
    def pid(self) -> int:
        return self.process.pid

    def look(self, *, collect: bool = False) -> Look:
        """Ask what the server holds, after a collection of garbage if that is wanted."""
        self._probe.sendall(COLLECT if collect else LOOK)
        data = b""
        while not data.endswith(b"\n"):
            some = self._probe.recv(1 << 16)
            if not some:
                raise WrongResult("the server's probe is gone")
            data += some
        return Look(**json.loads(data))

    def base(self, connections: int = 0) -> Look:
        """Look once so many connections are left, and nothing changes any more.

        Raises:
            WrongResult: that does not come about.
        """
        deadline, before = time.monotonic() + _PATIENCE, self.look()
        while time.monotonic() < deadline:
            time.sleep(_BETWEEN_LOOKS)
            now = self.look()
            if now.statistics["connections"] == connections and not now.above(before) | before.above(now):
                return now
            before = now
        raise WrongResult(f"the server does not come to rest with {connections} connections: {before}")

    def wait_base(self, base: Look, seconds: float, load: Rest | None = None) -> tuple[float, Look]:
        """Look until nothing is above the base, `seconds` at most; return how long it took and the last."""
        began = time.monotonic()
        while True:
            now = self.look()
            passed = time.monotonic() - began
            if passed >= seconds or not now.above(base):
                return passed, now
            if load is None:
                time.sleep(_BETWEEN_LOOKS)
            else:
                load.rest(_BETWEEN_LOOKS)

    def resident_kib(self) -> int:
        """Return its memory, without asking it."""
        return resident_kib(self.pid)

    def processor_seconds(self) -> float:
        """Return the processor time that it has used."""
        return processor_seconds(self.pid)

    def log(self) -> list[str]:
        """Return the lines that it has logged."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; return its status, or None if it still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


class Rest(Protocol):
    """What goes on with its own work while somebody waits."""

    def rest(self, seconds: float) -> None: ...


class Start(Protocol):
    """Start a server with settings; limits of descriptors are the soft one and the hard one."""

    def __call__(
        self, settings: Mapping[str, float] | None = None, limits: tuple[int, int] | None = None
    ) -> AbstractContextManager[Subject]: ...


@contextlib.contextmanager
def run_subject(
    settings: Mapping[str, float] | None = None,
    limits: tuple[int, int] | None = None,
    program: Sequence[str] = (PROBED,),
    transport: str = "native",
    cpu: int | None = None,
) -> Generator[Subject]:
    """Run a server until the context ends, which ends it with SIGTERM, if it still runs, and wants status 0.

    Args:
        settings: those of its `Config` that are not the default, as flags of the command.
        limits: the soft and the hard limit of its open files; None leaves those of this process.
        program: the module that is run, and arguments ahead of those of `probed`.
        transport: which one it uses.
        cpu: the only processor that it may use; None leaves it those of this process.

    Raises:
        WrongResult: it did not come up, ended badly, or there is a traceback in its log.
    """
    mine, its = socket.socketpair()
    with mine, tempfile.TemporaryDirectory(prefix="siege-") as home:
        mine.settimeout(_PATIENCE)
        log = Path(home) / "log"
        with its, log.open("wb") as errors, _pinned(cpu):
            process = subprocess.Popen(
                [
                    *_limited(limits),
                    *(sys.executable, "-m", *program, str(its.fileno())),
                    *("serve", "--host", "127.0.0.1", "--port", "0", "--ready-json"),
                    *("--transport", transport, *_flags(settings or {})),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=REPOSITORY,
                pass_fds=[its.fileno()],
            )
        try:
            subject = Subject(process, _await_port(process), log, mine)
            yield subject
            _end(subject)
        except WrongResult as error:
            error.add_note("The end of the server's log:\n" + log.read_text(errors="replace")[-3000:])
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _flags(settings: Mapping[str, float]) -> list[str]:
    return [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]


def _limited(limits: tuple[int, int] | None) -> list[str]:
    if limits is None:
        return []
    soft, hard = limits
    return ["sh", "-c", f'ulimit -S -n {soft} && ulimit -H -n {hard} && exec "$@"', "sh"]


@contextlib.contextmanager
def _pinned(cpu: int | None) -> Generator[None]:
    """Let what is started meanwhile run on that processor only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before if cpu is None else {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _await_port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    deadline, came = time.monotonic() + _PATIENCE, b""
    while not came.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        some = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not some:
            raise WrongResult(f"the server does not listen (status {process.poll()})")
        came += some
    port = ready_port(came)
    if port is None:
        raise WrongResult(f"the server says something else than that it is ready: {came!r}")
    return port


def _end(subject: Subject) -> None:
    if subject.process.poll() is None:
        subject.terminate()
    status = subject.wait(_PATIENCE)
    if status != 0:
        raise WrongResult(f"the server ended with status {status}")
    if any("Traceback" in line for line in subject.log()):
        raise WrongResult("there is a traceback in the server's log")

"""The servers under measurement: each on one processor, its output in a file, ended by its id."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import attrs

from benchmarks.load import WrongResult
from scripts.seed_program import SeedUnavailable, find_deno, run_seed, seed_directory, seed_source

START_SECONDS = 20.0
STOP_SECONDS = 20.0
# What is not the default. The disconnect phase needs a queue that never fills.
OPTIONS = ["--host", "127.0.0.1", "--max-match-size", "1000000"]
# Every limit is on, so that it costs what it costs; but these would end a measurement where they have their
# defaults, since a connection sends more here than any client does.
RATES = (
    *("--message-rate", "1000000000", "--message-burst", "1000000000"),
    *("--byte-rate", "1000000000", "--byte-burst", "1000000000"),
)
# What `serve --transport` takes, the default first.
TRANSPORTS = ("native", "trio-websocket")
_LISTENING = re.compile(rb"^listening on 127\.0\.0\.1:(\d+)\n", re.MULTILINE)


@attrs.frozen
class Running:
    """A server that listens, and how long that took from its start to the line that says so."""

    pid: int
    port: int
    start_seconds: float


@attrs.frozen
class Server:
    """A server that can be run, by default on any processor."""

    name: str
    run: Callable[[int | None], AbstractContextManager[Running]]


def ready_port(log: bytes) -> int | None:
    """Return the port in the line of JSON by which our server says that it is ready."""
    for line in log.splitlines(keepends=True):
        if line.startswith(b'{"ready":true') and line.endswith(b"\n"):
            return int(str(json.loads(line)["http"]).rpartition(":")[2])
    return None


def listening_port(log: bytes) -> int | None:
    """Return the port in the line by which the servers in benchmarks/peers say that they are ready."""
    found = _LISTENING.search(log)
    return int(found[1]) if found else None


@contextlib.contextmanager
def _pinned(cpu: int | None) -> Generator[None]:
    """Let what is started meanwhile run on that processor only, all its threads."""
    if cpu is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def run_process(
    command: Sequence[str],
    cpu: int | None,
    port_in: Callable[[bytes], int | None],
    environment: Mapping[str, str] | None = None,
) -> Generator[Running]:
    """Run a server until the context ends, which ends it with SIGTERM and wants status 0.

    Args:
        command: the program and its arguments.
        cpu: the only processor that it may use; None leaves it free.
        port_in: finds the port in what the server has printed, once it listens.
        environment: variables besides those of this process.

    Raises:
        WrongResult: it did not listen within START_SECONDS, ended by itself, or ended with another status.
    """
    with tempfile.TemporaryDirectory(prefix="server-") as home:
        log = Path(home) / "log"
        began = time.time()
        with log.open("wb") as output, _pinned(cpu):
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=home,
                env={**os.environ, **(environment or {})},
            )
        try:
            port = _await_port(process, log, port_in)
            yield Running(process.pid, port, _last_written(log) - began)
            _end(process)
        except (WrongResult, subprocess.TimeoutExpired) as error:
            error.add_note(f"The end of the server's log:\n{_end_of(log)}")
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _await_port(process: subprocess.Popen[bytes], log: Path, port_in: Callable[[bytes], int | None]) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        port = port_in(log.read_bytes())
        if port is not None:
            return port
        time.sleep(0.01)
    raise WrongResult(f"the server does not listen (status {process.poll()})")


def _last_written(log: Path) -> float:
    """Return when the server wrote its last line, finer than the pauses in which one looks for it."""
    return log.stat().st_mtime_ns / 1e9


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise WrongResult("the server ended by itself")
    process.terminate()
    if process.wait(STOP_SECONDS) != 0:
        raise WrongResult(f"the server ended with status {process.returncode}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


def ours(name: str, transport: str | None = None) -> Server:
    """Return this server with its defaults, or with one of its transports."""
    command = [sys.executable, "-m", "focus_signal", "serve", "--port", "0", "--ready-json", *OPTIONS, *RATES]
    if transport is not None:
        command += ["--transport", transport]
    return Server(name, lambda cpu: run_process(command, cpu, ready_port))


@contextlib.contextmanager
def _run_seed(cpu: int | None) -> Generator[Running]:
    with contextlib.ExitStack() as stack:
        began = time.time()
        with _pinned(cpu):
            seed = stack.enter_context(run_seed())
        yield Running(seed.pid, seed.port, _last_written(seed.log) - began)


OURS = ours("focus-signal")
SEED = Server("seed", _run_seed)


def why_no_seed() -> str | None:
    """Return what is missing to run the seed, or None."""
    try:
        seed_source(seed_directory())
        find_deno()
    except SeedUnavailable as error:
        return str(error)
    return None


def processors() -> tuple[int | None, int | None]:
    """Return the processors for the server and for the generator; None twice if there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)

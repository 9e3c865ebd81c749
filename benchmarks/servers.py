"""The two servers under measurement: each on one processor, its output in a file, ended by its id."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import attrs

from benchmarks.load import WrongResult
from scripts.seed_program import SeedUnavailable, find_deno, run_seed, seed_directory, seed_source

START_SECONDS = 20.0
STOP_SECONDS = 20.0
# What is not the default. The disconnect phase needs a queue that never fills.
OPTIONS = ["--host", "127.0.0.1", "--max-match-size", "1000000"]
_PIN = "import os, sys; os.sched_setaffinity(0, {%s}); os.execv(sys.argv[1], sys.argv[1:])"


@attrs.frozen
class Running:
    """A server that listens."""

    pid: int
    port: int


@attrs.frozen
class Server:
    """A server that can be run."""

    name: str
    run: Callable[[int | None], AbstractContextManager[Running]]


@contextlib.contextmanager
def _run_ours(cpu: int | None) -> Generator[Running]:
    command = [sys.executable, "-m", "focus_signal", "serve", "--port", "0", "--ready-json", *OPTIONS]
    if cpu is not None:
        command = [sys.executable, "-c", _PIN % cpu, *command]
    with tempfile.TemporaryDirectory(prefix="ours-") as home:
        log = Path(home) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=home
            )
        try:
            yield Running(process.pid, _await_port(process, log))
            _end(process)
        except (WrongResult, subprocess.TimeoutExpired) as error:
            error.add_note(f"The end of the server's log:\n{_end_of(log)}")
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _await_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_bytes().splitlines(keepends=True):
            if line.startswith(b'{"ready":true') and line.endswith(b"\n"):
                return int(str(json.loads(line)["http"]).rpartition(":")[2])
        time.sleep(0.02)
    raise WrongResult(f"the server does not listen (status {process.poll()})")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise WrongResult("the server ended by itself")
    process.terminate()
    if process.wait(STOP_SECONDS) != 0:
        raise WrongResult(f"the server ended with status {process.returncode}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


@contextlib.contextmanager
def _run_seed(cpu: int | None) -> Generator[Running]:
    with run_seed(cpu=cpu) as seed:
        yield Running(seed.pid, seed.port)


OURS = Server("focus-signal", _run_ours)
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

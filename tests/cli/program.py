"""The server as a process: started with whatever standard input a test likes, bounded, ended by its id.

`start` gives a `Program`; a failing test shows what the process wrote on stderr.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import IO

import attrs
import trio

SECONDS = 60.0
"""How long a process may be with us; far beyond what any test needs."""

PROGRAM = [sys.executable, "-m", "focus_signal"]
SERVE = [*PROGRAM, "serve"]
SERVE_HERE = [*SERVE, "--host", "127.0.0.1", "--port", "0", "--ready-json"]


@attrs.frozen
class Ready:
    """The line of `--ready-json`, and what it tells."""

    line: bytes
    url: str
    http: str

    @property
    def port(self) -> int:
        return int(self.http.rpartition(":")[2])


@attrs.frozen
class Ended:
    """How a process ended and what it had written, but for what a test had read already."""

    status: int
    stdout: bytes
    stderr: str


@attrs.define(eq=False)
class Program:
    """A running process; made by `start`."""

    process: trio.Process
    _log: IO[bytes]

    async def line(self) -> bytes:
        """Wait for a line on stdout."""
        line = bytearray()
        assert self.process.stdout is not None
        while not line.endswith(b"\n"):
            data = await self.process.stdout.receive_some(1)
            assert data, f"stdout ended before the line was complete: {bytes(line)!r}"
            line += data
        return bytes(line)

    async def ready(self) -> Ready:
        """Wait for the line that says where the server listens."""
        line = await self.line()
        told = json.loads(line)
        return Ready(line, told["url"], told["http"])

    async def end_stdin(self) -> None:
        """Close our end of the pipe that is the process's standard input."""
        assert self.process.stdin is not None
        await self.process.stdin.aclose()

    async def ended(self) -> Ended:
        """Wait for the end, reading all that is still written."""
        rest = bytearray()
        assert self.process.stdout is not None
        async for data in self.process.stdout:
            rest += data
        status = await self.process.wait()
        return Ended(status, bytes(rest), self.log())

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return await self.ended()

    def log(self) -> str:
        """Give what was written on stderr up to now."""
        self._log.seek(0)
        return self._log.read().decode()


@asynccontextmanager
async def start(
    command: Sequence[str | bytes], *, stdin: int | IO[bytes] = subprocess.DEVNULL
) -> AsyncGenerator[Program]:
    """Run a process for as long as the block, which must end within `SECONDS`."""
    # Read by another file object than the process's: reading must not move the place where that one writes.
    with tempfile.NamedTemporaryFile() as written, open(written.name, "rb") as log:  # noqa: ASYNC230, PTH123
        process = await trio.lowlevel.open_process(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=written
        )
        program = Program(process, log)
        try:
            with trio.fail_after(SECONDS):
                yield program
        finally:
            with trio.CancelScope(shield=True):
                if process.returncode is None:
                    process.kill()
                await process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        await pipe.aclose()
            sys.stderr.write(f"on stderr:\n{program.log()}")  # pytest shows it beside a failure


async def run(command: Sequence[str | bytes]) -> Ended:
    """Run a process that ends by itself."""
    async with start(command) as program:
        return await program.ended()

"""`focus-signal serve` itself, with a probe in its Trio run that tells what the server holds.

    python -m benchmarks.siege.probed DESCRIPTOR serve ...

DESCRIPTOR is one end of a pair of sockets: for each line that comes, one line of JSON goes back. Everything
else is the command's own: its flags, its signals, its log, its exit status.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from benchmarks.meter import resident_kib
from benchmarks.siege.census import census
from focus_signal import cli
from focus_signal.cli import serve as command
from focus_signal.server.config import Config
from focus_signal.server.serve import open_server
from focus_signal.server.server import AnyListener, Server

COLLECT = b"collect\n"
LOOK = b"look\n"


def look(server: Server) -> dict[str, Any]:
    """Tell what the process holds at this moment."""
    return {
        "rss_kib": resident_kib(os.getpid()),
        "blocks": sys.getallocatedblocks(),
        # Less the one by which the folder itself is read.
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208 - one that keeps no other open
        "tasks": trio.lowlevel.current_statistics().tasks_living,
        "statistics": attrs.asdict(server.statistics()),
        "maps": census(server),
    }


async def answer(server: Server, probe: trio.SocketStream) -> None:
    """Answer lines until cancelled, or until whoever asks has gone."""
    async for data in probe:
        for line in data.splitlines(keepends=True):
            if line == COLLECT:
                gc.collect()
            await probe.send_all(json.dumps(look(server)).encode() + b"\n")


def install(descriptor: int) -> None:
    """Have the command open a server with a probe."""

    @asynccontextmanager
    async def open_probed(config: Config, listeners: Sequence[AnyListener]) -> AsyncGenerator[Server]:
        probe = trio.SocketStream(trio.socket.from_stdlib_socket(socket.socket(fileno=descriptor)))
        async with open_server(config, listeners) as server, trio.open_nursery() as nursery:
            nursery.start_soon(answer, server, probe)
            try:
                yield server
            finally:
                nursery.cancel_scope.cancel()

    command.open_server = open_probed  # type: ignore[assignment, attr-defined]


def main(arguments: Sequence[str]) -> int:
    """Run the command with a probe; return its status."""
    descriptor, *rest = arguments
    install(int(descriptor))
    return cli.main(rest)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""A peer server within the test's own process, so that a test can plant a fault in it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

from websockets.asyncio.server import ServerConnection

from benchmarks.load import Load
from benchmarks.peers.lobby import Lobby
from benchmarks.peers.websockets_server import open_peer

_SECONDS = 10.0


@contextmanager
def run_lobby(lobby: Lobby[ServerConnection], ping_interval: float | None = None) -> Generator[int]:
    """Serve a lobby from a thread; give the port."""
    ready = threading.Event()
    started: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        async with open_peer(lobby, ping_interval) as port:
            started.append((port, asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(_SECONDS)
    ((port, loop, stop),) = started
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_SECONDS)
        assert not thread.is_alive()


@contextmanager
def run_load(lobby: Lobby[ServerConnection], ping_interval: float | None = None) -> Generator[Load]:
    """Serve a lobby from a thread; give a load generator beside it."""
    with run_lobby(lobby, ping_interval) as port:
        load = Load(port)
        try:
            yield load
        finally:
            load.close()

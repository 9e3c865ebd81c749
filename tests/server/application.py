"""Somebody else's trio-websocket application, in which signaling is mounted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import attrs
import trio
from trio.testing import memory_stream_pair
from trio_websocket import (
    WebSocketConnection,
    WebSocketRequest,
    WebSocketServer,
    serve_websocket,
    wrap_client_stream,
)

from focus_signal import Server, guarded
from tests.server.memory_listener import open_memory_listener


@attrs.define(eq=False)
class Application:
    """An application that echoes under /echo, has a bug under /broken, and mounts signaling anywhere else.

    Args:
      server: what is mounted.
    """

    server: Server
    mounted: int = 0
    ended: trio.Event = attrs.field(factory=trio.Event)
    """Set when a mounted connection has ended; nothing has come out of `mount` then."""

    async def handle(self, request: WebSocketRequest) -> None:
        """Serve one request."""
        match request.path.partition("?")[0]:
            case "/echo":
                websocket = await request.accept()
                while True:
                    await websocket.send_message(await websocket.get_message())
            case "/broken":
                await request.accept()
                raise ZeroDivisionError("the application's own")
            case _:
                self.mounted += 1
                await self.server.mount(request)
                self.ended.set()


def handshake(target: str) -> bytes:
    """Write a request for a WebSocket."""
    return (
        f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


@asynccontextmanager
async def serve_application(
    application: Application, *, max_message_size: int = 1 << 20
) -> AsyncGenerator[str]:
    """Serve it on a free port of the loopback address, give `ws://HOST:PORT`, and cancel it in the end."""
    async with trio.open_nursery() as nursery:
        serving = partial(
            serve_websocket,
            application.handle,
            "127.0.0.1",
            0,
            ssl_context=None,
            handler_nursery=guarded(nursery),
            max_message_size=max_message_size,
        )
        other: WebSocketServer = await nursery.start(serving)
        yield f"ws://127.0.0.1:{other.port}"
        nursery.cancel_scope.cancel()


@attrs.define(eq=False)
class InMemory:
    """An application that is reached through memory, so that virtual time is all the time that passes."""

    application: Application
    nursery: trio.Nursery
    _streams: trio.MemorySendChannel[trio.abc.Stream]
    _clients: trio.Nursery

    async def open_stream(self) -> trio.StapledStream[trio.abc.SendStream, trio.abc.ReceiveStream]:
        """Connect, and leave everything else to the test."""
        ours, theirs = memory_stream_pair()
        await self._streams.send(theirs)
        return cast("trio.StapledStream[trio.abc.SendStream, trio.abc.ReceiveStream]", ours)

    async def connect(self, name: str) -> WebSocketConnection:
        """Connect a user, who outlives the application."""
        stream = cast("trio.SocketStream", await self.open_stream())  # the library takes any stream
        return await wrap_client_stream(self._clients, stream, "localhost", f"/signal?userId={name}")


@asynccontextmanager
async def serve_in_memory(application: Application, clients: trio.Nursery) -> AsyncGenerator[InMemory]:
    """Serve it through memory, and cancel it in the end."""
    streams, listener = open_memory_listener()
    # The library names the listeners that it opens itself; it takes any.
    listeners = cast("list[trio.SocketListener]", [listener])
    async with trio.open_nursery() as nursery:
        other = WebSocketServer(application.handle, listeners, handler_nursery=guarded(nursery))
        await nursery.start(other.run)
        yield InMemory(application, nursery, streams, clients)
        nursery.cancel_scope.cancel()

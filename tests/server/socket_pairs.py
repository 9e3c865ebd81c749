"""Two ends of a socket, for tests of what works on one of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from focus_signal.server.link import Link, SocketLink

Open = Callable[[], Awaitable[tuple[trio.SocketStream, trio.SocketStream]]]


async def open_tcp() -> tuple[trio.SocketStream, trio.SocketStream]:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        client = await trio.open_tcp_stream(*listener.socket.getsockname())
        return client, await listener.accept()


async def open_unix() -> tuple[trio.SocketStream, trio.SocketStream]:
    one, other = trio.socket.socketpair()
    return trio.SocketStream(one), trio.SocketStream(other)


SOCKETS = pytest.mark.parametrize("opener", [open_tcp, open_unix], ids=["tcp", "unix"])


def fill(link: Link) -> int:
    """Send until the socket takes nothing more, and tell how much it took."""
    sent = 0
    while taken := link.send_nowait(b"x" * 65536):
        sent += taken
    return sent


@asynccontextmanager
async def open_link(opener: Open = open_tcp) -> AsyncGenerator[tuple[SocketLink, trio.SocketStream]]:
    """Give a link and the stream of its peer, with a bound in time."""
    peer, ours = await opener()
    async with peer, ours:
        with trio.fail_after(30):
            yield SocketLink(ours), peer

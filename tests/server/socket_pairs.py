"""Two ends of a socket, for tests of what works on one of them: in every way in which a link is made."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio
from attrs import frozen

from focus_signal.server.accepting import LinkListener
from focus_signal.server.link import Link, SocketLink
from focus_signal.server.readiness import Readiness

Open = Callable[[], Awaitable[tuple[trio.SocketStream, trio.SocketStream]]]
OpenLink = Callable[..., AbstractAsyncContextManager[tuple[SocketLink, trio.SocketStream]]]
"""Opens a link and the stream of its peer; the `Open` that it takes is `open_tcp` if there is none."""
OpenPair = Callable[[Open], Awaitable[tuple[SocketLink, trio.SocketStream]]]


async def open_tcp() -> tuple[trio.SocketStream, trio.SocketStream]:
    listener = await listen(open_tcp)
    async with listener:
        return await connect(listener), await listener.accept()


async def open_unix() -> tuple[trio.SocketStream, trio.SocketStream]:
    one, other = trio.socket.socketpair()
    return trio.SocketStream(one), trio.SocketStream(other)


SOCKETS = pytest.mark.parametrize("opener", [open_tcp, open_unix], ids=["tcp", "unix"])


async def listen(opener: Open) -> trio.SocketListener:
    """Listen on a socket of the kind of which `opener` gives two ends."""
    if opener is open_tcp:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        return listener
    unnamed = socket.socket(socket.AF_UNIX)
    unnamed.bind("")  # the kernel finds a name that is in no file system (unix(7), "autobind")
    unnamed.listen()
    return trio.SocketListener(trio.socket.from_stdlib_socket(unnamed))


async def connect(listener: trio.SocketListener) -> trio.SocketStream:
    """Connect to a listener."""
    client = trio.socket.socket(listener.socket.family)
    await client.connect(listener.socket.getsockname())
    return trio.SocketStream(client)


@frozen
class Kind:
    """Be a way in which a link is made.

    Args:
      accepted: a `LinkListener` gives it; otherwise it is made of a stream.
      watched: a `Readiness` watches its socket.
    """

    accepted: bool = False
    watched: bool = False

    def __str__(self) -> str:
        return f"{'accepted' if self.accepted else 'stream'}-{'watched' if self.watched else 'plain'}"

    @asynccontextmanager
    async def open_pairs(self) -> AsyncGenerator[tuple[OpenPair, Readiness | None]]:
        """Give what opens a link and the stream of its peer, and what watches them."""
        readiness = Readiness() if self.watched else None

        async def open_pair(opener: Open) -> tuple[SocketLink, trio.SocketStream]:
            if not self.accepted:
                peer, ours = await opener()
                return SocketLink(ours, readiness), peer
            async with LinkListener(await listen(opener), readiness) as listener:
                peer = await connect(listener._listener)
                return await listener.accept(), peer

        try:
            async with trio.open_nursery() as nursery:
                if readiness is not None:
                    nursery.start_soon(readiness.run)
                yield open_pair, readiness
                nursery.cancel_scope.cancel()
        finally:
            if readiness is not None:
                readiness.close()

    @asynccontextmanager
    async def open_link(
        self, opener: Open = open_tcp
    ) -> AsyncGenerator[tuple[SocketLink, trio.SocketStream]]:
        """Give a link and the stream of its peer, with a bound in time."""
        with trio.fail_after(30):
            async with self.open_pairs() as (open_pair, readiness):
                link, peer = await open_pair(opener)
                async with peer, link:
                    yield link, peer
                assert readiness is None or not readiness._watched


KINDS = [Kind(accepted, watched) for accepted in (False, True) for watched in (False, True)]


def fill(link: Link) -> int:
    """Send until the socket takes nothing more, and tell how much it took."""
    sent = 0
    while taken := link.send_nowait(b"x" * 65536):
        sent += taken
    return sent

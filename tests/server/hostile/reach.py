"""What a server is reached by: its port on loopback, and the streams that were opened to it."""

from __future__ import annotations

from urllib.parse import quote

import trio

from tests.server.hostile.peer import Peer, finish_handshake, request


class Reach:
    """Open raw streams and raw WebSockets to one server.

    Args:
      port: where it listens on 127.0.0.1.
      hears_pings: whether the server's own pings show among what comes.
    """

    def __init__(self, port: int, *, hears_pings: bool = True) -> None:
        self.port = port
        self.hears_pings = hears_pings
        self._streams: list[trio.SocketStream] = []

    async def dial(self) -> trio.SocketStream:
        """Open a raw TCP stream."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self.keep(stream)
        return stream

    def keep(self, stream: trio.SocketStream) -> None:
        """Have a stream that was opened otherwise hung up with the others."""
        self._streams.append(stream)

    async def dial_in(self, user: str, *, behind: bytes = b"") -> Peer:
        """Open a WebSocket in the name of a user, with `behind` right behind the handshake."""
        return await self.shake_hands(f"/signal?userId={quote(user)}", behind=behind)

    async def shake_hands(self, target: str, *, behind: bytes = b"") -> Peer:
        """Open a WebSocket on a target, with `behind` right behind the handshake."""
        stream = await self.dial()
        await stream.send_all(request(target) + behind)
        return await self.finish(stream)

    async def finish(self, stream: trio.abc.Stream) -> Peer:
        """Read the answer to a handshake that was sent, and give the peer."""
        peer = await finish_handshake(stream)
        peer.hears_pings = self.hears_pings
        return peer

    def hang_up(self) -> None:
        """Close every stream that is still open."""
        for stream in self._streams:
            stream.socket.close()
        self._streams.clear()

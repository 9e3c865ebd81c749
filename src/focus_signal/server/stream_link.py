"""Any stream as a link: whatever a listener gave.

`StreamLink` serves every `trio.abc.Stream` that is no socket (TLS, a pipe); a stream that is a link by
its own methods, such as a simulated one, is used as it is.
"""

from typing import cast

import trio
from attrs import define

from focus_signal.server.link import Link, SocketLink
from focus_signal.server.readiness import Readiness


def link_of(stream: trio.abc.Stream, readiness: Readiness | None = None) -> Link:
    """Make a link of whatever a listener gave.

    Args:
      stream: what it gave.
      readiness: watches sockets; None leaves that to Trio.
    """
    if isinstance(stream, SocketLink):  # nearly every one
        return stream
    if isinstance(stream, trio.SocketStream):
        # A socket that is made up in memory has no descriptor to work on, and brings its own link.
        own = getattr(stream.socket, "link", None)
        return SocketLink(stream, readiness) if own is None else cast("Link", own)
    if hasattr(stream, "send_nowait"):
        return cast("Link", stream)
    return StreamLink(stream)


@define(eq=False)
class StreamLink:
    """Serve any stream; it takes nothing at once, so that all goes through `send_all`."""

    _stream: trio.abc.Stream

    @property
    def peer_address(self) -> str | None:
        """Tell the peer's address, for TLS over a socket; None for any other stream."""
        inner = getattr(self._stream, "transport_stream", None)
        return SocketLink(inner).peer_address if isinstance(inner, trio.SocketStream) else None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for bytes and give them; none at the end of the stream."""
        return bytes(await self._stream.receive_some(max_bytes))

    def receive_nowait(self) -> bytes | None:
        """Give nothing; only waiting tells."""
        return None

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Take nothing."""
        del data
        return 0

    async def wait_writable(self) -> None:
        """Wait until the stream may take something."""
        await self._stream.wait_send_all_might_not_block()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        await self._stream.send_all(data)

    async def send_eof(self) -> None:
        """Say that nothing more will be sent, where the stream can say that."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    def close_nowait(self) -> bool:
        """Leave it open; only waiting closes it."""
        return False

    async def aclose(self) -> None:
        """Close the stream in good order."""
        await self._stream.aclose()

    @property
    def abort_nowait(self) -> None:
        """Tell that closing takes a few steps."""
        return None

    async def abort(self) -> None:
        """Close the stream without good order."""
        await trio.aclose_forcefully(self._stream)

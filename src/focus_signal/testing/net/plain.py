"""Simulated streams that are no links: they do what `trio.abc.Stream` says, and nothing besides.

So does a TLS stream. A server can only send on it by waiting until all of it has gone, and a send that is cut
may have gone out in part.
"""

import trio
from attrs import define

from focus_signal.testing.net.listener import SimListener
from focus_signal.testing.net.stream import SimStream


@define(eq=False)
class PlainStream(trio.abc.HalfCloseableStream):
    """Hide what a simulated stream can do beyond `trio.abc.HalfCloseableStream`."""

    _stream: SimStream

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for bytes and give them; none at the end of the stream."""
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the window has room, or sending would raise."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that nothing more will be sent."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the stream; when it is cancelled, without good order, as TLS does."""
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            self._stream.abort_nowait()
            raise
        await self._stream.aclose()


@define(eq=False)
class PlainListener(trio.abc.Listener[PlainStream]):
    """Give plain streams."""

    _listener: SimListener

    async def accept(self) -> PlainStream:
        """Wait for a connection."""
        return PlainStream(await self._listener.accept())

    async def aclose(self) -> None:
        """Close the listener."""
        await self._listener.aclose()

"""A link as a `trio.abc.Stream`, for a library that wants one; it gives first what had been read already."""

import trio

from focus_signal.server.link import Link, checked_size


class Prefixed(trio.abc.Stream):
    """Be a stream that first gives what was read already.

    Args:
      link: where the rest comes from and everything goes.
      prefix: what was read already.
    """

    def __init__(self, link: Link, prefix: bytes) -> None:
        self._link = link
        self._prefix = prefix

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Give the prefix, in as many pieces as are asked for, then what comes."""
        size = checked_size(max_bytes)
        if not self._prefix:
            return await self._link.receive_some(max_bytes)
        await trio.lowlevel.checkpoint()
        data, self._prefix = self._prefix[:size], self._prefix[size:]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        await self._link.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the stream may take something."""
        await self._link.wait_writable()

    async def aclose(self) -> None:
        """Close the stream in good order."""
        self._prefix = b""  # what is closed gives nothing, not even what had been read
        await self._link.aclose()

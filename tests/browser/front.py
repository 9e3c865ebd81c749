"""The one address that pages load from and connect to: a TCP relay, so that a test can do what networks do.

Where a connection leads is decided by its first request: the signaling path to one port, files of the tests'
own to nobody, all else to another port. The port of the signaling server may change while pages stay; as long
as there is none, connections wait. A cut ends what leads to it without a word, in both directions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

_CHUNK = 65_536


class Front:
    """A relay on a loopback port."""

    def __init__(self, files: Mapping[str, tuple[str, bytes]]) -> None:
        """Answer requests for these paths with these types and bodies."""
        self.pages = 0
        self.port = 0
        self.connected = 0
        self._files = files
        self._signal = 0
        self._there = asyncio.Event()
        self._lines: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Say where pages are."""
        return f"http://127.0.0.1:{self.port}"

    def lead_to(self, port: int | None) -> None:
        """Let connections to the signaling path lead to this port from now on, or wait until there is one."""
        self._signal = port or 0
        if port is None:
            self._there.clear()
        else:
            self._there.set()

    def pause(self) -> None:
        """Let connections to the signaling path wait."""
        self._there.clear()

    def resume(self) -> None:
        """Let them through again."""
        self._there.set()

    def cut(self) -> int:
        """Cut all connections to the signaling path; return how many there were."""
        lines = list(self._lines.items())
        for near, far in lines:
            near.transport.abort()
            far.transport.abort()
        return len(lines)

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Either end may vanish at any time: that is the end of the line, and nothing to tell.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split()[1].decode().partition("?")[0]
                if path in self._files:
                    await _answer(writer, *self._files[path])
                elif path == "/signal":
                    await self._there.wait()
                    await self._relay(head, reader, writer, self._signal)
                else:
                    await _pass_on(
                        head, reader, writer, await asyncio.open_connection("127.0.0.1", self.pages)
                    )
            finally:
                writer.close()

    async def _relay(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        far = await asyncio.open_connection("127.0.0.1", port)
        self._lines[writer] = far[1]
        self.connected += 1
        try:
            await _pass_on(head, reader, writer, far)
        finally:
            del self._lines[writer]


async def _pass_on(
    head: bytes,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Carry bytes both ways until either end has none any more; then end both."""
    far_reader, far_writer = far
    far_writer.write(head)
    copies = [
        asyncio.create_task(_copy(reader, far_writer)),
        asyncio.create_task(_copy(far_reader, writer)),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        far_writer.close()
        for copy in copies:
            copy.cancel()
        for outcome in await asyncio.gather(*copies, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                raise outcome


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _answer(writer: asyncio.StreamWriter, kind: str, body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()

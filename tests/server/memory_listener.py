"""A listener that lets in the streams that a test sends it."""

from __future__ import annotations

import math

import trio
from attrs import define


@define(eq=False)
class MemoryListener(trio.abc.Listener[trio.abc.Stream]):
    """Let in whatever streams the test sends."""

    _streams: trio.MemoryReceiveChannel[trio.abc.Stream]

    async def accept(self) -> trio.abc.Stream:
        return await self._streams.receive()

    async def aclose(self) -> None:
        self._streams.close()
        await trio.lowlevel.checkpoint()


def open_memory_listener() -> tuple[trio.MemorySendChannel[trio.abc.Stream], MemoryListener]:
    send, receive = trio.open_memory_channel[trio.abc.Stream](math.inf)
    return send, MemoryListener(receive)

"""A listener whose connections are pairs of streams in memory: deadlines then run on virtual time."""

from __future__ import annotations

import math
from typing import Literal

import trio
import trio.testing

Memory = trio.abc.HalfCloseableStream
Kind = Literal["roomy", "lockstep"]


class MemoryListener(trio.abc.Listener[Memory]):
    """Hand out one end of each pair that `connect` makes.

    "roomy" takes everything that is sent at once; on "lockstep" a send lasts until the other end has read all
    of it, so that a peer that does not read holds the server up, and every piece arrives as it was sent.
    """

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[Memory](math.inf)

    def connect(self, kind: Kind = "roomy") -> Memory:
        """Make a connection and give the client's end of it."""
        ours: Memory
        theirs: Memory
        if kind == "roomy":
            ours, theirs = trio.testing.memory_stream_pair()
        else:
            ours, theirs = trio.testing.lockstep_stream_pair()
        self._send.send_nowait(theirs)
        return ours

    async def accept(self) -> Memory:
        """Wait for the next connection and give the server's end of it."""
        return await self._receive.receive()

    async def aclose(self) -> None:
        """Listen no longer."""
        self._receive.close()
        await trio.lowlevel.checkpoint()

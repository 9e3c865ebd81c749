"""The two ends of the message level at the two ends of a simulated link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define, field

from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.shell.framing import FramedClient, FramedTransport
from tests.testing.net.pairs import meet


@define
class FramedPair:
    """Be two ends of one link; the client's label is "ana"."""

    network: Network
    client: FramedClient
    server: FramedTransport
    client_stream: SimStream
    server_stream: SimStream
    pongs: list[bytes] = field(factory=list[bytes])

    async def say(self, *messages: bytes) -> None:
        """Send from the server, to the last byte."""
        gone = self.server.send_nowait(messages)
        while not gone:
            gone = await self.server.send()


@asynccontextmanager
async def framed_pair(seed: int = 0, options: LinkOptions | None = None) -> AsyncIterator[FramedPair]:
    network = Network(seed, options or LinkOptions(latency=(0.0, 0.0)))
    ours, theirs = await meet(network)
    pongs: list[bytes] = []
    client = FramedClient(ours, pongs.append)
    yield FramedPair(network, client, FramedTransport(theirs), ours, theirs, pongs)
    for stream in (ours, theirs):
        await stream.abort()

"""A transport of the message level at both ends of a simulated link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.shell.framing import FramedTransport
from tests.testing.net.pairs import meet


@frozen
class FramedPair:
    """Be two ends of one link; the client's label is "ana"."""

    network: Network
    client: FramedTransport
    server: FramedTransport
    client_stream: SimStream
    server_stream: SimStream


@asynccontextmanager
async def framed_pair(seed: int = 0, options: LinkOptions | None = None) -> AsyncIterator[FramedPair]:
    network = Network(seed, options or LinkOptions(latency=(0.0, 0.0)))
    ours, theirs = await meet(network)
    yield FramedPair(network, FramedTransport(ours), FramedTransport(theirs), ours, theirs)
    for stream in (ours, theirs):
        await stream.abort()

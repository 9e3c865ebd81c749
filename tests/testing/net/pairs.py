"""Simulated networks, and both ends of a link on them, for tests of one of the two."""

from __future__ import annotations

import trio

from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream

HOST, PORT = "focus.test", 8000
# Whole steps of virtual time, so that moments can be compared to the last bit.
EIGHTH = 0.125
STEADY = LinkOptions(latency=(EIGHTH, EIGHTH))
# Opening a connection takes three times the way: two for the client, the third for the server.
OPEN = 3 * EIGHTH


async def meet(
    network: Network, label: str = "ana", options: LinkOptions | None = None
) -> tuple[SimStream, SimStream]:
    """Give the client's and the server's end of a new link."""
    listener = network.listen(HOST, PORT)
    async with listener:
        client = await network.connect(HOST, PORT, label=label, options=options)
        return client, await listener.accept()


async def pair(options: LinkOptions = STEADY, seed: int = 0) -> tuple[Network, SimStream, SimStream]:
    """Give a network, and both ends of a link of "ana"."""
    network = Network(seed, options)
    client, server = await meet(network)
    return network, client, server


async def clog(stream: SimStream) -> None:
    """Fill a stream's window, and let all of it arrive."""
    while stream.send_nowait(b"x" * 1000):
        pass
    await trio.sleep(1)

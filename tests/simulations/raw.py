"""A stranger at the simulated server: bytes as a test writes them, and a look at what the server has left.

The clients of a simulation behave well; what only a badly written or a hostile one does is sent from here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import msgspec
import trio
from attrs import frozen

from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.shell.world import HOST, PORT
from focus_signal.testing.simulation import Simulation
from tests.server.hostile.peer import Peer, request, shake_hands

# Nothing takes time but what waits: what is due at a moment is due exactly then, whatever the seed.
EXACT = RunConfig(latency=(0.0, 0.0))
# Every way takes its time, and what is sent arrives in pieces; both differ from seed to seed.
UNEVEN = RunConfig(latency=(0.001, 0.05), chunk=40)
# A moment, so that what is due at a deadline is done.
INSTANT = 0.001
# The virtual seconds after which a test has failed; none of them takes half as long.
LONGEST = 600.0


@frozen
class Left:
    """Be what the server still has of its connections at one moment: tasks, and streams that are open."""

    tasks: int
    streams: int


NOTHING = Left(0, 0)


def left(sim: Simulation) -> Left:
    """Look at what the server has at this moment, beyond what it has when nobody is there."""
    world = sim._world
    assert not world.stopped, "the server has ended"
    links = [link for those in sim.net._links.values() for link in those.values()]
    return Left(world.tasks_beyond_idle(), sum(not link.server.closed for link in links))


async def empties_by(sim: Simulation, moment: float) -> None:
    """See that every connection has ended at a moment, or before, with all its tasks."""
    await trio.sleep_until(moment + INSTANT)
    assert left(sim) == NOTHING, f"somebody is still there at {moment}"
    assert sim.server.statistics().connections == 0


async def empties_at(sim: Simulation, moment: float) -> None:
    """See that the last connection ends at a moment, and not before."""
    await trio.sleep_until(moment - INSTANT)
    assert left(sim).streams, f"everyone had left before {moment}"
    await empties_by(sim, moment)


@asynccontextmanager
async def open_stream(
    sim: Simulation, label: str = "stranger", *, window: int | None = None
) -> AsyncIterator[SimStream]:
    """Connect, and leave everything else to the test.

    Args:
      sim: the simulation.
      label: names the link for the verbs of the network.
      window: how many bytes each way holds that were not read; None takes the network's.
    """
    options = sim.net.options
    if window is not None:
        options = msgspec.structs.replace(options, window=window)
    with trio.fail_after(LONGEST):
        stream = await sim.net.connect(HOST, PORT, label=label, options=options)
        try:
            yield stream
        finally:
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def open_peer(
    sim: Simulation, user: str, *, behind: bytes = b"", window: int | None = None
) -> AsyncIterator[Peer]:
    """Open a WebSocket that is written by hand, in the name of a user.

    Args:
      sim: the simulation.
      user: the user, and the label of the link.
      behind: sent with the handshake.
      window: see `open_stream`.
    """
    async with open_stream(sim, user, window=window) as stream:
        yield await shake_hands(stream, target_of(user), behind=behind)


def target_of(user: str) -> str:
    """Write what is asked for in the name of a user."""
    return f"/signal?userId={quote(user)}"


def handshake_of(user: str) -> bytes:
    """Write the request of a user's WebSocket."""
    return request(target_of(user))

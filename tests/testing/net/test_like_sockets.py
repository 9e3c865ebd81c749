"""The simulated network against the kernel's loopback: the same scripts, and what they get compared."""

from __future__ import annotations

from functools import partial

import pytest
import trio
from trio.testing import MockClock

from focus_signal.server.link import SocketLink
from focus_signal.server.stream_link import link_of
from focus_signal.testing.net.options import LinkOptions
from tests.server.socket_pairs import open_tcp
from tests.testing.net import scripts
from tests.testing.net.pairs import pair
from tests.testing.net.scripts import Notes, Script

LINKS = {
    "steady": LinkOptions(latency=(0.05, 0.05)),
    "uneven": LinkOptions(latency=(0.0, 0.3)),
    "slow": LinkOptions(latency=(0.01, 0.01), bandwidth=1000.0, window=5000),
}


async def on_sockets(script: Script) -> Notes:
    one, other = await open_tcp()
    async with one, other:
        with trio.fail_after(30):
            return await script(SocketLink(one), SocketLink(other), trio.lowlevel.checkpoint)


async def on_simulated(script: Script, options: LinkOptions, *, swapped: bool) -> Notes:
    _, one, other = await pair(options)
    if swapped:
        one, other = other, one
    with trio.fail_after(100_000):
        return await script(link_of(one), link_of(other), partial(trio.sleep, 1))


def real(script: Script) -> Notes:
    """Run on the clock of the world: sockets know of no other."""
    return trio.run(on_sockets, script)


def simulated(script: Script, options: LinkOptions, *, swapped: bool) -> Notes:
    run = partial(on_simulated, script, options, swapped=swapped)
    return trio.run(run, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("script", scripts.SCRIPTS, ids=lambda script: script.__name__)
def test_as_on_sockets(script: Script) -> None:
    expected = real(script)
    assert len(expected) > 1
    for name, options in LINKS.items():
        for swapped in (False, True):
            assert simulated(script, options, swapped=swapped) == expected, (name, swapped)

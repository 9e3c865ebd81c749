"""A simulated stream is a stream as Trio understands it: Trio's own checks pass, over all kinds of links."""

from __future__ import annotations

import pytest
from trio.testing import MockClock, check_half_closeable_stream

from focus_signal.server.link import Link
from focus_signal.server.stream_link import link_of
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from tests.testing.net.pairs import clog, pair

LINKS = {
    "instant": LinkOptions(latency=(0.0, 0.0)),
    "steady": LinkOptions(latency=(0.05, 0.05)),
    "uneven": LinkOptions(latency=(0.0, 0.3)),
    "small": LinkOptions(latency=(0.0, 0.1), window=4000),
    "cut": LinkOptions(latency=(0.0, 0.1), chunk=3000, fin_delay=1.5, bandwidth=1e6),
}


@pytest.fixture(params=list(LINKS.values()), ids=list(LINKS))
def options(request: pytest.FixtureRequest) -> LinkOptions:
    found: LinkOptions = request.param
    return found


async def test_trios_own_checks(options: LinkOptions, autojump_clock: MockClock) -> None:
    async def make() -> tuple[SimStream, SimStream]:
        return (await pair(options))[1:]

    async def make_clogged() -> tuple[SimStream, SimStream]:
        client, server = await make()
        await clog(client)
        await clog(server)
        return client, server

    # It begins with all of check_two_way_stream, and that with check_one_way_stream, once each way.
    await check_half_closeable_stream(make, make_clogged)


async def test_a_stream_is_a_servers_link(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    link: Link = server
    assert link_of(server) is link
    assert link_of(client) is client

"""Healing: every fault ends, and what travels or waits because of one arrives soon."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from tests.testing.net.pairs import EIGHTH, HOST, OPEN, PORT, STEADY, meet, pair
from tests.testing.net.test_faults import CALM, arrival
from tests.testing.net.test_stream import read_all, since


async def test_healing_ends_every_fault(autojump_clock: MockClock) -> None:
    network, client, server = await pair(CALM)
    network.hold("ana")
    network.partition("ana")
    network.latency("ana", 1000, 2000)
    network.bandwidth("ana", 0.1)
    network.window("ana", 5)
    network.chunks("ana", 1)
    network.fin_delay("ana", 1000)
    network.slow_reader("ana", 0.001)
    network.refuse("ana", 3)
    assert client.send_nowait(b"x" * 10) == 5
    assert server.send_nowait(b"y" * 10) == 5
    await trio.sleep(10)
    network.heal()
    await client.send_eof()
    await server.send_eof()
    assert await read_all(server) == [(EIGHTH, b"xxxxx"), (EIGHTH, b"")]
    assert await read_all(client) == [(0, b"yyyyy"), (0, b"")]
    began = trio.current_time()
    client, server = await meet(network)
    assert trio.current_time() - began == OPEN
    assert client.send_nowait(b"x" * 1000) == CALM.window


async def test_healing_hurries_those_that_connect(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    network.latency("ana", 1000, 1000)
    async with trio.open_nursery() as nursery:

        async def open_one() -> None:
            await meet(network)
            assert trio.current_time() == 1500 + 2 * EIGHTH

        nursery.start_soon(open_one)
        await trio.sleep(1500)
        network.heal()


async def test_healing_hurries_those_that_wait_to_be_accepted(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    network.latency("ana", 1000, 1000)
    async with network.listen(HOST, PORT) as listener:
        await network.connect(HOST, PORT, label="ana")
        network.heal()
        assert await since(2000, listener.accept()) == EIGHTH


async def test_healing_gives_a_link_its_own_options_back(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    client, server = await meet(network, options=LinkOptions(latency=(1, 1)))
    network.latency("ana", 5, 5)
    assert await arrival(client, server) == 5
    network.heal()
    assert await arrival(client, server) == 1

"""The seed decides everything that a network carries, and the digest tells of all of it."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from focus_signal.testing.determinism.runtime import run_deterministically
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.net.weather import Gate, Way
from focus_signal.testing.net.wire import Mark, Wire
from tests.testing.net.pairs import EIGHTH, HOST, PORT, STEADY, meet, pair
from tests.testing.net.test_stream import read_all

ROUGH = LinkOptions(latency=(0.0, 0.5), chunk=9, window=40, bandwidth=5000.0, fin_delay=0.3)


async def talk(
    seed: int, options: LinkOptions = ROUGH, *, noisy: bool = False, word: bytes = b"hello "
) -> str:
    """Let three clients be echoed to, and give the digest."""
    network = Network(seed, options)

    async def echo(stream: SimStream) -> None:
        async with stream:
            async for data in stream:
                await stream.send_all(data)

    async def speak(label: str) -> None:
        async with await network.connect(HOST, PORT, label=label) as stream:
            await stream.send_all(word * 10)
            await stream.send_eof()
            assert b"".join([part async for part in stream]) == word * 10

    async with trio.open_nursery() as server:
        await server.start(trio.serve_listeners, echo, [network.listen(HOST, PORT)])
        async with trio.open_nursery() as nursery:
            for label in ("ana", "bo", "cy"):
                nursery.start_soon(speak, label)
            if noisy:
                for _ in range(50):
                    await trio.sleep(0.01)
                    network.statistics()
                    network.wire_digest()
        server.cancel_scope.cancel()
    return network.wire_digest()


def digest(seed: int, **more: Any) -> str:
    return run_deterministically(partial(talk, seed, **more), seed=0).value


def test_the_seed_decides_every_byte_and_its_moment() -> None:
    digests = [digest(seed) for seed in range(10)]
    assert len(set(digests)) == 10
    assert [digest(seed) for seed in range(10)] == digests


def test_looking_at_a_network_changes_nothing() -> None:
    assert digest(3, noisy=True) == digest(3)


@pytest.mark.parametrize(
    "more",
    [
        {"word": b"hallo "},
        {"options": LinkOptions(latency=(0.0, 0.5), chunk=9, window=40, bandwidth=5000.0, fin_delay=0.4)},
    ],
)
def test_a_byte_or_a_moment_makes_another_digest(more: dict[str, Any]) -> None:
    assert digest(3, **more) != digest(3)


async def test_the_digest_knows_the_direction_the_link_and_the_bytes_of_links_that_are_over(
    autojump_clock: MockClock,
) -> None:
    found: list[str] = []
    for way in range(4):
        network = Network(0, STEADY)
        client, server = await meet(network, "bo" if way == 3 else "ana")
        found.append(network.wire_digest())
        await (server if way == 1 else client).send_all(b"y" if way == 2 else b"x")
        await trio.sleep(EIGHTH)
        found.append(network.wire_digest())
        await client.abort()
        await server.abort()
        found.append(network.wire_digest())
    # A digest of nothing, and one that knows bytes; that is the last one too, for a RST that came to nobody.
    assert len(set(found)) == 2 + 4
    assert all(found[row + 1] == found[row + 2] for row in (0, 3, 6, 9))


def test_the_digest_knows_the_moment_of_a_byte() -> None:
    async def run(seconds: float) -> str:
        network, client, _ = await pair()
        await trio.sleep(seconds)
        await client.send_all(b"x")
        await trio.sleep(5)
        return network.wire_digest()

    found = [trio.run(run, seconds, clock=MockClock(autojump_threshold=0)) for seconds in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("end", ["abort", "aclose"])
def test_when_somebody_looks_is_not_in_the_digest(end: str) -> None:
    """What would have left after the reset never arrives, whether or not anybody saw that at the time."""

    async def run(*, looks: bool) -> str:
        network, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), bandwidth=8, chunk=1))
        await client.send_all(b"x" * 100)
        await trio.sleep(1)
        await getattr(server, end)()
        for _ in range(100):
            await trio.sleep(EIGHTH / 2)
            if looks:
                network.wire_digest()
        return network.wire_digest()

    found = [
        trio.run(partial(run, looks=looks), clock=MockClock(autojump_threshold=0)) for looks in (True, False)
    ]
    assert found[0] == found[1]


def test_what_a_wire_carries_arrives_in_the_order_of_its_moments() -> None:
    wire = Wire(0, "ana", 1, Way.UP, LinkOptions(latency=(0, 1)), Gate(), Gate())
    for number in range(50):
        wire.put(number / 100, bytes([number]))
    wire.put(0.5, Mark.FIN)
    found = [(wire.next_arrival(), wire.arrive()) for _ in range(51)]
    assert [what for _, what in found] == [*(bytes([number]) for number in range(50)), Mark.FIN]
    assert [moment for moment, _ in found] == sorted(moment for moment, _ in found)
    assert wire.next_arrival() == inf


async def test_no_link_depends_on_another(autojump_clock: MockClock) -> None:
    """What comes to "ana", and when, is the same with and without "bo"."""

    async def times(*labels: str) -> object:
        network = Network(7, ROUGH)
        began = trio.current_time()
        ends = [await meet(network, label) for label in labels]
        await trio.sleep_until(began + 10)
        for client, _ in ends:
            await client.send_all(b"abcdefghi" * 3)
            await client.send_eof()
        return await read_all(ends[-1][1])

    assert await times("ana") == await times("bo", "ana")
    assert await times("ana") != await times("bo")

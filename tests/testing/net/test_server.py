"""The real server behind the simulated network, and an unchanged client library in front of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import (
    ConnectionClosed,
    ConnectionTimeout,
    HandshakeError,
    WebSocketConnection,
    open_websocket_url,
)

from focus_signal.server.config import Config
from focus_signal.server.serve import open_server
from focus_signal.testing.keyed import quantized
from focus_signal.testing.net.dialing import dialing, dialing_as
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from tests.testing.net.pairs import HOST, PORT

LINKS = {
    "far": LinkOptions(latency=(0.05, 0.05)),
    "cut": LinkOptions(latency=(0.05, 0.05), chunk=7),
    "small": LinkOptions(latency=(0.05, 0.05), chunk=7, window=64),
    "slow": LinkOptions(latency=(0.0, 0.2), bandwidth=2000.0, window=300),
}
URL = f"ws://{HOST}:{PORT}/signal?userId="
Client = WebSocketConnection
LONG = "v=0 " * 200


async def hear(client: Client) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await client.get_message())
    return message


async def send(client: Client, **message: object) -> None:
    await client.send_message(json.dumps(message))


@asynccontextmanager
async def two(network: Network, config: Config) -> AsyncGenerator[tuple[Client, Client]]:
    """Serve on a network, and connect "ana" and "bo" from there."""
    async with open_server(config, [network.listen(HOST, PORT)], new_id=lambda: "room-1"):
        with dialing(network), dialing_as("ana"), trio.fail_after(600):
            async with open_websocket_url(URL + "ana") as ana:
                with dialing_as("bo"):
                    async with open_websocket_url(URL + "bo") as bo:
                        yield ana, bo


async def meet_and_call(ana: Client, bo: Client) -> None:
    for client in (ana, bo):
        await send(client, type="matchmaking", matchSize=2)
    for client in (ana, bo):
        room = await hear(client)
        assert (room["type"], room["roomId"], sorted(room["peers"])) == (
            "room-found",
            "room-1",
            ["ana", "bo"],
        )
    await send(ana, type="offer", to="bo", sdp=LONG)
    assert await hear(bo) == {"type": "offer", "from": "ana", "sdp": LONG}
    await send(bo, type="answer", to="ana", sdp=LONG)
    assert await hear(ana) == {"type": "answer", "from": "bo", "sdp": LONG}


@pytest.mark.parametrize("options", LINKS.values(), ids=LINKS)
async def test_two_meet_and_call(options: LinkOptions, autojump_clock: MockClock) -> None:
    network = Network(0, options)
    async with two(network, Config(handshake_timeout=60)) as (ana, bo):
        await meet_and_call(ana, bo)
        sent = network.statistics()
    assert sent.links_made == 2
    assert sent.open_streams == 4
    assert sent.bytes_up > 2 * len(LONG) < sent.bytes_down
    assert network.statistics().open_streams == 0


async def test_a_relay_takes_a_way_up_and_a_way_down(autojump_clock: MockClock) -> None:
    async with two(Network(0, LINKS["far"]), Config()) as (ana, bo):
        await meet_and_call(ana, bo)
        began = trio.current_time()
        await send(ana, type="offer", to="bo", sdp="v=0")
        await hear(bo)
        assert trio.current_time() - began == 2 * quantized(0.05)


async def test_who_is_partitioned_away_loses_nothing(autojump_clock: MockClock) -> None:
    network = Network(0, LINKS["far"])
    async with two(network, Config()) as (ana, bo):
        await meet_and_call(ana, bo)
        began = trio.current_time()
        network.partition("bo", 5)
        for number in range(3):
            await send(ana, type="offer", to="bo", sdp=str(number))
        assert [(await hear(bo))["sdp"] for _ in range(3)] == ["0", "1", "2"]
        assert trio.current_time() == began + 5


async def test_who_is_partitioned_away_for_too_long_is_dropped(autojump_clock: MockClock) -> None:
    network = Network(0, LINKS["far"])
    async with two(network, Config(ping_interval=20, pong_timeout=10, seat_grace=1)) as (ana, bo):
        await meet_and_call(ana, bo)
        network.partition("bo")
        # A ping goes out within 20 s and is waited for for 10; then the seat is kept for 1.
        await trio.sleep(35)
        await send(ana, type="offer", to="bo", sdp="v=0")
        assert (await hear(ana))["code"] == "peer-unavailable"
        network.heal()
        with pytest.raises(ConnectionClosed):
            await hear(bo)


async def test_a_reset_is_seen_by_the_other_user(autojump_clock: MockClock) -> None:
    network = Network(0, LINKS["far"])
    async with two(network, Config()) as (ana, bo):
        await meet_and_call(ana, bo)
        network.reset("bo")
        with pytest.raises(ConnectionClosed):
            await hear(bo)
        await send(ana, type="offer", to="bo", sdp="v=0")
        assert (await hear(ana))["code"] == "peer-unavailable"


async def test_a_refused_client_library_says_so(autojump_clock: MockClock) -> None:
    network = Network(0)
    network.hosts.add(HOST)
    with dialing(network), pytest.raises(HandshakeError):
        async with open_websocket_url(URL + "ana"):
            pass


async def test_a_librarys_own_timeout_runs_on_virtual_time(autojump_clock: MockClock) -> None:
    network = Network(0)
    async with network.listen(HOST, PORT):
        network.partition("ana")
        with dialing(network, label="ana"), pytest.raises(ConnectionTimeout):
            async with open_websocket_url(URL + "ana", connect_timeout=12):
                pass
    assert trio.current_time() >= 12


async def test_a_server_starts_again_at_its_address(autojump_clock: MockClock) -> None:
    network = Network(0, LINKS["far"])
    for _ in range(2):
        async with two(network, Config()) as (ana, bo):
            await meet_and_call(ana, bo)
        with dialing(network), pytest.raises(HandshakeError):
            async with open_websocket_url(URL + "ana"):
                pass

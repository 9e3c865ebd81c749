"""What goes wrong at one connection ends that one, and nobody else notices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import pytest
import trio

from focus_signal.core.commands import Command
from focus_signal.server.transport.native import NativeTransport
from focus_signal.server.transport.trio_websocket import TrioWebSocket
from focus_signal.testing.client import Client
from focus_signal.testing.history import Faulted
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulation import Simulation
from focus_signal.wire.seed_dialect import SeedDialect
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.frames import text
from tests.server.hostile.handshake_table import head
from tests.simulations.levels import at_every_level, on_both_transports
from tests.simulations.looks import sdps
from tests.simulations.raw import UNEVEN, open_peer, open_stream

TRIGGER = b"trigger"
HALF = Wanted(400, "ended before its head was complete")
VISITS, AT_ONCE = 40, 8
Visit = Callable[[Simulation, str], Awaitable[None]]


# Strangers that come and are gone before a word was said.


async def _fin(sim: Simulation, label: str) -> None:
    async with open_stream(sim, label) as stream:
        await stream.send_eof()
        # Who has said nothing is owed nothing.
        assert await read_all(stream) == b""


async def _reset(sim: Simulation, label: str) -> None:
    async with open_stream(sim, label) as stream:
        await stream.abort()


async def _half_a_head(sim: Simulation, label: str) -> None:
    async with open_stream(sim, label) as stream:
        await stream.send_all(head()[:60])
        await stream.send_eof()
        assert faults(await read_all(stream), HALF) == []


async def _handshake_and_reset(sim: Simulation, label: str) -> None:
    async with open_stream(sim, label) as stream:
        await stream.send_all(head())
        await trio.sleep(len(label) * 0.01)  # somewhere on the way, or behind it
        await stream.abort()


async def _half_a_frame_and_reset(sim: Simulation, label: str) -> None:
    async with open_peer(sim, label) as peer:
        await peer.send(text(b"a" * 1000)[:500])
        await peer.stream.abort()  # type: ignore[attr-defined]


@pytest.mark.parametrize("visit", [_fin, _reset, _half_a_head, _handshake_and_reset, _half_a_frame_and_reset])
@on_both_transports(seeds=5, config=UNEVEN)
async def test_an_honest_pair_loses_nothing(sim: Simulation, visit: Visit) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    labels = count(1)

    async def come_and_go() -> None:
        for _ in range(VISITS // AT_ONCE):
            await visit(sim, f"visitor-{next(labels)}")

    async with trio.open_nursery() as visitors:
        for _ in range(AT_ONCE):
            visitors.start_soon(come_and_go)
        for number in range(20):
            await _relay_one(ana, bo, number)
    await _relay_one(ana, bo, -1)
    await trio.sleep(1.0)
    assert sim.server.statistics().connections == 2


async def _relay_one(one: Client, other: Client, number: int) -> None:
    await one.offer(to=other, sdp=number)
    assert (await other.expect("offer")).sdp == number
    await other.answer(to=one, sdp=[number])
    assert (await one.expect("answer")).sdp == [number]


# What happens to connections on their way.


@at_every_level(seeds=20, config=UNEVEN)
async def test_a_reset_at_any_moment_ends_one_connection(sim: Simulation) -> None:
    """Wherever its words are when it comes: on their way, in the server, or on their way to others."""
    ana, bo, eve = await sim.clients("ana", "bo", "eve")
    for client in (ana, bo, eve):
        await client.join(match_size=3)
    await eve.expect("room-found")
    for number in range(5):
        await eve.offer(to=ana, sdp=number)
        await ana.offer(to=eve, sdp=number)
    await trio.sleep(sim.seed * 0.005)
    await eve.reset()
    await trio.sleep(1.0)
    for number in range(5):
        await _relay_one(ana, bo, number)
    await bo.offer(to=eve)
    assert (await bo.expect("error")).code == "peer-unavailable"
    assert sdps(ana)[:5] == list(range(5)), "what was on its way to the server ahead of the reset is relayed"
    sometimes("something was lost with the connection", len(sdps(eve)) < 5)
    sometimes("something had got through", sdps(eve))


@at_every_level(seeds=10, config=UNEVEN)
async def test_a_partition_that_ends_in_time_loses_nothing(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    await bo.expect("room-found")
    sim.net.partition(bo, seconds=5.0)
    began = sim.now()
    for number in range(5):
        await ana.offer(to=bo, sdp=number)
    await bo.answer(to=ana, sdp="meanwhile")
    for number in range(5):
        assert (await bo.expect("offer")).sdp == number
    assert sim.now() >= began + 5.0
    assert (await ana.expect("answer")).sdp == "meanwhile"


# Faults of the server's own.


class InjectedFault(Exception):
    """Be what nobody expects."""


@contextmanager
def _broken_decode(transport: type[NativeTransport | TrioWebSocket]) -> Generator[None]:
    del transport  # this is behind it
    honest = SeedDialect.decode

    def decode(self: SeedDialect, frame: bytes, connection: int, user: str) -> Command:
        if TRIGGER in frame:
            raise InjectedFault
        return honest(self, frame, connection, user)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SeedDialect, "decode", decode)
        yield


@contextmanager
def _broken_send(transport: type[NativeTransport | TrioWebSocket]) -> Generator[None]:
    honest = transport.send_nowait

    def send_nowait(self: Any, messages: Sequence[bytes]) -> bool:
        if any(TRIGGER in message for message in messages):
            raise InjectedFault
        return honest(self, messages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "send_nowait", send_nowait)
        yield


@contextmanager
def _broken_receive(transport: type[NativeTransport | TrioWebSocket]) -> Generator[None]:
    honest = transport.receive

    async def receive(self: Any) -> list[bytes]:
        messages = await honest(self)
        if any(TRIGGER in message for message in messages):
            raise InjectedFault
        return messages

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "receive", receive)
        yield


# Now the owner sends, which has something for the connection, and now the connection's own task.
EITHER = RunConfig(latency=(0.001, 0.05), buggify={"connection.backlogged": 0.5})


@pytest.mark.parametrize("broken", [_broken_decode, _broken_send, _broken_receive])
@on_both_transports(seeds=5, config=EITHER, invariants=False)
async def test_a_fault_of_our_own_ends_one_connection_with_1011(
    sim: Simulation,
    broken: Callable[[type[NativeTransport | TrioWebSocket]], AbstractContextManager[None]],
) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    with broken(NativeTransport if sim.config.transport == "native" else TrioWebSocket):
        for number in range(3):
            unlucky = await sim.client(f"unlucky-{number}")
            # Its own words come back to it as a target that is not there, so they pass every step.
            await unlucky.offer(to="trigger")
            assert await unlucky.wait_closed() == 1011
            await _relay_one(ana, bo, number)
    fresh = await sim.client("fresh")
    await fresh.join(match_size=1)
    await fresh.expect("room-found")
    await trio.sleep(1.0)
    assert sim.server.statistics().connections == 3
    assert sum(isinstance(each, Faulted) for each in sim.history) == 3
    assert all("InjectedFault" in each.error for each in sim.history if isinstance(each, Faulted))

"""Peers that answer a ping, peers that do not, and peers that cannot."""

from __future__ import annotations

import pytest
import trio

from focus_signal.server.config import Config
from focus_signal.testing.history import EndRead
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulated import simulate
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.frames import frame, text
from tests.server.hostile.peer import Peer, event
from tests.simulations.levels import at_every_level, on_both_transports
from tests.simulations.looks import end_read_at, sdps
from tests.simulations.raw import INSTANT, empties_by, open_peer

PING, PONG, CLOSE = 20.0, 10.0, 2.0
EXACT = RunConfig(latency=(0.0, 0.0), ping_interval=PING)
UNEVEN = RunConfig(latency=(0.001, 0.05), ping_interval=PING)
OFTEN = RunConfig(latency=(0.0, 0.0), ping_interval=2.0, settle=1.0, seat_grace=1.0)
# Each batch may be held up for up to two seconds on its way to the owner.
SLOW_OWNER = RunConfig(
    latency=(0.0, 0.0),
    ping_interval=2.0,
    pong_timeout=0.25,
    buggify={"inbox.late-send": 0.9},
    settle=3.0,
    seat_grace=1.0,
)


def test_the_defaults_are_those_that_are_tested() -> None:
    config = Config()
    assert (config.ping_interval, config.pong_timeout, config.close_timeout) == (PING, PONG, CLOSE)
    assert EXACT.server_config().pong_timeout == PONG


@pytest.mark.parametrize("answer", [None, b"another payload"])
@on_both_transports(seeds=5, config=EXACT)
async def test_no_pong_in_time_is_4002(sim: Simulation, answer: bytes | None) -> None:
    async with open_peer(sim, "mute") as peer:
        await _next_ping(peer)
        asked = sim.now()
        assert asked <= PING
        if answer is not None:
            await peer.send(frame(frames.PONG, answer))
        assert await peer.events() == ["close 4002 no-pong", "eof"]
        assert sim.now() == asked + PONG
        await empties_by(sim, sim.now())


@on_both_transports(seeds=5, config=EXACT)
async def test_a_pong_in_the_last_moment_is_in_time(sim: Simulation) -> None:
    async with open_peer(sim, "late") as peer:
        for _ in range(5):
            payload, asked = await _next_ping(peer), sim.now()
            await trio.sleep_until(asked + PONG - INSTANT)
            await peer.send(frame(frames.PONG, payload))
        await peer.part()


@on_both_transports(seeds=5, config=EXACT)
async def test_what_a_peer_says_instead_of_a_pong_does_not_count(sim: Simulation) -> None:
    async with open_peer(sim, "talker") as peer:
        await _next_ping(peer)
        asked = sim.now()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_talk, peer)
            seen = await peer.events()
            nursery.cancel_scope.cancel()
        assert {*seen[:-2]} == {"error unknown-type"}
        assert seen[-2:] == ["close 4002 no-pong", "eof"]
        assert sim.now() == asked + PONG


@on_both_transports(seeds=5, config=OFTEN)
async def test_who_is_being_asked_is_not_asked_again(sim: Simulation) -> None:
    async with open_peer(sim, "mute") as peer:
        assert await peer.events() == ["ping", "close 4002 no-pong", "eof"]
        assert PONG < sim.now() <= 2.0 + PONG


@pytest.mark.parametrize("closes", [True, False])
@on_both_transports(seeds=5, config=EXACT)
async def test_who_answers_neither_a_ping_nor_a_close_frame_is_cut(sim: Simulation, *, closes: bool) -> None:
    async with open_peer(sim, "mute") as peer:
        peer.answers_close = closes
        await _next_ping(peer)
        asked = sim.now()
        assert await peer.events() == ["close 4002 no-pong", "eof"]
        assert sim.now() == asked + PONG + (0.0 if closes else CLOSE)


@at_every_level(seeds=5, config=EXACT)
async def test_who_vanishes_is_given_up_and_its_room_is_told(sim: Simulation) -> None:
    ghost, bo = await sim.clients("ghost", "bo")
    await ghost.join(match_size=2)
    await bo.join(match_size=2)
    await bo.expect("room-found")
    sim.net.hold(ghost)
    began = sim.now()
    await trio.sleep_until(began + PONG - INSTANT)
    assert sim.server.statistics().connections == 2, "nobody is given up before it was asked"
    await trio.sleep_until(began + PING + PONG + CLOSE + INSTANT)
    assert sim.server.statistics().connections == 1
    await bo.offer(to=ghost)
    refused = await bo.expect("error")
    assert (refused.code, refused.to) == ("peer-unavailable", "ghost")
    # A partition that ends brings nobody back who was given up.
    sim.net.release(ghost)
    await ghost.wait_closed()
    assert bo.is_open


@at_every_level(seeds=5, config=EXACT)
async def test_who_was_given_up_is_not_heard_any_more(sim: Simulation) -> None:
    """Its words still arrive while our close frame waits for an answer; nobody gets them."""
    deaf, bo = await sim.clients("deaf", "bo")
    await deaf.join(match_size=2)
    await bo.join(match_size=2)
    await bo.expect("room-found")
    sim.net.partition(deaf, direction="down")
    said = 0
    while end_read_at(sim, deaf) is None and said < 500:
        await deaf.offer(to=bo, sdp=said)
        said += 1
        await trio.sleep(0.1)
    heard = sdps(bo)
    assert heard == list(range(len(heard)))
    if sim.level == "message":
        assert said - len(heard) == pytest.approx(CLOSE / 0.1, abs=2)


@at_every_level(seeds=5, config=EXACT)
async def test_one_way_is_no_way(sim: Simulation) -> None:
    """Who hears the pings is given up all the same when its answers do not arrive."""
    [ana] = await sim.clients("ana")
    sim.net.partition(ana, direction="up")
    # Our close frame arrives as well.
    assert await ana.wait_closed() == 4002
    assert sim.now() <= PING + PONG + CLOSE


@at_every_level(seeds=3, config=UNEVEN)
async def test_who_answers_is_kept(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    sim.net.partition(bo, seconds=PONG - 1.0)  # this long, any time, is no reason
    await trio.sleep(300.0)
    assert ana.is_open
    assert bo.is_open
    assert not [each for each in sim.history if isinstance(each, EndRead)]


@simulate(seeds=10, level="message", config=SLOW_OWNER)
async def test_a_pong_that_waits_for_the_owner_is_no_fault_of_the_peer(sim: Simulation) -> None:
    """While a connection waits for the owner it reads nothing, pongs neither; it is not closed for that."""
    [ana] = await sim.clients("ana")
    for _ in range(10):
        began = sim.now()
        await ana.say('{"type":"weather"}')
        assert (await ana.expect("error")).code == "unknown-type"
        sometimes("the owner took longer than a pong may", sim.now() - began > sim.config.pong_timeout)
    assert ana.is_open


async def _next_ping(peer: Peer) -> bytes:
    received = await peer.receive()
    assert not isinstance(received, str), f"{event(received)} came in place of a ping"
    assert received.opcode == frames.PING
    return received.payload


async def _talk(peer: Peer) -> None:
    while True:
        await peer.send(text('{"type":"weather"}'))
        await trio.sleep(1)

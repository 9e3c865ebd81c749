"""Peers that do not take what is for them: each has a bound in time and one in bytes, and slows nobody."""

from __future__ import annotations

import pytest
import trio

from focus_signal.server.config import Config
from focus_signal.testing.client import Client
from focus_signal.testing.history import Waits
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.frames import frame
from tests.server.hostile.peer import Peer, event
from tests.simulations.levels import at_every_level, on_both_transports
from tests.simulations.looks import end_read_at, sdps
from tests.simulations.raw import INSTANT, open_peer

WRITE, CLOSE = 10.0, 2.0
WINDOW = 500
EXACT = RunConfig(latency=(0.0, 0.0), window=WINDOW)
BOUND = RunConfig(latency=(0.0, 0.0), window=WINDOW, outbox_messages=8)
BYTES = RunConfig(latency=(0.0, 0.0), window=WINDOW, outbox_bytes=1000)
NARROW = RunConfig(
    latency=(0.001, 0.01), window=100, chunk=30, settle=60.0, buggify={"connection.backlogged": 0.2}
)
# Bytes a second: as good as nothing within any deadline.
STILL = 0.01


def test_the_defaults_are_those_that_are_tested() -> None:
    config = Config()
    assert (config.write_timeout, config.close_timeout) == (WRITE, CLOSE)


async def _pair(sim: Simulation, one: str = "ana", other: str = "bo") -> tuple[Client, Client]:
    """Have two users matched."""
    first, second = await sim.clients(one, other)
    await first.join(match_size=2)
    await second.join(match_size=2)
    await first.expect("room-found")
    await second.expect("room-found")
    return first, second


async def _fill(sim: Simulation, sender: Client, slow: Client) -> float:
    """Let a peer be stuck in a message that is larger than its window, and tell when that began."""
    await trio.sleep(1.0)
    sim.net.slow_reader(slow, STILL)
    await sender.offer(to=slow, sdp="x" * 4 * WINDOW)
    await trio.sleep(INSTANT)
    return sim.now() - INSTANT


@pytest.mark.parametrize("kind", ["a message", "half a message", "pongs"])
@on_both_transports(seeds=5, config=RunConfig(latency=(0.0, 0.0)))
async def test_who_does_not_read_is_given_up_and_slows_nobody(sim: Simulation, kind: str) -> None:
    ana, bo = await _pair(sim)
    async with open_peer(sim, "lazy", window=4000) as lazy, open_peer(sim, "busy") as busy:
        await _meet(lazy, busy)
        if kind == "pongs":
            # There is no room for all of the pongs; of pings that come at once only the last may get one.
            for _ in range(40):
                await lazy.send(frame(frames.PING, b"x" * 120))
                await trio.sleep(INSTANT / 64)
        else:
            await busy.say({"type": "offer", "to": "lazy", "sdp": "o" * 10_000})
        await trio.sleep(INSTANT)
        if kind == "half a message":
            await lazy.receive_bytes(3000)
        began = sim.now()
        # While the lazy one hangs, everybody else is served, without a moment's waiting.
        for number in range(20):
            await busy.say({"type": "offer", "to": "lazy", "sdp": number})
        await busy.say({"type": "offer", "to": "busy", "sdp": "to oneself"})
        assert (await busy.hear())["sdp"] == "to oneself"
        for number in range(20):
            await ana.offer(to=bo, sdp=number)
            assert (await bo.expect("offer")).sdp == number
        assert sim.now() == began
        await trio.sleep_until(began + WRITE - 2 * INSTANT)
        assert sim.server.statistics().connections == 4
        await trio.sleep_until(began + WRITE + INSTANT)
        assert sim.server.statistics().connections == 3
        await busy.say({"type": "offer", "to": "lazy", "sdp": "are you there?"})
        assert (await busy.hear())["code"] == "peer-unavailable"
        # What was on its way may still arrive, and nothing behind it: half a frame has no room for another.
        whole = [f"pong {'x' * 120}"] * (4000 // 122) if kind == "pongs" else []
        assert await lazy.events() == [*whole, "reset"]
        await busy.part()


@at_every_level(seeds=5, config=EXACT)
async def test_no_end_of_a_message_for_the_write_deadline_ends_the_connection(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    began = await _fill(sim, ana, bo)
    await trio.sleep_until(began + WRITE + INSTANT)
    assert end_read_at(sim, bo) == began + WRITE
    assert ana.is_open
    sim.heal()
    assert await bo.wait_closed() is None, "the message was cut, so no close frame may follow"
    assert sdps(bo) == []


@at_every_level(seeds=5, config=EXACT)
async def test_a_byte_now_and_then_is_progress_where_that_can_be_seen(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    await trio.sleep(1.0)
    sim.net.slow_reader(bo, 1.0)
    began = sim.now()
    await ana.offer(to=bo, sdp="x" * 4 * WINDOW)
    await trio.sleep_until(began + 5 * WRITE)
    if sim.config.transport == "native":
        assert bo.is_open
        sim.heal()
        assert (await bo.expect("offer")).sdp == "x" * 4 * WINDOW
    else:
        assert end_read_at(sim, bo) == began + WRITE, "the library tells of whole messages alone"


@at_every_level(seeds=5, config=EXACT)
async def test_each_message_has_a_write_deadline_of_its_own(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    sim.net.slow_reader(bo, 200.0)
    began = sim.now()
    for number in range(4):
        await ana.offer(to=bo, sdp=[number, "x" * 1000])
    for number in range(4):
        sdp = (await bo.expect("offer")).sdp
        assert isinstance(sdp, list)
        assert sdp[0] == number
    assert sim.now() - began > 2 * WRITE
    assert bo.is_open


async def _overflow(sim: Simulation, sender: Client, slow: Client) -> None:
    """Send more than may wait for a peer, and see that its room is told at once."""
    began = sim.now()
    for number in range(30):
        await sender.offer(to=slow, sdp=[number, "x" * 20])
    refused = await sender.expect("error")
    assert (refused.code, refused.to) == ("peer-unavailable", slow.user)
    assert sim.now() == began


async def _cut_in_the_last_chance(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    await _fill(sim, ana, bo)
    began = sim.now()
    await _overflow(sim, ana, bo)
    await trio.sleep_until(began + CLOSE + INSTANT)
    assert end_read_at(sim, bo) == began + CLOSE, "it gets a last chance to end its message"
    await ana.say("{}")
    assert (await ana.expect("error")).code in {"peer-unavailable", "bad-message"}
    assert ana.is_open
    sim.heal()
    assert await bo.wait_closed() is None, "the message was cut, so no close frame may follow"


@at_every_level(seeds=5, config=BYTES)
async def test_too_many_bytes_close_that_connection_alone(sim: Simulation) -> None:
    await _cut_in_the_last_chance(sim)


@at_every_level(seeds=5, config=BOUND)
async def test_too_many_messages_close_that_connection_alone(sim: Simulation) -> None:
    await _cut_in_the_last_chance(sim)


@at_every_level(seeds=5, config=BOUND)
async def test_who_ends_its_message_in_time_reads_why_it_is_closed(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    await _fill(sim, ana, bo)
    began = sim.now()
    await _overflow(sim, ana, bo)
    await trio.sleep_until(began + CLOSE - INSTANT)
    sim.heal()
    assert await bo.wait_closed() == 4001
    await trio.sleep(INSTANT)
    assert end_read_at(sim, bo) == began + CLOSE - INSTANT
    assert len(sdps(bo)) == 1, "what waited behind it was dropped"


@pytest.mark.parametrize(("rate", "wait", "code", "got"), [(600.0, 1.0, 4001, 2), (300.0, 2.0, None, 1)])
@at_every_level(seeds=5, config=BOUND)
async def test_a_trickle_does_not_buy_a_slow_peer_more_time(
    sim: Simulation, rate: float, wait: float, code: int | None, got: int
) -> None:
    """It may end the message that it is in the middle of, if it can; the rest, taken or not, is dropped.

    Each message is of about 950 bytes, of which 500 fit: the second takes about 1.6 seconds, or 3.2.
    """
    ana, bo = await _pair(sim)
    await trio.sleep(1.0)
    sim.net.slow_reader(bo, rate)
    await ana.offer(to=bo, sdp="w" * 900)
    await trio.sleep(INSTANT)
    # When the first is through, its writer takes all of these, and sends one after the other.
    for letter in "xyz":
        await ana.offer(to=bo, sdp=letter * 900)
    await trio.sleep(wait)
    began = sim.now()
    await _overflow(sim, ana, bo)
    assert await bo.wait_closed() == code
    await trio.sleep(INSTANT)
    ended = end_read_at(sim, bo)
    assert ended is not None
    if code is None:
        assert ended == began + CLOSE
    else:
        # The close frame goes out in time, and is answered once all that was under way has been read.
        assert began + 1.0 < ended < began + CLOSE + CLOSE
    assert len(sdps(bo)) == got


@at_every_level(seeds=5, config=RunConfig(outbox_bytes=10))
async def test_an_empty_outbox_takes_a_message_above_its_bound(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    await ana.offer(to=bo, sdp="x" * 100_000)
    assert (await bo.expect("offer")).sdp == "x" * 100_000


@at_every_level(seeds=10, config=NARROW)
async def test_what_goes_out_in_parts_arrives_whole_and_in_order(sim: Simulation) -> None:
    ana, bo = await _pair(sim)
    # Now less than a message fits, now several do.
    sent: list[object] = [[number, "x" * (number * 37 % 150)] for number in range(40)]
    for number, sdp in enumerate(sent):
        await ana.offer(to=bo, sdp=sdp)
        if number % 10 == 9:
            await trio.sleep(0.5)
    while len(sdps(bo)) < len(sent):
        await bo.expect("offer")
    assert sdps(bo) == sent
    sometimes("a message had to wait", any(isinstance(each, Waits) for each in sim.history))


async def _meet(first: Peer, second: Peer) -> None:
    """Have two strangers matched, in this order."""
    await first.say({"type": "matchmaking", "matchSize": 2})
    await first.say({"type": "are-you-there"})
    assert (await first.hear())["code"] == "unknown-type"
    await second.say({"type": "matchmaking", "matchSize": 2})
    for peer in (first, second):
        assert event(await peer.receive()) == "room-found"

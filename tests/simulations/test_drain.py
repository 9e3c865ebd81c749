"""How a server ends: everyone is told, what was said before still arrives, and nobody holds it up."""

from __future__ import annotations

import pytest
import trio

from focus_signal.errors import TransportClosed
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulation import Simulation
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.handshake_table import head, plain
from tests.simulations.levels import at_every_level, on_both_transports
from tests.simulations.looks import sdps
from tests.simulations.raw import EXACT, INSTANT, NOTHING, UNEVEN, left, open_peer, open_stream

CLOSE, HANDSHAKE, LINGER = 2.0, 5.0, 1.0
DRAINING = Wanted(503, "draining", {"Retry-After": "1"})
NARROW = RunConfig(latency=(0.0, 0.0), window=300)


async def _answer(sim: Simulation, asked: bytes, wanted: Wanted) -> list[str]:
    async with open_stream(sim) as stream:
        await stream.send_all(asked)
        return faults(await read_all(stream), wanted)


@on_both_transports(seeds=5, config=UNEVEN)
async def test_a_drain_sends_everyone_away_and_keeps_the_listeners_open(sim: Simulation) -> None:
    assert await _answer(sim, plain("GET /readyz HTTP/1.1"), Wanted(200, "ready")) == []
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    began = sim.now()
    await sim.drain(grace=10.0)
    assert await ana.wait_closed() == await bo.wait_closed() == 1012
    assert sim.now() < began + 1.0, "nobody is waited for who answers"
    assert sim.server.statistics().connections == 0
    assert sim.server.statistics().draining
    await trio.sleep(INSTANT)
    assert left(sim) == NOTHING
    assert await _answer(sim, plain("GET /readyz HTTP/1.1"), DRAINING) == []
    assert await _answer(sim, plain("GET /healthz HTTP/1.1"), Wanted(200, "ok")) == []
    assert await _answer(sim, head(), DRAINING) == []
    late = sim.start_client("late")
    with pytest.raises(TransportClosed, match="HTTP 503"):
        await late.connect()
    began = sim.now()
    await sim.drain(grace=1.0)  # again: there is nothing left to do
    assert sim.now() == began


@at_every_level(seeds=10)
async def test_what_was_said_before_a_drain_arrives_before_its_end(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    for number in range(20):
        await ana.offer(to=bo, sdp=number)
    relayed = 0
    while relayed < 10:
        await trio.sleep(0.01)
        relayed = sim.server.statistics().relayed
    await sim.drain(grace=30.0)
    assert await bo.wait_closed() == 1012
    got = sdps(bo)
    assert got == list(range(len(got)))
    assert len(got) >= relayed, "what the server had relayed by then is told ahead of the goodbye"
    sometimes("it was draining while something was under way", len(got) < 20)


@at_every_level(seeds=5, config=EXACT)
async def test_a_drain_cuts_who_is_still_there_after_the_grace(sim: Simulation) -> None:
    ana, ghost = await sim.clients("ana", "ghost")
    sim.net.hold(ghost)
    await trio.sleep(1.0)
    # A goodbye that is not answered within the close deadline ends the connection, if the grace does not.
    await sim.drain(grace=1.5)
    assert sim.now() == 1.0 + 1.5
    assert sim.server.statistics().connections == 0
    assert await ana.wait_closed() == 1012
    await trio.sleep(INSTANT)
    assert left(sim) == NOTHING
    sim.heal()
    # What had arrived before the stream was cut can still be read.
    assert await ghost.wait_closed() in {1012, None}


@at_every_level(seeds=5, config=NARROW)
async def test_a_drain_waits_for_who_reads_slowly_as_long_as_was_said(sim: Simulation) -> None:
    ana, slow = await sim.clients("ana", "slow")
    await ana.join(match_size=2)
    await slow.join(match_size=2)
    await slow.expect("room-found")
    sim.net.slow_reader(slow, 200.0)
    for number in range(3):
        await ana.offer(to=slow, sdp=[number, "x" * 500])
    await trio.sleep(INSTANT)
    began = sim.now()
    await sim.drain(grace=60.0)
    assert await slow.wait_closed() == 1012
    assert len(sdps(slow)) == 3
    assert began + 5.0 < sim.now() < began + 10.0


BACKLOG = RunConfig(latency=(0.0, 0.0), window=300, outbox_bytes=64 * 1024)


@at_every_level(seeds=5, config=BACKLOG)
async def test_a_drain_is_over_with_its_grace_however_much_is_still_to_be_read(sim: Simulation) -> None:
    grace = sim.config.server_config().drain_grace
    ana, slow, deaf = await sim.clients("ana", "slow", "deaf")
    for client in (ana, slow, deaf):
        await client.join(match_size=3)
    await slow.expect("room-found")
    sim.net.slow_reader(slow, 100.0)
    sim.net.hold(deaf)
    for number in range(10):
        await ana.offer(to=slow, sdp=[number, "x" * 500])
        await ana.offer(to=deaf, sdp=[number, "x" * 500])
    await trio.sleep(INSTANT)
    backlog = sum(outbox.bytes for outbox in sim.server.outboxes().values())
    assert backlog > 100.0 * grace, "it would take longer than the grace to read that"
    began = sim.now()
    await sim.drain(grace)
    assert sim.now() == began + grace
    assert sim.server.statistics().connections == 0
    assert sim.server.statistics().backlog == 0
    assert await ana.wait_closed() == 1012
    await trio.sleep(INSTANT)
    assert left(sim) == NOTHING


@on_both_transports(seeds=5, config=EXACT)
async def test_strangers_do_not_hold_up_a_drain(sim: Simulation) -> None:
    grace = sim.config.server_config().drain_grace
    [ana] = await sim.clients("ana")
    async with (
        open_stream(sim, "silent"),
        open_stream(sim, "half") as half,
        open_peer(sim, "mute") as mute,
        open_peer(sim, "begun") as begun,
    ):
        mute.answers_close = False
        await half.send_all(head()[:-1])
        await begun.send(b"\x81\xfe\x04\x00")
        await trio.sleep(1.0)
        began = sim.now()
        await sim.drain(grace)
        assert began < sim.now() <= began + CLOSE, "nobody answers the goodbye, and nobody is waited for"
        assert await ana.wait_closed() == 1012
        await trio.sleep_until(HANDSHAKE + LINGER + INSTANT)
        assert left(sim) == NOTHING


@on_both_transports(seeds=5, config=EXACT)
async def test_a_stop_waits_for_nobody_beyond_the_close_deadline(sim: Simulation) -> None:
    async with open_peer(sim, "mute") as peer:
        peer.answers_close = False
        [ana] = await sim.clients("ana")
        await trio.sleep(1.0)
        await sim.stop()
        assert sim.now() == 1.0 + CLOSE
        assert await ana.wait_closed() == 1012
        assert (await peer.events())[0] == "close 1012 restart"
        assert sim.net.statistics().open_streams == 1, "the server has left no stream open"
    late = sim.start_client("late")
    with pytest.raises(TransportClosed, match="refused"):
        await late.connect()


@at_every_level(seeds=5, config=NARROW)
async def test_a_stop_does_not_wait_for_what_a_slow_reader_has_not_read(sim: Simulation) -> None:
    ana, slow = await sim.clients("ana", "slow")
    await ana.join(match_size=2)
    await slow.join(match_size=2)
    await slow.expect("room-found")
    sim.net.slow_reader(slow, 1.0)
    await ana.offer(to=slow, sdp="x" * 500)
    await trio.sleep(1.0)
    await sim.stop()
    assert sim.now() == 1.0 + CLOSE
    assert await ana.wait_closed() == 1012


@at_every_level(seeds=5, config=EXACT)
async def test_two_drains_at_once_end_with_the_last_connection(sim: Simulation) -> None:
    [ana] = await sim.clients("ana")
    sim.net.partition(ana, seconds=1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sim.drain, 60.0)
        nursery.start_soon(sim.drain, 50.0)
    assert sim.now() == 1.0


@at_every_level(seeds=5, config=EXACT)
async def test_a_stop_in_the_middle_of_a_drain_ends_both(sim: Simulation) -> None:
    [ghost] = await sim.clients("ghost")
    sim.net.hold(ghost)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sim.drain, 60.0)
        await trio.sleep(1.0)
        await sim.stop()
        # The goodbye of the drain is the one that counts.
        assert sim.now() == CLOSE
    assert sim.now() == CLOSE


@at_every_level(seeds=10, config=UNEVEN)
async def test_who_comes_while_everyone_is_sent_away_is_sent_away_or_refused(sim: Simulation) -> None:
    there = await sim.clients("ana", "bo")
    coming = [sim.start_client(f"late-{number}") for number in range(4)]
    await trio.sleep(0.03)
    await sim.drain(grace=5.0)
    for client in there:
        assert await client.wait_closed() == 1012
    for client in coming:
        try:
            await client.connect()
        except TransportClosed:
            sometimes("somebody was refused", condition=True)
        else:
            sometimes("somebody was let in and sent away", condition=True)
            assert await client.wait_closed() == 1012
    await trio.sleep(5.0)
    assert sim.server.statistics().connections == 0


@at_every_level(seeds=5, config=UNEVEN)
async def test_a_server_that_takes_the_place_of_another_knows_nobody(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await ana.say("{}")
    await ana.expect("error")
    await sim.restart()
    assert await ana.wait_closed() == await bo.wait_closed() == 1012
    assert sim.server.statistics().waiting == 0
    ana, bo = await sim.clients("ana", "bo")
    await bo.join(match_size=2)
    await trio.sleep(1.0)
    assert sim.server.statistics().matches == 0
    await ana.join(match_size=2)
    assert (await ana.expect("room-found")).peers == ("bo", "ana")

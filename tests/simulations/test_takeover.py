"""Two connections of one user: the newer one speaks for it, and the older one's end touches nothing."""

from __future__ import annotations

import trio

from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.frames import text
from tests.simulations.levels import at_every_level, on_both_transports
from tests.simulations.looks import end_read_at, sdps
from tests.simulations.raw import EXACT, open_peer

HASTY = RunConfig(
    latency=(0.001, 0.05),
    buggify={"owner.late-turn": 0.25, "inbox.late-send": 0.25, "owner.short-turn": 0.5},
)


@at_every_level(seeds=10, config=HASTY)
async def test_the_newer_connection_closes_the_older_and_hears_what_the_older_would(sim: Simulation) -> None:
    old, bo = await sim.clients("ana", "bo")
    await old.join(match_size=2)
    await bo.join(match_size=2)
    await old.expect("room-found")
    [new] = await sim.clients("ana")
    assert await old.wait_closed() == 4501
    await bo.offer(to="ana", sdp=1)
    assert (await new.expect("offer")).sdp == 1
    await new.answer(to=bo, sdp=2)
    assert (await bo.expect("answer")).sdp == 2
    assert sdps(old) == []
    await trio.sleep(5.0)
    at = sim.server.statistics()
    assert (at.connections, at.users, at.rooms) == (2, 2, 1)


@at_every_level(seeds=10, config=HASTY)
async def test_a_place_in_a_queue_is_the_connections_own(sim: Simulation) -> None:
    """The older one's goes with it; the newer one's does not, however late the older one's end comes."""
    [old] = await sim.clients("ana")
    await old.join(match_size=2)
    await old.say("{}")
    assert (await old.expect("error")).code == "bad-message"  # so it waits by now
    sim.net.hold(old)
    [new] = await sim.clients("ana")
    await new.join(match_size=2)
    await trio.sleep(5.0)
    assert sim.server.statistics().waiting == 1
    sim.net.release(old)
    assert await old.wait_closed() in {4501, None}
    await trio.sleep(5.0)
    assert sim.server.statistics().waiting == 1
    [bo] = await sim.clients("bo")
    await bo.join(match_size=2)
    assert (await new.expect("room-found")).peers == ("ana", "bo")


@at_every_level(seeds=10, config=HASTY)
async def test_of_many_at_once_the_newest_is_left(sim: Simulation) -> None:
    clients = [sim.start_client("ana") for _ in range(6)]
    [bo] = await sim.clients("bo")
    await trio.sleep(15.0)
    there = [client for client in clients if client.is_open]
    assert len(there) == 1
    assert [client.close_code for client in clients if client not in there] == [4501] * 5
    sometimes("it is not the one that dialled last", there != clients[-1:])
    await there[0].join(match_size=2)
    await bo.join(match_size=2)
    assert "ana" in (await bo.expect("room-found")).peers
    await bo.offer(to="ana", sdp="hello")
    assert (await there[0].expect("offer")).sdp == "hello"


@on_both_transports(seeds=5, config=EXACT)
async def test_what_the_older_one_says_behind_its_end_is_not_heard(sim: Simulation) -> None:
    async with open_peer(sim, "ana") as old, open_peer(sim, "bo") as bo:
        for peer in (old, bo):
            await peer.say({"type": "matchmaking", "matchSize": 2})
        for peer in (old, bo):
            assert (await peer.hear())["type"] == "room-found"
        old.answers_close = False
        await trio.sleep(1.0)
        async with open_peer(sim, "ana") as new:
            assert (await old.receive()) == frames.Received(frames.CLOSE, b"\x11\x95replaced")
            await old.send(text('{"type":"offer","to":"bo","sdp":"from the older one"}'))
            assert await old.events() == ["eof"]
            assert sim.now() == 1.0 + sim.server.config.close_timeout
            await new.say({"type": "offer", "to": "bo", "sdp": "from the newer one"})
            assert (await bo.hear())["sdp"] == "from the newer one"
            await new.part()
        await bo.part()


@at_every_level(seeds=10, config=EXACT)
async def test_a_user_that_comes_back_within_its_grace_has_its_seat(sim: Simulation) -> None:
    first, bo = await sim.clients("ana", "bo")
    await first.join(match_size=2)
    await bo.join(match_size=2)
    await first.expect("room-found")
    await first.reset()
    await trio.sleep(29.0)
    assert end_read_at(sim, first) == 0.0
    [second] = await sim.clients("ana")
    await bo.offer(to="ana", sdp="are you back?")
    assert (await second.expect("offer")).sdp == "are you back?"
    await trio.sleep(60.0)
    await second.answer(to=bo, sdp="still")
    assert (await bo.expect("answer")).sdp == "still"


@at_every_level(seeds=5, config=EXACT)
async def test_a_user_that_comes_back_later_is_a_new_one(sim: Simulation) -> None:
    first, bo = await sim.clients("ana", "bo")
    await first.join(match_size=2)
    await bo.join(match_size=2)
    await first.expect("room-found")
    await first.reset()
    await trio.sleep(31.0)
    [second] = await sim.clients("ana")
    await bo.offer(to="ana")
    assert (await bo.expect("error")).code == "peer-unavailable"
    await second.offer(to=bo)
    assert (await second.expect("error")).code == "peer-unavailable"

"""A test's own client among simulated ones: the invariants take it for somebody who is there."""

from __future__ import annotations

import pytest
from trio_websocket import WebSocketConnection, open_websocket_url

from focus_signal.errors import SimulationFailed
from focus_signal.testing import Simulation, simulate
from focus_signal.testing.history import Served

JOIN = '{"type":"matchmaking","matchSize":2}'


async def meet(sim: Simulation, stranger: WebSocketConnection) -> None:
    [bo] = await sim.clients("bo")
    await stranger.send_message(JOIN)
    await bo.join(2)
    assert sorted((await bo.expect("room-found")).peers) == ["ana", "bo"]
    assert "room-found" in await stranger.get_message()
    await bo.offer(to="ana")
    assert '"offer"' in await stranger.get_message()
    await stranger.send_message('{"type":"answer","to":"bo","sdp":"v=0"}')
    assert (await bo.expect("answer")).sdp == "v=0"
    await stranger.send_message('{"type":"answer","to":"nobody","sdp":"v=0"}')
    assert "peer-unavailable" in await stranger.get_message()


@simulate(seeds=10)
async def test_a_stranger_and_a_client_meet(sim: Simulation) -> None:
    async with open_websocket_url(sim.url("ana")) as stranger:
        await meet(sim, stranger)
    assert sorted(event.conn > 0 for event in sim.history if isinstance(event, Served)) == [False, True]


@simulate(seeds=10)
async def test_a_stranger_that_is_taken_over_and_drained(sim: Simulation) -> None:
    async with open_websocket_url(sim.url("ana")) as stranger, open_websocket_url(sim.url("cy")):
        await stranger.send_message(JOIN)
        [ana] = await sim.clients("ana")
        await sim.drain(5.0)
        assert await ana.wait_closed() == 1012
    await sim.restart()


def test_a_room_with_a_stranger_is_looked_at_as_any() -> None:
    @simulate(seeds=1, subject="peers-without-oneself")
    async def test(sim: Simulation) -> None:
        async with open_websocket_url(sim.url("ana")) as stranger:
            await sim.clients("bo")
            bo = await sim.client("bo")
            await stranger.send_message(JOIN)
            await bo.join(2)
            await bo.expect("room-found")

    with pytest.raises(SimulationFailed, match="room-size"):
        test()

"""A handshake may come in any pieces: what is answered is the same."""

from __future__ import annotations

from contextlib import suppress

import trio

from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulated import simulate
from focus_signal.testing.simulation import Simulation
from tests.server.hostile.answers import faults, read_all
from tests.server.hostile.handshake_table import BAD_HANDSHAKES, ODD_HANDSHAKES
from tests.server.hostile.peer import finish_handshake
from tests.simulations.raw import open_stream

BYTE_BY_BYTE = RunConfig(latency=(0.0, 0.0), chunk=1)
IN_PIECES = RunConfig(latency=(0.0, 0.001), chunk=100)


@simulate(seeds=1, config=BYTE_BY_BYTE)
async def test_a_bad_handshake_may_come_byte_by_byte(sim: Simulation) -> None:
    await _send_all_of_them(sim)


@simulate(seeds=5, config=IN_PIECES)
async def test_a_bad_handshake_may_come_in_pieces(sim: Simulation) -> None:
    await _send_all_of_them(sim)


async def _send_all_of_them(sim: Simulation) -> None:
    found: list[str] = []
    for row in BAD_HANDSHAKES:
        async with open_stream(sim) as stream, trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, row.sent)
            found += [f"{row.name}: {fault}" for fault in faults(await read_all(stream), row.wanted)]
            nursery.cancel_scope.cancel()
    assert not found, "\n".join(found)


@simulate(seeds=5, config=IN_PIECES)
async def test_an_odd_handshake_may_come_in_pieces(sim: Simulation) -> None:
    for name, sent, user in ODD_HANDSHAKES:
        async with open_stream(sim) as stream:
            await stream.send_all(sent)
            peer = await finish_handshake(stream)
            await peer.say({"type": "matchmaking", "matchSize": 1})
            assert (await peer.hear())["peers"] == [user], name
            await peer.part()


async def _send(stream: SimStream, data: bytes) -> None:
    # Or the answer comes before all was sent.
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)

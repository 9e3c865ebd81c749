"""When everyone has left nothing is left of them: no user, room, place in a queue, task, stream, outbox."""

from __future__ import annotations

import pytest
import trio

from focus_signal.errors import TransportClosed
from focus_signal.server.server import Server
from focus_signal.testing.client import Client
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulated import run_test
from focus_signal.testing.simulation import Simulation
from tests.simulations.levels import at_every_level
from tests.simulations.raw import NOTHING, UNEVEN, Left, left, open_stream

SHORT_GRACE = RunConfig(
    latency=(0.001, 0.05), seat_grace=2.0, inbox_batches=1, buggify={"owner.late-turn": 0.3}
)
# A batch takes up to two seconds to the owner, and so does a goodbye that is not answered.
LATE = RunConfig(latency=(0.0, 0.01), seat_grace=2.0, settle=5.0, buggify={"inbox.late-send": 0.9})


def _maps(sim: Simulation) -> dict[str, int]:
    """Count what the server's parts hold, by name; all of it is somebody's."""
    owner = sim.server._owner
    return {
        "outboxes": len(owner._outboxes),
        "ended": len(owner._ended),
        "due": len(owner._due),
        "leaving": len(owner._leaving),
        "touched": len(owner._touched),
        "connections": len(sim.server._roll),
        "messages in outboxes": sum(each.messages for each in sim.server.outboxes().values()),
    }


@at_every_level(seeds=10, config=SHORT_GRACE)
async def test_nothing_is_left_of_a_crowd(sim: Simulation) -> None:
    """Twenty connections of seven users come, wait, meet, take over and leave in every way."""
    clients: list[Client] = []
    for number in range(20):
        client = sim.start_client(f"user-{number % 7}")
        clients.append(client)
        sim.nursery.start_soon(_visit, client, number)
        await trio.sleep(0.1 * (number % 3))
    await trio.sleep(1.0)
    sometimes("a room stands", sim.server.statistics().rooms > 0)
    sometimes("somebody waits", sim.server.statistics().waiting > 0)
    for number, client in enumerate(clients):
        if client.is_open:
            await (client.close, client.reset, client.half_close)[number % 3]()
    # A server that was ended in the middle of its own goodbye waits for the answer until the deadline.
    await trio.sleep(20.0)
    at = sim.server.statistics()
    assert (at.connections, at.users, at.rooms, at.waiting) == (0, 0, 0, 0)
    assert left(sim) == NOTHING
    assert set(_maps(sim).values()) == {0}, _maps(sim)


async def _visit(client: Client, number: int) -> None:
    """Ask for a room, and write to whoever may be there, for as long as the connection lasts."""
    try:
        await client.connect()
        await client.join(match_size=1 + number % 3)
        for other in range(7):
            await client.offer(to=f"user-{other}", sdp="x" * 1000)
    except TransportClosed:
        pass  # another one of the same user has taken its place


@at_every_level(seeds=5, config=UNEVEN)
async def test_those_who_vanish_are_found_and_nothing_is_left_of_them(sim: Simulation) -> None:
    clients = await sim.clients(*(f"ghost-{number}" for number in range(4)))
    for client in clients:
        await client.join(match_size=3)
    await trio.sleep(1.0)
    for client in clients:
        sim.net.hold(client)
    assert sim.server.statistics().connections == 4
    # Nobody answers the goodbye either.
    await sim.drain(grace=5.0)
    await trio.sleep(sim.config.seat_grace + 5.0)
    at = sim.server.statistics()
    assert (at.connections, at.users, at.rooms, at.waiting) == (0, 0, 0, 0)
    assert left(sim) == NOTHING
    assert set(_maps(sim).values()) == {0}, _maps(sim)


@at_every_level(seeds=20, config=LATE)
async def test_whose_words_wait_while_it_is_closed_is_not_left_behind(sim: Simulation) -> None:
    """Nobody reads at that moment, nobody answers the goodbye, and its own reader comes back only then."""
    [old] = await sim.clients("ana")
    sim.net.partition(old, seconds=60.0, direction="down")
    await old.join(match_size=2)
    await trio.sleep(0.2)
    sometimes("its words are waiting", sim.server.statistics().waiting == 0)
    await sim.clients("ana")
    await trio.sleep(10.0)
    assert sim.server.statistics().connections == 1
    assert left(sim).streams == 1


def test_what_is_left_is_seen() -> None:
    """A handler that never ends has a task and a stream; the look at a moment and the invariant see both."""

    async def never_end(self: Server, nursery: trio.Nursery, stream: trio.abc.Stream) -> None:
        del self, nursery, stream
        await trio.sleep_forever()

    async def come_and_go(sim: Simulation) -> None:
        async with open_stream(sim):
            await trio.sleep(1.0)
        await trio.sleep(100.0)
        assert left(sim) == Left(tasks=1, streams=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "_handle_stream", never_end)
        ran = run_test(come_and_go, seed=0)
    assert ran.error is None
    assert {violation.invariant for violation in ran.violations} == {"leak"}

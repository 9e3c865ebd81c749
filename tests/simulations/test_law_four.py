"""One reader and one writer: no frame is torn, doubled or out of order, whatever is done to the stream.

Every simulation looks at each byte that the server sends (see `focus_signal.testing.shell.watch`). In these
the server has to send in parts, nearly all the time, and is cut short in the middle of them.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
import trio
from msgspec.structs import replace

from focus_signal.errors import TransportClosed
from focus_signal.testing.client import Client
from focus_signal.testing.history import Got, Ponged
from focus_signal.testing.keyed import draw
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.run import run_plan
from focus_signal.testing.shell.watch import Watch
from focus_signal.testing.simulated import run_test
from focus_signal.testing.simulation import Simulation
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.registry import subject_named
from focus_signal.testing.workload.swarm import swarm
from focus_signal.testing.workload.vocabulary import VERBS
from tests.simulations.levels import LIBRARY, MESSAGE, NAMES, NATIVE, Way

USERS = 4
SAYS = 10
SEEDS = 12
SLOW, LONGEST = 50.0, 300
# What the chaos finds out, beside what the default swarm does.
MUTANTS = ("begins-anew", "rest-is-lost", "close-within-frame", "pong-within-frame", "cut-send-goes-on")


def config_of(seed: int, way: Way) -> RunConfig:
    """Make a run in which everything goes out in parts."""

    def one(name: str, *values: float) -> float:
        return values[int(draw(seed, name) * len(values))]

    return RunConfig(
        latency=(0.001, one("latency", 0.001, 0.01, 0.05)),
        chunk=int(one("chunk", 0, 3, 16)),
        window=100,
        ping_interval=one("ping", 2.0, 5.0, 3600.0),
        client_pings=one("client-pings", 0.2, 1.0),
        outbox_bytes=int(one("outbox", 256, 4_096, 1 << 20)),
        write_timeout=one("write", 0.5, 10.0),
        plain_streams=bool(one("plain", 0, 1)),
        buggify={"connection.backlogged": one("backlogged", 0.0, 0.5)},
        transport=way.transport,
        seat_grace=1.0,
        settle=30.0,
    )


async def chaos(sim: Simulation) -> None:
    """Let everybody speak to everybody, meddle with every link, and end the server in the middle of it."""
    clients = [sim.start_client(f"user-{number}") for number in range(USERS)]
    async with trio.open_nursery() as nursery:
        for number, client in enumerate(clients):
            nursery.start_soon(_talk, sim, client)
            nursery.start_soon(_meddle, sim, client, number)
        await trio.sleep(1.0 + 2.0 * draw(sim.seed, "end"))
        match int(draw(sim.seed, "how") * 4):
            case 0:
                await sim.drain(grace=1.0)
                await sim.restart()
            case 1:
                await sim.restart()
            case 2:
                await sim.stop()
            case _:
                await trio.sleep(10.0)
        nursery.cancel_scope.cancel()


async def _talk(sim: Simulation, client: Client) -> None:
    with suppress(TransportClosed):  # that is what happens to it here
        await client.connect()
        await client.join(match_size=2)
        for number in range(SAYS):
            other = int(draw(sim.seed, client.label, "to", number) * USERS)
            size = int(draw(sim.seed, client.label, "size", number) * LONGEST)
            await client.offer(to=f"user-{other}", sdp="x" * size)
            await trio.sleep(0.1 * draw(sim.seed, client.label, "then", number))


async def _meddle(sim: Simulation, client: Client, number: int) -> None:
    await trio.sleep(0.5 + draw(sim.seed, "when", number))
    sim.net.window(client, 1 + int(draw(sim.seed, "window", number) * 100))
    await trio.sleep(0.5 * draw(sim.seed, "what", number))
    match number:
        case 0:
            sim.net.slow_reader(client, SLOW)
        case 1:
            sim.net.hold(client)
            await trio.sleep(2.0 * draw(sim.seed, "release"))
            sim.net.release(client)
        case 2:
            sim.net.reset(client)
        case _:
            sim.nursery.start_soon(_talk, sim, sim.start_client(client.user))


def _broken_in(seed: int, way: Way, subject: Subject, seen: Counter[str]) -> set[str]:
    """Run one seed, name what was broken, and count what became of its frames."""
    watches: list[Watch] = []

    async def test(sim: Simulation) -> None:
        watches.append(sim._world.watch)
        await chaos(sim)

    ran = run_test(test, seed=seed, level=way.level, config=config_of(seed, way), subject=subject)
    if ran.error is not None:
        raise ran.error
    seen["parts"] += watches[0].cut
    seen["left within a frame"] += watches[0].left_within
    seen.update(type(event).__name__ for event in ran.history)
    return {violation.invariant for violation in ran.violations}


@pytest.mark.parametrize("way", [NATIVE, LIBRARY, MESSAGE], ids=NAMES.__getitem__)
def test_frames_are_whole_and_in_order_whatever_happens(way: Way) -> None:
    seen: Counter[str] = Counter()
    broken = {seed: found for seed in range(SEEDS) if (found := _broken_in(seed, way, SERVER, seen))}
    assert broken == {}
    assert seen["parts"] > 20 * SEEDS, "most of what went out went out in parts"
    assert seen["left within a frame"] > SEEDS / 4, "the rest of some never went out"
    assert seen["Got"] > 5 * SEEDS
    if way is not LIBRARY:
        assert seen["Ponged"] > SEEDS, "pongs were among it"


@pytest.mark.parametrize("name", MUTANTS)
def test_it_would_be_seen(name: str) -> None:
    mutant = subject_named(name)
    assert any("frames" in _broken_in(seed, NATIVE, mutant, Counter()) for seed in range(SEEDS))


@pytest.mark.parametrize("level", ["full", "message"])
def test_the_swarm_on_links_on_which_nothing_has_room(level: Level) -> None:
    seen: Counter[str] = Counter()
    workload = swarm(verbs=VERBS, transport="native")
    for seed in range(25):
        plan = workload.plan(seed)
        narrow = replace(plan.config, window=1 + int(draw(seed, "narrow") * 100))
        ran = run_plan(replace(plan, config=narrow), level=level)
        assert ran.violations == (), f"seed {seed}"
        seen.update(type(event).__name__ for event in ran.history)
    assert seen[Got.__name__] > 100
    assert seen[Ponged.__name__] > 10

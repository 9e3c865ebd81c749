"""`simulate`: a run for each seed, and what comes out of one that does not end well."""

from __future__ import annotations

from typing import get_args

import pytest
import trio
from msgspec.structs import replace

from focus_signal.errors import PlanError, SimulationFailed
from focus_signal.server.config import TransportName
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.simulated import gentle_config, run_test, simulate
from focus_signal.testing.simulation import Simulation

LEVELS: tuple[Level, ...] = ("message", "full")


def test_it_runs_once_for_each_seed() -> None:
    seeds: list[int] = []

    @simulate(seeds=[5, 7])
    async def test(sim: Simulation) -> None:
        assert sim.config == gentle_config(sim.seed)
        seeds.append(sim.seed)

    test()
    assert seeds == [5, 7]


@pytest.mark.parametrize("transport", get_args(TransportName))
@pytest.mark.parametrize("config", [None, RunConfig(transport="trio-websocket", chunk=100)])
def test_it_runs_on_the_transport_that_it_asks_for(
    transport: TransportName, config: RunConfig | None
) -> None:
    @simulate(seeds=6, transport=transport, config=config)
    async def test(sim: Simulation) -> None:
        assert sim.config == replace(config or gentle_config(sim.seed), transport=transport)
        assert sim.server.config.transport == transport
        [ana] = await sim.clients("ana")
        await ana.join(match_size=1)
        await ana.expect("room-found")

    test()


def test_without_a_config_nothing_is_drawn_that_closes_a_slow_connection() -> None:
    usual = RunConfig()
    drawn = [gentle_config(seed) for seed in range(200)]
    assert {config.write_timeout for config in drawn} == {usual.write_timeout}
    assert {config.outbox_bytes for config in drawn} == {usual.outbox_bytes}
    assert min(config.window for config in drawn) >= 512
    assert {config.transport for config in drawn} == set(get_args(TransportName))


def test_a_transport_that_there_is_not_is_refused() -> None:
    with pytest.raises(PlanError, match="transport must be 'native' or 'trio-websocket', not 'wsproto'"):
        simulate(1, transport="wsproto")  # type: ignore[arg-type]


def test_what_the_test_raises_comes_out_with_the_seed_in_a_note() -> None:
    @simulate(seeds=4, level="message")
    async def test(sim: Simulation) -> None:
        assert sim.seed < 2, "too far"

    with pytest.raises(AssertionError, match="too far") as raised:
        test()
    assert raised.value.__notes__ == ["in the simulation of seed 2 at the message level"]


def test_an_invariant_that_does_not_hold_fails_it() -> None:
    @simulate(seeds=1, subject="seed")
    async def test(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        await ana.join(match_size=2)
        await ana.join(match_size=2)
        await trio.sleep(1.0)

    with pytest.raises(SimulationFailed, match="self-match"):
        test()


@pytest.mark.parametrize(("level", "seeds"), [("core", 1), ("full", 0)])
def test_what_cannot_be_simulated_is_refused(level: Level, seeds: int) -> None:
    with pytest.raises(PlanError):
        simulate(seeds, level=level)


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_seed_gives_the_same_run(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        ana, bo = await sim.clients("ana", "bo")
        await ana.join(match_size=2)
        await bo.join(match_size=2)
        await ana.expect("room-found")
        sim.net.reset(bo)

    runs = [run_test(test, seed=seed, level=level) for seed in (1, 1, 2)]
    assert runs[0].digest == runs[1].digest
    assert runs[0].digest != runs[2].digest

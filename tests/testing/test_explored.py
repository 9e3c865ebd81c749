"""Exploring a test of a simulated server: the orders of its tasks, and nothing else."""

from __future__ import annotations

from focus_signal.testing import Exploration, RunConfig, Simulation, exhaustive, explore, pct, sampled
from focus_signal.testing.plan import Level

STILL = RunConfig(latency=(0.0, 0.0), settle=1.0, seat_grace=1.0)


async def two_ask_at_once(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    sim.nursery.start_soon(ana.join, 2)
    sim.nursery.start_soon(bo.join, 2)
    room = await ana.expect("room-found")
    assert sorted(room.peers) == ["ana", "bo"]
    assert room.peers == ("ana", "bo"), "bo was first"


def found_at(level: Level) -> Exploration:
    return explore(two_ask_at_once, sampled(schedules=40), level=level, config=STILL)


def test_another_order_gives_another_outcome_and_is_told() -> None:
    for level in ("message", "full"):
        explored = found_at(level)
        assert explored.schedules == explored.distinct == 40
        assert not explored.complete
        assert 0 < len(explored.failures) < 40
        assert all("bo was first" in failure.error for failure in explored.failures)
        assert "run_test(two_ask_at_once, seed=0" in explored.failures[0].how


def test_it_is_the_same_the_second_time() -> None:
    assert found_at("message") == found_at("message")


def test_every_order_of_a_server_is_too_many_and_it_says_so() -> None:
    explored = explore(two_ask_at_once, exhaustive(max_schedules=20), config=STILL, stop_at_first=False)
    assert str(explored).startswith("not complete: 20 of more")


def test_an_invariant_that_does_not_hold_is_a_failure() -> None:
    async def asks_twice(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        await ana.join(2)
        await ana.join(2)

    explored = explore(asks_twice, pct(schedules=5), subject="twins", stop_at_first=True)
    assert explored.beyond_trio
    assert explored.schedules == 1
    assert "self-match: ana is twice in [ana, ana]" in explored.failures[0].error


def test_a_test_without_a_server_is_explored_as_it_is() -> None:
    async def nothing() -> None:
        pass

    explored = explore(nothing, exhaustive())
    assert (explored.complete, explored.schedules, explored.failures) == (True, 1, ())

"""A siege: what a seed makes of it, that it replays and shrinks, and that its server is the real one."""

from __future__ import annotations

from typing import get_args

import pytest

from focus_signal.errors import PlanError
from focus_signal.testing.campaign import run_campaign
from focus_signal.testing.history import Beyond, Ended, Meddled, Served, Settled
from focus_signal.testing.plan import (
    MOST_STRANGERS,
    Hostile,
    HostileDeed,
    Plan,
    RunConfig,
    Verb,
    check_plan,
    read_plan,
)
from focus_signal.testing.run import run_plan, run_simulation
from focus_signal.testing.shell.deeds import DEEDS_OF_STRANGERS
from focus_signal.testing.shrink import shrink
from focus_signal.testing.workload.besieging import LIMITS, USERS
from focus_signal.testing.workload.swarm import siege, swarm


def strangers(plan: Plan) -> list[Hostile]:
    return [operation for operation in plan.operations if isinstance(operation, Hostile)]


def test_every_deed_can_be_done_and_is_drawn() -> None:
    deeds = set(get_args(HostileDeed))
    assert deeds == {*DEEDS_OF_STRANGERS, "failing"}
    assert {hostile.deed for seed in range(100) for hostile in strangers(siege().plan(seed))} == deeds


def test_seeds_differ_and_the_same_one_draws_the_same() -> None:
    plans = [siege().plan(seed) for seed in range(20)]
    assert plans == [siege().plan(seed) for seed in range(20)]
    assert len({plan.to_json() for plan in plans}) == 20
    assert any(isinstance(operation, Verb) for plan in plans for operation in plan.operations)
    for plan in plans:
        check_plan(plan)
        assert read_plan(plan.to_json()) == plan
        assert plan.config.limits == LIMITS


def test_a_swarm_has_no_strangers_and_the_usual_limits() -> None:
    plan = swarm().plan(7)
    assert (strangers(plan), plan.config.limits) == ([], {})


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = (run_simulation(seed=3, level="full", workload=siege()) for _ in range(2))
    assert first.digest == second.digest
    assert first.history == second.history


@pytest.mark.parametrize("level", ["core", "message"])
def test_below_the_full_level_there_are_only_the_users(level: str) -> None:
    ran = run_simulation(seed=3, level="core" if level == "core" else "message", workload=siege())
    assert ran.violations == ()
    served = [event for event in ran.history if isinstance(event, Served)]
    assert len(served) == len(USERS)
    assert not [event for event in ran.history if isinstance(event, Beyond)]


def test_a_plan_with_strangers_shrinks_to_one_of_them() -> None:
    subject = "no-max-handshakes"

    def fails(plan: Plan) -> bool:
        ran = run_plan(plan, level="full", subject=subject)
        return any(violation.invariant == "held" for violation in ran.violations)

    whole = Plan(
        seed=1,
        config=RunConfig(seconds=5.0, limits={"max_handshakes": 2}),
        operations=(
            Hostile(id=1, at=1.0, deed="crowd", times=2),
            Hostile(id=2, at=1.5, deed="silent", times=7),
            Hostile(id=3, at=2.0, deed="lingering"),
        ),
    )
    [left] = strangers(shrink(whole, fails).plan)
    assert (left.deed, left.times) == ("silent", 3)


def test_what_a_run_shows_of_strangers() -> None:
    ran = run_simulation(seed=3, level="full", subject="no-ping-interval", workload=siege())
    assert any(violation.text.startswith("ping_interval: ") for violation in ran.violations)
    begun = {event.op for event in ran.history if isinstance(event, Meddled)}
    assert {hostile.id for hostile in strangers(ran.plan)} <= begun
    drawn = ran.to_ascii()
    assert "strangers: mute" in drawn
    assert "beyond ping_interval" in drawn


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(PlanError, match=r"config\.limits must name one of .*max_handshakes.* not 'host'"):
        check_plan(Plan(seed=1, config=RunConfig(limits={"host": 1}), operations=()))
    with pytest.raises(PlanError, match=r"config\.max_handshakes must be a whole number"):
        check_plan(Plan(seed=1, config=RunConfig(limits={"max_handshakes": -1}), operations=()))
    with pytest.raises(PlanError, match=rf"operations\[0\]\.times must be from 1 to {MOST_STRANGERS}, not 0"):
        check_plan(
            Plan(
                seed=1,
                config=RunConfig(),
                operations=(Hostile(id=1, at=0.0, deed="silent", times=0),),
            )
        )


def test_a_campaign_of_sieges_in_two_processes_comes_to_the_same() -> None:
    alone, shared = (run_campaign(range(4), level="full", workload=siege(), jobs=jobs) for jobs in (1, 2))
    assert alone.digest == shared.digest
    assert alone.violations == ()


def besieged(seeds: range) -> None:
    for seed in seeds:
        ran = run_simulation(seed=seed, level="full", workload=siege())
        assert ran.violations == (), f"seed {seed}"
        if any(isinstance(operation, Verb) for operation in ran.plan.operations):
            continue
        settled = next(event.t for event in ran.history if isinstance(event, Settled))
        ended = [event for event in ran.history if isinstance(event, Ended) and event.t < settled]
        assert ended == [], f"seed {seed}: a user who did nothing wrong was sent away"


def test_the_real_server_stands_a_siege() -> None:
    besieged(range(15))


@pytest.mark.long
def test_the_real_server_stands_many_sieges() -> None:
    besieged(range(15, 400))

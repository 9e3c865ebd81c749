"""The swarm: plans that a seed alone decides, that hold everything, and that find what is to be found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from importlib import import_module
from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from focus_signal.core.effects import Relayed, RoomFound
from focus_signal.errors import PlanError
from focus_signal.server.config import TransportName
from focus_signal.testing import history as h
from focus_signal.testing.core_level import run_core
from focus_signal.testing.invariants.check import check
from focus_signal.testing.keyed import quantized
from focus_signal.testing.plan import (
    POINTS,
    Join,
    Plan,
    RunConfig,
    Signal,
    Verb,
    check_plan,
    users_of,
)
from focus_signal.testing.subject import SERVER
from focus_signal.testing.subjects.seed import SEED
from focus_signal.testing.workload.drawing import draw_plan
from focus_signal.testing.workload.swarm import Workload, plans, swarm
from focus_signal.testing.workload.vocabulary import DEEDS, FAULTS, VERBS
from tests.testing.plan_features import EXPECTED, features

EVERYTHING = swarm(verbs=VERBS)
SEEDS = 200


def missing(workload: Workload) -> set[str]:
    return EXPECTED - {feature for seed in range(SEEDS) for feature in features(workload.plan(seed))}


def test_everything_that_there_is_occurs_in_200_seeds() -> None:
    assert missing(EVERYTHING) == set()


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("takeover", None),
        ("reconnect", None),
        ("join-bad", "size -1"),
        ("signal-self", "to oneself"),
        ("signal-unknown", "offer to nobody"),
        ("signal-claim", "claim"),
        ("signal-large", "padding"),
        ("signal-clump", "clump"),
        ("say", "text {"),
        ("burst", None),
        ("drain", "verb drain"),
        *((fault, f"fault {fault}") for fault in FAULTS),
    ],
)
def test_a_swarm_that_has_lost_a_kind_of_deed_is_found_out(
    monkeypatch: pytest.MonkeyPatch, kind: str, lost: str | None
) -> None:
    # By its whole name: the package hands out the function of the same name.
    module = import_module("focus_signal.testing.workload.swarm")
    monkeypatch.setattr(module, "DEEDS", {deed: share for deed, share in DEEDS.items() if deed != kind})
    gone = missing(EVERYTHING)
    assert f"deed {kind}" in gone
    assert lost is None or lost in gone


@pytest.mark.parametrize(
    ("workload", "lost"),
    [
        (swarm(verbs=VERBS, faults=()), {f"fault {kind}" for kind in FAULTS}),
        (swarm(), {f"verb {verb}" for verb in VERBS}),
        (swarm(verbs=VERBS, buggify=False), {f"point {point}" for point in POINTS}),
        (swarm(verbs=VERBS, sizes=(2, 3)), {"size 4"}),
    ],
)
def test_what_an_author_leaves_out_does_not_occur(workload: Workload, lost: set[str]) -> None:
    assert lost <= missing(workload)


def test_what_is_switched_off_changes_no_other_option() -> None:
    for seed in range(50):
        full = msgspec.structs.asdict(EVERYTHING.config(seed))
        less = msgspec.structs.asdict(swarm(faults=(), verbs=(), buggify=False).config(seed))
        assert {name for name in full if full[name] != less[name]} <= {"weights", "buggify"}


@pytest.mark.parametrize("transport", get_args(TransportName))
def test_an_author_may_choose_the_transport_and_changes_nothing_else(transport: TransportName) -> None:
    for seed in range(20):
        plan = swarm(transport=transport).plan(seed)
        drawn = swarm().plan(seed)
        assert plan.config.transport == transport
        assert plan == replace(drawn, config=replace(drawn.config, transport=transport))


def test_most_seeds_are_on_the_servers_own_transport() -> None:
    drawn = Counter(swarm().config(seed).transport for seed in range(400))
    assert drawn["native"] > 2 * drawn["trio-websocket"] > 50


def test_the_points_meddle_in_about_half_of_the_seeds() -> None:
    on = sum(bool(EVERYTHING.config(seed).buggify) for seed in range(400))
    assert 0.4 < on / 400 < 0.65


def test_shares_come_to_1() -> None:
    for seed in range(50):
        assert sum(EVERYTHING.config(seed).weights.values()) == pytest.approx(1, abs=0.01)


def test_a_plan_is_what_its_seed_and_its_printed_config_make_of_it() -> None:
    for seed in range(20):
        plan = EVERYTHING.plan(seed)
        config = msgspec.json.decode(msgspec.json.encode(plan.config), type=RunConfig)
        assert draw_plan(seed, config) == plan


@pytest.mark.parametrize("workload", [EVERYTHING, swarm(clients=1), swarm(clients=20, operations=300)])
def test_plans_are_right(workload: Workload) -> None:
    for seed in range(30):
        plan = workload.plan(seed)
        check_plan(plan)
        assert workload.operations <= len(plan.operations) <= workload.operations + 3
        assert [operation.id for operation in plan.operations] == list(range(1, len(plan.operations) + 1))
        for operation in plan.operations:
            assert 0 <= operation.at <= workload.seconds
            assert quantized(operation.at) == operation.at
        assert set(users_of(plan).values()) <= {f"u{number}" for number in range(1, workload.clients + 1)}


def test_a_drain_is_followed_by_a_restart_and_a_stop_by_nothing() -> None:
    seen: Counter[str] = Counter()
    for seed in range(200):
        plan = EVERYTHING.plan(seed)
        verbs = [operation.verb for operation in plan.operations if isinstance(operation, Verb)]
        for verb, following in pairwise((*verbs, "end")):
            seen[f"{verb} {following}"] += 1
            assert verb != "drain" or following in {"restart", "end", "stop"}
        if "stop" in verbs:
            assert isinstance(plan.operations[-1], Verb)
            assert plan.operations[-1].verb == "stop"
            assert verbs.count("stop") == 1
    assert seen["drain restart"] > 60


def test_a_drain_that_no_restart_may_follow_comes_last() -> None:
    verbs = [
        [operation.verb for operation in plan.operations if isinstance(operation, Verb)]
        for plan in map(swarm(verbs=("drain",)).plan, range(30))
    ]
    assert all(found in ([], ["drain"]) for found in verbs)
    assert ["drain"] in verbs
    assert isinstance(swarm(verbs=("drain",)).plan(verbs.index(["drain"])).operations[-1], Verb)


def test_most_of_what_is_done_means_something() -> None:
    """Else a run is a lot of noise: signals must reach peers, and those who ask must meet."""
    signals = relayed = joins = found = 0
    for seed in range(100):
        plan = swarm().plan(seed)
        history = run_core(plan, SERVER)
        signals += sum(isinstance(operation, Signal) for operation in plan.operations)
        joins += sum(isinstance(operation, Join) for operation in plan.operations)
        got = [event.message for event in history if isinstance(event, h.Got)]
        relayed += sum(isinstance(message, Relayed) for message in got)
        found += sum(isinstance(message, RoomFound) for message in got)
    assert relayed > 0.4 * signals > 200
    assert found > 0.25 * joins > 200


def test_the_default_swarm_finds_the_defects_of_the_seed() -> None:
    wanted = {
        "self-match",
        "two-rooms",
        "silent-loss",
        "spoofed-sender",
        "takeover-unreachable",
        "dead-match",
        "starved-queue",
    }
    workload = swarm()
    for seed in range(400):
        plan = workload.plan(seed)
        wanted -= {violation.invariant for violation in check(run_core(plan, SEED), plan)}
        if not wanted:
            return
    assert wanted == set()


def test_the_real_server_holds_every_invariant_in_the_swarm() -> None:
    for seed in range(200):
        plan = EVERYTHING.plan(seed)
        assert check(run_core(plan, SERVER), plan) == [], f"seed {seed}"


@given(plans())
def test_hypothesis_can_drive_the_real_server_too(plan: Plan) -> None:
    assert check(run_core(plan, SERVER), plan) == []


def test_plans_needs_hypothesis_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "focus_signal.testing.workload.strategies", raising=False)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError):
        plans()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"clients": 0}, "clients must be a whole number from 1 to 1000, not 0"),
        ({"clients": 2.5}, "clients must be a whole number from 1 to 1000, not 2.5"),
        ({"clients": True}, "clients must be a whole number from 1 to 1000, not True"),
        ({"operations": -1}, "operations must be a whole number from 0 to 100000, not -1"),
        ({"seconds": 0}, "seconds must be seconds above 0 and up to 86400, not 0"),
        ({"seconds": float("nan")}, "seconds must be seconds above 0 and up to 86400, not nan"),
        ({"settle": float("inf")}, "settle must be seconds above 0 and up to 86400, not inf"),
        ({"sizes": ()}, "sizes must hold one size at least"),
        ({"sizes": (2, 17)}, "sizes must be a whole number from 1 to 16, not 17"),
        ({"faults": ("loss",)}, "faults must be among partition, hold, release"),
        ({"transport": "wsproto"}, "transport must be among native, trio-websocket, not 'wsproto'"),
        ({"verbs": ("dance",)}, "verbs must be among drain, stop, restart, not 'dance'"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        swarm(**arguments)
    assert said in str(caught.value)


def test_neither_the_process_nor_its_hash_seed_makes_a_difference() -> None:
    program = (
        "import sys\n"
        "from focus_signal.testing.workload.swarm import swarm\n"
        "from focus_signal.testing.core_level import run_core\n"
        "from focus_signal.testing.history import digest_of\n"
        "from focus_signal.testing.subject import SERVER\n"
        "workload = swarm(verbs=('drain', 'restart', 'stop'))\n"
        "for seed in range(20):\n"
        "    plan = workload.plan(seed)\n"
        "    print(plan.to_json(), digest_of(run_core(plan, SERVER)))\n"
        "assert 'hypothesis' not in sys.modules\n"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    here = "".join(
        f"{plan.to_json()} {h.digest_of(run_core(plan, SERVER))}\n"
        for plan in map(EVERYTHING.plan, range(20))
    )
    assert printed == [here, here]

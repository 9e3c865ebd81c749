"""Shrinking: what is left is needed, plain, and still a plan."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from focus_signal.errors import PlanError
from focus_signal.testing.core_level import run_core
from focus_signal.testing.invariants.check import check
from focus_signal.testing.plan import Fault, Join, Leave, Open, Plan, RunConfig, Say, Signal, Verb, check_plan
from focus_signal.testing.shrink import Shrunk, shrink
from focus_signal.testing.subject import SERVER
from focus_signal.testing.subjects.seed import SEED
from focus_signal.testing.workload.swarm import swarm

PLAN = swarm(verbs=("drain", "restart")).plan(3)
SIGNAL = Signal(id=1, at=3.3, conn=1, kind="answer", to="u2", claim="u3", padding=1_000)


def ids(plan: Plan) -> set[int]:
    return {operation.id for operation in plan.operations}


def alone(*operations: Open | Join | Signal | Say | Leave | Fault | Verb, **options: object) -> Plan:
    return Plan(seed=1, config=msgspec.convert(options, RunConfig), operations=operations)


@given(st.sets(st.integers(1, 45), max_size=8))
def test_just_the_operations_that_are_needed_are_left(needed: set[int]) -> None:
    shrunk = shrink(PLAN, lambda plan: needed <= ids(plan))
    assert ids(shrunk.plan) == needed
    assert shrunk.minimal


@given(st.integers(0, 1_000))
def test_no_operation_of_what_is_left_can_be_left_out_whatever_fails(number: int) -> None:
    """Where more operations may hide the failure, the smallest of all is not promised; this is."""

    def fails(plan: Plan) -> bool:
        left = ids(plan)
        # Some of each triple are needed, and some of them only while another is there.
        chance = Random(number)
        triples = [chance.sample(range(1, 46), 3) for _ in range(4)]
        return all(a in left and (b in left or c not in left) for a, b, c in triples)

    shrunk = shrink(PLAN, fails)
    assert shrunk.minimal
    assert fails(shrunk.plan)
    for operation in shrunk.plan.operations:
        rest = tuple(other for other in shrunk.plan.operations if other is not operation)
        assert not fails(shrunk.plan.keeping(rest))


def test_every_plan_that_is_tried_is_right_and_no_plan_is_tried_twice() -> None:
    tried: list[bytes] = []

    def fails(plan: Plan) -> bool:
        check_plan(plan)
        tried.append(msgspec.msgpack.encode(plan))
        return any(isinstance(operation, Signal) and operation.padding for operation in plan.operations)

    plan = PLAN.keeping((*PLAN.operations[:-1], replace(SIGNAL, id=99, at=PLAN.operations[-1].at)))
    shrunk = shrink(plan, fails)
    assert len(tried) == len(set(tried)) == shrunk.runs
    assert len(shrunk.plan.operations) == 1


@pytest.mark.parametrize(
    ("operation", "fails", "plainest"),
    [
        (SIGNAL, lambda _: True, replace(SIGNAL, kind="offer", claim=None, padding=0)),
        (SIGNAL, lambda op: op.padding >= 100, replace(SIGNAL, kind="offer", claim=None, padding=125)),
        (SIGNAL, lambda op: op.claim is not None, replace(SIGNAL, kind="offer", padding=0)),
        (SIGNAL, lambda op: op.kind == "answer", replace(SIGNAL, claim=None, padding=0)),
        (Join(id=1, at=0, conn=1, size=16), lambda _: True, Join(id=1, at=0, conn=1, size=1)),
        (Join(id=1, at=0, conn=1, size=16), lambda op: op.size > 2, Join(id=1, at=0, conn=1, size=3)),
        (Join(id=1, at=0, conn=1, size=-1), lambda _: True, Join(id=1, at=0, conn=1, size=-1)),
        (Say(id=1, at=0, conn=1, text="[]"), lambda _: True, Say(id=1, at=0, conn=1, text="")),
        (Say(id=1, at=0, conn=1, text="[]"), lambda op: bool(op.text), Say(id=1, at=0, conn=1, text="{}")),
        (
            Leave(id=1, at=0, conn=1, by="half-close"),
            lambda _: True,
            Leave(id=1, at=0, conn=1, by="close"),
        ),
        (
            Fault(id=1, at=0, conn=1, fault="partition", amount=3.7, direction="up"),
            lambda _: True,
            Fault(id=1, at=0, conn=1, fault="partition", amount=1.0),
        ),
        (
            Fault(id=1, at=0, conn=1, fault="window", amount=4_096.0),
            lambda op: op.amount > 1_000,
            Fault(id=1, at=0, conn=1, fault="window", amount=1_024.0),
        ),
        (Verb(id=1, at=0, verb="drain", grace=0.5), lambda _: True, Verb(id=1, at=0, verb="drain")),
    ],
)
def test_values_become_as_plain_as_the_failure_lets_them(
    operation: Join | Signal | Say | Leave | Fault | Verb,
    fails: Callable[[object], bool],
    plainest: Join | Signal | Say | Leave | Fault | Verb,
) -> None:
    shrunk = shrink(alone(operation), lambda plan: any(map(fails, plan.operations)))
    assert replace(shrunk.plan.operations[0], at=0.0) == replace(plainest, at=0.0)


STRANGE = {
    "chunk": 3,
    "bandwidth": 5_000.0,
    "window": 512,
    "fin_delay": 1.0,
    "relay_scope": "any",
    "seat_grace": 2.0,
    "ping_interval": 20.0,
    "outbox_bytes": 1_024,
    "inbox_batches": 1,
    "write_timeout": 1.0,
    "max_match_size": 4,
    "transport": "trio-websocket",
    "plain_streams": True,
    "client_pings": 0.5,
}


def test_options_that_the_failure_does_not_need_get_their_usual_values() -> None:
    shrunk = shrink(alone(**STRANGE, latency=(0.0, 1.0), buggify={"owner.late-turn": 0.5}), lambda _: True)
    assert shrunk.plan == alone(latency=(0.001, 0.001), seconds=1.0)


@pytest.mark.parametrize("option", STRANGE)
def test_an_option_that_the_failure_needs_is_kept(option: str) -> None:
    shrunk = shrink(alone(**STRANGE), lambda plan: getattr(plan.config, option) == STRANGE[option])
    assert shrunk.plan == alone(**{option: STRANGE[option]}, latency=(0.001, 0.001), seconds=1.0)


def test_of_the_points_just_the_one_that_is_needed_is_left() -> None:
    points = {"owner.late-turn": 0.5, "inbox.late-send": 0.25, "owner.short-turn": 0.9}
    shrunk = shrink(alone(buggify=points), lambda plan: "inbox.late-send" in plan.config.buggify)
    assert shrunk.plan.config.buggify == {"inbox.late-send": 0.25}


def test_times_become_whole_seconds_unless_the_failure_hangs_on_them() -> None:
    operations = (Open(id=1, at=0.3, conn=1, user="u1"), Join(id=2, at=0.35, conn=1, size=1))
    shrunk = shrink(alone(*operations), lambda plan: len(plan.operations) == 2)
    assert [operation.at for operation in shrunk.plan.operations] == [1.0, 2.0]
    shrunk = shrink(
        alone(*operations),
        lambda plan: len(plan.operations) == 2 and plan.operations[1].at - plan.operations[0].at < 0.2,
    )
    assert [operation.at for operation in shrunk.plan.operations] == [0.0, 0.0]


def test_a_plan_that_does_not_fail_is_refused() -> None:
    with pytest.raises(PlanError, match="does not fail"):
        shrink(PLAN, lambda _: False)
    with pytest.raises(PlanError, match="max_runs"):
        shrink(PLAN, lambda _: True, max_runs=0)


@pytest.mark.parametrize("max_runs", [1, 2, 10, 30])
def test_no_more_plans_are_tried_than_may_be(max_runs: int) -> None:
    tries = 0

    def fails(plan: Plan) -> bool:
        nonlocal tries
        tries += 1
        return {5, 17, 31} <= ids(plan)

    shrunk = shrink(PLAN, fails, max_runs=max_runs)
    assert shrunk.runs == tries <= max_runs
    assert not shrunk.minimal
    assert {5, 17, 31} <= ids(shrunk.plan)


@pytest.mark.parametrize(
    ("invariant", "longest"),
    [
        ("self-match", 3),
        ("two-rooms", 10),
        ("silent-loss", 2),
        ("spoofed-sender", 6),
        ("takeover-unreachable", 7),
        ("dead-match", 9),
        ("starved-queue", 14),
    ],
)
def test_a_defect_of_the_seed_shrinks_to_what_shows_it(invariant: str, longest: int) -> None:
    def fails(plan: Plan) -> bool:
        return any(violation.invariant == invariant for violation in check(run_core(plan, SEED), plan))

    # In the plan of seed 0 two bystanders can only go together, which takes more than the shrinker tries.
    plan = next(plan for plan in map(swarm().plan, range(1, 400)) if fails(plan))
    shrunk: Shrunk = shrink(plan, fails)
    assert shrunk.minimal
    assert shrunk.runs < 250
    assert len(shrunk.plan.operations) <= longest
    for operation in shrunk.plan.operations:
        rest = tuple(other for other in shrunk.plan.operations if other is not operation)
        assert not fails(shrunk.plan.keeping(rest))
    assert check(run_core(shrunk.plan, SERVER), shrunk.plan) == []

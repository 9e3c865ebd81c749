"""The seed's own logic as a subject: each of its defects, by hand and by a swarm; and the registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from focus_signal.core.commands import Connect, Disconnect, Drain, Invalid, Withdraw
from focus_signal.core.effects import Close, Deliver, Effect, Refused, Relayed, RoomFound
from focus_signal.errors import PlanError
from focus_signal.server.config import Config
from focus_signal.server.logic import Logic
from focus_signal.testing.core_level import run_core
from focus_signal.testing.identity import room_ids
from focus_signal.testing.invariants.check import check
from focus_signal.testing.plan import Join, Leave, Open, Operation, Plan, RunConfig, Signal
from focus_signal.testing.shrink import shrink
from focus_signal.testing.subject import SERVER
from focus_signal.testing.subjects.registry import SUBJECTS, subject_named
from focus_signal.testing.subjects.seed import SEED, build_seed
from focus_signal.testing.workload.swarm import swarm

DEFECTS = (
    "self-match",
    "two-rooms",
    "silent-loss",
    "spoofed-sender",
    "takeover-unreachable",
    "dead-match",
    "starved-queue",
)


def opened(conn: int, user: str, at: float) -> Open:
    return Open(id=conn, at=at, conn=conn, user=user)


def join(op: int, conn: int, size: int, at: float) -> Join:
    return Join(id=op, at=at, conn=conn, size=size)


def offer(op: int, conn: int, to: str, at: float, claim: str | None = None) -> Signal:
    return Signal(id=op, at=at, conn=conn, kind="offer", to=to, claim=claim)


def leave(op: int, conn: int, at: float) -> Leave:
    return Leave(id=op, at=at, conn=conn, by="close")


BY_HAND: dict[str, tuple[Operation, ...]] = {
    "self-match": (opened(1, "ana", 0), join(11, 1, 2, 1), join(12, 1, 2, 2)),
    "two-rooms": (
        opened(1, "ana", 0),
        opened(2, "bo", 0),
        join(11, 1, 2, 1),
        join(12, 1, 1, 2),
        join(13, 2, 2, 3),
    ),
    "silent-loss": (opened(1, "ana", 0), offer(11, 1, "nobody", 1)),
    "spoofed-sender": (
        opened(1, "ana", 0),
        opened(2, "bo", 0),
        offer(11, 1, "bo", 1, claim="cy"),
    ),
    "takeover-unreachable": (
        opened(1, "ana", 0),
        opened(2, "bo", 0),
        opened(3, "bo", 1),
        leave(11, 2, 2),
        offer(12, 1, "bo", 3),
    ),
}


def broken(*operations: Operation) -> set[str]:
    config = RunConfig(latency=(0.125, 0.125))
    plan = Plan(seed=1, config=config, operations=operations)
    return {violation.invariant for violation in check(run_core(plan, SEED), plan)}


@pytest.mark.parametrize("defect", BY_HAND)
def test_a_defect_by_hand(defect: str) -> None:
    assert defect in broken(*BY_HAND[defect])


@pytest.mark.parametrize("defect", BY_HAND)
def test_the_real_server_has_no_such_defect(defect: str) -> None:
    plan = Plan(seed=1, config=RunConfig(latency=(0.125, 0.125)), operations=BY_HAND[defect])
    assert check(run_core(plan, SERVER), plan) == []


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_by_a_swarm(defect: str) -> None:
    workload = swarm()

    def shows(plan: Plan) -> bool:
        return any(violation.invariant == defect for violation in check(run_core(plan, SEED), plan))

    plan = next(plan for seed in range(400) if shows(plan := workload.plan(seed)))
    small = shrink(plan, shows)
    assert small.minimal
    assert len(small.plan.operations) <= 14


# The seed's logic itself, step by step.


@pytest.fixture
def seed() -> Logic:
    return build_seed(Config(), room_ids(1))


def hears(seed: Logic, connection: int, user: str) -> Callable[[str], list[Effect]]:
    """Open a connection, and give what it says a text with."""
    seed.decider.handle(Connect(connection, user), 0.0)

    def say(text: str) -> list[Effect]:
        return seed.decider.handle(seed.dialect.decode(text.encode(), connection, user), 0.0)

    return say


def matchmaking(size: str) -> str:
    return f'{{"type":"matchmaking","matchSize":{size}}}'


@pytest.mark.parametrize("size", ["1", "1.0"])
def test_a_room_of_one_is_there_at_once(seed: Logic, size: str) -> None:
    (effect,) = hears(seed, 1, "ana")(matchmaking(size))
    assert isinstance(effect, Deliver)
    assert isinstance(effect.message, RoomFound)
    assert effect.message.peers == ("ana",)
    assert seed.decider.statistics().waiting == 0


@pytest.mark.parametrize(
    ("size", "rooms", "waiting"),
    [
        ("0", 1, 1),  # as many are taken as were asked for: none
        ("-1", 1, 1),
        ("null", 1, 1),
        ('""', 1, 1),
        ("true", 1, 0),
        ('"1"', 1, 0),
        ("0.5", 1, 1),
        ("[1]", 1, 0),
        ("[]", 1, 1),
        ("1e999", 0, 1),
        ("{}", 0, 1),
        ('"x"', 0, 1),
        ("[1,2]", 0, 1),
    ],
)
def test_any_size_is_taken_as_javascript_takes_it(seed: Logic, size: str, rooms: int, waiting: int) -> None:
    hears(seed, 1, "ana")(matchmaking(size))
    at = seed.decider.statistics()
    assert (at.rooms, at.waiting) == (rooms, waiting)


def test_a_size_that_is_missing_waits_for_ever(seed: Logic) -> None:
    hears(seed, 1, "ana")('{"type":"matchmaking"}')
    assert seed.decider.statistics().waiting == 1


def test_a_number_and_its_text_are_two_queues(seed: Logic) -> None:
    ana, bo = hears(seed, 1, "ana"), hears(seed, 2, "bo")
    assert ana(matchmaking("2")) == bo(matchmaking('"2"')) == []
    assert len(bo(matchmaking("2.0"))) == 2


def test_arrays_are_a_queue_each(seed: Logic) -> None:
    ana, bo = hears(seed, 1, "ana"), hears(seed, 2, "bo")
    assert ana(matchmaking("[2]")) == bo(matchmaking("[2]")) == []
    assert seed.decider.statistics().waiting == 2


def test_a_payload_passes_and_the_claim_is_believed(seed: Logic) -> None:
    ana, _ = hears(seed, 1, "ana"), hears(seed, 2, "bo")
    effects = ana('{"type":"answer","to":"bo","from":"cy","candidate":[1, 2],"sdp":null,"more":1}')
    assert effects == [Deliver(2, Relayed("cy", "answer", b',"sdp":null,"candidate":[1,2]'))]
    frame = seed.dialect.encode(Relayed("cy", "answer", b',"sdp":null'))
    assert frame == b'{"type":"answer","from":"cy","sdp":null}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"offer"',
        "[" * 100_000,
        '{"type":"dance","to":"bo","from":"ana"}',
        '{"type":7}',
        '{"type":["offer"],"to":"bo","from":"ana"}',
        '{"type":"offer","to":"bo"}',
        '{"type":"offer","to":"bo","from":""}',
        '{"type":"offer","from":"ana"}',
        '{"type":"offer","to":["bo"],"from":"ana"}',
    ],
)
def test_what_the_seed_cannot_use_it_drops(seed: Logic, text: str) -> None:
    ana, _ = hears(seed, 1, "ana"), hears(seed, 2, "bo")
    assert ana(text) == []


def test_errors_have_no_frame(seed: Logic) -> None:
    assert seed.dialect.encode(Refused("bad-json", "no JSON")) is None
    assert seed.decider.handle(Invalid(1, "bad-json", "no JSON"), 0.0) == []


def test_a_socket_that_is_not_open_gets_nothing_but_is_matched(seed: Logic) -> None:
    ana, bo = hears(seed, 1, "ana"), hears(seed, 2, "bo")
    ana(matchmaking("2"))
    seed.decider.handle(Withdraw(1), 0.0)
    (effect,) = bo(matchmaking("2"))
    assert effect.connection == 2


def test_any_close_deletes_the_user_from_everything(seed: Logic) -> None:
    older, newer = hears(seed, 1, "ana"), hears(seed, 2, "ana")
    older(matchmaking("3"))
    newer(matchmaking("2"))
    seed.decider.handle(Disconnect(1), 0.0)
    at = seed.decider.statistics()
    assert (at.users, at.waiting, at.connections) == (0, 0, 1)
    assert newer('{"type":"offer","to":"ana","from":"ana"}') == []


def test_its_host_ends_every_socket(seed: Logic) -> None:
    hears(seed, 1, "ana")
    hears(seed, 2, "ana")
    seed.decider.handle(Withdraw(1), 0.0)
    assert seed.decider.handle(Drain(), 0.0) == [Close(2, "restart")]
    assert seed.decider.next_deadline() is None


# The registry.


def test_every_subject_is_found_by_its_name() -> None:
    assert [subject_named(name).name for name in SUBJECTS] == list(SUBJECTS)
    assert list(SUBJECTS)[:2] == ["server", "seed"]
    assert all(subject.about for subject in SUBJECTS.values())


def test_a_name_that_comes_near_is_named() -> None:
    with pytest.raises(PlanError, match=r"one of queue-is-a-stack.* or another, not 'queue-is-stack'"):
        subject_named("queue-is-stack")


def test_a_name_that_comes_near_nothing_gets_all_of_them() -> None:
    with pytest.raises(PlanError, match=r"subject must be one of server, seed, .*, not ''"):
        subject_named("")

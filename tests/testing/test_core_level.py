"""The core level: what each operation of a plan does there, and when, to the step of virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import define
from msgspec.structs import replace

from focus_signal.core.commands import Command, Connect, Disconnect, Relay, RelayClump, TimePassed, Withdraw
from focus_signal.core.effects import Deliver, DeliverClump, Effect, Refused, Relayed, RoomFound
from focus_signal.server.config import Config
from focus_signal.server.logic import Logic, build_logic
from focus_signal.testing import history as h
from focus_signal.testing.core_level import run_core
from focus_signal.testing.plan import Fault, Hostile, Join, Leave, LeaveBy, Plan, Say, Verb
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.workload.swarm import swarm
from tests.testing.core_runs import (
    HEALED,
    SETTLED,
    TRIP,
    decided,
    met,
    of,
    offer,
    opened,
    relayed,
    relays,
    run,
)


def test_two_users_meet_and_one_offers_and_both_go_home() -> None:
    history = run(*met(), offer(1, 1.0))
    (found, *_) = of(history, h.Got)
    assert isinstance(found.message, RoomFound)
    relay = Relay(1, "b", "offer", b',"sdp":"m1 "')
    message = Relayed("a", "offer", b',"sdp":"m1 "')
    assert [event for event in history if event.t >= 2 * TRIP] == [
        h.Connected(2 * TRIP, 1),
        h.Connected(2 * TRIP, 2),
        h.Got(2 * TRIP, 1, RoomFound(found.message.room, ("a", "b"))),
        h.Got(2 * TRIP, 2, RoomFound(found.message.room, ("a", "b"))),
        h.Sent(1.0, 1, 1),
        h.Decided(1.0 + TRIP, "Relay", relay, [Deliver(2, message)]),
        h.Got(1.0 + 2 * TRIP, 2, message),
        h.Healed(HEALED),
        h.Settled(SETTLED),
        h.EndRead(SETTLED + TRIP, 1),
        h.Decided(SETTLED + TRIP, "Withdraw", Withdraw(1), []),
        h.EndRead(SETTLED + TRIP, 2),
        h.Decided(SETTLED + TRIP, "Withdraw", Withdraw(2), []),
        h.Decided(SETTLED + TRIP, "Disconnect", Disconnect(1), []),
        h.Decided(SETTLED + TRIP, "Disconnect", Disconnect(2), []),
        h.Decided(SETTLED + TRIP + 2.0, "TimePassed", TimePassed(), []),
        h.Emptied(SETTLED + TRIP + 2.0, users=0, rooms=0, waiting=0, connections=0),
    ]


def test_an_open_is_served_after_one_trip_and_known_after_two() -> None:
    history = run(opened(7, "a", 1.0))
    assert of(history, h.Served) == [h.Served(1.0 + TRIP, 7, 1)]
    assert decided(history, Connect) == [(1.0 + TRIP, Connect(1, "a"))]
    assert of(history, h.Connected) == [h.Connected(1.0 + 2 * TRIP, 7)]


def test_padding_and_claims_arrive_as_they_were_meant() -> None:
    history = run(*met(), offer(1, 1.0, padding=5_000), offer(2, 1.0, claim="b"))
    first, second = of(history, h.Got)[2:]
    assert first.conn == 2
    assert isinstance(first.message, Relayed)
    assert len(first.message.payload) > 5_000
    assert second.conn == 1
    assert isinstance(second.message, Refused)
    assert second.message.code == "wrong-sender"


def test_a_text_that_is_no_message_gets_its_error() -> None:
    history = run(opened(1, "a"), Say(id=1, at=1.0, conn=1, text="{"))
    (got,) = of(history, h.Got)
    assert (got.t, got.conn) == (1.0 + 2 * TRIP, 1)
    assert isinstance(got.message, Refused)
    assert got.message.code == "bad-json"


@pytest.mark.parametrize("by", ["close", "reset", "half-close"])
def test_a_leave_is_read_behind_what_was_sent_before_and_ends_what_is_got(by: LeaveBy) -> None:
    history = run(
        *met(),
        offer(1, 1.0),
        offer(2, 1.0, conn=2, to="a"),
        Leave(id=3, at=1.0, conn=1, by=by),
        offer(4, 1.5),
    )
    assert of(history, h.Left) == [h.Left(1.0, 1, 3)]
    assert relays(history)[0] == (1.0 + TRIP, 1)
    assert of(history, h.EndRead, connection=1) == [h.EndRead(1.0 + TRIP, 1)]
    # It is told of no end that it made itself, gets nothing more, and sends nothing more.
    assert of(history, h.Ended, conn=1) == []
    assert [event for event in of(history, h.Got, conn=1) if event.t > 1.0] == []
    assert of(history, h.Sent, op=4) == []
    assert (1.0 + TRIP, Withdraw(1)) in decided(history, Withdraw)
    assert (1.0 + TRIP, Disconnect(1)) in decided(history, Disconnect)


def test_a_takeover_closes_the_older_connection_behind_what_it_was_sent() -> None:
    history = run(*met(), offer(1, 1.0, conn=2, to="a"), opened(3, "a", 1.0), offer(2, 2.0, conn=2, to="a"))
    assert relayed(history, 1) == [(1.0 + 2 * TRIP, 1)]
    assert relayed(history, 3) == [(2.0 + 2 * TRIP, 2)]
    assert of(history, h.Ended) == [h.Ended(1.0 + 2 * TRIP, 1, 4501)]
    assert of(history, h.EndRead, connection=1) == [h.EndRead(1.0 + 3 * TRIP, 1)]


def test_a_client_that_was_closed_does_nothing_more() -> None:
    history = run(*met(), opened(3, "a", 1.0), offer(1, 2.0), Leave(id=2, at=2.0, conn=1, by="close"))
    assert of(history, h.Sent, op=1) == []
    assert of(history, h.Left) == []


def test_operations_of_a_connection_that_nobody_opened_do_nothing() -> None:
    history = run(
        Join(id=1, at=1.0, conn=9, size=2),
        offer(2, 1.0, conn=9),
        Say(id=3, at=1.0, conn=9, text=""),
        Leave(id=4, at=1.0, conn=9, by="close"),
        Fault(id=5, at=1.0, conn=9, fault="partition", amount=1.0),
    )
    assert history == [
        h.Meddled(1.0, 5),
        h.Healed(HEALED),
        h.Settled(SETTLED),
        h.Emptied(SETTLED, users=0, rooms=0, waiting=0, connections=0),
    ]


# Chance.


def test_an_operation_that_is_taken_out_changes_no_delay_of_the_other_connections() -> None:
    """On its own connection what came behind it may arrive sooner; on the others nothing changes."""
    compared = 0
    for seed in range(30):
        plan = swarm(faults=()).plan(seed)
        before = _arrivals(plan)
        for operation in plan.operations:
            if isinstance(operation, Verb | Hostile) or operation.id % 7:
                continue
            kept = tuple(other for other in plan.operations if other is not operation)
            after = _arrivals(plan.keeping(kept))
            for key, times in before.items():
                if key[0] != operation.conn and key in after:
                    assert after[key] == times
                    compared += 1
    assert compared > 2_000


def _arrivals(plan: Plan) -> dict[tuple[int, int | str], float]:
    """Tell when each connection was served, and each signal of it decided."""
    history = run_core(plan, SERVER)
    conns = {event.connection: event.conn for event in of(history, h.Served)}
    arrivals: dict[tuple[int, int | str], float] = {
        (event.conn, "served"): event.t for event in of(history, h.Served)
    }
    for event in of(history, h.Decided, what="Relay"):
        if isinstance(event.command, Relay):
            mark = h.mark_of(event.command.payload)
            assert mark is not None
            arrivals[conns[event.command.connection], mark] = event.t
    return arrivals


def test_what_is_decided_of_a_connection_is_in_the_order_in_which_it_was_sent() -> None:
    seen = 0
    for seed in range(100):
        history = run_core(swarm(verbs=("restart",)).plan(seed), SERVER)
        last: dict[int, int] = {}
        for event in of(history, h.Decided, what="Relay"):
            assert isinstance(event.command, Relay)
            mark = h.mark_of(event.command.payload) or 0
            assert last.get(event.command.connection, 0) < mark
            last[event.command.connection] = mark
            seen += 1
    assert seen > 300


def test_a_run_is_the_same_every_time_and_another_with_another_seed() -> None:
    workload = swarm(verbs=("drain", "restart"))
    digests = [h.digest_of(run_core(workload.plan(seed), SERVER)) for seed in (1, 2, 1)]
    assert digests[0] == digests[2] != digests[1]
    plan = workload.plan(1)
    assert h.digest_of(run_core(replace(plan, seed=2), SERVER)) != digests[0]


def test_time_never_runs_backwards_and_nothing_is_left_at_the_end() -> None:
    workload = swarm(verbs=("drain", "restart"))
    for seed in range(100):
        history = run_core(workload.plan(seed), SERVER)
        times = [event.t for event in history]
        assert times == sorted(times)
        (emptied,) = of(history, h.Emptied)
        assert emptied == h.Emptied(emptied.t, users=0, rooms=0, waiting=0, connections=0)
        assert len(of(history, h.EndRead)) == len(of(history, h.Served)) > 0


# Logic that is wrong in ways that no history could show otherwise.


@define(eq=False)
class Broken:
    """Do what the decider behind does, but for what a test breaks."""

    logic: Logic
    handling: Callable[[Command], list[Effect] | None] = lambda _: None
    deadline: float | None = None

    def handle(self, command: Command, now: float) -> list[Effect]:
        effects = self.handling(command)
        return self.logic.decider.handle(command, now) if effects is None else effects

    def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        return self.logic.decider.handle_clump(clump, now)

    def next_deadline(self) -> float | None:
        return self.logic.decider.next_deadline() if self.deadline is None else self.deadline

    def statistics(self) -> Any:
        return self.logic.decider.statistics()


def test_a_decider_that_raises_ends_the_server_by_its_own_fault() -> None:
    def handling(command: Command) -> None:
        if isinstance(command, Relay):
            raise KeyError("b")

    def build(config: Config, new_id: Callable[[], str]) -> Logic:
        logic = build_logic(config, new_id)
        return Logic(Broken(logic, handling), logic.dialect)

    history = run(*met(), offer(1, 1.0), opened(3, "c", 2.0), subject=Subject("broken", "raises", build))
    assert of(history, h.Faulted) == [h.Faulted(1.0 + TRIP, "KeyError: 'b'")]
    assert [(event.conn, event.code) for event in of(history, h.Ended)] == [(1, 1011), (2, 1011)]
    assert of(history, h.NotConnected) == [h.NotConnected(2.0 + TRIP, 3, "failed")]
    assert of(history, h.Emptied) == []


def test_a_deadline_that_stays_is_a_fault_and_no_endless_run() -> None:
    def build(config: Config, new_id: Callable[[], str]) -> Logic:
        logic = build_logic(config, new_id)
        return Logic(Broken(logic, deadline=0.5), logic.dialect)

    history = run(*met(), subject=Subject("broken", "never moves its deadline", build))
    (faulted,) = of(history, h.Faulted)
    assert (faulted.t, "next_deadline()" in faulted.error) == (0.5, True)

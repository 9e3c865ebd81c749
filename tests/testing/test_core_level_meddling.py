"""The core level: what faults, the server's own end and the points in it do there, and when."""

from __future__ import annotations

from typing import Any

import pytest

from focus_signal.core.commands import Connect, Disconnect, Withdraw
from focus_signal.core.effects import Refused
from focus_signal.testing import history as h
from focus_signal.testing.core_level import CLOSE_TIMEOUT
from focus_signal.testing.plan import LONGEST_PAUSE, Fault, FaultKind, Leave, Verb
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


# What faults do. Each row: the faults, when the offer (sent at 2.0) is decided, when it is got.
def fault(kind: FaultKind, at: float, amount: float = 0.0, **fields: Any) -> Fault:
    return Fault(id=int(at * 1000), at=at, conn=1, fault=kind, amount=amount, **fields)


@pytest.mark.parametrize(
    ("faults", "arrives"),
    [
        ([], 2.0 + TRIP),
        ([fault("partition", 1.5, 3.0)], 4.5),
        ([fault("partition", 1.5, 3.0, direction="up")], 4.5),
        ([fault("partition", 1.5, 3.0, direction="down")], 2.0 + TRIP),
        ([fault("partition", 1.0, 0.5)], 2.0 + TRIP),
        # It was on its way already, and stays there.
        ([fault("partition", 2.0, 3.0)], 5.0),
        ([fault("partition", 1.5, 3.0), fault("partition", 1.75, 4.0)], 5.75),
        ([fault("partition", 1.5, 3.0), fault("partition", 1.75, 0.25)], 4.5),
        ([fault("partition", 1.5, 100.0)], HEALED),
        ([fault("hold", 1.5)], HEALED),
        ([fault("hold", 1.5), fault("release", 6.0)], 6.0),
        ([fault("hold", 1.5), fault("release", 1.75)], 2.0 + TRIP),
        ([fault("hold", 1.5, direction="down")], 2.0 + TRIP),
        ([fault("hold", 1.5), fault("partition", 1.75, 1.0)], HEALED),
        # A release ends what was held, and no partition.
        ([fault("partition", 1.5, 3.0), fault("hold", 1.75), fault("release", 3.0)], 4.5),
        ([fault("hold", 1.5), fault("partition", 2.5, 5.0), fault("release", 3.0)], 7.5),
        ([fault("release", 1.5)], 2.0 + TRIP),
        ([fault("latency", 1.5, 1.0)], 3.0 + TRIP),
        ([fault("latency", 1.5, 1.0), fault("latency", 1.75, 0.5)], 3.5 + TRIP),
        ([fault("latency", 1.5, 1.0, direction="down")], 2.0 + TRIP),
        # What the core cannot see.
        ([fault("slow-reader", 1.5, 10.0)], 2.0 + TRIP),
        ([fault("chunks", 1.5, 1.0)], 2.0 + TRIP),
        ([fault("bandwidth", 1.5, 1.0)], 2.0 + TRIP),
        ([fault("window", 1.5, 1.0)], 2.0 + TRIP),
    ],
)
def test_a_fault_delays_what_goes_up_and_nothing_is_lost(faults: list[Fault], arrives: float) -> None:
    early = [fault for fault in faults if fault.at <= 2.0]
    late = [fault for fault in faults if fault.at > 2.0]
    sent = [offer(1, 2.0), offer(2, 2.0)]
    history = run(*met(), *early, *sent, *late)
    # The faults of the connection's other end are another link's.
    assert relays(history) == [(arrives, 1), (arrives, 2)]
    assert [event.op for event in of(history, h.Meddled)] == [fault.id for fault in faults]


@pytest.mark.parametrize(
    ("faults", "got"),
    [
        ([], 2.0 + 2 * TRIP),
        ([fault("partition", 1.5, 3.0)], 4.5),
        ([fault("partition", 1.5, 3.0, direction="down")], 4.5),
        ([fault("partition", 1.5, 3.0, direction="up")], 2.0 + 2 * TRIP),
        ([fault("hold", 1.5, direction="down")], HEALED),
        ([fault("latency", 1.5, 1.0, direction="down")], 3.0 + 2 * TRIP),
    ],
)
def test_a_fault_delays_what_goes_down(faults: list[Fault], got: float) -> None:
    history = run(*met(), *faults, offer(1, 2.0, conn=2, to="a"), offer(2, 2.0, conn=2, to="a"))
    assert relayed(history, 1) == [(got, 1), (got, 2)]


def test_what_comes_at_the_end_of_a_partition_comes_behind_what_was_stuck() -> None:
    end = 2.5
    history = run(*met(), fault("partition", 1.5, 1.0), offer(1, 2.0), offer(2, end - TRIP), offer(3, end))
    assert relays(history) == [(end, 1), (end, 2), (end + TRIP, 3)]


def test_healing_takes_back_what_made_a_link_slow() -> None:
    history = run(
        *met(),
        fault("latency", 1.0, 3.0),
        Fault(id=50, at=2.0, conn=1, fault="fin-delay", amount=3.0),
    )
    assert of(history, h.EndRead, connection=1) == [h.EndRead(SETTLED + TRIP, 1)]


def test_an_end_is_late_by_its_delay_and_what_was_sent_before_is_not() -> None:
    late = Fault(id=50, at=1.0, conn=1, fault="fin-delay", amount=1.5)
    left = Leave(id=3, at=2.0, conn=1, by="close")
    history = run(*met(), late, offer(1, 2.0), left)
    assert relays(history) == [(2.0 + TRIP, 1)]
    assert of(history, h.EndRead, connection=1) == [h.EndRead(3.5 + TRIP, 1)]
    history = run(*met(), left, fin_delay=0.5)
    assert of(history, h.EndRead, connection=1) == [h.EndRead(2.5 + TRIP, 1)]


def test_a_connection_that_is_refused_is_never_served() -> None:
    history = run(
        Fault(id=1, at=1.0, conn=1, fault="refuse", amount=1.0), opened(1, "a", 1.0), opened(2, "a", 1.0)
    )
    assert of(history, h.NotConnected) == [h.NotConnected(1.0, 1, "refused")]
    assert of(history, h.Served) == [h.Served(1.0 + TRIP, 2, 1)]


# What is done to the server.


def test_a_drain_closes_everyone_and_takes_nobody_until_a_restart() -> None:
    history = run(
        *met(),
        Verb(id=1, at=1.0, verb="drain"),
        Verb(id=5, at=1.5, verb="drain"),
        opened(3, "c", 2.0),
        Verb(id=2, at=3.0, verb="restart"),
        opened(4, "d", 3.0),
    )
    assert of(history, h.Ended) == [h.Ended(1.0 + TRIP, 1, 1012), h.Ended(1.0 + TRIP, 2, 1012)]
    assert of(history, h.NotConnected) == [h.NotConnected(2.0 + TRIP, 3, "draining")]
    assert of(history, h.Restarted) == [h.Restarted(3.0)]
    assert of(history, h.Connected, conn=4)
    assert of(history, h.Emptied) == [h.Emptied(SETTLED + TRIP, users=0, rooms=0, waiting=0, connections=0)]


def test_a_stop_closes_everyone_for_good() -> None:
    history = run(*met(), Verb(id=1, at=1.0, verb="stop"), opened(3, "c", 2.0))
    assert [(event.conn, event.code) for event in of(history, h.Ended)] == [(1, 1012), (2, 1012)]
    assert of(history, h.NotConnected) == [h.NotConnected(2.0 + TRIP, 3, "stopped")]
    assert of(history, h.Emptied) == []


def test_a_restart_closes_everyone_and_forgets_everything() -> None:
    history = run(
        *met(),
        Verb(id=1, at=1.0, verb="restart"),
        opened(3, "a", 2.0),
        opened(4, "b", 2.0),
        offer(2, 3.0, conn=3),
    )
    assert [(event.conn, event.code) for event in of(history, h.Ended)] == [(1, 1012), (2, 1012)]
    last = of(history, h.Got)[-1]
    assert isinstance(last.message, Refused)
    assert last.message.code == "peer-unavailable"


def test_a_server_that_is_gone_takes_with_it_what_was_about_to_be_handed_on() -> None:
    """Else a new server would hear of connections that it never had."""
    history = run(
        *met(at=1.0),
        Verb(id=1, at=1.25, verb="restart"),
        opened(3, "a", 4.0),
        buggify={"inbox.late-send": 1.0, "owner.late-turn": 1.0},
    )
    restarted = history.index(h.Restarted(1.25))
    assert [event.connection for event in of(history[:restarted], h.Served)] == [1, 2]
    new = history[restarted:]
    assert [event.connection for event in of(new, h.EndRead)] == [1, 2, 3]
    commands = [event.command for event in of(new, h.Decided)]
    assert commands == [Connect(3, "a"), Withdraw(3), Disconnect(3)]


def test_a_client_behind_a_partition_is_cut_after_the_close_timeout() -> None:
    history = run(*met(), fault("partition", 1.0, 10.0), opened(3, "a", 1.5))
    replaced = 1.5 + TRIP
    assert of(history, h.EndRead, connection=1) == [h.EndRead(replaced + CLOSE_TIMEOUT, 1)]
    assert of(history, h.Ended, conn=1) == [h.Ended(11.0, 1, 4501)]


# The points at which the server is meddled with.


def test_a_late_send_delays_decisions_and_keeps_the_order_of_each_connection() -> None:
    offers = [offer(number, 2.0) for number in range(1, 20)]
    history = run(*met(), *offers, buggify={"inbox.late-send": 0.5})
    assert [mark for _, mark in relays(history)] == list(range(1, 20))
    times = [t for t, _ in relays(history)]
    assert times == sorted(times)
    assert len(set(times)) > 1
    assert 2.0 + TRIP < times[-1] <= 2.0 + TRIP + LONGEST_PAUSE


def test_a_late_turn_comes_between_a_withdrawal_and_its_disconnect() -> None:
    leave = Leave(id=1, at=1.0, conn=1, by="close")
    history = run(*met(), leave, buggify={"owner.late-turn": 1.0})
    (withdrawn, _), (disconnected, _) = decided(history, Withdraw)[0], decided(history, Disconnect)[0]
    assert withdrawn == 1.0 + TRIP
    assert withdrawn < disconnected <= withdrawn + LONGEST_PAUSE
    # The second one goes home when the chaos is over: nothing is late any more.
    assert decided(history, Withdraw)[1][0] == decided(history, Disconnect)[1][0]

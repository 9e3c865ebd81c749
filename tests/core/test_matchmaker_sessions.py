"""Who is who: the newest connection wins, a seat outlives its connection, an end is read, a server drains."""

from __future__ import annotations

import gc
import math
import weakref

import pytest

from focus_signal.core.commands import Connect, Disconnect, Relay, RequestMatch, TimePassed, Withdraw
from focus_signal.core.effects import Close, Deliver, Refused
from focus_signal.core.matchmaker import MatchmakerStatistics, Rules
from tests.core.stage import Stage, found, held, is_empty, is_unavailable, relayed, short

GRACE = 30.0


@pytest.fixture
def stage() -> Stage:
    """Three users: ada on connection 1, bob on 2, cyd on 3."""
    stage = Stage(Rules())
    stage.connect_all("ada", "bob", "cyd")
    return stage


def test_the_grace_is_thirty_seconds() -> None:
    assert Rules().seat_grace == GRACE


def test_nothing_is_sent_on_open() -> None:
    stage = Stage()
    assert stage.connect(1, "ada") == []


def test_a_connection_opens_once(stage: Stage) -> None:
    before = held(stage.matchmaker)
    assert stage.connect(1, "ada") == []
    assert stage.connect(1, "bob") == []
    assert held(stage.matchmaker) == before
    assert stage.ask(1, 1) == found("room-1", ada=1)


def test_the_newest_connection_wins_and_takes_the_seat(stage: Stage) -> None:
    stage.meet(1, 2)
    assert stage.connect(9, "ada") == [Close(1, "replaced")]
    assert stage.relay(2, "ada") == relayed(9, "bob")
    assert stage.relay(9, "bob") == relayed(2, "ada")
    assert stage.matchmaker.statistics().users == 3
    assert stage.matchmaker.statistics().connections == 3


def test_the_replaced_connection_speaks_for_nobody(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.connect(9, "ada")
    assert stage.relay(1, "bob") == []
    assert stage.ask(1, 1) == []
    assert stage.invalid(1, "bad-json", "no") == []


def test_the_end_of_the_replaced_connection_touches_nothing(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.connect(9, "ada")
    stage.ask(9, 2)
    before = held(stage.matchmaker)
    assert stage.withdraw(1) == []
    assert stage.disconnect(1) == []
    assert held(stage.matchmaker) == before
    assert stage.matchmaker.next_deadline() is None
    assert stage.relay(2, "ada") == relayed(9, "bob")
    assert stage.ask(3, 2) == found("room-2", ada=9, cyd=3)


def test_the_queue_place_is_not_taken_over(stage: Stage) -> None:
    stage.ask(1, 2)
    stage.connect(9, "ada")
    assert stage.matchmaker.statistics().waiting == 0
    assert stage.ask(2, 2) == []
    assert stage.ask(9, 2) == found("room-1", bob=2, ada=9)


def test_a_chain_of_take_overs_closes_each_once(stage: Stage) -> None:
    stage.meet(1, 2)
    assert stage.connect(7, "ada") == [Close(1, "replaced")]
    assert stage.connect(8, "ada") == [Close(7, "replaced")]
    assert stage.disconnect(7) == []
    assert stage.connect(9, "ada") == [Close(8, "replaced")]
    assert stage.relay(2, "ada") == relayed(9, "bob")


def test_a_seat_is_kept_until_just_before_the_deadline(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.disconnect(1)
    assert stage.matchmaker.next_deadline() == stage.now + GRACE
    stage.now = math.nextafter(stage.now + GRACE, 0.0)
    stage.pass_time(0.0)
    assert stage.matchmaker.statistics().users == 3
    assert stage.connect(9, "ada") == [], "there is no connection to replace"
    assert stage.relay(9, "bob") == relayed(2, "ada")
    assert stage.relay(2, "ada") == relayed(9, "bob")
    assert stage.matchmaker.next_deadline() is None
    stage.pass_time(GRACE)
    assert stage.relay(2, "ada") == relayed(9, "bob"), "who came back does not expire"


def test_a_seat_is_gone_at_the_deadline(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.disconnect(1)
    stage.pass_time(GRACE)
    assert stage.matchmaker.statistics().users == 2
    assert stage.matchmaker.next_deadline() is None
    stage.connect(9, "ada")
    assert is_unavailable(stage.relay(9, "bob"), 9, "bob")


def test_each_seat_has_its_own_deadline(stage: Stage) -> None:
    stage.meet(1, 2, 3)
    start = stage.now
    stage.disconnect(2)
    stage.pass_time(10)
    stage.disconnect(1)
    stage.pass_time(10)
    assert stage.matchmaker.next_deadline() == start + GRACE
    stage.pass_time(10)
    assert stage.matchmaker.next_deadline() == start + 10 + GRACE
    stage.pass_time(10)
    assert stage.matchmaker.next_deadline() is None
    assert stage.matchmaker.statistics().users == 1


def test_leaving_again_starts_a_new_grace(stage: Stage) -> None:
    stage.meet(1, 2, 3)
    stage.disconnect(1)
    stage.pass_time(20)
    stage.disconnect(2)
    stage.connect(9, "ada")
    stage.pass_time(5)
    stage.disconnect(9)
    assert stage.matchmaker.next_deadline() == stage.now - 5 + GRACE, "bob's is the next one"
    stage.pass_time(GRACE - 5)
    assert stage.matchmaker.next_deadline() == stage.now + 5


def test_a_late_look_at_the_clock_ends_all_that_are_over(stage: Stage) -> None:
    stage.meet(1, 2, 3)
    for connection in (1, 2, 3):
        stage.disconnect(connection)
        stage.pass_time(1)
    stage.pass_time(1_000_000)
    assert is_empty(stage.matchmaker)


def test_without_a_seat_a_session_ends_with_its_connection(stage: Stage) -> None:
    stage.ask(1, 2)
    stage.disconnect(1)
    assert stage.matchmaker.statistics().users == 2
    assert stage.matchmaker.next_deadline() is None


@pytest.mark.parametrize("seconds", [-1.0, -1_000_000.0])
def test_time_that_runs_backwards_is_held(stage: Stage, seconds: float) -> None:
    stage.meet(1, 2)
    start = stage.now
    stage.now += seconds
    stage.disconnect(1)
    assert stage.matchmaker.next_deadline() == start + GRACE
    stage.pass_time(-seconds + GRACE - 0.5)
    assert stage.matchmaker.statistics().users == 3
    stage.pass_time(0.5)
    assert stage.matchmaker.statistics().users == 2


def test_a_withdrawn_connection_is_in_no_match(stage: Stage) -> None:
    stage.ask(1, 2)
    assert stage.withdraw(1) == []
    assert stage.matchmaker.statistics().waiting == 0
    assert stage.ask(2, 2) == []
    assert stage.ask(3, 2) == found("room-1", bob=2, cyd=3)


@pytest.mark.parametrize("size", [1, 2, 3, 0, -1, 17, 10**5000], ids=short)
def test_later_requests_of_a_withdrawn_one_are_ignored(stage: Stage, size: int) -> None:
    stage.withdraw(1)
    assert stage.ask(1, size) == []
    assert stage.matchmaker.statistics().waiting == 0
    assert stage.matchmaker.statistics().rooms == 0


def test_what_a_withdrawn_one_sent_before_is_still_relayed(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.withdraw(1)
    assert stage.relay(1, "bob") == relayed(2, "ada")
    assert is_unavailable(stage.relay(1, "nobody"), 1, "nobody")
    assert stage.invalid(1, "bad-json", "no") == [Deliver(1, Refused("bad-json", "no"))]
    stage.disconnect(1)
    assert stage.relay(1, "bob") == []


def test_a_withdrawn_one_keeps_the_seat_and_the_grace_starts_at_its_end(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.withdraw(1)
    assert stage.matchmaker.next_deadline() is None
    stage.pass_time(5)
    stage.disconnect(1)
    assert stage.matchmaker.next_deadline() == stage.now + GRACE
    stage.connect(9, "ada")
    assert stage.relay(2, "ada") == relayed(9, "bob")
    assert stage.ask(9, 1) == found("room-2", ada=9), "who came back is not leaving any more"


def test_a_newer_connection_may_come_between_withdraw_and_disconnect(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.withdraw(1)
    assert stage.connect(9, "ada") == [Close(1, "replaced")]
    assert stage.disconnect(1) == []
    assert stage.relay(2, "ada") == relayed(9, "bob")
    assert stage.ask(9, 1) == found("room-2", ada=9)


def test_ends_may_come_repeatedly(stage: Stage) -> None:
    stage.meet(1, 2)
    for _ in range(3):
        assert stage.withdraw(1) == []
    for _ in range(3):
        assert stage.disconnect(1) == []
        stage.pass_time(1)
    assert stage.matchmaker.next_deadline() == stage.now - 3 + GRACE


def test_drain_closes_everybody_in_the_order_of_arrival(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.connect(9, "ada")
    stage.ask(3, 2)
    assert stage.drain() == [Close(2, "restart"), Close(3, "restart"), Close(9, "restart")]


def test_who_comes_later_is_closed_at_once(stage: Stage) -> None:
    stage.drain()
    assert stage.connect(8, "dan") == [Close(8, "restart")]
    assert stage.connect(9, "ada") == [Close(1, "replaced"), Close(9, "restart")]
    for connection in (2, 3, 8, 9):
        stage.disconnect(connection)
    assert is_empty(stage.matchmaker)


def test_an_invalid_message_keeps_its_place_and_its_words(stage: Stage) -> None:
    assert stage.invalid(1, "bad-message", "no", "bob") == [Deliver(1, Refused("bad-message", "no", "bob"))]
    assert stage.matchmaker.statistics().refused == 1


def test_everything_is_given_back_when_everybody_has_left(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.ask(3, 5)
    stage.ask(1, 4)
    stage.connect(9, "ada")
    sessions = [weakref.ref(session) for session in stage.matchmaker._sessions.by_user.values()]
    assert len(sessions) == 3
    for connection in (1, 2, 3, 9):
        stage.disconnect(connection)
    stage.pass_time(GRACE)
    assert is_empty(stage.matchmaker)
    gc.collect()
    assert [session() for session in sessions] == [None, None, None]


def test_statistics_count_what_is_there_and_what_was(stage: Stage) -> None:
    stage.meet(1, 2)
    stage.ask(3, 2)
    stage.relay(1, "bob")
    stage.relay(1, "cyd")
    stage.ask(1, 0)
    stage.disconnect(2)
    assert stage.matchmaker.statistics() == MatchmakerStatistics(
        connections=2, users=3, waiting=1, rooms=1, matches=1, relayed=1, refused=2
    )


def test_commands_may_come_before_any_connection() -> None:
    """Total from the first moment on: nothing is there, and nothing happens."""
    stage = Stage()
    for command in (
        TimePassed(),
        Withdraw(1),
        Disconnect(1),
        RequestMatch(1, 1),
        Relay(1, "ada", "offer", b""),
    ):
        assert stage.do(command) == []
    assert stage.drain() == []
    assert stage.do(Connect(1, "")) == [Close(1, "restart")]

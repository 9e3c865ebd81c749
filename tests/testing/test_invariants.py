"""Each invariant about requests and rooms, in a story that breaks it and in the nearest that does not."""

from __future__ import annotations

import pytest

from focus_signal.core.commands import Connect, RequestMatch, Withdraw
from focus_signal.core.effects import Close, Deliver
from focus_signal.testing import history as h
from tests.testing.story import BAD_SIZE, Story, room


def pair() -> tuple[Story, int, int]:
    story = Story()
    return story, story.open("ana"), story.open("bo")


def trio() -> tuple[Story, int, int, int]:
    story = Story()
    return story, story.open("ana"), story.open("bo"), story.open("cy")


def test_a_plain_run_breaks_nothing() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    story.relay(ana, bo)
    story.relay(bo, ana)
    story.refuse(ana, "nobody")
    story.settle()
    story.leave(ana)
    story.leave(bo)
    story.events.append(h.Emptied(story.t + 60.0, 0, 0, 0, 0))
    assert story.violations() == []


def test_self_match() -> None:
    story, ana, _ = pair()
    story.join(ana, 2)
    story.join(ana, 2, Deliver(ana, room("ana", "ana")), Deliver(ana, room("ana", "ana")))
    assert story.broken() == {"self-match"}


def test_asking_twice_and_being_matched_once_is_no_self_match() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    assert story.broken() == set()


def test_a_room_that_is_too_small() -> None:
    story, ana, bo, _ = trio()
    story.join(ana, 3)
    story.match(bo, 3, ana, bo)
    assert story.broken() == {"room-size"}


def test_a_room_of_another_size_than_one_asked_for() -> None:
    story, ana, bo, _ = trio()
    story.join(ana, 3)
    story.match(bo, 2, ana, bo)
    assert story.broken() == {"room-size"}


def test_peers_that_differ() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(bo, 2, Deliver(ana, room("ana", "bo")), Deliver(bo, room("bo", "ana")))
    assert story.broken() == {"room-size"}


def test_peers_without_the_receiver() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(bo, 2, Deliver(ana, room("bo")), Deliver(bo, room("ana")))
    assert story.broken() == {"room-size"}


def test_a_member_who_is_not_told() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(bo, 2, Deliver(bo, room("ana", "bo")))
    assert story.broken() == {"room-size"}


def test_a_member_who_is_told_twice() -> None:
    story, ana, bo = pair()
    found = room("ana", "bo")
    story.join(ana, 2)
    story.join(bo, 2, Deliver(ana, found), Deliver(bo, found), Deliver(bo, found))
    assert story.broken() == {"room-size"}


def test_somebody_else_who_is_told() -> None:
    story, ana, bo, cy = trio()
    found = room("ana", "bo")
    story.join(ana, 2)
    story.join(bo, 2, Deliver(ana, found), Deliver(bo, found), Deliver(cy, found))
    assert story.broken() == {"room-size"}


def test_one_request_and_two_rooms() -> None:
    story, ana, bo, cy = trio()
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    story.match(cy, 2, ana, cy, name="r2")
    assert story.broken() == {"two-rooms"}


def test_two_requests_and_two_rooms() -> None:
    story, ana, bo, cy = trio()
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    story.join(ana, 2)
    story.match(cy, 2, ana, cy, name="r2")
    assert story.broken() == set()


def test_two_queues() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(ana, 3)
    story.match(bo, 2, ana, bo)
    assert story.broken() == {"two-queues"}


def test_who_moves_and_moves_back_is_in_one_queue() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(ana, 3)
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    assert story.broken() == set()


def test_peers_in_another_order_than_they_came() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.match(bo, 2, bo, ana)
    assert story.broken() == {"fifo"}


def test_somebody_who_is_passed_over() -> None:
    story, ana, bo, cy = trio()
    dee = story.open("dee")
    story.join(ana, 3)
    story.join(bo, 3)
    story.match(cy, 3, bo, cy, dee)
    assert "two-rooms" in story.broken()  # dee had not asked
    story = Story()
    ana, bo, cy = (story.open(user) for user in ("ana", "bo", "cy"))
    story.join(ana, 2)
    story.join(bo, 2)  # unmatched for now, which only the end can judge
    story.match(cy, 2, bo, cy)
    assert story.broken() == {"fifo"}


def test_asking_again_keeps_the_place() -> None:
    def told(*order: int) -> set[str]:
        story, ana, bo, cy = trio()
        story.join(ana, 3)
        story.join(bo, 3)
        story.join(ana, 3)
        story.match(cy, 3, *((ana, bo, cy)[place] for place in order))
        return story.broken()

    assert told(1, 0, 2) == {"fifo"}
    assert told(0, 1, 2) == set()


def test_moving_gives_up_the_place() -> None:
    def told(*order: int) -> set[str]:
        story, ana, bo, cy = trio()
        story.join(ana, 3)
        story.join(bo, 3)
        story.join(ana, 2)
        story.join(ana, 3)
        story.match(cy, 3, *((ana, bo, cy)[place] for place in order))
        return story.broken()

    assert told(0, 1, 2) == {"fifo"}
    assert told(1, 0, 2) == set()


def test_a_takeover_gives_up_the_place() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    newer = story.open("ana")
    story.match(bo, 2, newer, bo)
    assert story.broken() == {"fifo"}


def test_a_takeover_may_ask_anew() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    newer = story.open("ana")
    story.join(newer, 2)
    story.match(bo, 2, newer, bo)
    assert story.broken() == set()


@pytest.mark.parametrize("carried_out", [True, False], ids=["withdrawn", "only read"])
def test_dead_match(carried_out: bool) -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.read_end(ana)
    if carried_out:
        story.decide(Withdraw(ana))
    story.match(bo, 2, ana, bo)
    assert story.broken() == {"dead-match"}


def test_a_request_that_is_carried_out_behind_its_end_is_in_no_match() -> None:
    story, ana, bo = pair()
    story.read_end(ana)
    story.decide(Withdraw(ana))
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    assert story.broken() == {"dead-match"}


def test_an_end_that_is_read_behind_the_match_is_too_late() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    story.leave(ana)
    assert story.broken() == set()


def test_a_beginning_that_its_own_end_has_overtaken() -> None:
    story = Story()
    bo = story.open("bo")
    ana = story.open("ana", decided=False)
    story.read_end(ana)
    story.decide(Withdraw(ana))
    story.decide(Connect(ana, "ana"))
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    assert story.broken() == {"dead-match"}


def test_starved_queue() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(bo, 2)
    story.settle()
    assert story.broken() == {"starved-queue"}
    assert story.violations()[0].ops == (3, 4)


@pytest.mark.parametrize("how", ["leaves", "other size"])
def test_too_few_are_not_starved(how: str) -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.join(bo, 2 if how == "leaves" else 3)
    if how == "leaves":
        story.leave(ana)
    story.settle()
    assert story.broken() == set()


def test_an_unknown_size_is_told_as_an_error() -> None:
    def told(*refusals: int) -> set[str]:
        story, ana, bo = pair()
        story.join(ana, 17, *(Deliver((ana, bo)[receiver], BAD_SIZE) for receiver in refusals))
        return story.broken()

    assert told() == {"bad-request"}
    assert told(1) == {"bad-request"}
    assert told(0, 0) == {"bad-request"}
    assert told(0) == set()


def test_a_good_size_gets_no_error() -> None:
    story, ana, _ = pair()
    story.join(ana, 2, Deliver(ana, BAD_SIZE))
    assert story.broken() == {"bad-request"}


def test_who_is_leaving_is_told_nothing() -> None:
    story, ana, _ = pair()
    story.read_end(ana)
    story.decide(Withdraw(ana))
    story.join(ana, 17)
    assert story.broken() == set()


def test_an_older_connection_asks_for_nobody() -> None:
    story, ana, bo = pair()
    newer = story.open("ana")
    story.join(ana, 2)
    story.match(bo, 2, newer, bo)
    assert story.broken() == {"newest-wins"}


def test_a_room_that_comes_of_something_else_is_looked_at_too() -> None:
    story, ana, bo = pair()
    cy = story.open("cy")
    story.join(ana, 2)
    story.read_end(cy)
    found = room("ana", "bo")
    story.decide(Withdraw(cy), Deliver(ana, found), Deliver(bo, found))
    assert story.broken() == {"two-rooms"}


def test_a_restart_forgets_who_waits_and_who_has_met() -> None:
    story, ana, bo = pair()
    story.join(ana, 2)
    story.restart()
    ana, bo = story.open("ana"), story.open("bo")
    story.match(bo, 2, ana, bo)
    assert story.broken() == {"two-rooms"}


def test_of_each_invariant_the_first_few_are_told() -> None:
    story = Story()
    conns = [story.open(f"u{number}") for number in range(12)]
    for number, conn in enumerate(conns[1:]):
        story.match(conn, 2, conns[0], conn, name=f"r{number}")
    told = story.violations()
    assert [violation.invariant for violation in told] == ["two-rooms"] * 3
    assert [violation.t for violation in told] == sorted(violation.t for violation in told)


def test_a_command_of_a_connection_that_nobody_served_is_nobodys() -> None:
    story, _, _ = pair()
    story.decide(RequestMatch(99, 2))
    story.decide(Connect(99, "eve"), Close(98, "replaced"))
    assert story.broken() == set()

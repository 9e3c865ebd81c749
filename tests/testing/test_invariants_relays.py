"""Each invariant about relays, in a story that breaks it and in the nearest that does not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from focus_signal.core.commands import Relay, Withdraw
from focus_signal.core.effects import Deliver, Refused
from focus_signal.testing.plan import RunConfig, Signal
from tests.testing.story import REFUSED, Story, marks, met, room, strangers


def test_a_message_that_is_delivered_behind_a_later_one() -> None:
    story, ana, bo = met()
    first = story.signal(ana, "bo")
    second = story.send(ana, "bo")
    late = [Deliver(bo, story.message(second)), Deliver(bo, story.message(first))]
    story.decide(second, *late)
    for delivery in late:
        story.get(bo, delivery.message)
    assert story.broken() == {"pair-order"}


def test_a_message_that_is_delivered_late_but_in_order() -> None:
    story, ana, bo = met()
    first = story.signal(ana, "bo")
    second = story.send(ana, "bo")
    late = [Deliver(bo, story.message(first)), Deliver(bo, story.message(second))]
    story.decide(second, *late)
    for delivery in late:
        story.get(bo, delivery.message)
    assert story.broken() == set()


@pytest.mark.parametrize("target", ["nobody", "bo"])
def test_a_message_that_comes_to_nothing(target: str) -> None:
    story, ana, _ = strangers()
    story.signal(ana, target)
    assert story.broken() == {"silent-loss"}


def test_a_message_that_is_refused() -> None:
    story, ana, _ = strangers()
    story.refuse(ana, "bo")
    story.refuse(ana, "nobody")
    story.settle()
    assert story.broken() == set()


def test_a_message_of_a_connection_that_was_closed_may_come_to_nothing() -> None:
    story, ana, _ = met()
    story.open("ana")
    story.signal(ana, "bo")
    assert story.broken() == set()


def test_a_message_to_an_end_that_was_read_before() -> None:
    story, ana, bo = met()
    story.read_end(bo)
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    assert story.broken() == {"silent-loss"}


def test_a_message_to_an_end_that_was_read_meanwhile() -> None:
    story, ana, bo = met()
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    story.end(bo)
    story.settle()
    assert story.broken() == set()


@pytest.mark.parametrize("what", ["delivered", "refused"])
def test_a_message_that_is_answered_twice(what: str) -> None:
    story, ana, bo = met()
    (message,) = marks(story, 1)
    again = Deliver(bo, message) if what == "delivered" else Deliver(ana, REFUSED)
    story.signal(ana, "bo", Deliver(bo, message), again)
    assert story.broken() == {"duplicate"}


def test_a_message_that_is_delivered_again_later() -> None:
    story, ana, bo = met()
    message = story.relay(ana, bo)
    story.decide(Withdraw(99), Deliver(bo, message))
    assert story.broken() == {"duplicate"}


def test_the_sender_is_who_the_connection_speaks_for() -> None:
    story, ana, bo = met()
    command = story.send(ana, "bo", claim="cy")
    story.decide(command, Deliver(bo, story.message(command, "cy")))
    assert story.broken() == {"spoofed-sender"}


def test_a_claim_that_is_refused() -> None:
    story, ana, _ = met()
    story.say(ana, "{", Deliver(ana, Refused("bad-json", "no JSON")))
    assert story.broken() == set()


def test_somebody_outside_the_room() -> None:
    story, ana, bo = strangers()
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    assert story.broken() == {"outsider"}


def test_outside_the_room_where_any_user_may_be_reached() -> None:
    story, ana, bo = strangers(RunConfig(relay_scope="any"))
    story.relay(ana, bo)
    assert story.broken() == set()


def test_somebody_whom_it_is_not_for() -> None:
    story = Story()
    ana, bo, cy = (story.open(user) for user in ("ana", "bo", "cy"))
    story.join(ana, 3)
    story.join(bo, 3)
    story.match(cy, 3, ana, bo, cy)
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(cy, message))
    assert story.broken() == {"outsider"}


def test_a_room_is_left_for_the_next() -> None:
    def told(*, leaves: bool) -> set[str]:
        story, ana, bo = met()
        if leaves:
            cy = story.open("cy")
            story.join(bo, 2)
            story.match(cy, 2, bo, cy, name="r2")
        story.relay(ana, bo)
        return story.broken()

    assert told(leaves=True) == {"outsider"}
    assert told(leaves=False) == set()


@pytest.mark.parametrize(("away", "allowed"), [(29.0, True), (30.0, False)])
def test_a_seat_is_kept_for_the_grace(away: float, allowed: bool) -> None:
    story, ana, bo = met(RunConfig(seat_grace=30.0))
    story.leave(bo)
    left = story.t
    story.t = left + away - 1.0  # opening takes a second
    newer = story.open("bo")
    story.relay(ana, newer)
    assert story.broken() == (set() if allowed else {"outsider"})


def test_the_newest_connection_is_reached() -> None:
    def told(*, refused: bool) -> set[str]:
        story, ana, bo = met()
        newer = story.open("bo")
        story.end(bo)
        if refused:
            story.refuse(ana, "bo")
        else:
            story.relay(ana, newer)
        return story.broken()

    assert told(refused=True) == {"takeover-unreachable"}
    assert told(refused=False) == set()


def test_what_is_delivered_to_the_older_connection() -> None:
    story, ana, bo = met()
    story.open("bo")
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    assert story.broken() == {"takeover-unreachable"}


def test_what_comes_to_nothing_behind_a_takeover() -> None:
    story, ana, _ = strangers()
    story.open("bo")
    story.signal(ana, "bo")
    assert story.broken() == {"takeover-unreachable"}


def test_a_room_of_which_the_newest_connection_is_not_told() -> None:
    story, ana, _ = strangers()
    newer = story.open("bo")
    story.join(newer, 2)
    story.join(ana, 2, Deliver(ana, room("bo", "ana")))
    assert story.broken() == {"takeover-unreachable"}


def test_who_is_away_may_be_refused() -> None:
    story, ana, bo = met()
    story.leave(bo)
    story.refuse(ana, "bo")
    assert story.broken() == set()


def test_unreachable_in_the_same_room() -> None:
    story, ana, _ = met()
    story.refuse(ana, "bo")
    assert story.broken() == {"unreachable"}


def test_oneself_is_in_the_same_room() -> None:
    story, ana, _ = met()
    story.relay(ana, ana)
    assert story.broken() == set()
    story.refuse(ana, "ana")
    assert story.broken() == {"unreachable"}


def test_a_refusal_that_goes_to_somebody_else() -> None:
    story, ana, bo = strangers()
    story.signal(ana, "nobody", Deliver(bo, REFUSED))
    assert story.broken() == {"bad-request"}


def test_an_error_that_nothing_asked_for() -> None:
    story, ana, _ = strangers()
    story.decide(Withdraw(99), Deliver(ana, REFUSED))
    assert story.broken() == {"bad-request"}


def test_a_malformed_text_gets_its_error() -> None:
    def told(*codes: str) -> set[str]:
        story, ana, _ = strangers()
        story.say(ana, "{", *(Deliver(ana, Refused(code, "no JSON")) for code in codes))
        return story.broken()

    assert told() == {"bad-request"}
    assert told("bad-message") == {"bad-request"}
    assert told("bad-json", "bad-json") == {"bad-request"}
    assert told("bad-json") == set()


def test_what_an_older_connection_says_reaches_nobody() -> None:
    story, ana, bo = met()
    story.open("ana")
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    assert story.broken() == {"newest-wins"}


@pytest.mark.parametrize("change", [{"kind": "answer"}, {"payload": b',"sdp":"m5"'}])
def test_a_message_that_is_not_delivered_as_it_was_sent(change: dict[str, str | bytes]) -> None:
    story, ana, bo = met()
    (message,) = marks(story, 1)
    changed = replace(message, **change)
    story.signal(ana, "bo", Deliver(bo, changed))
    story.get(bo, changed)
    assert story.broken() == {"altered"}


def test_a_message_that_is_not_decided_as_it_was_sent() -> None:
    story, ana, bo = met()
    op = story.next_id
    story._sent(Signal(id=op, at=story.t, conn=ana, kind="offer", to="bo", padding=9))
    command = Relay(ana, "bo", "offer", b',"sdp":"m%d xxx"' % op)
    story.decide(command, Deliver(bo, story.message(command)))
    assert story.broken() == {"altered"}

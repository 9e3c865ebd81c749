"""What was sent and got: stories in which it is lost, doubled or out of order, and the nearest without."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from focus_signal.core.commands import RequestMatch, Withdraw
from focus_signal.core.effects import Close, Deliver
from focus_signal.testing import history as h
from focus_signal.testing.plan import RunConfig
from tests.testing.story import marks, met, strangers


def test_commands_that_are_decided_in_another_order() -> None:
    story, ana, bo = met()
    first, second = story.send(ana, "bo"), story.send(ana, "bo")
    for command in (second, first):
        story.decide(command, Deliver(bo, story.message(command)))
        story.get(bo, story.message(command))
    assert story.broken() == {"pair-order"}


def test_commands_of_two_connections_may_be_decided_in_any_order() -> None:
    story, ana, bo = met()
    first, second = story.send(ana, "bo"), story.send(bo, "ana")
    for command, target in ((second, ana), (first, bo)):
        story.decide(command, Deliver(target, story.message(command)))
        story.get(target, story.message(command))
    assert story.broken() == set()


def test_messages_that_are_got_in_another_order() -> None:
    story, ana, bo = met()
    messages = [story.message(story.signal(ana, "bo", Deliver(bo, message))) for message in marks(story, 2)]
    story.get(bo, messages[1])
    story.get(bo, messages[0])
    assert story.broken() == {"pair-order"}


@pytest.mark.parametrize("excuse", ["", "leaves", "too slow"])
def test_a_message_that_is_delivered_and_never_got(excuse: str) -> None:
    story, ana, bo = met()
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    if excuse == "leaves":
        story.leave(bo)
    elif excuse == "too slow":
        story.decide(Withdraw(bo))
    story.settle()
    assert story.broken() == (set() if excuse else {"silent-loss"})


def test_a_message_that_is_passed_over() -> None:
    story, ana, bo = met()
    story.signal(ana, "bo", Deliver(bo, marks(story, 1)[0]))
    message = story.relay(ana, bo)
    story.events.pop()  # the first is never got, though its connection ends before anybody could miss it
    story.get(bo, message)
    story.leave(bo)
    assert story.broken() == {"silent-loss"}


def test_a_text_that_is_never_decided() -> None:
    def told(*, leaves: bool) -> set[str]:
        story, ana, _ = met()
        story.send(ana, "bo")
        if leaves:
            story.leave(ana)
        story.settle()
        return story.broken()

    assert told(leaves=False) == {"silent-loss"}
    assert told(leaves=True) == set()


def test_a_text_that_is_passed_over() -> None:
    story, ana, bo = met()
    story.send(ana, "bo")
    story.relay(ana, bo)
    story.leave(ana)
    assert story.broken() == {"silent-loss"}


def test_what_is_still_under_way_when_all_has_settled_is_not_lost() -> None:
    story, ana, bo = met(RunConfig(settle=30.0, latency=(10.0, 10.0)))
    story.signal(ana, "bo", Deliver(bo, marks(story, 1)[0]))
    story.settle()
    assert story.broken() == set()


@pytest.mark.parametrize(("reason", "code"), [("replaced", 4501), ("restart", 1012)])
@pytest.mark.parametrize("got", [True, False])
def test_a_close_goes_behind_what_was_delivered(reason: str, code: int, got: bool) -> None:
    story, ana, bo = met()
    (message,) = marks(story, 1)
    story.signal(ana, "bo", Deliver(bo, message))
    if reason == "replaced":
        story.open("bo")
    else:
        story.drain(5.0, Close(ana, "restart"), Close(bo, "restart"))
    if got:
        story.get(bo, message)
    story.events.append(h.Ended(story.t, bo, code))
    assert story.broken() == (set() if got else {"silent-loss"})


def test_a_message_that_is_decided_twice() -> None:
    story, ana, bo = met()
    command = story.send(ana, "bo")
    for _ in range(2):
        story.decide(command, Deliver(bo, story.message(command)))
        story.get(bo, story.message(command))
    assert story.broken() == {"duplicate"}


def test_a_request_that_is_decided_twice() -> None:
    story, ana, _ = strangers()
    story.join(ana, 2)
    story.decide(RequestMatch(ana, 2))
    assert story.broken() == {"duplicate"}


def test_a_message_that_is_got_twice() -> None:
    story, ana, bo = met()
    message = story.relay(ana, bo)
    story.get(bo, message)
    assert story.broken() == {"duplicate"}


def test_a_message_that_was_not_delivered_to_whoever_got_it() -> None:
    story, ana, bo = met()
    message = story.relay(ana, bo)
    story.get(ana, message)
    assert story.broken() == {"outsider"}


def test_a_message_that_is_not_got_as_it_was_delivered() -> None:
    story, ana, bo = met()
    command = story.send(ana, "bo")
    message = story.message(command)
    story.decide(command, Deliver(bo, message))
    story.get(bo, replace(message, payload=message.payload.replace(b' "', b' and more"')))
    assert story.broken() == {"altered"}


def test_a_payload_may_come_in_another_dress() -> None:
    story, ana, bo = met()
    command = story.send(ana, "bo")
    message = story.message(command)
    story.decide(command, Deliver(bo, message))
    story.get(bo, replace(message, payload=b', "sdp" :' + message.payload.partition(b":")[2]))
    assert story.broken() == set()

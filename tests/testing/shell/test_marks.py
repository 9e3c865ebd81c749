"""Payloads of a test's own: known by who sent them and in which order, wherever they turn up."""

from __future__ import annotations

from focus_signal.core.commands import Command, Relay, RequestMatch
from focus_signal.core.effects import Deliver, Effect, Refused, Relayed
from focus_signal.testing.history import mark_of
from focus_signal.testing.shell.marks import Marks

SDP = b',"sdp":"v=0"'
# The server has numbered the connections 1 and 2 of the plan the other way round.
CONNS = {11: 2, 22: 1}


def relayed(marks: Marks, sender: int, target: int) -> tuple[Command, list[Effect]]:
    return marks.decided(
        Relay(sender, "bo", "offer", SDP), [Deliver(target, Relayed("ana", "offer", SDP))], CONNS
    )


def marks_of(command: Command, effects: list[Effect]) -> tuple[int | None, list[int | None]]:
    assert isinstance(command, Relay)
    found: list[int | None] = []
    for effect in effects:
        assert isinstance(effect, Deliver)
        found.append(mark_of(effect.message.payload) if isinstance(effect.message, Relayed) else None)
    return mark_of(command.payload), found


def test_a_payload_is_known_from_its_sender_to_its_target() -> None:
    marks = Marks()
    marks.sent(2, SDP, op=5)
    assert marks_of(*relayed(marks, 11, 22)) == (5, [5])
    got = marks.got(1, Relayed("ana", "offer", SDP))
    assert isinstance(got, Relayed)
    assert (got.sender, got.kind, mark_of(got.payload)) == ("ana", "offer", 5)


def test_the_same_payload_twice_is_told_apart_by_its_order() -> None:
    marks = Marks()
    marks.sent(2, SDP, op=5)
    marks.sent(2, SDP, op=6)
    assert marks_of(*relayed(marks, 11, 22)) == (5, [5])
    assert marks_of(*relayed(marks, 11, 22)) == (6, [6])
    came = [marks.got(1, Relayed("ana", "offer", SDP)) for _ in range(3)]
    shown = [mark_of(each.payload) for each in came if isinstance(each, Relayed)]
    assert shown == [5, 6, None], "what comes once more than it was delivered bears no mark"


def test_two_senders_of_the_same_are_told_apart() -> None:
    marks = Marks()
    marks.sent(1, SDP, op=5)
    marks.sent(2, SDP, op=6)
    assert marks_of(*relayed(marks, 11, 22)) == (6, [6])
    assert marks_of(*relayed(marks, 22, 11)) == (5, [5])


def test_what_nobody_sent_is_shown_as_it_is() -> None:
    marks = Marks()
    effects: list[Effect] = [Deliver(22, Relayed("ana", "offer", SDP))]
    command = Relay(11, "bo", "offer", SDP)
    assert marks.decided(command, effects, CONNS) == (command, effects)
    marks.sent(2, b',"sdp":"another"', op=5)
    assert marks.decided(command, effects, CONNS) == (command, effects)
    assert marks.decided(Relay(99, "bo", "offer", SDP), effects, CONNS)[1] == effects
    assert marks.decided(RequestMatch(11, 2), [], CONNS) == (RequestMatch(11, 2), [])
    assert marks.got(1, Relayed("ana", "offer", SDP)) == Relayed("ana", "offer", SDP)


def test_a_refusal_and_a_stranger_keep_what_they_have() -> None:
    marks = Marks()
    marks.sent(2, SDP, op=5)
    stray: list[Effect] = [
        Deliver(11, Refused("peer-unavailable", "gone", "bo")),
        Deliver(99, Relayed("ana", "offer", SDP)),
    ]
    command, effects = marks.decided(Relay(11, "bo", "offer", SDP), stray, CONNS)
    assert effects == stray
    assert marks_of(command, []) == (5, [])

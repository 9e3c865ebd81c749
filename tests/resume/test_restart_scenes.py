"""What becomes of a room when the server is started anew, one scene each."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from focus_signal.access.keys import Keys
from tests.resume.house import GRACE, KEYS
from tests.resume.stage import Frame, Person, Stage

WINDOW = 2 * GRACE
NAMES = ("ana", "bo", "cy", "dee")


def four(tokens: str = "new") -> tuple[Stage, list[Person], str]:
    """Put four into a room, one after the other."""
    stage = Stage()
    people = [stage.person(name) for name in NAMES]
    room = stage.room(*people)
    if tokens == "new":
        for person in people:
            person.listen()
    return stage, people, room


def kinds(frames: list[Frame]) -> list[str]:
    return [frame["type"] for frame in frames]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_four_come_back_in_any_order(order: tuple[int, ...]) -> None:
    stage, people, room = four()
    stage.restart()
    for place, number in enumerate(order):
        people[number].come()
        welcome, *_ = people[number].listen()
        assert (welcome["resumed"], "lastId" in welcome) == (False, False)
        state = welcome["state"]["room"]
        assert (state["roomId"], state["peers"]) == (room, list(NAMES))
        # Those who were there before are offered to, as ever.
        assert state["offerTo"] == list(NAMES[:number])
        assert state.get("away", []) == [NAMES[each] for each in sorted(order[place + 1 :])]
    for number in order[:-1]:
        told = [(frame["type"], frame.get("resumed")) for frame in people[number].listen()]
        assert told.count(("peer-back", False)) == 3 - order.index(number)
    people[0].say("signal", to="dee", data="here")
    assert [frame["data"] for frame in people[3].listen() if frame["type"] == "signal"] == ["here"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("old", list(product((False, True), repeat=3)), ids=str)
def test_any_mixture_of_old_and_new_tokens(order: tuple[int, ...], old: tuple[bool, ...]) -> None:
    """Bo has left and dee has come just before, and of some the tokens that say so were lost."""
    stage = Stage()
    ana, bo, cy, dee = (stage.person(name) for name in NAMES)
    room = stage.room(ana, bo, cy)
    for person in (ana, bo, cy):
        person.listen()
    stale = [ana.token, cy.token]
    bo.say("room-leave")
    dee.say("room-join", code="MEETING")
    lost = dee.token
    for person in (ana, bo, cy, dee):
        person.listen()
    stage.restart()
    stay = (ana, cy, dee)
    for number in order:
        stay[number].come((*stale, lost)[number] if old[number] else None)
        stay[number].listen()
    if all(old):
        # Nobody knows better: bo is waited for, and dee is in no room.
        assert stage.members() == {room: ["ana", "bo", "cy"]}
        expected = ["ana", "cy"]
    else:
        assert stage.members() == {room: ["ana", "cy", "dee"]}
        expected = ["ana", "cy", "dee"]
    bo.come()
    assert "room" not in bo.listen()[0]["state"]
    stage.pass_time(WINDOW)
    assert stage.members() == {room: expected}


def test_who_has_not_come_is_away_and_then_lost() -> None:
    stage, (ana, bo, _, dee), room = four()
    stage.restart()
    ana.come()
    assert ana.listen()[0]["state"]["room"]["away"] == ["bo", "cy", "dee"]
    stage.pass_time(20.0)
    bo.come()
    assert [(frame["type"], frame["resumed"]) for frame in ana.listen()][-1:] == [("peer-back", False)]
    ana.say("signal", to="dee", data="in time")
    assert [frame["code"] for frame in ana.listen() if frame["type"] == "error"] == ["peer-unavailable"]
    stage.pass_time(WINDOW - 20.001)
    assert stage.members() == {room: list(NAMES)}
    stage.pass_time(0.001)
    assert stage.members() == {room: ["ana", "bo"]}
    lost = [(frame["peer"], frame["reason"]) for frame in ana.listen() if frame["type"] == "peer-left"]
    assert lost == [("cy", "lost"), ("dee", "lost")]
    dee.come()
    welcome, *_ = dee.listen()
    assert (welcome["why"], welcome["state"]) == ("unknown", {})


@pytest.mark.parametrize(("at", "back"), [(0.0, True), (WINDOW - 0.001, True), (WINDOW, False)])
def test_the_window(at: float, back: bool) -> None:
    stage, people, room = four()
    stage.restart()
    stage.pass_time(at)
    people[2].come()
    welcome, *_ = people[2].listen()
    assert ("why" not in welcome) == back
    assert stage.members() == ({room: list(NAMES)} if back else {})


def test_codes_while_rooms_come_back() -> None:
    stage, (ana, bo, cy, _), room = four()
    stage.restart()
    eve = stage.person("eve")
    ana.come()
    ana.listen()
    for kind, fields, seconds in (
        ("room-join", {"code": "UNKNOWN"}, 60),
        ("room-join", {"code": "MEETING"}, 60),
        ("room-create", {"code": "UNKNOWN", "maxSize": 2}, 60),
    ):
        eve.say(kind, **fields)
        (answer,) = eve.listen()
        assert (answer["code"], answer["retryAfter"]) == ("try-later", seconds)
    stage.pass_time(WINDOW - 0.5)
    eve.say("room-join", code="MEETING")
    (answer,) = eve.listen()
    assert (answer["code"], answer["retryAfter"]) == ("try-later", 1)
    bo.come()
    stage.pass_time(0.5)
    eve.say("room-join", code="UNKNOWN")
    assert eve.listen()[0]["code"] == "room-not-found"
    eve.say("room-join", code="meet-ing")
    assert "room-found" in kinds(eve.listen())
    assert stage.members() == {room: ["ana", "bo", "eve"]}
    cy.come()
    assert cy.listen()[0]["why"] == "unknown"


def test_a_client_of_the_seeds_comes_by_its_user_id() -> None:
    stage = Stage()
    sam = stage.seed_person("sam")
    sam.say("matchmaking", matchSize=2)
    ana = stage.person("ana")
    ana.say("matchmaking", matchSize=2)
    ana.listen()
    (room,) = stage.members()
    stage.restart()
    ana.come()
    state = ana.listen()[0]["state"]["room"]
    assert (state["peers"], state["seed"], state["away"]) == (["sam", "ana"], ["sam"], ["sam"])
    sam.come()
    assert [(frame["type"], frame["resumed"]) for frame in ana.listen() if frame["type"] == "peer-back"] == [
        ("peer-back", False)
    ]
    ana.say("offer", to="sam", sdp="v=0")
    assert [frame["type"] for frame in sam.listen()] == ["offer"]
    stage.pass_time(WINDOW)
    assert stage.members() == {room: ["sam", "ana"]}


def test_a_client_of_the_seeds_that_came_first_is_told_of_its_room() -> None:
    stage = Stage()
    sam, ana = stage.seed_person("sam"), stage.person("ana")
    sam.say("matchmaking", matchSize=2)
    ana.say("matchmaking", matchSize=2)
    ana.listen()
    sam.listen()
    stage.restart()
    sam.come()
    ana.come()
    assert [frame["type"] for frame in sam.listen()] == ["room-found"]
    assert "away" not in ana.listen()[0]["state"]["room"]


@pytest.mark.parametrize(("age", "why"), [(599.0, None), (601.0, "expired")])
def test_old_tokens(age: float, why: str | None) -> None:
    stage, (ana, *_), room = four()
    stage.restart(after=age)
    ana.come()
    assert ana.listen()[0].get("why") == why
    assert list(stage.members()) == ([room] if why is None else [])


def test_keys_that_were_changed() -> None:
    old, new = b"the old secret of the house, as long", b"the new secret of the house, as long"
    stage = Stage(keys=Keys((old,)))
    ana, bo = stage.person("ana"), stage.person("bo")
    room = stage.room(ana, bo)
    ana.listen()
    bo.listen()
    stage.restart(keys=Keys((new, old)))
    ana.come()
    ana.listen()
    assert list(stage.members()) == [room]
    stage.restart(keys=Keys((new,)))
    # The one has a token of the new secret by now; the other one comes too late for the old one.
    ana.come()
    bo.come()
    assert (ana.listen()[0].get("why"), bo.listen()) == (None, [])
    assert bo.closed == 4004
    stage.restart(keys=KEYS)
    for person in (ana, bo):
        person.come()
        assert person.listen()[0]["why"] == "forged"


def test_a_token_beats_a_bare_user_id() -> None:
    stage, (ana, bo, *_), room = four()
    stage.restart()
    thief = stage.person("ana")
    assert thief.line.served
    ana.come()
    assert ana.listen()[0]["state"]["room"]["roomId"] == room
    thief.listen()
    assert thief.closed == 4501
    # Whose seat is kept, keeps the user id as well.
    thief = stage.person("bo", proved=False)
    thief.listen()
    assert thief.closed == 4004
    bo.come()
    assert bo.listen()[0]["state"]["room"]["peers"] == list(NAMES)


def test_of_two_sessions_of_a_user_the_later_one_has_the_seat() -> None:
    stage = Stage()
    first, bo = stage.person("ana"), stage.person("bo")
    old = first.token
    first.leave()
    stage.pass_time(1.0)
    ana = stage.person("ana")
    room = stage.room(bo, ana)
    bo.listen()
    ana.listen()
    stage.restart()
    bo.come()
    first.come(old)
    assert first.listen()[0]["state"]["room"]["roomId"] == room
    ana.come()
    assert ana.listen()[0]["state"]["room"]["peers"] == ["bo", "ana"]
    first.listen()
    assert first.closed == 4501
    assert stage.members() == {room: ["bo", "ana"]}


def test_tickets_end() -> None:
    stage = Stage()
    ana = stage.person("ana")
    ana.say("matchmaking", matchSize=2)
    assert "queued" in kinds(ana.listen())
    stage.restart()
    ana.come()
    welcome, *_ = ana.listen()
    assert (welcome["state"], "lastId" in welcome) == ({}, False)
    bo = stage.person("bo")
    bo.say("matchmaking", matchSize=2)
    assert stage.members() == {}


def test_somebody_known_to_have_left_does_not_make_the_room_a_later_one() -> None:
    stage = Stage()
    ana, eve, cy = stage.person("ana"), stage.person("eve"), stage.person("cy")
    room = stage.room(eve, ana, cy)
    eve.listen()
    cy.say("room-leave")
    cy.listen()
    eve.say("room-leave")  # and never hears that it did
    ana.listen()
    old = eve.token
    stage.restart()
    eve.come(old)
    cy.come()
    assert stage.members() == {room: ["eve", "ana"]}
    ana.come()
    assert stage.members() == {room: ["ana"]}
    assert [frame["reason"] for frame in eve.listen() if frame["type"] == "room-closed"] == ["removed"]


def test_whoever_was_in_a_room_had_left_what_was_before() -> None:
    stage = Stage()
    ana, bo, eve = stage.person("ana"), stage.person("bo"), stage.person("eve")
    stage.room(ana, bo)
    ana.listen()
    before = ana.token
    eve.say("room-create", maxSize=4, code="THERE")
    ana.say("room-join", code="THERE")
    ana.listen()
    between = ana.token
    ana.say("room-leave")
    eve.listen()
    stage.restart()
    eve.come()
    ana.come(before)
    assert "room" in ana.listen()[0]["state"]
    ana.come(between)
    welcome, *frames = ana.listen()
    assert "room" not in welcome["state"]
    assert "room-closed" in kinds(frames)


def test_who_leaves_by_itself_is_not_put_back() -> None:
    stage = Stage()
    ana, bo, cy = stage.person("ana"), stage.person("bo"), stage.person("cy")
    room = stage.room(ana, bo)
    ana.listen()
    bo.listen()
    cy.say("room-join", code="MEETING")
    cy.listen()
    stage.restart()
    ana.come()
    ana.listen()
    ana.say("room-leave")
    assert "room-closed" in kinds(ana.listen())
    cy.come()
    assert "room-found" not in kinds(ana.listen())
    assert stage.members() == {room: ["bo", "cy"]}


def test_two_restarts_in_a_row() -> None:
    """The second one comes before everyone is back; the tokens of both servers before it count."""
    stage, people, room = four()
    stage.restart()
    for person in people[:2]:
        person.come()
        person.listen()
    stage.restart(after=5.0)
    for person in reversed(people):
        person.come()
        person.listen()
    assert stage.members() == {room: list(NAMES)}

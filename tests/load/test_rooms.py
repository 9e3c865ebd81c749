"""Who is told of which room, at the finest: what the modes' liars do not reach."""

from __future__ import annotations

import json

import pytest

from focus_signal.load.faults import WrongResult
from focus_signal.load.rooms import Hall


def found(room: str, *peers: str) -> bytes:
    return json.dumps({"type": "room-found", "roomId": room, "peers": peers}).encode()


def hall(*asking: str) -> Hall:
    made = Hall(["ana", "bo", "cleo", "dora"], 2)
    for number, user in enumerate(asking):
        made.ask(user, float(number))
    return made


def test_a_room_is_open_until_all_are_told() -> None:
    one = hall("ana", "bo")
    assert one.told("bo", found("r", "ana", "bo")) == (1.0, ["ana", "bo"])
    assert (one.open_rooms, list(one.asked)) == (1, ["ana"])
    assert one.told("ana", found("r", "ana", "bo")) == (0.0, ["ana", "bo"])
    assert (one.open_rooms, one.asked) == (0, {})


def test_rooms_may_overlap() -> None:
    one = hall("ana", "bo", "cleo")
    one.told("ana", found("r", "ana", "bo"))
    one.ask("ana", 9.0)
    # Told of the next room before its former partner was told of the one before.
    one.told("cleo", found("s", "cleo", "ana"))
    assert one.told("ana", found("s", "cleo", "ana"))[0] == 9.0
    one.told("bo", found("r", "ana", "bo"))
    assert one.open_rooms == 0


def test_one_request_is_good_for_one_room() -> None:
    one = hall("ana", "bo", "cleo")
    one.told("ana", found("r", "ana", "bo"))
    with pytest.raises(WrongResult, match="bo is in room s without having asked for it"):
        one.told("cleo", found("s", "cleo", "bo"))


@pytest.mark.parametrize(
    ("user", "payload", "said"),
    [
        ("dora", found("r", "ana", "dora"), "dora was told of room r without having asked"),
        ("ana", found("r", "ana", "dora"), "dora is in room r without having asked"),
        ("ana", found("r", "ana", "eve"), "a stranger is in room r: 'eve'"),
        ("ana", found("r", "ana"), "no room of 2"),
        ("ana", found("r", "bo", "cleo"), "no room of 2 with ana in it"),
        ("ana", b"{", "no room-found"),
        ("ana", b'{"type":"\xff"}', "no room-found"),
        ("ana", b'{"type":"room-found","roomId":1,"peers":[]}', "no room-found"),
        ("ana", b'{"type":"room-found","peers":[]}', "no room-found"),
        ("ana", b'{"type":"offer","from":"bo"}', "no room-found"),
    ],
)
def test_a_wrong_room_is_refused(user: str, payload: bytes, said: str) -> None:
    with pytest.raises(WrongResult, match=said):
        hall("ana", "bo", "cleo").told(user, payload)

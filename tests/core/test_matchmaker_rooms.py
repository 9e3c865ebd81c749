"""Who may reach whom: rooms, how long they stand, and what a relay may cross."""

from __future__ import annotations

import pytest

from focus_signal.core.effects import Deliver, Refused
from focus_signal.core.matchmaker import RelayScope, Rules
from tests.core.stage import PAYLOAD, Stage, found, is_empty, is_unavailable, relayed

GRACE = 30.0


@pytest.fixture(params=["room", "any"])
def scope(request: pytest.FixtureRequest) -> RelayScope:
    scope: RelayScope = request.param
    return scope


def stage_of(scope: RelayScope = "room") -> Stage:
    """Four users: ada on connection 1 to dan on connection 4."""
    stage = Stage(Rules(relay_scope=scope, seat_grace=GRACE))
    stage.connect_all("ada", "bob", "cyd", "dan")
    return stage


@pytest.mark.parametrize("kind", ["offer", "answer", "ice-candidate"])
def test_a_relay_reaches_a_peer_of_the_room(scope: RelayScope, kind: str) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    assert stage.relay(1, "bob", kind) == relayed(2, "ada", kind)
    assert stage.relay(2, "ada", kind, b"") == relayed(1, "bob", kind, b"")
    assert stage.matchmaker.statistics().relayed == 2


def test_a_payload_is_never_looked_at(scope: RelayScope) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    (effect,) = stage.relay(1, "bob", "no kind at all", b"\xff\x00 no JSON")
    assert effect == relayed(2, "ada", "no kind at all", b"\xff\x00 no JSON")[0]


def test_a_relay_to_oneself_within_the_room(scope: RelayScope) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    assert stage.relay(1, "ada") == relayed(1, "ada")


def test_a_relay_to_oneself_in_no_room() -> None:
    assert is_unavailable(stage_of("room").relay(1, "ada"), 1, "ada")
    assert stage_of("any").relay(1, "ada") == relayed(1, "ada")


def test_scope_room_keeps_rooms_apart() -> None:
    stage = stage_of("room")
    stage.meet(1, 2)
    stage.meet(3, 4)
    assert is_unavailable(stage.relay(1, "cyd"), 1, "cyd")
    assert is_unavailable(stage.relay(4, "bob"), 4, "bob")
    assert stage.matchmaker.statistics().refused == 2
    assert stage.matchmaker.statistics().relayed == 0


def test_two_without_a_room_share_none() -> None:
    stage = stage_of("room")
    assert is_unavailable(stage.relay(1, "bob"), 1, "bob")


def test_a_member_and_somebody_without_a_room() -> None:
    stage = stage_of("room")
    stage.meet(1, 2)
    assert is_unavailable(stage.relay(1, "cyd"), 1, "cyd")
    assert is_unavailable(stage.relay(3, "ada"), 3, "ada")


def test_waiting_together_is_no_room_yet() -> None:
    stage = stage_of("room")
    stage.ask(1, 3)
    stage.ask(2, 3)
    assert is_unavailable(stage.relay(1, "bob"), 1, "bob")


def test_scope_any_reaches_everybody() -> None:
    stage = stage_of("any")
    stage.meet(1, 2)
    assert stage.relay(1, "cyd") == relayed(3, "ada")
    assert stage.relay(4, "cyd") == relayed(3, "dan")


@pytest.mark.parametrize("name", ["nobody", "", "ADA", "ada ", "x" * 100_000, "\0"])
def test_a_relay_to_somebody_unknown(scope: RelayScope, name: str) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    assert is_unavailable(stage.relay(1, name), 1, name)


def test_a_relay_to_somebody_away(scope: RelayScope) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    stage.disconnect(2)
    assert is_unavailable(stage.relay(1, "bob"), 1, "bob")


def test_a_relay_to_somebody_whose_end_was_read(scope: RelayScope) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    stage.withdraw(2)
    assert is_unavailable(stage.relay(1, "bob"), 1, "bob")


def test_a_refused_relay_says_to_whom_and_stays_with_the_sender(scope: RelayScope) -> None:
    stage = stage_of(scope)
    (effect,) = stage.relay(1, "nobody")
    assert isinstance(effect, Deliver)
    assert isinstance(effect.message, Refused)
    assert effect.connection == 1
    assert "nobody" not in effect.message.message, "what came may be long; it stands in `to` alone"


def test_the_first_room_is_kept_until_the_next_is_found() -> None:
    stage = stage_of()
    stage.meet(1, 2)
    assert stage.ask(1, 3) == []
    assert stage.relay(1, "bob") == relayed(2, "ada")
    assert stage.relay(2, "ada") == relayed(1, "bob")
    stage.ask(3, 3)
    assert stage.relay(1, "bob") == relayed(2, "ada"), "two of three are still no room"
    assert stage.ask(4, 3) == found("room-2", ada=1, cyd=3, dan=4)
    assert is_unavailable(stage.relay(1, "bob"), 1, "bob")
    assert is_unavailable(stage.relay(2, "ada"), 2, "ada")
    assert stage.relay(1, "cyd") == relayed(3, "ada")


def test_a_room_ends_with_its_last_member() -> None:
    stage = stage_of()
    stage.meet(1, 2)
    assert stage.matchmaker.statistics().rooms == 1
    assert stage.ask(1, 1) == found("room-2", ada=1)
    assert stage.matchmaker.statistics().rooms == 2, "bob is still in the first one"
    assert stage.ask(2, 1) == found("room-3", bob=2)
    assert stage.matchmaker.statistics().rooms == 2, "nobody is in the first one"


def test_the_same_two_again_are_in_a_new_room() -> None:
    stage = stage_of()
    stage.meet(1, 2)
    assert stage.meet(2, 1) == "room-2"
    assert stage.matchmaker.statistics().rooms == 1
    assert stage.relay(1, "bob") == relayed(2, "ada")


def test_solo_again_and_again_keeps_one_room() -> None:
    stage = stage_of()
    for turn in range(1, 6):
        assert stage.ask(1, 1) == found(f"room-{turn}", ada=1)
    assert stage.matchmaker.statistics().rooms == 1
    assert stage.matchmaker.statistics().matches == 5


def test_a_room_stands_for_as_long_as_a_seat_in_it_is_kept() -> None:
    stage = stage_of()
    stage.meet(1, 2)
    stage.disconnect(1)
    stage.pass_time(10)
    stage.disconnect(2)
    stage.pass_time(GRACE - 10)
    assert stage.matchmaker.statistics().rooms == 1, "bob's seat is kept for 10 s more"
    stage.pass_time(10)
    assert stage.matchmaker.statistics().rooms == 0
    for connection in (3, 4):
        stage.disconnect(connection)
    assert is_empty(stage.matchmaker)


def test_who_stays_behind_keeps_the_room() -> None:
    stage = stage_of()
    stage.meet(1, 2, 3)
    stage.disconnect(1)
    stage.pass_time(GRACE)
    assert stage.relay(2, "cyd") == relayed(3, "bob")
    assert is_unavailable(stage.relay(2, "ada"), 2, "ada")
    stage.connect(9, "ada")
    assert is_unavailable(stage.relay(9, "bob"), 9, "bob"), "the seat is gone, so this is somebody new"


def test_order_is_kept_from_sender_to_receiver() -> None:
    stage = stage_of()
    stage.meet(1, 2)
    sent = [f',"candidate":{number}'.encode() for number in range(50)]
    effects = [effect for payload in sent for effect in stage.relay(1, "bob", "ice-candidate", payload)]
    assert effects == [effect for payload in sent for effect in relayed(2, "ada", "ice-candidate", payload)]


def test_somebody_who_was_never_connected_gets_nothing(scope: RelayScope) -> None:
    stage = stage_of(scope)
    stage.meet(1, 2)
    before = stage.matchmaker.statistics()
    for connection in (0, -1, 99, 10**30):
        assert stage.relay(connection, "ada", "offer", PAYLOAD) == []
        assert stage.ask(connection, 2) == []
        assert stage.ask(connection, 0) == []
        assert stage.invalid(connection, "bad-json", "no") == []
        assert stage.withdraw(connection) == []
        assert stage.disconnect(connection) == []
    assert stage.matchmaker.statistics() == before

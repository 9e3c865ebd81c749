"""Who meets whom: the order in a queue, one place for each user, and which sizes may be asked for."""

from __future__ import annotations

import pytest

from focus_signal.core.effects import Close, Deliver, Refused, RoomFound
from focus_signal.core.lobby import match_size_message
from focus_signal.core.matchmaker import Rules
from tests.core.stage import Stage, code_of, found, held, is_empty, messages, short

LARGEST = 16
BAD_SIZES = [0, -1, -16, LARGEST + 1, 1 << 53, 1 << 64, -(1 << 64), 10**5000, -(10**5000)]


@pytest.fixture
def stage() -> Stage:
    """Six users, ada on connection 1 to fay on connection 6."""
    stage = Stage(Rules(max_match_size=LARGEST))
    stage.connect_all("ada", "bob", "cyd", "dan", "eve", "fay")
    return stage


def test_first_come_first_matched(stage: Stage) -> None:
    assert stage.ask(3, 2) == []
    assert stage.ask(1, 2) == found("room-1", cyd=3, ada=1)
    assert stage.ask(6, 2) == []
    assert stage.ask(2, 2) == found("room-2", fay=6, bob=2)


def test_everybody_is_told_the_same_in_the_order_of_peers(stage: Stage) -> None:
    for connection in (5, 2, 4):
        assert stage.ask(connection, 4) == []
    effects = stage.ask(1, 4)
    assert effects == found("room-1", eve=5, bob=2, dan=4, ada=1)
    first, *others = messages(effects)
    assert all(other == first for other in others)


def test_sizes_do_not_mix(stage: Stage) -> None:
    assert stage.ask(1, 2) == []
    assert stage.ask(2, 3) == []
    assert stage.ask(3, 4) == []
    assert stage.matchmaker.statistics().waiting == 3
    assert stage.ask(4, 3) == []
    assert stage.ask(5, 3) == found("room-1", bob=2, dan=4, eve=5)
    assert stage.matchmaker.statistics().waiting == 2


@pytest.mark.parametrize("leave", ["withdraw", "disconnect"])
@pytest.mark.parametrize("leaver", [1, 2, 3])
def test_survivors_keep_their_place(stage: Stage, leaver: int, leave: str) -> None:
    for connection in (1, 2, 3):
        assert stage.ask(connection, 4) == []
    assert (stage.withdraw if leave == "withdraw" else stage.disconnect)(leaver) == []
    assert stage.ask(4, 4) == []
    names = {1: "ada", 2: "bob", 3: "cyd", 4: "dan", 5: "eve"}
    del names[leaver]
    assert stage.ask(5, 4) == found("room-1", **{name: number for number, name in names.items()})


def test_asking_again_for_the_same_size_keeps_the_place(stage: Stage) -> None:
    assert stage.ask(1, 3) == []
    assert stage.ask(2, 3) == []
    assert stage.ask(1, 3) == []
    assert stage.matchmaker.statistics().waiting == 2
    assert stage.ask(3, 3) == found("room-1", ada=1, bob=2, cyd=3)


def test_nobody_meets_itself(stage: Stage) -> None:
    for _ in range(5):
        assert stage.ask(1, 2) == []
    assert stage.matchmaker.statistics().waiting == 1


def test_asking_for_another_size_moves_to_its_end(stage: Stage) -> None:
    assert stage.ask(2, 3) == []
    assert stage.ask(1, 2) == []
    assert stage.ask(1, 3) == []
    assert stage.matchmaker.statistics().waiting == 2
    # The place for two is given up: the next one there waits alone.
    assert stage.ask(3, 2) == []
    assert stage.ask(4, 3) == found("room-1", bob=2, ada=1, dan=4)


def test_moving_away_and_back_costs_the_place(stage: Stage) -> None:
    assert stage.ask(1, 3) == []
    assert stage.ask(2, 3) == []
    assert stage.ask(1, 4) == []
    assert stage.ask(1, 3) == []
    assert stage.ask(3, 3) == found("room-1", bob=2, ada=1, cyd=3)


def test_solo_is_answered_at_once(stage: Stage) -> None:
    assert stage.ask(1, 1) == found("room-1", ada=1)
    assert stage.matchmaker.statistics().waiting == 0


def test_solo_while_waiting_elsewhere_gives_that_place_up(stage: Stage) -> None:
    assert stage.ask(1, 2) == []
    assert stage.ask(1, 1) == found("room-1", ada=1)
    assert stage.ask(2, 2) == []
    assert stage.matchmaker.statistics().waiting == 1


def test_a_matched_user_may_queue_again(stage: Stage) -> None:
    assert stage.meet(1, 2) == "room-1"
    assert stage.ask(1, 2) == []
    assert stage.ask(3, 2) == found("room-2", ada=1, cyd=3)


def test_the_largest_size_matches(stage: Stage) -> None:
    for connection in range(7, LARGEST + 1):
        stage.connect(connection, f"user-{connection}")
    for connection in range(1, LARGEST):
        assert stage.ask(connection, LARGEST) == []
    effects = stage.ask(LARGEST, LARGEST)
    assert [effect.connection for effect in effects] == list(range(1, LARGEST + 1))
    assert stage.matchmaker.statistics().waiting == 0


@pytest.mark.parametrize("size", BAD_SIZES, ids=short)
def test_a_bad_size_is_refused_and_touches_nothing(stage: Stage, size: int) -> None:
    assert stage.ask(1, 3) == []
    before = held(stage.matchmaker)
    (effect,) = stage.ask(1, size)
    assert isinstance(effect, Deliver)
    refused = effect.message
    assert isinstance(refused, Refused)
    assert (effect.connection, refused.code, refused.to) == (1, "bad-match-size", None)
    # It names the field and what is allowed, and it stays short whatever came.
    assert "matchSize" in refused.message
    assert f"1 to {LARGEST}" in refused.message
    assert len(refused.message) < 120
    assert held(stage.matchmaker) == before
    # The place in the queue is still the first one.
    assert stage.ask(2, 3) == []
    assert stage.ask(3, 3) == found("room-1", ada=1, bob=2, cyd=3)


@pytest.mark.parametrize("size", [0, -7, LARGEST + 1, 12_345])
def test_a_bad_size_is_shown(stage: Stage, size: int) -> None:
    (refused,) = messages(stage.ask(1, size))
    assert refused == Refused("bad-match-size", match_size_message(str(size), LARGEST))


def test_the_largest_size_is_the_operators_choice() -> None:
    stage = Stage(Rules(max_match_size=1))
    stage.connect(1, "ada")
    assert code_of(stage.ask(1, 2), 1) == "bad-match-size"
    assert stage.ask(1, 1) == found("room-1", ada=1)


def test_a_full_queue_is_given_back(stage: Stage) -> None:
    stage.meet(1, 2, 3)
    stage.ask(4, 5)
    stage.ask(4, 2)
    stage.withdraw(4)
    for connection in range(1, 7):
        stage.disconnect(connection)
    stage.pass_time(stage.rules.seat_grace)
    assert is_empty(stage.matchmaker)


def test_who_was_replaced_while_waiting_is_in_no_match(stage: Stage) -> None:
    assert stage.ask(1, 2) == []
    assert stage.connect(7, "ada") == [Close(1, "replaced")]
    assert stage.ask(2, 2) == []
    assert stage.ask(1, 2) == [], "the replaced connection speaks for nobody"
    assert stage.ask(7, 2) == found("room-1", bob=2, ada=7)


def test_two_connections_of_one_user_are_one_user(stage: Stage) -> None:
    assert stage.ask(1, 2) == []
    stage.connect(7, "ada")
    assert stage.ask(7, 2) == []
    assert stage.matchmaker.statistics().waiting == 1


def test_a_room_id_that_comes_twice_is_never_shared() -> None:
    """The one way in which `handle` may raise: the caller broke its promise of fresh ids."""
    stage = Stage(new_id=lambda: "same")
    stage.connect_all("ada", "bob")
    assert stage.ask(1, 1) == [Deliver(1, RoomFound("same", ("ada",)))]
    with pytest.raises(ValueError, match="twice"):
        stage.ask(2, 1)

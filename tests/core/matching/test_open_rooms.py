"""Rooms with backfill: what the histories do not show."""

from __future__ import annotations

import pytest

from focus_signal.core.open_rooms import OpenRoom
from tests.core.matching.crowds import BACKFILL, Crowd


def test_closing_twice_and_leaving_unknown_change_nothing() -> None:
    crowd = Crowd()
    room, other = crowd.room(4, 2), crowd.room(4, 2)
    crowd.rooms.open(room)
    crowd.rooms.leave(room, "nobody")
    guest = crowd.ticket(4, 2, key=BACKFILL)
    assert crowd.rooms.fits(guest) is room
    crowd.rooms.close(room)
    crowd.rooms.close(room)
    assert crowd.rooms.fits(guest) is other
    # What happens in it from then on is its own affair.
    crowd.rooms.join(room, guest)
    crowd.rooms.leave(room, guest.users[0])
    crowd.enter(guest)
    assert crowd.rooms.oldest_for(room) is None
    assert crowd.rooms.oldest_for(other) is guest
    crowd.rooms.close(other)
    assert (len(crowd.rooms), crowd.rooms.shapes) == (0, {})


def test_an_empty_room_takes_nobody() -> None:
    crowd = Crowd()
    guest = crowd.ticket(4, 1, key=BACKFILL)
    crowd.enter(guest)
    room = crowd.room(4, 1)
    assert crowd.rooms.fits(guest) is room
    crowd.rooms.leave(room, next(iter(room.members)))
    assert (crowd.rooms.fits(guest), crowd.rooms.oldest_for(room)) == (None, None)
    assert crowd.rooms.shapes == {}
    assert len(crowd.rooms) == 1


def test_a_room_is_for_as_many_as_all_of_its_group_want() -> None:
    crowd = Crowd()
    group = [crowd.ticket(most, 2, key=BACKFILL, avoid=["troll"]) for most in (5, 4, 6)]
    room = OpenRoom.of(BACKFILL, 1, group)
    assert (room.capacity, room.free) == (4, 1)
    assert list(room.members) == [ticket.users[0] for ticket in group]
    crowd.rooms.open(room)
    assert crowd.rooms.fits(crowd.ticket(4, key=BACKFILL, users=["troll"])) is None
    for ticket in group:
        crowd.rooms.leave(room, ticket.users[0])
    crowd.rooms.join(room, crowd.ticket(6, 1, key=BACKFILL))
    assert crowd.rooms.fits(crowd.ticket(4, 2, key=BACKFILL, users=["troll"])) is room


def test_who_joins_again_has_one_seat() -> None:
    crowd = Crowd()
    room = crowd.room(4, 1)
    for _ in range(2):
        crowd.rooms.join(room, crowd.ticket(4, key=BACKFILL, users=["ana"], avoid=["ben"]))
    assert room.free == 2
    crowd.rooms.leave(room, "ana")
    assert crowd.rooms.fits(crowd.ticket(4, 2, key=BACKFILL, users=["ben"])) is room


def test_only_rooms_of_the_same_key() -> None:
    crowd = Crowd()
    crowd.room(4, 2)
    crowd.enter(crowd.ticket(4, 2))
    assert crowd.rooms.fits(crowd.ticket(4, 2)) is None
    assert crowd.rooms.fits(crowd.ticket(4, 2, key=BACKFILL._replace(pool="chess"))) is None


@pytest.mark.parametrize(("before", "found"), [(999, True), (1000, False)])
def test_a_thousand_rooms_are_looked_at(before: int, *, found: bool) -> None:
    crowd = Crowd()
    for _ in range(before):
        crowd.room(4, 2, avoid=["troll"])
    room = crowd.room(4, 2)
    troll = crowd.ticket(4, 2, key=BACKFILL, users=["troll"])
    assert crowd.rooms.fits(troll) is (room if found else None)


@pytest.mark.parametrize(("before", "found"), [(999, True), (1000, False)])
def test_a_thousand_guests_are_looked_at(before: int, *, found: bool) -> None:
    crowd = Crowd()
    room = crowd.room(4, 2)
    troll, *_ = room.members
    crowd.enter(*[crowd.ticket(4, 2, key=BACKFILL, avoid=[troll]) for _ in range(before)])
    guest = crowd.ticket(4, 2, key=BACKFILL)
    crowd.enter(guest)
    assert crowd.rooms.oldest_for(room) is (guest if found else None)

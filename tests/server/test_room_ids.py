"""Ids of rooms are random UUIDs of version 4, and no two are the same."""

from __future__ import annotations

from collections import Counter
from uuid import RFC_4122, UUID

from focus_signal.server.room_ids import RoomIds
from focus_signal.testing.determinism.entropy import seeded_entropy

MANY = 10_000


def test_each_is_a_uuid_and_fresh() -> None:
    ids = RoomIds()
    given = [ids() for _ in range(MANY)]
    assert len(set(given)) == MANY
    for each in map(UUID, given):
        assert (each.version, each.variant) == (4, RFC_4122)
    assert given == [str(UUID(each)) for each in given]


def test_every_digit_is_random() -> None:
    """All values come at every place, about as often, but for the version and half of the variant."""
    with seeded_entropy(1):
        ids = RoomIds()
        given = [ids() for _ in range(MANY)]
    for place in range(36):
        met = Counter(each[place] for each in given)
        values = {8: 1, 13: 1, 18: 1, 23: 1, 14: 1, 19: 4}.get(place, 16)
        assert len(met) == values, f"place {place}: {met}"
        assert max(met.values()) < 1.3 * MANY / values, f"place {place}: {met}"


def test_two_servers_share_none() -> None:
    one, other = RoomIds(), RoomIds()
    assert not {one() for _ in range(1_000)} & {other() for _ in range(1_000)}

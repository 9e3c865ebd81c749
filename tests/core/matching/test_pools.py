"""What the histories do not show: groups too large to be listed, where the search stops, and odd calls."""

from __future__ import annotations

from random import Random

import pytest

from focus_signal.core import search
from focus_signal.core.tickets import PoolKey, Ticket
from tests.core.effort import instructions_of
from tests.core.matching.crowds import Crowd, User
from tests.fuzz.planting import mistaken


def oldest_by_hand(tickets: list[Ticket[User]], own: Ticket[User], size: int) -> list[int]:
    """Take everybody with whom those behind can still make the size, one list of sums a question."""

    def can_make(people: int, behind: list[Ticket[User]]) -> bool:
        made = [total == 0 for total in range(size + 1)]
        for ticket in behind:
            for total in range(size, ticket.weight - 1, -1):
                made[total] = made[total] or made[total - ticket.weight]
        return people >= 0 and made[people]

    others = [ticket for ticket in tickets if ticket is not own]
    missing = size - own.weight
    if not can_make(missing, others):
        return []
    group = [own]
    for index, ticket in enumerate(others):
        if missing and can_make(missing - ticket.weight, others[index + 1 :]):
            group.append(ticket)
            missing -= ticket.weight
    return sorted(ticket.arrival for ticket in group)


def large_groups(seeds: range) -> int:
    """Compare the groups in lines of many weights with those made by hand, and count them."""
    found = 0
    for seed in seeds:
        draw = Random(seed)
        crowd = Crowd()
        size = draw.randint(2, 40)
        # One who avoids somebody unheard of makes the whole line go the other way.
        fussy = draw.random() < 0.5
        weights = draw.sample(range(1, 10), draw.randint(1, 5))
        tickets = [
            crowd.ticket(size, weight=draw.choice(weights), avoid=["nobody"] if fussy else [])
            for _ in range(draw.randint(1, 50))
        ]
        tickets = [ticket for ticket in tickets if ticket.weight <= size]
        crowd.enter(*tickets)
        for own in tickets[:: max(1, len(tickets) // 5)]:
            group = [ticket.arrival for ticket in crowd.pools.find(own)]
            assert group == oldest_by_hand(tickets, own, size)
            found += bool(group)
    return found


def test_large_groups_are_the_oldest_that_add_up() -> None:
    assert large_groups(range(150)) >= 300


def test_a_large_group_that_is_not_the_oldest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = mistaken(search, "and can_make(left, missing - each)", "and each != 3")
    monkeypatch.setattr("focus_signal.core.pools.oldest_group", wrong.oldest_group)
    with pytest.raises((AssertionError, IndexError)):
        large_groups(range(150))


def test_twenty_thousand_meet() -> None:
    crowd = Crowd()
    tickets = [crowd.ticket(20_000) for _ in range(20_000)]
    crowd.enter(*tickets[:-1])
    assert crowd.pools.find(tickets[0]) == []
    crowd.enter(tickets[-1])
    assert crowd.pools.find(tickets[7]) == tickets


# Where the search stops.


def haters(crowd: Crowd, count: int, whom: str) -> list[Ticket[User]]:
    tickets = [crowd.ticket(2, avoid=[whom]) for _ in range(count)]
    crowd.enter(*tickets)
    return tickets


@pytest.mark.parametrize(("before", "found"), [(1001, True), (1002, False)])
def test_a_thousand_others_are_looked_at_and_one_for_each_person(before: int, *, found: bool) -> None:
    crowd = Crowd()
    oldest, *_ = haters(crowd, before, "troll")
    friend, troll = crowd.ticket(2), crowd.ticket(2, users=["troll"])
    crowd.enter(friend, troll)
    assert crowd.pools.find(troll) == ([friend, troll] if found else [])
    # Whoever comes next has looks of its own, and those who have waited longest are not far.
    assert crowd.pools.find(friend) == [oldest, friend]


def test_all_sizes_have_their_looks_together() -> None:
    crowd = Crowd()
    for size in (3, 2):
        crowd.enter(*[crowd.ticket(size, avoid=["troll"]) for _ in range(600)])
    friend, troll = crowd.ticket(2), crowd.ticket(3, 2, users=["troll"])
    crowd.enter(friend, troll)
    assert crowd.pools.find(troll) == []
    crowd.pools.leave(troll)
    modest = crowd.ticket(2, users=["troll"])
    crowd.enter(modest)
    assert crowd.pools.find(modest) == [friend, modest]


def test_a_size_in_which_nobody_avoids_anybody_needs_no_looks() -> None:
    crowd = Crowd()
    crowd.enter(*[crowd.ticket(3, avoid=["troll"]) for _ in range(1_100)])
    friend, troll = crowd.ticket(2), crowd.ticket(3, 2, users=["troll"])
    crowd.enter(friend, troll)
    assert crowd.pools.find(troll) == [friend, troll]


def hopeless() -> tuple[Crowd, Ticket[User]]:
    """Make a ticket that has more ways to fail than can be tried: sixteen of fifteen cliques."""
    crowd = Crowd()
    members = [crowd.clique(33, 16) for _ in range(15)]
    return crowd, members[7][16]


def test_a_hopeless_search_stops() -> None:
    crowd, ticket = hopeless()
    assert crowd.pools.find(ticket) == []
    counted = instructions_of(lambda: crowd.pools.find(ticket))
    # Each look is some dozens of instructions, with its share of what is tried and taken back.
    assert 1016 * 20 < counted < 1016 * 400


# Odd calls.


def test_entering_and_leaving_again_changes_nothing() -> None:
    crowd = Crowd()
    ticket, other = crowd.ticket(2, avoid=["x"]), crowd.ticket(2)
    crowd.pools.leave(ticket)
    assert (crowd.pools.waiting, len(crowd.pools)) == (0, 0)
    crowd.enter(ticket, other, ticket)
    crowd.enter(ticket)
    assert (crowd.pools.waiting, len(crowd.pools)) == (2, 1)
    assert crowd.pools.find(ticket) == [ticket, other]
    crowd.pools.leave(ticket)
    crowd.pools.leave(ticket)
    assert crowd.pools.find(other) == []
    assert crowd.pools.position(other) == (1, 1, 1)
    crowd.pools.leave(other)
    assert (crowd.pools.waiting, len(crowd.pools), crowd.pools._pools) == (0, 0, {})


def test_patience_may_be_lost_twice_and_elsewhere() -> None:
    crowd = Crowd()
    ticket, other = crowd.ticket(4, 2, patient=True), crowd.ticket(2)
    crowd.enter(other)
    crowd.pools.lose_patience(ticket)
    crowd.enter(ticket)
    crowd.pools.lose_patience(ticket)
    assert crowd.pools.find(ticket) == [ticket, other]
    crowd.pools.leave(ticket)
    assert crowd.pools.find(other) == []
    crowd.pools.leave(other)
    assert crowd.pools._pools == {}


def test_who_has_not_entered_finds_nobody_and_stands_where_it_would() -> None:
    crowd = Crowd()
    first, away, last = crowd.ticket(3), crowd.ticket(3), crowd.ticket(3)
    assert crowd.pools.position(away) == (1, 1, 2)
    crowd.enter(first, last)
    assert crowd.pools.find(away) == []
    assert crowd.pools.position(away) == (2, 3, 0)
    assert crowd.pools.position(last) == (2, 2, 1)


def test_a_party_larger_than_all_its_sizes_waits_in_vain() -> None:
    """The wire lets none in; if one gets here all the same, it harms nobody."""
    crowd = Crowd()
    party, other = crowd.ticket(2, weight=3), crowd.ticket(2)
    crowd.enter(party, other)
    assert (crowd.pools.find(party), crowd.pools.find(other)) == ([], [])
    assert crowd.pools.position(party) == (3, 4, 3)
    crowd.pools.leave(party)
    crowd.pools.leave(other)
    assert crowd.pools._pools == {}


def test_members_of_one_party_may_avoid_each_other() -> None:
    crowd = Crowd()
    party = crowd.ticket(3, users=["ana", "ben"], avoid=["ben"])
    other = crowd.ticket(3)
    crowd.enter(party, other)
    assert crowd.pools.find(other) == [party, other]


def test_keys_are_told_apart() -> None:
    crowd = Crowd()
    keys = [
        PoolKey(pool, *flags)
        for pool in ("", "a")
        for flags in ((False, False), (True, False), (False, True))
    ]
    crowd.enter(*[crowd.ticket(2, key=key) for key in keys])
    assert len(crowd.pools) == len(keys)
    for key in keys:
        ticket = crowd.ticket(2, key=key)
        crowd.enter(ticket)
        assert [each.key for each in crowd.pools.find(ticket)] == [key, key]

"""Crowds in which many avoid many, so that the search has to take back whom it has chosen."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random

from focus_signal.core import pools, tickets
from tests.core.matching.history import Difference, User
from tests.core.matching.naive import NaiveTicket, apart

KEY = ("", False, False)


def oldest(crowd: list[NaiveTicket], own: NaiveTicket) -> list[int]:
    """Go through all groups with the ticket; combinations come with the oldest first."""
    others = [ticket for ticket in crowd if ticket is not own]
    groups = [
        sorted(ticket.arrival for ticket in (own, *chosen))
        for chosen in combinations(others, own.most - 1)
        if not any(apart(first, second) for first, second in combinations((own, *chosen), 2))
    ]
    return min(groups, default=[])


def one_crowd(seed: int) -> Counter[str]:
    draw = Random(seed)
    size = draw.randint(3, 5)
    names = [f"u{number}" for number in range(draw.randint(size, 9))]
    share = draw.choice([0.1, 0.2, 0.3])
    met: Counter[str] = Counter()
    real: pools.Pools[User] = pools.Pools()
    pairs: list[tuple[tickets.Ticket[User], NaiveTicket]] = []
    for arrival, name in enumerate(names):
        avoid = [other for other in names if draw.random() < share]
        ticket = tickets.Ticket(
            tickets.PoolKey(*KEY), arrival, (User(name),), size, size, frozenset(avoid), patient=False
        )
        pairs.append((ticket, NaiveTicket(KEY, arrival, [name], size, size, avoid, patient=False, here=True)))
        real.enter(ticket)
    for ticket, naive in pairs:
        found = [other.arrival for other in real.find(ticket)]
        right = oldest([other for _, other in pairs], naive)
        if found != right:
            raise Difference(f"{found}, and it should be {right}")
        met["somebody" if right else "nobody"] += 1
    return met


def many_crowds(seeds: range) -> Counter[str]:
    met: Counter[str] = Counter()
    for seed in seeds:
        met.update(one_crowd(seed))
    return met

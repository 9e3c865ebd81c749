"""What a command costs in the matching engine alone, with 10,000 people waiting: processor time, by kind.

    python benchmarks/matching_core.py

There is no server around it: no connection, no message, no timer. 4,000 wait in one line for a room that is
not to be had, 3,000 avoid each other in cliques of 33, and 3,000 wait in a pool of their own each. Then
others come and go, one kind after the other. To join is what happens when somebody asks: the ticket enters,
is tried, and is told where it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import count

from attrs import frozen

from focus_signal.core.open_rooms import OpenRoom, OpenRooms
from focus_signal.core.pools import Pools
from focus_signal.core.tickets import PoolKey, Ticket

HUGE = 20_000
CLIQUE = 33
GOES = 2_000
CROWD, IN_CLIQUES, ALONE = 4_000, 3_000, 3_000
_NUMBERS = count(1)
_PLAIN = PoolKey("")
_BACKFILL = PoolKey("", backfill=True)


@frozen
class User:
    """Be nothing but a name."""

    user: str


def make(
    most: int,
    least: int | None = None,
    *,
    key: PoolKey = _PLAIN,
    weight: int = 1,
    avoid: frozenset[str] = frozenset(),
    user: str | None = None,
) -> Ticket[User]:
    """Make a ticket that is no longer patient."""
    number = next(_NUMBERS)
    users = [user] if user is not None else [f"user-{number}-{place}" for place in range(weight)]
    members = tuple([User(name) for name in users])
    return Ticket(key, number, members, most if least is None else least, most, avoid, patient=False)


def clique(number: int) -> frozenset[str]:
    """Name those who avoid each other; a list holds 32 others, and oneself counts for nothing."""
    return frozenset([f"clique-{number}-{place}" for place in range(CLIQUE)])


def fill(pools: Pools[User]) -> list[Ticket[User]]:
    """Let 10,000 people wait, each with a ticket."""
    waiting = [make(HUGE) for _ in range(CROWD)]
    for each in range(IN_CLIQUES):
        number, place = divmod(each, CLIQUE)
        key = PoolKey(f"clique-{number}")
        waiting.append(make(2, key=key, user=f"clique-{number}-{place}", avoid=clique(number)))
    waiting += [make(2, key=PoolKey(f"alone-{each}")) for each in range(ALONE)]
    for ticket in waiting:
        pools.enter(ticket)
    return waiting


def join(pools: Pools[User], ticket: Ticket[User]) -> list[Ticket[User]]:
    """Do what is done when somebody asks."""
    pools.enter(ticket)
    group = pools.find(ticket)
    if not group:
        pools.position(ticket)
    for member in group:
        pools.leave(member)
    return group


def join_one(pools: Pools[User], tickets: list[Ticket[User]], which: int) -> None:
    """Do it with one of several."""
    join(pools, tickets[which])


def measured(name: str, goes: int, step: Callable[[int], object]) -> float:
    """Take a step many times, and print what one took, in microseconds of processor time."""
    begin = time.process_time()
    for go in range(goes):
        step(go)
    taken = (time.process_time() - begin) / goes * 1e6
    print(f"{name:58} {taken:9.1f} us")
    return taken


def come_and_go(pools: Pools[User], name: str, tickets: list[Ticket[User]]) -> list[float]:
    """Let tickets come that meet nobody, and go again in the order in which they came."""
    before = pools.waiting
    weight = sum(ticket.weight for ticket in tickets)
    costs = [measured(f"join: {name}", len(tickets), lambda go: join(pools, tickets[go]))]
    assert pools.waiting == before + weight, "somebody has met"
    costs.append(measured(f"leave: {name}", len(tickets), lambda go: pools.leave(tickets[go])))
    assert pools.waiting == before
    return costs


def waiting_ones(pools: Pools[User], waiting: list[Ticket[User]]) -> list[float]:
    """Measure those who wait as those before them do."""
    last = IN_CLIQUES // CLIQUE - 1
    costs = come_and_go(pools, "one more of the 4,000", [make(HUGE) for _ in range(GOES)])
    costs += come_and_go(
        pools, "one more, who accepts 64 sizes", [make(HUGE, HUGE - 63) for _ in range(GOES // 4)]
    )
    costs += come_and_go(
        pools, "a party of one to eight", [make(HUGE, weight=1 + go % 8) for go in range(GOES)]
    )
    # Each comes to a clique that is there already, and goes before the next one comes.
    names = [f"clique-{go % last}" for go in range(GOES)]
    late = [
        make(2, key=PoolKey(name), user=f"{name}-0", avoid=clique(go % last)) for go, name in enumerate(names)
    ]
    for ticket in waiting[CROWD : CROWD + IN_CLIQUES : CLIQUE]:
        pools.leave(ticket)

    def in_and_out(go: int) -> None:
        assert not join(pools, late[go])
        pools.leave(late[go])

    costs.append(measured("join and leave: the last of a clique of 33", GOES, in_and_out) / 2)
    for ticket in waiting[CROWD : CROWD + IN_CLIQUES : CLIQUE]:
        pools.enter(ticket)
    alone = [make(2, key=PoolKey(f"new-{go}")) for go in range(GOES)]
    return costs + come_and_go(pools, "a pool of one's own", alone)


def meeting_ones(pools: Pools[User]) -> list[float]:
    """Measure those who meet: what it takes for each of them, from joining to having left."""
    costs: list[float] = []
    for name, size, weights in (
        ("two meet", 2, (1,)),
        ("sixteen meet", 16, (1,)),
        ("sixteen of parties of one to four meet", 16, (4, 1, 3, 2, 2, 1, 3)),
    ):
        tickets = [make(size, weight=weights[go % len(weights)]) for go in range(len(weights) * size * 16)]
        before = pools.waiting
        costs.append(measured(f"join, each: {name}", len(tickets), partial(join_one, pools, tickets)))
        assert pools.waiting == before, "somebody is left"
    return costs


def rooms(pools: Pools[User]) -> list[float]:
    """Measure rooms that take others in, with 2,000 of them open and 1,000 people who fit into none."""
    open_rooms: OpenRooms[User] = OpenRooms(pools)
    for go in range(2_000):
        group = [make(4 + go % 8, 2, key=_BACKFILL) for _ in range(2)]
        open_rooms.open(OpenRoom.of(_BACKFILL, next(_NUMBERS), group))
    waiting = [make(HUGE, key=_BACKFILL) for _ in range(1_000)]
    for ticket in waiting:
        pools.enter(ticket)
    guests = [make(12, 2, key=_BACKFILL) for _ in range(1_000)]

    def take(go: int) -> None:
        room = open_rooms.fits(guests[go])
        assert room is not None
        open_rooms.join(room, guests[go])
        open_rooms.leave(room, guests[go].users[0])
        assert open_rooms.oldest_for(room) is None

    costs = [measured("a room of 2,000 takes one in, and the seat is freed again", len(guests), take)]
    for ticket in waiting:
        pools.leave(ticket)
    return costs


def worst(pools: Pools[User]) -> None:
    """Measure a search that uses up all its looks, which is no part of the average."""
    key = PoolKey("worst")
    for each in range(15 * CLIQUE):
        number, place = divmod(each, CLIQUE)
        pools.enter(make(16, key=key, user=f"clique-{number}-{place}", avoid=clique(number)))
    ticket = make(16, key=key, avoid=clique(7))
    pools.enter(ticket)
    measured("the worst search: fifteen cliques where sixteen must meet", 50, lambda _: pools.find(ticket))


def main() -> None:
    """Fill, measure and print."""
    pools: Pools[User] = Pools()
    waiting = fill(pools)
    assert pools.waiting == CROWD + IN_CLIQUES + ALONE
    print(f"{pools.waiting:,} people wait, in {len(pools):,} pools")
    costs = waiting_ones(pools, waiting) + meeting_ones(pools) + rooms(pools)
    print(f"{'on average, each kind alike':58} {sum(costs) / len(costs):9.1f} us")
    worst(pools)


if __name__ == "__main__":
    main()

"""What a step costs does not depend on how many wait, nor on how many rooms are open.

Counted are the bytecode instructions that Python executes (see effort.py). What C does in one of them is not
seen: a bisection, and the moving of the rest of a list when somebody in its middle comes or goes, which is
eight bytes for each who waits. benchmarks/matching_core.py tells what these take.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from focus_signal.core import pools
from focus_signal.core.tickets import PoolKey
from tests.core.effort import instructions_of
from tests.core.matching.crowds import BACKFILL, PLAIN, Crowd
from tests.fuzz.planting import changed

FEW, MANY = 40, 4_000
HUGE = 20_000


def waiting(count: int, key: PoolKey = PLAIN, size: int = HUGE) -> Crowd:
    """Let parties of one and of three wait for a room that is not to be had."""
    crowd = Crowd()
    for number in range(count):
        crowd.enter(crowd.ticket(size, key=key, weight=1 + 2 * (number % 2)))
    return crowd


def coming(count: int) -> int:
    crowd = waiting(count)
    ticket = crowd.ticket(HUGE)

    def step() -> None:
        crowd.enter(ticket)
        crowd.pools.find(ticket)
        crowd.pools.position(ticket)

    return instructions_of(step)


def coming_with_many_sizes(count: int) -> int:
    crowd = waiting(count)
    ticket = crowd.ticket(HUGE, HUGE - 63)

    def step() -> None:
        crowd.enter(ticket)
        crowd.pools.find(ticket)
        crowd.pools.position(ticket)

    return instructions_of(step)


def leaving_from_the_middle(count: int) -> int:
    crowd = waiting(count // 2)
    ticket = crowd.ticket(HUGE)
    crowd.enter(ticket)
    crowd.enter(*[crowd.ticket(HUGE) for _ in range(count // 2)])
    return instructions_of(lambda: crowd.pools.leave(ticket))


def coming_back_to_the_middle(count: int) -> int:
    crowd = waiting(count // 2)
    ticket = crowd.ticket(HUGE)
    crowd.enter(*[crowd.ticket(HUGE) for _ in range(count // 2)])
    return instructions_of(lambda: crowd.enter(ticket))


def losing_patience(count: int) -> int:
    crowd = waiting(count)
    ticket = crowd.ticket(HUGE, HUGE - 63, patient=True)
    crowd.enter(ticket)

    def step() -> None:
        crowd.pools.lose_patience(ticket)
        crowd.pools.find(ticket)

    return instructions_of(step)


def meeting(count: int) -> int:
    """Meet, ahead of many who would do as well."""
    crowd = Crowd()
    crowd.enter(*[crowd.ticket(8, weight=1 + number % 3) for number in range(count)])
    ticket = crowd.ticket(8)
    crowd.enter(ticket)
    return instructions_of(lambda: crowd.pools.find(ticket))


def meeting_nobody_for_it_does_not_add_up(count: int) -> int:
    crowd = Crowd()
    crowd.enter(*[crowd.ticket(16, weight=3) for _ in range(count)])
    ticket = crowd.ticket(16, weight=3)

    def step() -> None:
        crowd.enter(ticket)
        crowd.pools.find(ticket)

    return instructions_of(step)


def meeting_in_spite_of_enemies(count: int) -> int:
    crowd = Crowd()
    crowd.enter(*[crowd.ticket(8, avoid=["ana", "ben"]) for _ in range(count)])
    ticket = crowd.ticket(8)
    crowd.enter(ticket)
    return instructions_of(lambda: crowd.pools.find(ticket))


def finding_a_room(count: int) -> int:
    crowd = Crowd()
    for _ in range(count):
        crowd.room(8, 3)
    ticket = crowd.ticket(8, 2, key=BACKFILL)
    return instructions_of(lambda: crowd.rooms.join(crowd.rooms.fits(ticket) or crowd.room(0, 0), ticket))


def finding_a_guest(count: int) -> int:
    crowd = waiting(count, BACKFILL, 7)
    room = crowd.room(8, 4)
    return instructions_of(lambda: crowd.rooms.oldest_for(room))


STEPS = [
    coming,
    coming_with_many_sizes,
    leaving_from_the_middle,
    coming_back_to_the_middle,
    losing_patience,
    meeting,
    meeting_nobody_for_it_does_not_add_up,
    meeting_in_spite_of_enemies,
    finding_a_room,
    finding_a_guest,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_costs_the_same_however_many_there_are(step: Callable[[int], int]) -> None:
    few = step(FEW)
    assert few > 10, "nothing was counted"
    assert step(MANY) == few


@pytest.mark.parametrize(
    ("right", "wrong", "step"),
    [
        (
            "everybody.people_up_to(ticket.arrival)",
            "sum(each.weight for each in pool.tickets.values() if each.arrival <= ticket.arrival)",
            coming,
        ),
        ("if not pool.tickets:", "if not [each for each in pool.tickets]:", leaving_from_the_middle),
    ],
)
def test_a_step_that_looks_at_everybody_is_found(right: str, wrong: str, step: Callable[[int], int]) -> None:
    with changed(pools, "Pools", pools, right, wrong)():
        assert step(MANY) > step(FEW) + MANY // 2

"""What a step costs does not depend on how many are waiting, seated or away.

But for one: what is due is kept in a heap, so the end of a grace costs a little more with each doubling of
how many are away. As every grace is as long as the others, its beginning does not.

Counted are the bytecode instructions that Python executes, in the core and in whatever it calls, with every
comparison that C code makes among them (see hall.py): the number is exact, and the same in every run.

What this cannot see is work in C that compares nothing: copying a whole container, moving the rest of a list
(`pop(0)`), walking over the dead entries of a dict to its first live one. Against these, the last tests look
at the containers themselves: which they are, and that a step leaves the very same ones behind. That a dict or
an OrderedDict finds, adds and deletes one entry in constant time on average is taken from Python's
documentation and not measured; and no time is measured at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import log2

import pytest

from focus_signal.core.commands import Disconnect, Relay, RequestMatch, TimePassed, Withdraw
from focus_signal.core.queues import Queues
from focus_signal.core.state import Session
from focus_signal.core.timers import Timers
from tests.core.hall import (
    GRACE,
    LARGEST,
    STEPS,
    Hall,
    Number,
    asking_for_the_deadline,
    coming_back,
    disconnecting_from_a_room,
    joining,
    leaving_from_the_middle,
    let_comparisons_show,
    looking_at_the_statistics,
    moving,
)

CROWD = 8_000


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    let_comparisons_show(monkeypatch)


def name_of(step: Callable[[Hall], int]) -> str:
    return step.__name__


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_a_step_costs_the_same_however_many_wait(step: Callable[[Hall], int]) -> None:
    alone = step(Hall(0))
    assert alone > 10, "nothing was counted"
    assert step(Hall(CROWD)) == alone


def test_a_match_costs_the_same_for_each_member() -> None:
    def cost(size: int) -> int:
        hall = Hall(0)
        for _ in range(size - 1):
            hall.ask(hall.enter(), size)
        return hall.cost(RequestMatch(hall.enter(), Number(size)))

    costs = [cost(size) for size in (2, 3, 4, 5, 50, 500)]
    one = costs[1] - costs[0]
    assert one > 0
    assert [cost - costs[0] for cost in costs] == [one * (size - 2) for size in (2, 3, 4, 5, 50, 500)]


def away(count: int) -> Hall:
    """Make a hall which `count` pairs have left, each a second after the one before; their seats are kept."""
    hall = Hall(0)
    for first, second in [hall.pair() for _ in range(count)]:
        hall.now += 1.0 / 1024
        hall.do(Disconnect(first))
        hall.do(Disconnect(second))
    return hall


def end_of_a_grace(hall: Hall) -> int:
    deadline = hall.core.next_deadline()
    assert deadline is not None
    before = hall.core.statistics().users
    hall.now = deadline
    counted = hall.cost(TimePassed())
    assert hall.core.statistics().users == before - 2
    return counted


A_DOUBLING = 50
"""Instructions that the end of two graces may take more if twice as many are away: what waits is a heap."""


def costs_of_an_end() -> list[tuple[float, int]]:
    return [(log2(others), end_of_a_grace(away(others))) for others in (4, 16, 256, CROWD // 2)]


def test_the_end_of_a_grace_costs_little_more_if_twice_as_many_are_away() -> None:
    for (fewer, less), (more, most) in pairwise(costs_of_an_end()):
        assert most - less <= A_DOUBLING * (more - fewer)


def test_the_end_of_a_grace_costs_the_same_however_many_have_ended_before() -> None:
    hall = away(CROWD // 2)
    first, second = end_of_a_grace(hall), end_of_a_grace(hall)
    for _ in range(CROWD // 2 - 20):
        end_of_a_grace(hall)
    assert end_of_a_grace(hall) <= max(first, second)


def test_what_looks_at_all_who_are_away_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def due(timers: Timers[object], now: float) -> Iterator[object]:
        timers._heap.sort()
        while timers._heap and timers._heap[0][0] <= now:
            item = timers._items.pop(timers._heap.pop(0)[1])
            del timers._entries[item]
            yield item

    monkeypatch.setattr(Timers, "due", due)
    (_, few), *_, (_, many) = costs_of_an_end()
    assert many - few > A_DOUBLING * log2(CROWD // 2)


@pytest.mark.parametrize(
    "step", [coming_back, disconnecting_from_a_room, asking_for_the_deadline], ids=name_of
)
def test_coming_and_going_costs_the_same_however_many_are_away(step: Callable[[Hall], int]) -> None:
    assert step(away(CROWD // 2)) == step(away(2))


def containers(hall: Hall) -> list[object]:
    core = hall.core
    queues, timers = core._lobby._queues, core._timers
    maps: list[object] = [
        queues._by_size,
        queues._by_size[LARGEST],
        core._sessions.by_user,
        core._sessions.by_connection,
        core._rooms.by_id,
        timers._entries,
        timers._items,
    ]
    assert [type(kept) for kept in maps] == [dict] * len(maps)
    # A heap, which heapq alone changes: a dict finds its first entry by a walk over deleted ones.
    assert type(timers._heap) is list
    return [*maps, timers._heap]


def identities_change(hall: Hall) -> bool:
    """Take every kind of step and tell whether one has put a new container in the place of an old one."""
    first, second = hall.pair()
    before = containers(hall)
    connection = hall.enter()
    hall.ask(connection, LARGEST)
    hall.ask(connection, 3)
    hall.ask(connection, LARGEST)
    hall.do(Withdraw(connection))
    hall.do(Disconnect(connection))
    hall.do(Relay(first, hall.user(second), "offer", b""))
    hall.pair()
    hall.do(Disconnect(first))
    hall.now += GRACE
    hall.do(TimePassed())
    return any(old is not new for old, new in zip(before, containers(hall), strict=True))


def test_containers_are_maps_that_no_step_rebuilds() -> None:
    assert not identities_change(Hall(10))


def search_in_c(patch: pytest.MonkeyPatch) -> None:
    def leave(queues: Queues, session: Session) -> None:
        if session.waits_for is not None:
            queue = list(queues._by_size[session.waits_for])
            queue.remove(session)
            queues._by_size[session.waits_for] = dict.fromkeys(queue)
            queues._waiting -= 1
            session.waits_for = None

    patch.setattr(Queues, "leave", leave)


def loop_in_python(patch: pytest.MonkeyPatch) -> None:
    def waiting(queues: Queues) -> int:
        return sum(len(queue) for queue in queues._by_size.values())

    patch.setattr(Queues, "waiting", property(waiting))


@pytest.mark.parametrize(
    ("slower", "step"),
    [
        (search_in_c, leaving_from_the_middle),
        (search_in_c, moving),
        (loop_in_python, looking_at_the_statistics),
    ],
)
def test_a_step_that_looks_at_everybody_is_found(
    monkeypatch: pytest.MonkeyPatch, slower: Callable[[pytest.MonkeyPatch], None], step: Callable[[Hall], int]
) -> None:
    slower(monkeypatch)
    assert step(Hall(CROWD)) > step(Hall(0)) + CROWD // 4


def test_a_step_that_copies_everybody_is_found_by_its_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of scan that is not counted: C code that compares nothing."""
    original = Queues.join

    def join(queues: Queues, session: Session, size: int) -> list[Session]:
        if size in queues._by_size:
            queues._by_size[size] = dict(queues._by_size[size])
        return original(queues, session, size)

    monkeypatch.setattr(Queues, "join", join)
    assert joining(Hall(CROWD)) == joining(Hall(0))
    assert identities_change(Hall(10))

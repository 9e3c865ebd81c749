"""When each connection is asked for a sign of life: once an interval, and few of them at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import cast

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock as Clock
from trio.testing import wait_all_tasks_blocked

from focus_signal.server.connection import Connection
from focus_signal.server.heartbeat import run_heartbeat
from focus_signal.server.roll import SLICES

INTERVAL, PONG = 20.0, 10.0
STEP = INTERVAL / SLICES


@define(eq=False)
class Asked:
    """A connection that notes when it is asked, and answers at once."""

    came: float = field(factory=trio.current_time)
    times: list[float] = field(factory=list[float])
    judged: list[float] = field(factory=list[float])

    def ping_soon(self, pong_due: float) -> bool:
        assert pong_due == trio.current_time() + PONG
        self.times.append(trio.current_time())
        return True

    def judge_silence(self, now: float) -> bool:
        assert now == trio.current_time()
        self.judged.append(now)
        return False


@define(eq=False)
class Roll:
    """Those who are there; a connection's number gives its slice."""

    there: dict[int, Asked] = field(factory=dict[int, Asked])
    looks: int = 0

    def slice_of(self, turn: int) -> Collection[Connection]:
        self.looks += 1
        mine = [asked for number, asked in self.there.items() if number % SLICES == turn]
        return cast("list[Connection]", mine)


@pytest.fixture
async def roll(nursery: trio.Nursery) -> Roll:
    roll = Roll()
    nursery.start_soon(run_heartbeat, roll.slice_of, INTERVAL, PONG)
    await wait_all_tasks_blocked()
    return roll


async def test_many_are_asked_a_few_at_a_time(autojump_clock: Clock, roll: Roll) -> None:
    roll.there = {number: Asked() for number in range(3 * SLICES)}
    began = trio.current_time()
    await trio.sleep(3 * INTERVAL + STEP / 2)
    together = Counter(time for asked in roll.there.values() for time in asked.times)
    # The first turns may come late, for nobody was there when the task fell asleep.
    settled = [count for time, count in together.items() if time > began + INTERVAL]
    assert set(settled) == {3}
    for asked in roll.there.values():
        assert len(asked.times) == 3
        assert asked.times[2] - asked.times[1] == pytest.approx(INTERVAL)
        assert asked.judged == [time + PONG for time in asked.times if time + PONG <= trio.current_time()]


@pytest.mark.parametrize("number", [0, 1, 15, 16, 17, 500, 1022, 1023])
async def test_who_comes_is_asked_within_an_interval_and_then_once_in_each(
    autojump_clock: Clock, roll: Roll, number: int
) -> None:
    for after in (0.0, STEP / 3, 1.0, 7.77):
        await trio.sleep(after)
        roll.there[number] = asked = Asked()
        await trio.sleep(3 * INTERVAL + STEP)
        assert 0 <= asked.times[0] - asked.came <= INTERVAL
        pauses = [later - earlier for earlier, later in zip(asked.times, asked.times[1:], strict=False)]
        # The first may have been late, by as much as one sleeps over empty slices at most.
        assert INTERVAL * 63 / 64 <= pauses[0] <= INTERVAL + STEP
        assert pauses[1:] == pytest.approx([INTERVAL] * len(pauses[1:]))
        assert len(asked.times) >= 3


async def test_it_sleeps_over_slices_in_which_nobody_is(autojump_clock: Clock, roll: Roll) -> None:
    roll.there[5] = Asked()
    await trio.sleep(10 * INTERVAL)
    # 64 times an interval, and each time it looks ahead and then at each turn that has come.
    assert roll.looks < 10 * 2.2 * SLICES
    assert len(roll.there[5].times) == 10


async def test_who_was_asleep_for_long_does_not_ask_everyone_for_each_turn_that_was_missed(
    autojump_clock: Clock, roll: Roll
) -> None:
    roll.there = {number: Asked() for number in range(SLICES)}
    await trio.sleep(INTERVAL)
    before = {number: len(asked.times) for number, asked in roll.there.items()}
    autojump_clock.jump(100 * INTERVAL)
    await trio.sleep(STEP / 2)
    assert {len(asked.times) - before[number] for number, asked in roll.there.items()} <= {1, 2}

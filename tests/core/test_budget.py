"""The budget of all replay logs: who goes when they keep too much together, and what is given back."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from focus_signal.core.effects import Ack
from focus_signal.core.replay import Budget, ReplayLog
from tests.access.planting import Planted, caught
from tests.core.effort import instructions_of
from tests.core.test_replay import PLENTY, append, check, filled, numbers


def test_too_much_in_all_clears_the_one_that_keeps_the_most() -> None:
    budget = Budget(1_000)
    small = filled(600, 50, 50, budget=budget)
    large = filled(600, *[100] * 6, budget=budget)
    middle = filled(600, 250, budget=budget)
    assert (budget.bytes, budget.cleared) == (950, 0)
    append(small, 50)
    assert (budget.bytes, budget.cleared) == (1_000, 0)
    append(small, 1)
    assert (budget.bytes, budget.cleared) == (401, 1)
    assert (numbers(large, 5), numbers(large, 6)) == (None, [])
    assert (numbers(small, 0), numbers(middle, 0)) == ([1, 2, 3, 4], [1])


def test_who_has_kept_much_for_the_longest_goes_first() -> None:
    budget = Budget(1_000)
    first = filled(600, 300, budget=budget)
    second = filled(600, 310, budget=budget)
    third = filled(600, 290, budget=budget)
    # All three are on one shelf; the first one leaves it and comes back.
    first.forget(1)
    append(first, 300)
    append(third, 101)
    assert [len(log) for log in (first, second, third)] == [1, 0, 2]


def test_the_one_that_grows_may_be_the_one_that_is_cleared() -> None:
    budget = Budget(500)
    other = filled(PLENTY, 100, budget=budget)
    log = filled(PLENTY, 300, budget=budget)
    append(log, 101)
    assert (numbers(log, 1), numbers(log, 2), numbers(other, 0)) == (None, [], [1])
    assert (budget.bytes, budget.cleared) == (100, 1)
    # One that is larger than the budget leaves nothing behind, though its own log would take it.
    append(log, 501)
    assert (budget.bytes, numbers(log, 3)) == (100, [])


def test_all_is_given_back() -> None:
    budget = Budget(5_000)
    random = Random(4)
    logs = [filled(900, budget=budget) for _ in range(20)]
    for _ in range(500):
        log = random.choice(logs)
        append(log, random.randrange(300))
        log.forget(random.randrange(max(0, log.last - 5), log.last + 1))
    assert budget.bytes == sum(log.bytes for log in logs) > 1_000
    for log in logs:
        log.close()
    assert (budget.bytes, budget._shelves) == (0, [])


def test_who_is_cleared_keeps_at_least_half_as_much_as_anybody() -> None:
    most, times = 2_000, 0
    for seed in range(40):
        random = Random(seed)
        budget = Budget(most)
        logs: list[ReplayLog] = []

        class Watched(ReplayLog):
            """Sees when it is cleared for want of room."""

            def clear(self) -> None:
                if budget.bytes > most:  # noqa: B023 - it is called in this turn of the loop
                    assert 2 * self.bytes >= max(log.bytes for log in logs)  # noqa: B023 - the same
                super().clear()

        logs += [Watched(random.choice([100, 500, 900]), budget) for _ in range(12)]
        for _ in range(150):
            log, before = random.choice(logs), budget.cleared
            append(log, random.randrange(120))
            check(budget, most, logs)
            # What came is as large as the two at the most.
            assert budget.cleared - before <= 2
            if random.random() < 0.2:
                log.forget(random.randrange(log.last + 1))
                check(budget, most, logs)
        times += budget.cleared
    assert times > 100


def _cost_of_a_full_budget(count: int) -> int:
    budget = Budget(100 * count)
    logs = [filled(1_000, 100, budget=budget) for _ in range(count)]
    cost = instructions_of(lambda: logs[-1].append(Ack(1), 1))
    assert budget.cleared == 1
    return cost


def test_to_clear_one_costs_the_same_however_many_logs_there_are() -> None:
    assert _cost_of_a_full_budget(5) > 50, "nothing was counted"
    assert _cost_of_a_full_budget(5) == _cost_of_a_full_budget(3_000)


_note = Budget.note


def _too_much(self: Any, log: ReplayLog, before: int) -> None:
    most, self._most = self._most, PLENTY
    _note(self, log, before)
    self._most = most


def _any_goes(choose: Callable[[list[ReplayLog]], ReplayLog]) -> Callable[[Any, ReplayLog, int], None]:
    """Clear another log than the one whose turn it is."""

    def note(self: Any, log: ReplayLog, before: int) -> None:
        _too_much(self, log, before)
        while self.bytes > self._most:
            self.cleared += 1
            choose([each for shelf in self._shelves for each in shelf]).clear()

    return note


FAULTS: list[tuple[str, Callable[[], None], str, Any]] = [
    ("too much", test_too_much_in_all_clears_the_one_that_keeps_the_most, "note", _too_much),
    (
        "the least goes",
        test_who_is_cleared_keeps_at_least_half_as_much_as_anybody,
        "note",
        _any_goes(lambda logs: logs[0]),
    ),
    (
        "the newest goes",
        test_who_has_kept_much_for_the_longest_goes_first,
        "note",
        _any_goes(lambda logs: logs[-1]),
    ),
    (
        "a search for the fullest",
        test_to_clear_one_costs_the_same_however_many_logs_there_are,
        "note",
        _any_goes(lambda logs: max(logs, key=lambda log: log.bytes)),
    ),
]
test_faults_are_caught = caught(
    [Planted(about, test, Budget, name, thing) for about, test, name, thing in FAULTS]
)

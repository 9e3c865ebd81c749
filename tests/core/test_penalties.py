"""Penalties: how long, how they grow, when they are forgotten, and that little is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from focus_signal.core import penalties as module
from focus_signal.core.penalties import Penalties
from tests.access.planting import Planted, caught
from tests.core.effort import instructions_of


def test_five_seconds_doubling_to_a_minute() -> None:
    penalties, now, lengths = Penalties(), 100.0, []
    for _ in range(7):
        penalties.note("ana", now)
        lengths.append(penalties.blocked("ana", now))
        now += lengths[-1]
        assert penalties.blocked("ana", now - 0.001) == 1
        assert penalties.blocked("ana", now) == 0
    assert lengths == [5, 10, 20, 40, 60, 60, 60]


def test_the_seconds_that_are_left_are_rounded_up() -> None:
    penalties = Penalties()
    assert penalties.blocked("ana", 0.0) == 0
    penalties.note("ana", 0.0)
    assert [penalties.blocked("ana", now) for now in (0.0, 0.5, 1.0, 3.999, 4.0, 4.5, 5.0, 99.0)] == [
        5, 5, 4, 2, 1, 1, 0, 0,
    ]  # fmt: skip


def test_everyone_by_themselves() -> None:
    penalties = Penalties()
    penalties.note("ana", 0.0)
    penalties.note("ana", 0.0)
    penalties.note("bob", 0.0)
    assert [penalties.blocked(user, 0.0) for user in ("ana", "bob", "cyd")] == [10, 5, 0]


def test_who_waits_already_waits_anew() -> None:
    penalties = Penalties()
    penalties.note("ana", 0.0)
    penalties.note("ana", 3.0)
    assert penalties.blocked("ana", 3.0) == 10


def test_forgiven_is_forgotten() -> None:
    penalties = Penalties()
    penalties.note("ana", 0.0)
    penalties.note("ana", 0.0)
    penalties.note("bob", 0.0)
    penalties.forgive("ana")
    penalties.forgive("ana")
    assert (penalties.blocked("ana", 0.0), penalties.blocked("bob", 0.0), len(penalties)) == (0, 5, 1)
    penalties.note("ana", 1.0)
    assert penalties.blocked("ana", 1.0) == 5


def test_forgotten_ten_minutes_after_the_last() -> None:
    penalties, lengths = Penalties(), []
    for now in (0.0, 599.5, 1199.0, 1799.0, 2398.5):
        penalties.note("ana", now)
        lengths.append(penalties.blocked("ana", now))
    assert lengths == [5, 10, 20, 5, 10]


def test_nothing_is_kept_of_those_who_are_forgotten() -> None:
    penalties = Penalties()
    for number in range(1_000):
        penalties.note(f"user-{number}", float(number))
        assert len(penalties) == min(number + 1, 600)
    penalties.note("user-999", 1_200.0)
    assert len(penalties) == 399
    penalties.forget(1_799.9)
    assert len(penalties) == 1
    penalties.forget(1_800.0)
    assert len(penalties) == 0


def test_no_more_than_so_many_are_kept() -> None:
    assert Penalties()._most_users == 100_000
    most = 300
    penalties = Penalties(most)
    penalties.note("ana", 0.0)
    penalties.note("bob", 0.0)
    penalties.note("ana", 0.0)
    for number in range(most - 2):
        penalties.note(f"user-{number}", 1.0)
    assert (len(penalties), penalties.blocked("bob", 1.0)) == (most, 4)
    penalties.note("one more", 1.0)
    assert (len(penalties), penalties.blocked("bob", 1.0), penalties.blocked("ana", 1.0)) == (most, 0, 9)


def test_the_same_as_with_everything_written_down() -> None:
    for seed in range(40):
        random = Random(seed)
        penalties, now = Penalties(), 0.0
        noted: dict[str, list[float]] = {"ana": [], "bob": [], "cyd": []}

        def left(user: str, now: float) -> float:
            times = noted[user]  # noqa: B023 - it is called in this turn of the loop
            streak = 0
            for before, time in zip([-1e9, *times], times, strict=False):
                streak = streak + 1 if time - before < 600 else 1
            return times[-1] + min(5 * 2 ** (streak - 1), 60) - now if times else 0.0

        for _ in range(60):
            now += random.choice([0, 0, 1, 7, 30, 80, 599, 600, 601])
            user = random.choice(list(noted))
            if random.random() < 0.7:
                penalties.note(user, now)
                noted[user].append(now)
            elif random.random() < 0.2:
                penalties.forgive(user)
                noted[user].clear()
            for each in noted:
                assert penalties.blocked(each, now) == max(0, left(each, now))


def _cost(count: int) -> int:
    penalties = Penalties()
    for number in range(count):
        penalties.note(f"user-{number}", 0.0)

    def step() -> None:
        penalties.note("ana", 1.0)
        assert penalties.blocked("ana", 2.0) == 4

    return instructions_of(step)


def test_to_note_one_costs_the_same_however_many_there_are() -> None:
    assert _cost(10) > 20, "nothing was counted"
    assert _cost(10) == _cost(500)


_note = Penalties.note


def _stays(self: Any, user: str, now: float) -> None:
    if not self.blocked(user, now):
        _note(self, user, now)


def _any_number(self: Any, user: str, now: float) -> None:
    self._most_users = 1_000
    _note(self, user, now)


def _not_the_oldest(self: Any, user: str, now: float) -> None:
    if len(self) == self._most_users and user not in self._by_user:
        self._by_user.popitem()
    _note(self, user, now)


def _all_looked_at(self: Any, now: float) -> None:
    for user in [user for user, penalty in self._by_user.items() if penalty.noted + 600 <= now]:
        del self._by_user[user]


FAULTS: list[tuple[str, Callable[[], None], Any, str, Any]] = [
    ("longer at first", test_five_seconds_doubling_to_a_minute, module, "_SHORTEST", 6.0),
    ("beyond a minute", test_five_seconds_doubling_to_a_minute, module, "_LONGEST", 80.0),
    ("who waits is left alone", test_who_waits_already_waits_anew, Penalties, "note", _stays),
    ("never forgiven", test_forgiven_is_forgotten, Penalties, "forgive", lambda *_: None),
    ("forgotten too late", test_forgotten_ten_minutes_after_the_last, module, "_REMEMBERED", 600.1),
    ("forgotten too early", test_forgotten_ten_minutes_after_the_last, module, "_REMEMBERED", 599.0),
    ("never dropped", test_nothing_is_kept_of_those_who_are_forgotten, Penalties, "forget", lambda *_: None),
    ("too many", test_no_more_than_so_many_are_kept, Penalties, "note", _any_number),
    ("the newest goes", test_no_more_than_so_many_are_kept, Penalties, "note", _not_the_oldest),
    (
        "a look at all",
        test_to_note_one_costs_the_same_however_many_there_are,
        Penalties,
        "forget",
        _all_looked_at,
    ),
    (
        "none by themselves",
        test_everyone_by_themselves,
        Penalties,
        "note",
        lambda self, _, now: _note(self, "ana", now),
    ),
    (
        "rounded down",
        test_the_seconds_that_are_left_are_rounded_up,
        module,
        "seconds_until",
        lambda at, now: max(0, int(at - now)),
    ),
    (
        "forgotten too late, written down",
        test_the_same_as_with_everything_written_down,
        module,
        "_REMEMBERED",
        601.0,
    ),
]
test_faults_are_caught = caught([Planted(*fault) for fault in FAULTS])

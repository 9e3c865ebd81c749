"""Guesses: when a key is blocked and for how long, when that is forgotten, and that little is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from attrs import define, field

from focus_signal.core import guesses as module
from focus_signal.core.guesses import Guesses, keys_of
from tests.access.planting import Planted, caught
from tests.core.effort import instructions_of

ANA = ("user ana",)


def miss(guesses: Guesses, times: int, now: float, keys: tuple[str, ...] = ANA) -> int:
    """Miss some times and tell for how long one is blocked then."""
    for _ in range(times):
        guesses.miss(keys, now)
    return guesses.blocked(keys, now)


def test_ten_misses_and_not_nine() -> None:
    guesses = Guesses()
    assert miss(guesses, 9, 0.0) == 0
    assert miss(guesses, 1, 0.0) == 60
    assert [guesses.blocked(ANA, now) for now in (0.5, 1.0, 59.0, 59.5, 60.0, 61.0)] == [60, 59, 1, 1, 0, 0]


def test_within_ten_minutes_whenever_they_begin() -> None:
    guesses = Guesses()
    assert miss(guesses, 1, 0.0) == 0
    assert miss(guesses, 8, 500.0) == 0
    assert miss(guesses, 1, 600.0) == 0, "the first one was ten minutes ago"
    assert miss(guesses, 1, 600.0) == 60
    guesses = Guesses()
    assert miss(guesses, 1, 0.0) == 0
    assert miss(guesses, 8, 500.0) == 0
    assert miss(guesses, 1, 599.9) == 60


def test_a_minute_doubling_to_an_hour() -> None:
    guesses, now, lengths = Guesses(), 1_000.0, []
    for _ in range(9):
        lengths.append(miss(guesses, 10, now))
        now += lengths[-1]
        assert guesses.blocked(ANA, now - 0.001) == 1
        assert guesses.blocked(ANA, now) == 0
        assert miss(guesses, 9, now) == 0, "it takes ten each time"
        now += 600.0
    assert lengths == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_an_hour_after_a_block_all_is_as_at_first() -> None:
    guesses = Guesses()
    assert miss(guesses, 10, 0.0) == 60
    assert miss(guesses, 10, 60.0 + 3_599.9) == 120
    end = 60.0 + 3_599.9 + 120.0
    assert miss(guesses, 9, end + 3_590.0) == 0, "misses alone are no reason to remember"
    assert miss(guesses, 1, end + 3_600.0) == 60


def test_each_key_by_itself_and_any_of_them_blocks() -> None:
    guesses = Guesses()
    both, other = keys_of("ana", "198.51.100.7"), keys_of("bob", "198.51.100.7")
    assert miss(guesses, 5, 0.0, both) == 0
    assert miss(guesses, 5, 10.0, other) == 60
    assert guesses.blocked(both, 10.0) == 60, "the address"
    assert guesses.blocked(keys_of("ana", None), 10.0) == 0
    assert guesses.blocked(keys_of("bob", "198.51.100.8"), 10.0) == 0
    assert miss(guesses, 5, 20.0, keys_of("ana", None)) == 60
    assert guesses.blocked(both, 20.0) == 60, "the one that is blocked for longer"
    assert guesses.blocked((), 20.0) == 0


def test_a_user_who_is_called_like_an_address_is_none() -> None:
    assert keys_of("ana", None) == ("user ana",)
    assert keys_of("ana", "192.0.2.1") == ("user ana", "address 192.0.2.1")
    names = ["ana", "192.0.2.1", "address 192.0.2.1", "user ana", ""]
    users = [key for name in names for key in module.keys_of(name, None)]
    addresses = [module.keys_of("", name)[-1] for name in names]
    assert len({*users, *addresses}) == 2 * len(names)


def test_a_miss_while_blocked_counts_for_the_next_time() -> None:
    guesses = Guesses()
    assert miss(guesses, 10, 0.0) == 60
    assert miss(guesses, 9, 30.0) == 30
    assert miss(guesses, 1, 60.0) == 120


def test_nothing_is_kept_of_what_counts_no_more() -> None:
    guesses = Guesses()
    for number in range(1_000):
        guesses.miss((f"user {number}",), float(number))
        assert len(guesses) == min(number + 1, 600)
    guesses.forget(1_598.9)
    assert len(guesses) == 1
    guesses.forget(1_599.0)
    assert len(guesses) == 0


def test_a_block_is_kept_until_an_hour_after_its_end_and_what_came_later_with_it() -> None:
    guesses = Guesses()
    assert miss(guesses, 10, 0.0) == 60
    guesses.miss(("user bob",), 1.0)
    guesses.forget(3_659.9)
    assert len(guesses) == 2
    # It does not count for that.
    for _ in range(9):
        guesses.miss(("user bob",), 3_659.9)
    assert guesses.blocked(("user bob",), 3_659.9) == 0
    guesses.forget(3_660.0)
    assert len(guesses) == 1
    guesses.forget(4_260.0)
    assert len(guesses) == 0


def test_no_more_than_so_many_are_kept() -> None:
    assert Guesses()._most_keys == 100_000
    most = 300
    guesses = Guesses(most)
    assert miss(guesses, 10, 0.0) == 60
    assert miss(guesses, 10, 0.0, ("user bob",)) == 60
    for number in range(most - 2):
        guesses.miss((f"user {number}",), 1.0)
    assert (len(guesses), guesses.blocked(ANA, 1.0)) == (most, 59)
    guesses.miss(ANA, 1.0)
    guesses.miss(("user one more",), 1.0)
    assert (len(guesses), guesses.blocked(("user bob",), 1.0), guesses.blocked(ANA, 1.0)) == (most, 0, 59)
    guesses.miss(("user two", "address two"), 1.0)
    assert len(guesses) == most


@define
class Naive:
    """Everything that has happened to one key."""

    misses: list[float] = field(factory=list)
    blocks: list[tuple[float, float]] = field(factory=list)
    """How long each was, and until when."""

    def miss(self, now: float) -> None:
        self.misses.append(now)
        if len([time for time in self.misses if now - time < 600]) == 10:
            self.misses.clear()
            lasted, until = self.blocks[-1] if self.blocks else (0.0, -1e9)
            length = min(2 * lasted, 3600.0) if now < until + 3600 else 60.0
            self.blocks.append((length, now + length))

    def blocked(self, now: float) -> float:
        return max(0.0, self.blocks[-1][1] - now) if self.blocks else 0.0


def test_the_same_as_with_everything_written_down() -> None:
    blocks = 0
    for seed in range(30):
        random = Random(seed)
        guesses, now = Guesses(), 0.0
        naive = {key: Naive() for key in ("a", "b", "c")}
        pause = random.choice([[0, 1], [1, 30, 60], [20, 100, 3_600], [0, 0, 0, 3_700]])
        for _ in range(250):
            now += random.choice(pause)
            keys = tuple(key for key in naive if random.random() < 0.6)
            if guesses.blocked(keys, now) and random.random() < 0.8:
                now += random.choice([1, 60, guesses.blocked(keys, now)])
            guesses.miss(keys, now)
            for key in keys:
                naive[key].miss(now)
            for key, each in naive.items():
                assert guesses.blocked((key,), now) == each.blocked(now)
            assert guesses.blocked(keys, now) == max((naive[key].blocked(now) for key in keys), default=0)
        blocks += sum(len(each.blocks) for each in naive.values())
    assert blocks > 200


def _cost(count: int) -> int:
    guesses = Guesses()
    for number in range(count):
        guesses.miss((f"user {number}",), 0.0)

    def step() -> None:
        guesses.miss(ANA, 1.0)
        assert guesses.blocked(ANA, 2.0) == 0

    return instructions_of(step)


def test_a_miss_costs_the_same_however_many_there_are() -> None:
    assert _cost(10) > 50, "nothing was counted"
    assert _cost(10) == _cost(500)


_miss, _blocked = Guesses.miss, Guesses.blocked


def _all_looked_at(self: Any, now: float) -> None:
    for key in [key for key, record in self._by_key.items() if not record.matters(now)]:
        del self._by_key[key]


def _any_number(self: Any, keys: tuple[str, ...], now: float) -> None:
    self._most_keys = 1_000
    _miss(self, keys, now)


def _not_the_oldest(self: Any, keys: tuple[str, ...], now: float) -> None:
    if len(self) == self._most_keys and keys[0] not in self._by_key:
        self._by_key.popitem()
    _miss(self, keys, now)


def _one_key(self: Any, keys: tuple[str, ...], now: float) -> None:
    _miss(self, [" and ".join(keys)], now)


FAULTS: list[tuple[str, Callable[[], None], Any, str, Any]] = [
    ("eleven", test_ten_misses_and_not_nine, module, "_MISSES", 11),
    ("nine", test_ten_misses_and_not_nine, module, "_MISSES", 9),
    ("a longer window", test_within_ten_minutes_whenever_they_begin, module, "_WINDOW", 600.1),
    ("a shorter window", test_within_ten_minutes_whenever_they_begin, module, "_WINDOW", 599.0),
    ("longer at first", test_ten_misses_and_not_nine, module, "_SHORTEST", 61.0),
    ("beyond an hour", test_a_minute_doubling_to_an_hour, module, "_LONGEST", 3_840.0),
    ("remembered for longer", test_an_hour_after_a_block_all_is_as_at_first, module, "_REMEMBERED", 3_601.0),
    ("forgotten early", test_an_hour_after_a_block_all_is_as_at_first, module, "_REMEMBERED", 3_599.0),
    (
        "forgotten early, written down",
        test_the_same_as_with_everything_written_down,
        module,
        "_REMEMBERED",
        3_000.0,
    ),
    ("by all keys together", test_each_key_by_itself_and_any_of_them_blocks, Guesses, "miss", _one_key),
    (
        "by the first key alone",
        test_each_key_by_itself_and_any_of_them_blocks,
        Guesses,
        "blocked",
        lambda self, keys, now: _blocked(self, keys[:1], now),
    ),
    (
        "names alone",
        test_a_user_who_is_called_like_an_address_is_none,
        module,
        "keys_of",
        lambda *names: names,
    ),
    ("never dropped", test_nothing_is_kept_of_what_counts_no_more, Guesses, "forget", lambda *_: None),
    (
        "a block is dropped like a miss",
        test_a_block_is_kept_until_an_hour_after_its_end_and_what_came_later_with_it,
        module._Record,
        "matters",
        lambda self, now: bool(self.misses) and now - self.misses[-1] < 600,
    ),
    ("too many", test_no_more_than_so_many_are_kept, Guesses, "miss", _any_number),
    ("the newest goes", test_no_more_than_so_many_are_kept, Guesses, "miss", _not_the_oldest),
    ("a look at all", test_a_miss_costs_the_same_however_many_there_are, Guesses, "forget", _all_looked_at),
]
test_faults_are_caught = caught([Planted(*fault) for fault in FAULTS])

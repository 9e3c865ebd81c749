"""The buckets: what they hold, how they fill, and when too much has gone on for too long."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from focus_signal.access import rates
from focus_signal.access.rates import Meter, Rates
from tests.access.planting import Planted, caught

NONE = (0, 0)


def _meter(message: tuple[int, int] = NONE, byte: tuple[int, int] = NONE, grace: float = 10.0) -> Meter:
    limits = Rates.of(message, byte, grace)
    return Meter(limits)


def test_no_rates_where_nothing_is_limited() -> None:
    for message in (NONE, (0, 5), (5, 0)):
        for byte in (NONE, (0, 5), (5, 0)):
            assert Rates.of(message, byte, 1.0) == Rates(math.inf, math.inf, math.inf, math.inf, 1.0)
    assert Rates.of((1, 2), (3, 0), 4.0) == Rates(1, 2, math.inf, math.inf, 4.0)
    assert Rates.of((0, 2), (3, 4), 4.0) == Rates(math.inf, math.inf, 3, 4, 4.0)


def test_a_burst_of_messages_and_no_more() -> None:
    meter = _meter((1, 3))
    assert [meter.takes(b"x" * 9999, 0.0) for _ in range(5)] == [True, True, True, False, False]


def test_a_burst_of_bytes_and_no_more() -> None:
    meter = _meter(byte=(1, 10))
    assert [meter.takes(b"x" * size, 0.0) for size in (6, 5, 4, 1, 0)] == [True, False, True, False, True]


def test_all_or_none() -> None:
    meter = _meter((1, 3), (1, 10))
    assert not meter.takes_all([b""] * 4, 0.0)
    assert not meter.takes_all([b"x" * 11], 0.0)
    assert meter.takes_all([b"", b"xxxx", b"xxxxxx"], 0.0)
    assert not meter.takes_all([b""], 0.0)
    assert meter.takes_all([], 0.0)


def test_a_token_is_back_when_its_time_has_come() -> None:
    meter = _meter((4, 2), (8, 2))
    assert meter.takes_all([b"x", b"x"], 0.0)
    assert not meter.takes(b"x", 0.2499)
    assert meter.takes(b"x", 0.25)
    assert not meter.takes(b"", 0.4999)
    assert meter.takes(b"", 0.5)
    meter = _meter(byte=(8, 20))
    assert meter.takes(b"x" * 20, 0.0)
    assert not meter.takes(b"x" * 4, 0.4999)
    assert meter.takes(b"x" * 4, 0.5)


def test_a_bucket_holds_no_more_than_a_burst() -> None:
    meter = _meter((5, 3), (5, 10))
    assert not meter.takes_all([b""] * 4, 1e9)
    assert not meter.takes(b"x" * 11, 1e9)
    assert meter.takes_all([b"", b"", b"x" * 10], 1e9)


def test_time_that_stands_still_or_goes_back_gives_nothing() -> None:
    meter = _meter((1, 1))
    assert meter.takes(b"", 5.0)
    for now in (5.0, 4.0, 5.5):
        assert not meter.takes(b"", now)
    assert meter.takes(b"", 6.0)


def test_frames_take_what_there_is() -> None:
    """So who sends many pings has none left for messages."""
    meter = _meter((1, 10))
    meter.takes_frames(4, 0.0)
    assert not meter.goes_on
    meter.takes_frames(7, 0.0)
    assert not meter.takes(b"", 0.0)
    assert not meter.takes(b"", 0.9)
    assert meter.takes(b"", 1.0)


def _drops(meter: Meter, *moments: float) -> list[bool]:
    """Tell at each of these moments, where something is dropped, whether it has gone on for too long."""
    seen: list[bool] = []
    for now in moments:
        assert not meter.takes(b"x" * 100, now)
        seen.append(meter.goes_on)
    return seen


def test_too_much_for_too_long() -> None:
    assert _drops(_meter(byte=(1, 2), grace=3.0), 0.0, 0.9, 1.8, 2.7, 2.99, 3.0) == [False] * 5 + [True]
    assert _drops(_meter(byte=(1, 2), grace=3.0), 7.0, 7.9, 8.8, 9.7, 9.99, 10.5) == [False] * 5 + [True]


def test_who_pauses_begins_anew() -> None:
    meter = _meter(byte=(1, 2), grace=3.0)
    assert _drops(meter, 0.0, 0.9, 1.8, 2.9) == [False] * 4
    assert _drops(meter, 2.9 + 1.01, 4.8, 5.7, 6.6, 2.9 + 1.01 + 3.0) == [False] * 4 + [True]
    # However often: what counts is what goes on.
    assert _drops(_meter(byte=(1, 2), grace=3.0), *(turn * 1.01 for turn in range(99))) == [False] * 99


def test_only_the_moment_of_a_drop_is_judged() -> None:
    meter = _meter((1, 1), (10, 50), grace=0.9)
    assert meter.takes(b"", 0.0)
    assert not meter.takes(b"", 0.1)
    assert not meter.takes(b"", 0.9)
    assert meter.takes(b"", 1.05)
    assert not meter.goes_on, "nothing was dropped now"
    assert not meter.takes(b"", 1.15)
    assert meter.goes_on


@given(
    rate=st.integers(1, 1000),
    burst=st.integers(1, 100),
    steps=st.lists(st.tuples(st.floats(0, 2), st.integers(0, 20)), max_size=60),
)
def test_never_more_than_burst_and_rate(rate: int, burst: int, steps: list[tuple[float, int]]) -> None:
    """Over any stretch of time: at most a burst and what the rate gives; and never less than it may."""
    meter = _meter((rate, burst))
    now, taken = 0.0, 0
    history: list[tuple[float, int]] = []
    tokens = float(burst)
    for pause, count in steps:
        tokens = min(burst, tokens + pause * rate)
        now += pause
        for _ in range(count):
            took = meter.takes(b"", now)
            assert took or tokens < 1 + 1e-3, "it might have been taken"
            tokens -= took
            taken += took
        history.append((now, taken))
    for index, (began, before) in enumerate([(0.0, 0), *history]):
        for ended, after in history[index:]:
            first = history[index - 1][1] if index else before
            assert after - first <= burst + (ended - began) * rate + 1e-3


_real = Meter.takes_all


def _no_ceiling(self: Any, messages: Any, now: float) -> bool:
    """Let what fills up go on filling up beyond a whole bucket."""
    self._message_window = now
    return _real(self, messages, now)


def _one_more(self: Any, messages: Any, now: float) -> bool:
    return _real(self, messages[1:], now) if messages else True


def _in_whole_seconds(self: Any, messages: Any, now: float) -> bool:
    return _real(self, messages, float(math.floor(now)))


def _takes_in_part(self: Any, messages: Any, now: float) -> bool:
    return all(_real(self, (message,), now) for message in messages)


test_faults_are_caught = caught(
    [
        Planted("no ceiling", test_a_bucket_holds_no_more_than_a_burst, Meter, "takes_all", _no_ceiling),
        Planted("the first is free", test_a_burst_of_messages_and_no_more, Meter, "takes_all", _one_more),
        Planted(
            "whole seconds",
            test_a_token_is_back_when_its_time_has_come,
            Meter,
            "takes_all",
            _in_whole_seconds,
        ),
        Planted("a part is taken", test_all_or_none, Meter, "takes_all", _takes_in_part),
        Planted("frames are free", test_frames_take_what_there_is, Meter, "takes_frames", lambda *_: None),
        Planted("a longer pause", test_who_pauses_begins_anew, rates, "_PAUSE", 1.1),
        Planted("a shorter pause", test_too_much_for_too_long, rates, "_PAUSE", 0.8),
        Planted(
            "any moment is judged",
            test_only_the_moment_of_a_drop_is_judged,
            Meter,
            "goes_on",
            property(lambda self: self._messages_full - self._first >= self._rates.grace),
        ),
        Planted("never too long", test_too_much_for_too_long, Meter, "goes_on", property(lambda _: False)),
        Planted(
            "always rates",
            test_no_rates_where_nothing_is_limited,
            Rates,
            "of",
            lambda *_: Rates(1, 1, 1, 1, 1),
        ),
    ]
)

"""Percentiles out of buckets, beside those of the sorted values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.load.histogram import Histogram

MICROSECONDS = st.one_of(st.integers(0, 300), st.integers(0, 1 << 36), st.integers(0, 40_000))


def filled(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        # In the middle of the microsecond, so that no rounding of floats takes part.
        histogram.record((value + 0.5) / 1e6)
    return histogram


@given(st.lists(MICROSECONDS, min_size=1), st.sampled_from([0.0, 0.01, 0.5, 0.99, 0.999, 1.0]))
def test_a_percentile_is_at_most_a_64th_too_high(values: list[int], share: float) -> None:
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    exact = min(exact, (1 << 36) - 1)
    assert exact <= filled(values).percentile(share) <= exact + exact // 64


def test_small_values_and_the_largest_are_exact() -> None:
    histogram = filled([1, 2, 3, 100, 127, 1_000_003])
    assert [histogram.percentile(share) for share in (0.1, 0.5, 5 / 6, 1.0)] == [1, 3, 127, 1_000_003]


def test_counts_are_counts() -> None:
    histogram = Histogram()
    histogram.record(0.010, 98)
    histogram.record(0.020)
    histogram.record(0.500)
    latency = histogram.latency()
    assert latency is not None
    assert (latency.count, latency.max) == (100, 500.0)
    assert 10 <= latency.p50 <= 10.2
    assert 20 <= latency.p99 <= 20.4
    assert latency.p99_9 == 500.0
    histogram.clear()
    assert (histogram.total, histogram.latency()) == (0, None)
    with pytest.raises(ValueError, match="nothing was recorded"):
        histogram.percentile(0.5)


def test_what_is_out_of_range_is_in_the_first_or_the_last_bucket() -> None:
    histogram = Histogram()
    histogram.record(-1.0)
    assert histogram.percentile(1.0) == 0
    histogram.record(1e9)
    histogram.record(1e9)
    assert histogram.percentile(1.0) == (1 << 36) - 1
    assert histogram.total == 3

"""Latencies as counts in buckets: recording one costs little, however many there are, and memory stays small.

Whole microseconds. Up to 127 each has a bucket of its own; above, every doubling is cut into 64, so that what
is read back is at most a 64th (1.6 %) above what was recorded. The largest value is kept as it was.
"""

import math

from focus_signal.load.report import Latency

_LONGEST = (1 << 36) - 1  # 19 hours
_BUCKETS = ((36 - 7) << 6) + 128


class Histogram:
    """Count latencies, and tell which share of them was below what."""

    __slots__ = ("counts", "largest")

    def __init__(self) -> None:
        self.counts = [0] * _BUCKETS
        self.largest = 0

    def record(self, seconds: float, count: int = 1) -> None:
        """Add so many latencies of so many seconds; less than nothing counts as nothing."""
        value = int(seconds * 1e6)
        if value > self.largest:
            self.largest = value = min(value, _LONGEST)
        if value >= 128:
            shift = value.bit_length() - 7
            value = (shift << 6) + (value >> shift)
        self.counts[max(value, 0)] += count

    def clear(self) -> None:
        """Forget everything."""
        self.counts = [0] * _BUCKETS
        self.largest = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def percentile(self, share: float) -> int:
        """Return the microseconds that this share (0 to 1) of the latencies did not exceed.

        Raises:
          ValueError: nothing was recorded.
        """
        total = self.total
        if not total:
            raise ValueError("nothing was recorded")
        wanted = min(total, max(1, math.ceil(share * total)))
        seen = 0
        for index, count in enumerate(self.counts):
            seen += count
            if seen >= wanted:
                return min(_highest(index), self.largest)
        raise AssertionError(seen)  # the counts changed while they were added up

    def latency(self) -> Latency | None:
        """Return the figures that are reported; None if nothing was recorded."""
        if not self.total:
            return None
        p50, p99, p99_9 = (self.percentile(share) / 1000 for share in (0.5, 0.99, 0.999))
        return Latency(self.total, p50, p99, p99_9, self.largest / 1000)


def _highest(index: int) -> int:
    """Return the largest value that goes into a bucket."""
    if index < 128:
        return index
    # A bucket above 127 holds 64 to 127 of its unit, so one is taken off the number of doublings.
    shift = (index >> 6) - 1
    return (((index - (shift << 6)) + 1) << shift) - 1

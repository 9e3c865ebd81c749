"""What a target is: a check of one input, where to begin, and what an input costs at most.

Nothing here imports the package: what is imported before the instrumentation is not covered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from random import Random
from typing import TypeVar
from zlib import crc32

from attrs import define, field, frozen

Result = TypeVar("Result")

LIMIT = 0.1
"""How many seconds of the processor's time reading one input may take."""

GROW = b"\xfd\xfc"
"""What stands twice in an input to have what is between written many times."""


class Wrong(AssertionError):
    """A property does not hold for this input."""


class TooSlow(AssertionError):
    """An input takes longer than any may."""


@define(eq=False)
class Meter:
    """Measure what reading an input takes of the processor's time, not of the clock's.

    Args:
      limit: how many seconds are too many.
      clock: tells the seconds that this process has used.
    """

    limit: float = LIMIT
    _clock: Callable[[], float] = time.process_time
    slowest: float = field(default=0.0, init=False)
    """The most that one reading took, in seconds."""

    def measure(self, read: Callable[[], Result]) -> Result:
        """Read once, and give what was read.

        Where that takes too long the fastest of three readings counts, for the first may have been held up by
        what is not its own: a collection of garbage, cold memory.

        Raises:
          TooSlow: it takes too long each time.
        """
        took, result = self._once(read)
        if took > self.limit:
            took = min(took, self._once(read)[0], self._once(read)[0])
            if took > self.limit:
                raise TooSlow(f"{took * 1000:.0f} ms to read it")
        self.slowest = max(self.slowest, took)
        return result

    def _once(self, read: Callable[[], Result]) -> tuple[float, Result]:
        start = self._clock()
        result = read()
        return self._clock() - start, result


Check = Callable[[bytes, Meter], None]


@frozen
class Target:
    """Be what is fuzzed.

    Args:
      check: takes one input and raises for what must not be.
      seeds: inputs to begin with.
      words: what is put into inputs besides bytes.
      longest: how long an input may be, in bytes.
      mutants: bugs by name; each is there as long as its context lasts.
      guides: functions of the check's own whose coverage is of use, too.
    """

    check: Check
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    longest: int
    mutants: Mapping[str, Callable[[], AbstractContextManager[None]]]
    guides: tuple[Callable[..., object], ...] = ()


def grown(data: bytes, size: int) -> bytes:
    """Write what is between two of `GROW` so often that all is about so many bytes long.

    No fuzzer makes inputs as large as a peer can, and only those show a cost that grows with the square.
    """
    parts = data.split(GROW, 2)
    if len(parts) < 3 or not parts[1]:
        return data
    before, repeated, behind = parts
    return before + repeated * max(1, (size - len(before) - len(behind)) // len(repeated)) + behind


def cuts_of(data: bytes, most: int = 12) -> list[int]:
    """Draw places to cut an input at; the same for the same input, so that it can be replayed."""
    rng = Random(crc32(data))
    return sorted(rng.randrange(len(data) + 1) for _ in range(rng.randint(1, most)))


def numbered(items: tuple[bytes, ...]) -> Iterator[tuple[str, bytes]]:
    """Name files for inputs, in order."""
    return ((f"{number:04}", item) for number, item in enumerate(items))

"""When to come back: full jitter, so that those who were cut together do not come back together."""

from typing import Protocol

from attrs import define, field

STEADY = 5.0
"""A connection that was welcome for so many seconds makes the next attempt a first one."""


class Chance(Protocol):
    """Give chance, as a `random.Random` does."""

    def random(self) -> float:
        """Give a number from 0 up to 1, but not 1."""
        ...


@define(eq=False)
class Backoff:
    """Give the delays before the attempts to come back.

    Args:
      first: the longest delay before the first attempt, in seconds.
      longest: the longest before any.
      chance: decides how much of it.
    """

    _first: float
    _longest: float
    _chance: Chance
    _cap: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._cap = min(self._first, self._longest)

    def next(self, lived: float, wait: float, longest: float) -> float:
        """Give the next delay.

        Args:
          lived: for how many seconds the connection that has ended was welcome; 0 if it never was.
          wait: what the server asks for; chance comes on top.
          longest: the longest delay that will do this time, in seconds.
        """
        if lived >= STEADY:
            self._cap = self._first
        delay = min(self._cap, longest) * self._chance.random()
        self._cap = min(self._cap * 2, self._longest)
        return wait + delay

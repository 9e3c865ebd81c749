"""A bound on lines that say the same: whoever can cause a line must not be able to fill a disk with it.

Of one kind of line so many are let through in a second; the rest is counted, and the count is given when the
second is over. Time is what the lines themselves carry, so there is no timer: the account of a second comes
with the next line of whatever kind.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from attrs import define, field, frozen

Kind = TypeVar("Kind", bound=Hashable)


@frozen
class HeldBack(Generic[Kind]):
    """Be the account of what was held back of one kind.

    Args:
      kind: the kind of line.
      count: how many.
    """

    kind: Kind
    count: int


@define(eq=False)
class _Second:
    began: float
    let_through: int = 0
    held_back: int = 0


@define(eq=False)
class Repeats(Generic[Kind]):
    """Decide which lines are let through.

    Args:
      most: how many of one kind in a second.
      most_kinds: how many kinds are told apart in a second; whatever comes beyond them counts as one kind.
    """

    _most: int = 10
    _most_kinds: int = 250
    # In the order in which they began.
    _seconds: dict[Kind, _Second] = field(factory=dict["Kind", _Second], init=False)

    def over(self, now: float) -> list[HeldBack[Kind]]:
        """End the seconds that are over, and give an account of each that held something back."""
        over: list[HeldBack[Kind]] = []
        while self._seconds:
            kind, second = next(iter(self._seconds.items()))
            # A clock that was set back ends them as well.
            if 0 <= now - second.began < 1:
                break
            del self._seconds[kind]
            if second.held_back:
                over.append(HeldBack(kind, second.held_back))
        return over

    def let_through(self, kind: Kind, other: Kind, now: float) -> bool:
        """Tell whether a line is let through; call `over` first.

        Args:
          kind: what its like have in common.
          other: the kind that it counts as when there are too many kinds.
          now: the line's time in seconds.
        """
        if kind not in self._seconds and len(self._seconds) >= self._most_kinds:
            kind = other
        second = self._seconds.setdefault(kind, _Second(now))
        if second.let_through < self._most:
            second.let_through += 1
            return True
        second.held_back += 1
        return False

    def all_over(self) -> list[HeldBack[Kind]]:
        """End all seconds."""
        return self.over(float("inf"))

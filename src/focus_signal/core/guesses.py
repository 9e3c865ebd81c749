"""Who tries out codes: ten that led nowhere within ten minutes, and no more are looked up for a while.

That is counted by address and by user, each by itself. The first time it lasts a minute, and each further
time twice as long as before, up to an hour; after an hour without another one, all is as at first.
"""

from collections import OrderedDict
from collections.abc import Sequence

from attrs import define, field

from focus_signal.core.timers import seconds_until

_MISSES = 10
_WINDOW = 600.0
_SHORTEST = 60.0
_LONGEST = 3600.0
_REMEMBERED = 3600.0


def keys_of(user: str, address: str | None) -> tuple[str, ...]:
    """Name what is counted for somebody.

    A user can be called like an address, so each name says what it is the name of.

    Args:
      user: the user id.
      address: what the peer's address counts as; None if it counts for nothing.
    """
    return (f"user {user}",) if address is None else (f"user {user}", f"address {address}")


@define(eq=False)
class _Record:
    """Be what is remembered of a key."""

    # When the misses were that still count, at most _WINDOW before the last one.
    misses: list[float] = field(factory=list[float], init=False)
    # How long it was blocked last, and until when; 0 if it was not, or if that is forgotten.
    length: float = field(default=0.0, init=False)
    until: float = field(default=0.0, init=False)

    def miss(self, now: float) -> None:
        """Count a miss, and block the key if it is one too many."""
        if self.length and self.until + _REMEMBERED <= now:
            self.length = 0.0
        self.misses = [before for before in self.misses if now - before < _WINDOW]
        self.misses.append(now)
        if len(self.misses) >= _MISSES:
            self.misses.clear()
            self.length = min(2 * self.length, _LONGEST) if self.length else _SHORTEST
            self.until = now + self.length

    def matters(self, now: float) -> bool:
        """Tell whether anything of it can still count."""
        blocked = self.length > 0 and now < self.until + _REMEMBERED
        return blocked or (len(self.misses) > 0 and now - self.misses[-1] < _WINDOW)


@define(eq=False)
class Guesses:
    """Hold what is remembered, by key.

    Args:
      most_keys: how many keys are remembered. Then those are dropped whose last miss was the longest ago: to
        get rid of a block that way somebody needs thousands of addresses that are not blocked yet.
    """

    _most_keys: int = 100_000

    # In the order of their last misses. One that matters for long keeps others behind it for as long, which
    # is two hours at the most; those count no more than if they were gone.
    _by_key: OrderedDict[str, _Record] = field(factory=OrderedDict[str, _Record], init=False)

    def __len__(self) -> int:
        """Count the keys of which something is remembered."""
        return len(self._by_key)

    def blocked(self, keys: Sequence[str], now: float) -> int:
        """Tell for how many more seconds no code is looked up for any of these keys.

        Args:
          keys: see `keys_of`.
          now: in seconds.

        Returns:
          the seconds, rounded up; 0 if none is blocked.
        """
        records = (self._by_key.get(key) for key in keys)
        return max((seconds_until(each.until, now) for each in records if each and each.length), default=0)

    def miss(self, keys: Sequence[str], now: float) -> None:
        """Count a code that led nowhere, for each of these keys."""
        self.forget(now)
        for key in keys:
            record = self._by_key.get(key)
            if record is None:
                record = self._by_key[key] = _Record()
            self._by_key.move_to_end(key)
            record.miss(now)
        while len(self._by_key) > self._most_keys:
            self._by_key.popitem(last=False)

    def forget(self, now: float) -> None:
        """Drop what cannot count any more."""
        keys = self._by_key
        while keys and not next(iter(keys.values())).matters(now):
            keys.popitem(last=False)

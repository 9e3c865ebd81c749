"""Who has to wait before asking for another match: whoever declined one, or was not ready for it.

It begins with 5 s and doubles each time, to at most a minute. A match that comes about makes up for all of
it, and so do 10 minutes without another time.
"""

from collections import OrderedDict

from attrs import define, field, frozen

from focus_signal.core.timers import seconds_until

_SHORTEST = 5.0
_LONGEST = 60.0
_REMEMBERED = 600.0


@frozen
class _Penalty:
    length: float
    noted: float


@define(eq=False)
class Penalties:
    """Hold what is remembered, by user.

    Nothing is done when it is forgotten: it is dropped when something is noted the next time.

    Args:
      most_users: of how many users something is remembered. Then the oldest is dropped for a new one.
    """

    _most_users: int = 100_000

    # In the order in which they were noted, which is that in which they are forgotten.
    _by_user: OrderedDict[str, _Penalty] = field(factory=OrderedDict[str, _Penalty], init=False)

    def __len__(self) -> int:
        """Count the users of whom something is remembered."""
        return len(self._by_user)

    def blocked(self, user: str, now: float) -> int:
        """Tell for how many more seconds a user has to wait, rounded up; 0 if not at all."""
        penalty = self._by_user.get(user)
        return 0 if penalty is None else seconds_until(penalty.noted + penalty.length, now)

    def note(self, user: str, now: float) -> None:
        """Let a user wait from now on."""
        self.forget(now)
        before = self._by_user.pop(user, None)
        length = _SHORTEST if before is None else min(2 * before.length, _LONGEST)
        self._by_user[user] = _Penalty(length, now)
        if len(self._by_user) > self._most_users:
            self._by_user.popitem(last=False)

    def forgive(self, user: str) -> None:
        """Remember nothing of a user."""
        self._by_user.pop(user, None)

    def forget(self, now: float) -> None:
        """Drop what was noted too long ago."""
        users = self._by_user
        while users and next(iter(users.values())).noted + _REMEMBERED <= now:
            users.popitem(last=False)

"""What a peer may not have seen yet: the newest messages to it, to be sent again when it comes back.

A `ReplayLog` numbers the messages of one session and keeps them until the peer says that it has handled them.
It is bounded in bytes, and so are all logs together, by their `Budget`. What goes is always the oldest of a
log, so that what is kept are the messages up to the last one without a gap. Whoever misses an older one than
these cannot be brought up to date, and has to be told all anew.
"""

from collections import OrderedDict

from attrs import define, field

from focus_signal.core.effects import Message


@define(eq=False)
class ReplayLog:
    """Number and keep what is sent in one session.

    Args:
      most_bytes: how much is kept. A message that alone is larger is not kept, and none before it.
      budget: counts what this log and others keep.
    """

    _most: int
    _budget: "Budget"
    last: int = field(default=0, init=False)
    """The number of the newest message; 0 before there is one."""
    bytes: int = field(default=0, init=False)
    """How much is kept."""
    # Those from `last - len + 1` to `last`, by their numbers. An empty deque is ten times as large as a dict.
    _kept: dict[int, tuple[int, Message]] = field(factory=dict[int, tuple[int, Message]], init=False)
    _seen: int = field(default=0, init=False)

    def __len__(self) -> int:
        """Count the messages that are kept."""
        return len(self._kept)

    def append(self, message: Message, size: int) -> int:
        """Keep a message, in the place of the oldest ones if there is no room.

        Args:
          message: what is sent.
          size: how many bytes it counts for; 0 or more.

        Returns:
          its number.
        """
        self.last += 1
        if size > self._most:
            self.clear()
            return self.last
        before = self.bytes
        self._kept[self.last] = (size, message)
        self.bytes += size
        while self.bytes > self._most:
            self._drop_oldest()
        self._budget.note(self, before)
        return self.last

    def fits(self, size: int) -> bool:
        """Tell whether a message can be kept without another one being dropped, here or in any log."""
        return self.bytes + size <= self._most and self._budget.fits(size)

    def forget(self, seen: int) -> None:
        """Drop what the peer has handled: everything up to this number.

        Raises:
          ValueError: no message has had this number yet.
        """
        self._check(seen)
        if seen <= self._seen:
            return
        self._seen = seen
        if seen == self.last:
            self.clear()  # which gives the memory back too
            return
        before = self.bytes
        while self._first <= seen:
            self._drop_oldest()
        self._budget.note(self, before)

    def after(self, seen: int) -> list[tuple[int, Message]] | None:
        """List what follows a number, with the number of each.

        Returns:
          None when not all of it is kept any more.

        Raises:
          ValueError: no message has had this number yet.
        """
        self._check(seen)
        if seen + 1 < self._first:
            return None
        return [(number, self._kept[number][1]) for number in range(seen + 1, self.last + 1)]

    @property
    def whole(self) -> bool:
        """Tell whether everything is kept but what the peer has said to have handled."""
        return self._first <= self._seen + 1

    def clear(self) -> None:
        """Drop everything; the numbers go on."""
        before, self.bytes = self.bytes, 0
        self._kept.clear()
        self._budget.note(self, before)

    def close(self) -> None:
        """Drop everything, and keep nothing from here on; the numbers go on."""
        self._most = -1
        self.clear()

    @property
    def _first(self) -> int:
        """The number of the oldest one that is kept; where none is, that of the next message."""
        return self.last - len(self._kept) + 1

    def _drop_oldest(self) -> None:
        size, _ = self._kept.pop(self._first)
        self.bytes -= size

    def _check(self, seen: int) -> None:
        if seen > self.last:
            raise ValueError(f"message {seen} was not sent yet: {self.last} was the last one")


@define(eq=False)
class Budget:
    """Bound what all logs keep together: when it is too much, a log that keeps much is cleared.

    That is one that keeps at least half as much as the fullest one. They stand on shelves, each for up to
    twice as many bytes as the one below it, so that none is ever searched for. On a shelf the one goes first
    that has been there for the longest: its peer has long not said what it has handled.

    Args:
      most: how many bytes.
    """

    _most: int
    bytes: int = field(default=0, init=False)
    """How much all of them keep."""
    cleared: int = field(default=0, init=False)
    """How many times a log was cleared for want of room."""
    # By the bit length of how much a log keeps; those that keep nothing stand nowhere. An OrderedDict finds
    # its first entry without a walk over those that are gone.
    _shelves: list[OrderedDict[ReplayLog, None]] = field(
        factory=list[OrderedDict[ReplayLog, None]], init=False
    )

    def fits(self, size: int) -> bool:
        """Tell whether there is room for this many bytes more."""
        return self.bytes + size <= self._most

    def note(self, log: ReplayLog, before: int) -> None:
        """Note that a log keeps another number of bytes than before, and clear some if that is too much."""
        self.bytes += log.bytes - before
        old, new = before.bit_length(), log.bytes.bit_length()
        if old != new:
            self._move(log, old, new)
        while self.bytes > self._most:
            # Clearing it comes back here, takes it off its shelf and empty shelves with it.
            self.cleared += 1
            next(iter(self._shelves[-1])).clear()

    def _move(self, log: ReplayLog, old: int, new: int) -> None:
        """Move a log between shelves; the one for 0 bytes is none, and the last one is never empty."""
        shelves = self._shelves
        while len(shelves) < new:
            shelves.append(OrderedDict())
        if new:
            shelves[new - 1][log] = None
        if old:
            del shelves[old - 1][log]
        while shelves and not shelves[-1]:
            shelves.pop()

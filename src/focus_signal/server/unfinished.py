"""What has come of messages that are not whole: all of it together has a bound.

Each connection alone may hold as much as one message has. When all of them together hold too much, the one
that holds most is cut, since whoever has begun a large message and does not end it takes the room of others.
"""

from typing import Protocol

from attrs import define, field


class Holder(Protocol):
    """Be a connection that holds what came."""

    def drop_unfinished(self) -> None:
        """Let go of it, and end; never waits."""
        ...


@define(eq=False)
class Unfinished:
    """Count what all connections hold.

    Args:
      most: the bound in bytes.
    """

    most: int
    bytes: int = field(default=0, init=False)
    """All that is held; changed here only."""
    _held: dict[Holder, int] = field(factory=dict[Holder, int], init=False)

    def note(self, holder: Holder, held: int) -> None:
        """Note how much a connection holds now, and make room if it is too much for all."""
        self.bytes += held - self._held.get(holder, 0)
        if held:
            self._held[holder] = held
        else:
            self._held.pop(holder, None)
        while self.bytes > self.most:
            fullest = max(self._held, key=self._held.__getitem__)
            self.bytes -= self._held.pop(fullest)
            fullest.drop_unfinished()

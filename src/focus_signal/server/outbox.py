"""What waits for one peer: a list with a count and a bound in bytes; and what waits for all of them.

The owner puts in and never waits, and whoever sends takes all of it; nobody ever waits for something to be in
it, so that a channel would only cost more. When it is full the connection is given
up: a peer that does not read slows nobody else. Once closed it takes nothing more but one last item, the name
of the close frame that is to follow.

All outboxes together have a bound too. What a peer takes at once never counts for it, and what waits counts
with the memory that it takes besides its bytes, since candidates are small and many.
"""

from collections.abc import Callable

from attrs import define, field, frozen

from focus_signal.wire.close_codes import CloseName

# What holding a frame takes besides its bytes, in CPython: an object, and its place in a list.
_OF_A_FRAME = 64


@frozen
class OutboxStatistics:
    """Be a look at an outbox at one moment.

    Args:
      bytes: the bytes that wait, those that were taken and have not gone out too.
      messages: the messages that wait.
    """

    bytes: int
    messages: int


@define(eq=False)
class Backlog:
    """Count what waits in all outboxes together.

    Args:
      most: the bound in bytes.
    """

    most: int
    bytes: int = field(default=0, init=False)
    """All that waits; changed here only."""
    # Only those in which something waits.
    _waiting: "dict[Outbox, int]" = field(factory=dict["Outbox", int], init=False)

    def __len__(self) -> int:
        """Count the outboxes in which something waits."""
        return len(self._waiting)

    def change(self, outbox: "Outbox", waiting: int) -> None:
        """Note how much waits in an outbox now."""
        self.bytes += waiting - self._waiting.get(outbox, 0)
        if waiting:
            self._waiting[outbox] = waiting
        else:
            self._waiting.pop(outbox, None)

    def fullest(self) -> "Outbox | None":
        """Find the outbox in which most waits and that was not asked yet to give it back."""
        # A look at each of them: it is only called when there is too much, and has to make room.
        asked = [outbox for outbox in self._waiting if not outbox.urgent]
        return max(asked, key=self._waiting.__getitem__, default=None)


@define(eq=False)
class Outbox:
    """Hold the frames that wait for one peer.

    Args:
      max_bytes: the bound; an empty outbox takes one frame of any size.
      max_messages: the bound on their number.
      flush: sends what the peer takes now; called by whoever has put something in, once for all of it.
      connection: whose it is.
      backlog: what waits for everybody.
    """

    max_bytes: int
    max_messages: int
    flush: Callable[[], None]
    connection: int
    _backlog: Backlog
    _frames: list[bytes] = field(factory=list[bytes], init=False)
    _bytes: int = field(default=0, init=False)
    # What was taken and has not gone out, in bytes; told by whoever sends it.
    _unsent: int = field(default=0, init=False)
    # Whether the backlog knows of anything here.
    _counted: bool = field(default=False, init=False)
    closed: bool = field(default=False, init=False)
    """Whether nothing more is taken; changed here only."""
    last: CloseName | None = field(default=None, init=False)
    """Which close frame is to follow the last frame; changed here only."""
    urgent: bool = field(default=False, init=False)
    """Whether what it holds is needed at once for others; changed here only."""

    def statistics(self) -> OutboxStatistics:
        """Look at what waits at this moment."""
        return OutboxStatistics(self._bytes + self._unsent, len(self._frames))

    @property
    def empty(self) -> bool:
        """Tell whether nothing waits to be taken."""
        return not self._frames

    def put(self, frame: bytes) -> bool:
        """Take a frame, or drop it if the outbox is closed.

        Returns:
          False when it does not fit: the peer is too slow and the caller gives the connection up.
        """
        if self.closed:
            return True
        size = len(frame)
        waiting = self._bytes + self._unsent
        if waiting and (waiting + size > self.max_bytes or len(self._frames) >= self.max_messages):
            return False
        self._frames.append(frame)
        self._bytes += size
        return True

    def put_all(self, frames: list[bytes]) -> bool:
        """Take frames in order, as `put` would take each.

        Returns:
          False when one does not fit; those behind it are not taken either.
        """
        size = sum(map(len, frames))
        fits = self._bytes + self._unsent + size <= self.max_bytes
        if fits and len(self._frames) + len(frames) <= self.max_messages and not self.closed:
            self._frames += frames
            self._bytes += size
            return True
        return all(map(self.put, frames))

    def take(self) -> list[bytes]:
        """Give everything that waits."""
        frames, self._frames, self._bytes = self._frames, [], 0
        return frames

    def note_unsent(self, unsent: int) -> None:
        """Note how much of what was taken has not gone out, and have all that waits here counted.

        Args:
          unsent: in bytes.
        """
        self._unsent = unsent
        self.recount()

    def recount(self) -> None:
        """Have all that waits here counted in the backlog: whoever sends could not send it at once."""
        waiting = self._bytes + self._unsent + _OF_A_FRAME * len(self._frames)
        if waiting or self._counted:
            self._backlog.change(self, waiting)
            self._counted = waiting > 0

    def end(self) -> None:
        """Refuse every further frame; a close frame may still come."""
        self.closed = True

    def close(self, last: CloseName, *, urgent: bool = False) -> bool:
        """Refuse every further frame and set the close frame that follows those that wait.

        For a peer that is too slow those that wait are dropped.

        Args:
          last: the name of the close frame.
          urgent: whether what it holds is needed at once for others.

        Returns:
          False when there was one already: the first one counts.
        """
        self.closed = True
        if urgent:
            self.urgent = True
            self.take()
        if self.last is not None:
            return False
        self.last = last
        if last == "too-slow":
            self.take()
        return True

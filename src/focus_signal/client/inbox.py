"""The events that nobody has read yet: bounded in bytes, and never waited on by who puts something in."""

from collections import deque

import trio
from attrs import define, field

from focus_signal.client.events import Event

_OVERHEAD = 200
"""What an event counts beside its frame, in bytes."""


@define(eq=False)
class Inbox:
    """Hold events for whoever reads them.

    Args:
      most: how many bytes they may take; one alone may be of any size.
    """

    _most: int
    _events: deque[tuple[Event, int]] = field(factory=deque[tuple[Event, int]], init=False)
    _came: trio.Event = field(factory=trio.Event, init=False)
    size: int = field(default=0, init=False)
    """How many bytes they take."""
    is_closed: bool = field(default=False, init=False)

    def __len__(self) -> int:
        """Count the events."""
        return len(self._events)

    def put(self, event: Event, frame_bytes: int) -> bool:
        """Put an event in; tell whether there was space."""
        size = frame_bytes + _OVERHEAD
        if self._events and self.size + size > self._most:
            return False
        self._events.append((event, size))
        self.size += size
        self._wake()
        return True

    def close(self) -> None:
        """Let nobody wait any more."""
        self.is_closed = True
        self._wake()

    async def get(self) -> Event | None:
        """Wait for an event; None when none will come.

        Cancellation: no event is lost.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._events:
            if self.is_closed:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return None
            await self._came.wait()
        event, size = self._events.popleft()
        self.size -= size
        await trio.lowlevel.cancel_shielded_checkpoint()
        return event

    def _wake(self) -> None:
        self._came.set()
        self._came = trio.Event()

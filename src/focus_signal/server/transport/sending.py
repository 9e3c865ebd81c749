"""Frames on their way into a link: what it takes now goes, the rest waits, and no frame is cut or doubled.

Whoever writes frames of its own on a link sends them through here: whole frames in, and the one rule that the
next frame begins where the last one ended.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.server.link import Link

# As much as is put together for one attempt; a frame that is larger goes in parts of this size.
_ATTEMPT = 64 * 1024
# As much as is sent at once on a link that takes nothing without waiting: the smaller the part, the sooner is
# it known that the peer is still reading.
_PART = 4 * 1024
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


@define(eq=False)
class FrameSender:
    """Send frames over a link; one task at a time.

    Args:
      link: where they go.
    """

    _link: Link
    _waiting: deque[bytes] = field(factory=deque[bytes], init=False)
    # How much of the first one that waits has gone out.
    _gone: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    # How much more is on its way, though nobody knows how much of that has gone.
    _on_its_way: int = field(default=0, init=False)
    # The stream broke, or a send was cut somewhere: nothing more can follow.
    _dead: bool = field(default=False, init=False)

    @property
    def unsent(self) -> int:
        """Count the bytes that wait."""
        return self._bytes

    @property
    def frames(self) -> int:
        """Count the frames that wait, one that has gone in part too."""
        return len(self._waiting)

    @property
    def dead(self) -> bool:
        """Tell whether nothing can be sent any more, not even a close frame."""
        return self._dead

    def send_nowait(self, frames: Sequence[bytes]) -> bool:
        """Take frames and send as far as the link takes them now; never raises for a link that is broken.

        Returns:
          whether everything has gone, or never will; `send` does the rest.
        """
        if self._dead:
            return True
        if self._waiting:
            self._keep(frames)
            return False
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        if not data:
            return True
        try:
            sent = self._link.send_nowait(data)
        except _GONE:
            self._die()  # whoever reads sees it too
            return True
        if sent == len(data):
            return True
        self._keep(frames)
        self._drop(sent)
        return False

    async def send(self) -> bool:
        """Wait until the link takes something, and send it.

        Returns:
          whether everything has gone.

        Raises:
          TransportClosed: the stream broke.

        Cancellation: nothing more is ever sent, since a part of a frame may have gone out.
        """
        if not self._waiting:
            return True
        try:
            await self._link.wait_writable()
            if not self._waiting:  # all of it was forgotten meanwhile
                return True
            data = self._next(_ATTEMPT)
            sent = self._link.send_nowait(data)
            if not sent:
                data = data[:_PART]
                sent = self._on_its_way = len(data)
                await self._link.send_all(data)
                self._on_its_way = 0
        except _GONE:
            self._die()
            raise TransportClosed("the stream broke") from None
        except BaseException:  # whatever it was, above all a cancellation: a part may have gone out
            self._die()
            raise
        self._drop(sent)
        return not self._waiting

    def forget(self) -> None:
        """Drop the frames of which nothing has gone out."""
        begun = self._gone + self._on_its_way
        kept: list[bytes] = []
        while begun > 0:
            kept.append(self._waiting.popleft())
            begun -= len(kept[-1])
        self._waiting = deque(kept)
        self._bytes = sum(map(len, kept)) - self._gone

    def _die(self) -> None:
        self._dead = True
        self._gone = self._on_its_way = 0
        self.forget()

    def _keep(self, frames: Sequence[bytes]) -> None:
        self._waiting.extend(frames)
        self._bytes += sum(map(len, frames))

    def _next(self, most: int) -> bytes:
        """Put together what goes out next."""
        first = self._waiting[0]
        if len(first) - self._gone >= most:
            return first[self._gone : self._gone + most]
        parts = [first[self._gone :]]
        size = len(parts[0])
        for frame in islice(self._waiting, 1, None):
            size += len(frame)
            if size > most:
                break
            parts.append(frame)
        return b"".join(parts)

    def _drop(self, sent: int) -> None:
        """Forget what has gone out."""
        self._bytes -= sent
        sent += self._gone
        while self._waiting and sent >= len(self._waiting[0]):
            sent -= len(self._waiting.popleft())
        self._gone = sent

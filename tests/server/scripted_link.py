"""A link of which the test says how much it takes, and when it breaks or makes its caller wait."""

from __future__ import annotations

from collections import deque

import trio
from attrs import define, field

# Whoever calls more often than this does not come to an end.
_MOST_CALLS = 2_000


@define(eq=False)
class ScriptedLink:
    """Be a link whose peer is the test.

    Args:
      takes: how many bytes each `send_nowait` takes, in turn; when they are used up, it takes everything, or
        nothing if `unwilling`.
      unwilling: take nothing at once, as a stream without a descriptor.
    """

    takes: deque[int] = field(factory=deque[int])
    unwilling: bool = False
    got: bytearray = field(factory=bytearray, init=False)
    # The sizes of what was offered to `send_nowait`, and of what went through `send_all`.
    offered: list[int] = field(factory=list[int], init=False)
    sent_all: list[int] = field(factory=list[int], init=False)
    # What happened besides, in order.
    events: list[str] = field(factory=list[str], init=False)
    # The calls, by name, that find the stream broken.
    broken: set[str] = field(factory=set[str], init=False)
    # The calls, by name, that wait for ever; a `send_all` that does has sent a byte before.
    stuck: set[str] = field(factory=set[str], init=False)
    reading: bool = field(default=False, init=False)
    _calls: int = field(default=0, init=False)
    _peer: trio.MemorySendChannel[bytes] = field(init=False)
    _incoming: trio.MemoryReceiveChannel[bytes] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._peer, self._incoming = trio.open_memory_channel[bytes](100)

    # What the peer does.

    def says(self, *pieces: bytes) -> None:
        """Send pieces, each of which is a read of its own."""
        for piece in pieces:
            self._peer.send_nowait(piece)

    def ends(self) -> None:
        """End the peer's side of the stream."""
        self._peer.close()

    def unread(self) -> int:
        """Count the pieces that nobody has read."""
        return self._incoming.statistics().current_buffer_used

    # The link.

    @property
    def peer_address(self) -> str | None:
        return None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        del max_bytes
        assert not self.reading, "two tasks read at the same time"
        self.reading = True
        try:
            await self._pass("receive_some")
            return await self._incoming.receive()
        except trio.EndOfChannel:
            return b""
        finally:
            self.reading = False

    def receive_nowait(self) -> bytes | None:
        return None

    def close_nowait(self) -> bool:
        return False

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        if "send_nowait" in self.broken:
            raise trio.BrokenResourceError("scripted")
        self.offered.append(len(data))
        most = self.takes.popleft() if self.takes else 0 if self.unwilling else len(data)
        taken = min(most, len(data))
        self.got += data[:taken]
        return taken

    async def wait_writable(self) -> None:
        await self._pass("wait_writable")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if "send_all" in self.stuck:
            self.got += data[:1]
        await self._pass("send_all")
        self.got += data
        self.sent_all.append(len(data))

    async def send_eof(self) -> None:
        await self._pass("send_eof")
        self.events.append("eof")

    async def aclose(self) -> None:
        self.events.append("closed")
        await trio.lowlevel.checkpoint()

    @property
    def abort_nowait(self) -> None:
        return None

    async def abort(self) -> None:
        self.events.append("aborted")
        await trio.lowlevel.checkpoint()

    async def _pass(self, call: str) -> None:
        self._calls += 1
        assert self._calls < _MOST_CALLS, "it goes on and on"
        await trio.lowlevel.checkpoint()
        if call in self.broken:
            raise trio.BrokenResourceError("scripted")
        if call in self.stuck:
            await trio.sleep_forever()


def taking(*takes: int) -> ScriptedLink:
    """Make a link that takes so many bytes at the first attempts, then everything."""
    return ScriptedLink(deque(takes))

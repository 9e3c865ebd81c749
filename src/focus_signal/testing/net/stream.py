"""One end of a simulated connection: a Trio stream, and with no wrapping a link of the server's.

No task runs for it. Whoever waits does so under a deadline, which is when something may be different next;
whatever changes that moves the deadline.
"""

from contextvars import ContextVar
from operator import index

import trio
from attrs import define, field

from focus_signal.testing.net.link import End, SimLink

_READ_SIZE = 16 * 1024

serving_label: ContextVar[str | None] = ContextVar("serving_label", default=None)
"""The label of the link that a server's task reads; set by its first read."""

Address = tuple[str, int]


@define(eq=False)
class SimStream(trio.abc.HalfCloseableStream):
    """Be one end of a simulated TCP connection; made by `Network.connect` and `SimListener.accept`.

    Error handling: as with `trio.SocketStream`: `trio.BrokenResourceError` once the connection was reset,
    `trio.ClosedResourceError` after closing here, `trio.BusyResourceError` for two tasks that do the same.

    Args:
      link: the connection.
      end: which end of it.
      local: host and port of this end.
      remote: host and port of the peer's.
    """

    _link: SimLink
    _end: End
    local: Address
    remote: Address
    _reading: "_Turn" = field(factory=lambda: _Turn("reading from"), init=False)
    _writing: "_Turn" = field(factory=lambda: _Turn("sending to"), init=False)

    @property
    def label(self) -> str:
        """Give the label of the link."""
        return self._link.label

    @property
    def peer_address(self) -> str | None:
        """Tell the peer's address; None when it has gone or this end is closed, as with a socket."""
        self._settled()
        return None if self._end.closed or self._end.cut else self.remote[0]

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for bytes and give them; none at the end of the stream.

        Cancellation: nothing is lost.
        """
        most = _READ_SIZE if max_bytes is None else index(max_bytes)
        if most < 1:
            raise ValueError(f"max_bytes must be at least 1, not {max_bytes}")
        link, end = self._link, self._end
        self._let_know()
        if end.closed:
            raise _closed()
        with self._reading:
            await self._wait_to_read()
        if end.closed:
            raise _closed()
        if end.incoming.unread:
            return link.read(end, most, trio.current_time())
        if end.heard_end:
            return b""
        raise _reset()

    def receive_nowait(self) -> bytes | None:
        """Give what has come already; None if nothing has, or the stream is at its end."""
        link, end = self._link, self._end
        self._let_know()
        self._reading.check()
        self._settled()
        if end.closed:
            raise _closed()
        return link.read(end, _READ_SIZE, trio.current_time()) if end.incoming.unread else None

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Send what the window has room for, and tell how many bytes that was."""
        self._writing.check()
        self._settled()
        return self._send_now(data)

    async def wait_writable(self) -> None:
        """Wait until the window has room, or the next send tells that the connection was reset."""
        if self._end.closed:
            raise _closed()
        with self._writing:
            await self._wait_to_write()
        if self._end.closed:
            raise _closed()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything.

        Cancellation: a part may have been sent.
        """
        with self._writing, memoryview(data) as view:
            self._settled()
            self._check_sending()
            if not view:
                await trio.lowlevel.checkpoint()
            sent = 0
            while sent < len(view):
                await self._wait_to_write()
                sent += self._send_now(view[sent:])

    async def send_some(self, data: bytes | bytearray | memoryview) -> int:
        """Wait for room, send what it takes, and tell how many bytes that was."""
        with self._writing:
            await self._wait_to_write()
            return self._send_now(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the window has room, or sending would raise."""
        await self.wait_writable()

    async def send_eof(self) -> None:
        """Say that nothing more will be sent; what the peer sends can still be read."""
        with self._writing:
            await trio.lowlevel.checkpoint()
            self.send_eof_nowait()

    def send_eof_nowait(self) -> None:
        """Say at once that nothing more will be sent."""
        if self._end.closed:
            raise _closed()
        now = self._settled()
        if self._end.cut and not self._end.ended:
            raise _reset()
        self._link.end(self._end, now)

    def shut_reading(self) -> None:
        """Let reads give the end of the stream behind what has arrived."""
        now = self._settled()
        self._end.heard_end = True
        self._link.rearm(now)

    async def aclose(self) -> None:
        """Close the stream; what was sent is still delivered, unless there is unread input: that is a reset.

        Cancellation: it is closed all the same.
        """
        self.close()
        await trio.lowlevel.checkpoint()

    def close_nowait(self) -> bool:
        """Close the stream, with what `aclose` says."""
        self.close()
        return True

    def close(self) -> None:
        """Close the stream at once, with what `aclose` says."""
        self._link.close(self._end, trio.current_time())

    async def abort(self) -> None:
        """Reset the connection; never waits and never raises."""
        self.abort_nowait()

    def abort_nowait(self) -> None:
        """Reset the connection."""
        self._link.abort(self._end, trio.current_time())

    def may_read(self) -> bool:
        """Tell whether a read would give something, the end or an error at once."""
        return self._end.may_read(self._settled())

    def _check_sending(self) -> None:
        if self._end.closed:
            raise _closed()
        if self._end.ended:
            raise trio.ClosedResourceError("nothing can be sent behind the end of the stream")
        if self._end.cut:
            raise _reset()

    def _send_now(self, data: bytes | bytearray | memoryview) -> int:
        self._check_sending()
        now = trio.current_time()
        with memoryview(data) as view:
            part = bytes(view[: self._end.outgoing.room(now)])
        if part:
            self._link.send(self._end, part, now)
        return len(part)

    async def _wait_to_write(self) -> None:
        """Wait until sending takes something or raises; always a checkpoint."""
        link, end = self._link, self._end
        if end.may_write(self._settled()):
            await trio.lowlevel.checkpoint()
        while not end.may_write(now := self._settled()):
            try:
                with trio.CancelScope(deadline=link.next_write(end, now)) as end.writer:
                    await trio.sleep_forever()
            finally:
                end.writer = None

    async def _wait_to_read(self) -> None:
        """Wait until reading gives something or raises; always a checkpoint."""
        link, end = self._link, self._end
        if end.may_read(self._settled()):
            await trio.lowlevel.checkpoint()
        while not end.may_read(now := self._settled()):
            try:
                with trio.CancelScope(deadline=link.next_read(end, now)) as end.reader:
                    await trio.sleep_forever()
            finally:
                end.reader = None

    def _let_know(self) -> None:
        """Let it be known for which link the server's task works."""
        if self._end is self._link.server and serving_label.get() != self._link.label:
            serving_label.set(self._link.label)

    def _settled(self) -> float:
        """Let arrive what has arrived, and tell the time."""
        now = trio.current_time()
        self._link.settle(now)
        return now


@define(eq=False)
class _Turn:
    """Let one task do a thing at a time."""

    _what: str
    taken: bool = field(default=False, init=False)

    def check(self) -> None:
        if self.taken:
            raise trio.BusyResourceError(f"another task is {self._what} this stream")

    def __enter__(self) -> None:
        self.check()
        self.taken = True

    def __exit__(self, *exc: object) -> None:
        self.taken = False


def _closed() -> trio.ClosedResourceError:
    return trio.ClosedResourceError("this stream was closed here")


def _reset() -> trio.BrokenResourceError:
    return trio.BrokenResourceError("the connection was reset")

"""A byte stream as the server sees it, and a socket as one.

`SocketLink` works on the descriptor of a `trio.SocketStream` with non-blocking calls. Other streams:
`server/stream_link.py`.
"""

import os
import socket
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from operator import index
from typing import Protocol, cast

import trio
from attrs import define, field
from trio.lowlevel import wait_task_rescheduled

from focus_signal.server.readiness import Readiness, Watched

# Linger for no time at all: closing resets the connection and forgets what was not sent (socket(7),
# SO_LINGER).
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_READ_SIZE = 16 * 1024


class Link(Protocol):
    """Be one peer's byte stream.

    Error handling: a broken stream raises `trio.BrokenResourceError`, one that was closed here
    `trio.ClosedResourceError`. A send that is cancelled may have sent a part: then only `abort` is left.
    """

    @property
    def peer_address(self) -> str | None:
        """Tell the peer's address; None where there is no such thing."""
        ...

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for bytes and give them; none at the end of the stream."""
        ...

    def receive_nowait(self) -> bytes | None:
        """Give what has come already, none at the end; None if nothing has, or only waiting can tell."""
        ...

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Send what the stream takes at once, and tell how many bytes that was."""
        ...

    async def wait_writable(self) -> None:
        """Wait until the stream may take something."""
        ...

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        ...

    async def send_eof(self) -> None:
        """Say that nothing more will be sent; what the peer sends can still be read."""
        ...

    def close_nowait(self) -> bool:
        """Close the stream in good order, where that takes no waiting; tell whether it is closed."""
        ...

    async def aclose(self) -> None:
        """Close the stream in good order."""
        ...

    @property
    def abort_nowait(self) -> Callable[[], None] | None:
        """Give what does `abort` without a step, and tells whoever waits; None where closing takes some."""
        ...

    async def abort(self) -> None:
        """Close the stream at once, whatever state it is in, even when cancelled; never raises for that."""
        ...


class _Socket(Protocol):
    """Be what Trio's sockets and those of the standard library have in common."""

    @property
    def family(self) -> int: ...

    def fileno(self) -> int: ...

    def shutdown(self, how: int, /) -> None: ...

    def setsockopt(self, level: int, option: int, value: bytes, /) -> None: ...

    def getpeername(self) -> object: ...

    def close(self) -> None: ...


@define(eq=False)
class SocketLink(trio.abc.HalfCloseableStream):
    """Work on a socket with non-blocking calls.

    Args:
      given: a socket that does not block, or a stream that has one.
      readiness: watches the socket for its reader; None leaves that to Trio.
      short_is_all: whether a read that gives less than it asked for has given all there was; None looks. On a
        Unix socket, reads also stop behind descriptors that the peer passes along (unix(7)).
      address: the peer's, where that is known already.
    """

    _given: "_Socket | trio.SocketStream"
    _readiness: Readiness | None = None
    _short_is_all: bool | None = None
    _address: str | None = None
    _watched: Watched | None = field(default=None, init=False)
    _socket: _Socket = field(init=False)
    _sending: bool = field(default=False, init=False)
    _said_end: bool = field(default=False, init=False)
    # A read that was made before anybody watched has given all there was.
    _emptied: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        given = self._given
        self._socket = given.socket if isinstance(given, trio.SocketStream) else given
        if self._short_is_all is None:
            self._short_is_all = self._socket.family != socket.AF_UNIX

    @property
    def peer_address(self) -> str | None:
        """Tell the peer's address; None when the peer has gone already or has none."""
        if self._address is not None:
            return self._address
        try:
            address = host_and_port(self._socket.getpeername())
        except OSError:
            return None
        return None if address is None else address[0]

    @property
    def closed(self) -> bool:
        """Tell whether the socket was closed here."""
        return self._socket.fileno() < 0

    def _read(self, size: int) -> bytes | None:
        watched = self._watched
        try:
            data = os.read(self._socket.fileno(), size)
        except BlockingIOError:
            if watched is not None:
                watched.has_nothing()
            self._emptied = True
            return None
        except OSError as error:
            raise self._why_broken(error) from error
        if len(data) < size and self._short_is_all:
            if watched is not None:
                watched.emptied()
            else:
                self._emptied = True
        return data

    def _watch(self, readiness: Readiness) -> Watched | None:
        """Begin to watch; not before somebody waits, for an event of what was read by then is too many."""
        descriptor = self._descriptor()
        # If the kernel watches no more, Trio's own wait says so, where that ends this connection alone.
        with suppress(OSError):
            self._watched = readiness.watch(descriptor)
            # What has come since the last read, the kernel tells at once.
            if self._emptied:
                self._watched.emptied()
        return self._watched

    def _why_broken(self, error: OSError) -> Exception:
        return _broken(error) if self._socket.fileno() >= 0 else _closed()

    def _descriptor(self) -> int:
        descriptor = self._socket.fileno()
        if descriptor < 0:
            raise _closed()
        return descriptor

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for bytes and give them; none at the end of the stream."""
        size = _READ_SIZE if max_bytes is None else checked_size(max_bytes)
        watched = self._watched
        if watched is None and self._readiness is not None:
            watched = self._watch(self._readiness)
        while True:
            # Mostly nothing has come yet, and waiting first is cheaper than finding that out; where something
            # has, this is the checkpoint that there has to be.
            if watched is None:
                await trio.lowlevel.wait_readable(self._descriptor())
            elif watched.begin_waiting():
                await wait_task_rescheduled(watched.give_up)
            else:
                await trio.lowlevel.checkpoint()
            data = self._read(size)
            if data is not None:
                return data

    def receive_nowait(self) -> bytes | None:
        """Give what has come already, none at the end; None if nothing has."""
        return self._read(_READ_SIZE)

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Send what the socket takes at once, and tell how many bytes that was."""
        try:
            # Asked for each time: the number of a closed socket is soon another connection's.
            return os.write(self._socket.fileno(), data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._why_broken(error) from error

    async def wait_writable(self) -> None:
        """Wait until the socket may take something."""
        with self._sending_alone():
            await trio.lowlevel.wait_writable(self._descriptor())

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the socket may take something."""
        await self.wait_writable()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        with self._sending_alone(), memoryview(data) as view:
            if self._said_end:
                raise trio.ClosedResourceError("nothing can be sent behind the end of the stream")
            self._descriptor()
            await trio.lowlevel.checkpoint_if_cancelled()
            sent = 0
            while sent < len(view):
                taken = self.send_nowait(view[sent:])
                if not taken:
                    await trio.lowlevel.wait_writable(self._descriptor())
                sent += taken
            await trio.lowlevel.cancel_shielded_checkpoint()

    async def send_eof(self) -> None:
        """Say that nothing more will be sent."""
        with self._sending_alone():
            await trio.lowlevel.checkpoint()
            if self._said_end:
                return
            self._descriptor()
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError as error:
                raise _broken(error) from error
            self._said_end = True

    def close_nowait(self) -> bool:
        """Close the socket; what was sent is still delivered."""
        self._close()
        return True

    async def aclose(self) -> None:
        """Close the socket; what was sent is still delivered."""
        self._close()
        await trio.lowlevel.checkpoint()

    async def abort(self) -> None:
        """Reset the connection."""
        self.abort_nowait()

    def abort_nowait(self) -> None:
        """Reset the connection."""
        if self._socket.fileno() < 0 and self._watched is None:
            return
        if self._socket.fileno() >= 0:
            with suppress(OSError):  # the peer may have reset it before
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._close()

    def _close(self) -> None:
        watched, self._watched = self._watched, None
        if watched is not None and self._readiness is not None:
            self._readiness.forget(watched)  # also where somebody else has closed the socket
        if self._socket.fileno() < 0:
            return
        if watched is None or self._sending:
            # Whoever waits is told; a socket of Trio's own does that by itself.
            trio.lowlevel.notify_closing(self._socket.fileno())
        self._socket.close()

    @contextmanager
    def _sending_alone(self) -> Generator[None]:
        if self._sending:
            raise trio.BusyResourceError("another task is already sending to this peer")
        self._sending = True
        try:
            yield
        finally:
            self._sending = False


async def linger(link: Link | trio.abc.HalfCloseableStream) -> None:
    """Say that nothing more is sent, and read and forget what still comes, to the end of the stream."""
    try:
        await link.send_eof()
        while await link.receive_some():
            pass
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return  # the peer has gone: there is nobody left to wait for


def host_and_port(address: object) -> tuple[str, int] | None:
    """Read a socket's address; None for a Unix socket's, which is a path or a name."""
    if not isinstance(address, tuple):
        return None
    parts = cast("tuple[object, ...]", address)
    return str(parts[0]), int(str(parts[1]))


def _closed() -> trio.ClosedResourceError:
    return trio.ClosedResourceError("this link was closed here")


def _broken(error: OSError) -> trio.BrokenResourceError:
    return trio.BrokenResourceError(f"the peer's stream broke: {error}")


def checked_size(max_bytes: int | None) -> int:
    """Tell how many bytes a read asks for, as Trio's streams take it."""
    if max_bytes is None:
        return _READ_SIZE
    if index(max_bytes) < 1:
        raise ValueError(f"max_bytes must be at least 1, not {max_bytes}")
    return max_bytes

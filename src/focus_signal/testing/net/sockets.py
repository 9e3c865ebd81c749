"""A simulated connection, or listener, in the shape of a Trio socket, for code that dials or listens itself.

It is what `trio.open_tcp_stream`, `trio.open_tcp_listeners` and `trio.serve_tcp` get while a network is
dialled into (see dialing.py). There is no descriptor behind it, and what needs one raises.
"""

import errno
import socket
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import trio

from focus_signal.testing.net.hosts import WILDCARDS, os_error
from focus_signal.testing.net.listener import SimListener
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.stream import Address, SimStream

if TYPE_CHECKING:
    from typing_extensions import Buffer

# No call of the system takes so large a number, so that none can touch a real file by mistake.
_NO_DESCRIPTOR = 2**40
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


class SimSocket(trio.socket.SocketType):
    """Be a TCP socket of a simulated network; made by `trio.socket.socket` inside `dialing`.

    Error handling: `OSError`s, as with a real socket.

    Args:
      network: where it connects, or listens.
      family: AF_INET or AF_INET6.
      number: tells it from others.
      new_label: gives the label of a link that it opens.
    """

    def __init__(
        self, network: Network, family: socket.AddressFamily, number: int, new_label: Callable[[], str]
    ) -> None:
        super().__init__()
        self._network = network
        self._family = family
        self._number = number
        self._new_label = new_label
        self._options: dict[tuple[int, int], int | Buffer] = {}
        self._bound: Address | None = None
        self._stream: SimStream | None = None
        self._listener: SimListener | None = None
        self._closed = False
        self._shut_writing = False

    @property
    def link(self) -> SimStream | None:
        """Give the stream that this socket is connected by; it is a link of the server's as well."""
        return self._stream

    @property
    def family(self) -> socket.AddressFamily:
        """Tell IPv4 from IPv6."""
        return self._family

    @property
    def type(self) -> socket.SocketKind:
        """Give SOCK_STREAM."""
        return socket.SOCK_STREAM

    @property
    def proto(self) -> int:
        """Give TCP."""
        return socket.IPPROTO_TCP

    @property
    def did_shutdown_SHUT_WR(self) -> bool:  # noqa: N802 - Trio's name
        """Tell whether sending was ended here."""
        return self._shut_writing

    def fileno(self) -> int:
        """Give -1 once it is closed, else a number that is nobody's descriptor."""
        return -1 if self._closed else _NO_DESCRIPTOR + self._number

    def __repr__(self) -> str:
        return f"<SimSocket {self._number} of the simulated network>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: object, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def getsockname(self) -> Any:  # noqa: ANN401 - Trio's type; what an address looks like depends on the family
        """Give the address of this end."""
        self._check_open()
        if self._stream is not None:
            return self._spelled(self._stream.local)
        if self._listener is not None:
            return self._spelled(self._listener.address)
        return self._spelled(self._bound or (WILDCARDS[self._version], 0))

    def getpeername(self) -> Any:  # noqa: ANN401 - as above
        """Give the address of the peer's end."""
        stream = self._connected()
        if stream.peer_address is None:
            raise os_error(errno.ENOTCONN, "the peer has gone")
        return self._spelled(stream.remote)

    def getsockopt(self, level: int, optname: int, buflen: int | None = None) -> Any:  # noqa: ANN401 - int or bytes
        """Give an option as it was set, 0 if it was not."""
        self._check_open()
        known = {
            (socket.SOL_SOCKET, socket.SO_ACCEPTCONN): int(self._listener is not None),
            (socket.SOL_SOCKET, socket.SO_TYPE): int(socket.SOCK_STREAM),
        }
        value = known.get((level, optname), self._options.get((level, optname), 0))
        if buflen is None:
            return value if isinstance(value, int) else int.from_bytes(bytes(value)[:4], "little")
        return (value.to_bytes(4, "little") if isinstance(value, int) else bytes(value))[:buflen]

    def setsockopt(
        self, level: int, optname: int, value: "int | Buffer | None", optlen: int | None = None
    ) -> None:
        """Keep the option; of all of them, only SO_LINGER of no time at all does something."""
        self._check_open()
        self._options[level, optname] = bytes(optlen or 0) if value is None else value

    def get_inheritable(self) -> bool:
        """Say that no other process has it."""
        return False

    async def bind(self, address: Any) -> None:  # noqa: ANN401 - as above
        """Choose the address to listen at, or to connect from."""
        self._check_open()
        await trio.lowlevel.checkpoint()
        host, port = self._parts(address)
        self._bound = self._network.hosts.add(host or WILDCARDS[self._version]), port

    def listen(self, backlog: int = 128) -> None:
        """Listen at the bound address."""
        self._check_open()
        host, port = self._bound or (WILDCARDS[self._version], 0)
        if self._listener is None:
            self._listener = self._network.listen(host, port, backlog)

    async def accept(self) -> tuple["SimSocket", Any]:
        """Wait for a connection, and give its socket and the address of its client."""
        self._check_open()
        if self._listener is None:
            raise os_error(errno.EINVAL, "accept without listen")
        with _as_os_errors():
            stream = await self._listener.accept()
        accepted = SimSocket(self._network, self._family, self._number, self._new_label)
        accepted._stream = stream
        return accepted, self._spelled(stream.remote)

    async def connect(self, address: Any) -> None:  # noqa: ANN401 - as above
        """Open a connection."""
        self._check_open()
        if self._stream is not None:
            raise os_error(errno.EISCONN, str(address))
        host, port = self._parts(address)
        own = self._bound[0] if self._bound and self._bound[0] not in _LOOPBACK else None
        host = _LOOPBACK.get(host, host)
        stream = await self._network.connect(host, port, label=self._new_label(), address=own)
        if self._closed:
            stream.abort_nowait()
            raise _bad_descriptor()
        self._stream = stream

    async def recv(self, buflen: int, flags: int = 0, /) -> bytes:
        """Wait for bytes and give them; none at the end of the stream."""
        _check_flags(flags)
        stream = self._connected()
        if not buflen:
            await trio.lowlevel.checkpoint()
            return b""
        with _as_os_errors():
            return await stream.receive_some(buflen)

    async def recv_into(self, buffer: "Buffer", nbytes: int = 0, flags: int = 0) -> int:
        """Wait for bytes, put them into a buffer, and tell how many."""
        with memoryview(buffer).cast("B") as view:
            data = await self.recv(nbytes or len(view), flags)
            view[: len(data)] = data
        return len(data)

    async def send(self, bytes: "Buffer", flags: int = 0, /) -> int:  # noqa: A002 - Trio's name
        """Wait until something can be sent, send what can be, and tell how many bytes."""
        _check_flags(flags)
        stream = self._connected()
        self._check_writing()
        with _as_os_errors(), memoryview(bytes).cast("B") as view:
            if view:
                return await stream.send_some(view)
        await trio.lowlevel.checkpoint()
        return 0

    async def wait_writable(self) -> None:
        """Wait until `send` would not wait."""
        with _as_os_errors():
            await self._connected().wait_writable()

    def is_readable(self) -> bool:
        """Tell whether `recv`, or `accept`, would not wait."""
        self._check_open()
        if self._listener is not None:
            return self._listener.may_accept()
        return self._connected().may_read()

    def shutdown(self, flag: int) -> None:
        """End reading, or sending, or both."""
        stream = self._connected()
        if flag in {socket.SHUT_RD, socket.SHUT_RDWR}:
            stream.shut_reading()
        if flag in {socket.SHUT_WR, socket.SHUT_RDWR}:
            with _as_os_errors():
                stream.send_eof_nowait()
            self._shut_writing = True

    def close(self) -> None:
        """Close it, with what `SimStream.close` says."""
        if self._closed:
            return
        self._closed = True
        if self._listener is not None:
            self._listener.close()
        if self._stream is not None:
            if self._lingers_not():
                self._stream.abort_nowait()
            else:
                self._stream.close()

    @property
    def _version(self) -> int:
        return 6 if self._family == socket.AF_INET6 else 4

    def _spelled(self, address: Address) -> Any:  # noqa: ANN401 - as above
        host, port = address
        if self._version == 4:
            return host, port
        return (host if ":" in host else f"::ffff:{host}"), port, 0, 0

    def _parts(self, address: Any) -> Address:  # noqa: ANN401 - as above
        if not isinstance(address, tuple) or len(cast("tuple[object, ...]", address)) < 2:
            raise ValueError(f"an address is a tuple of host and port, not {address!r}")
        host, port, *_ = cast("tuple[str, int, object, object]", address)
        return host.removeprefix("::ffff:"), port

    def _lingers_not(self) -> bool:
        value = self._options.get((socket.SOL_SOCKET, socket.SO_LINGER), 0)
        return not isinstance(value, int) and bytes(value) == struct.pack("ii", 1, 0)

    def _check_open(self) -> None:
        if self._closed:
            raise _bad_descriptor()

    def _check_writing(self) -> None:
        if self._shut_writing:
            raise os_error(errno.EPIPE, "nothing can be sent behind the end of the stream")

    def _connected(self) -> SimStream:
        self._check_open()
        if self._stream is None:
            raise os_error(errno.ENOTCONN, "this socket is not connected")
        return self._stream


def _refusing(what: str) -> Callable[..., object]:
    def refuse(self: SimSocket, *args: object, **more: object) -> object:
        del self, args, more
        raise _unsupported(what)

    return refuse


for _name, _what in {
    "detach": "descriptor to detach",
    "dup": "descriptor to duplicate",
    "recvfrom": "datagrams",
    "recvfrom_into": "datagrams",
    "sendto": "datagrams",
    "recvmsg": "ancillary data",
    "recvmsg_into": "ancillary data",
    "sendmsg": "ancillary data",
}.items():
    setattr(SimSocket, _name, _refusing(_what))


@contextmanager
def _as_os_errors() -> Generator[None]:
    """Turn what a stream raises into what a socket does."""
    try:
        yield
    except trio.BrokenResourceError as error:
        raise os_error(errno.ECONNRESET, "the peer reset the connection") from error
    except trio.ClosedResourceError as error:
        raise _bad_descriptor() from error


def _check_flags(flags: int) -> None:
    if flags:
        raise _unsupported(f"flags like {flags:#x}")


def _bad_descriptor() -> OSError:
    return os_error(errno.EBADF, "this socket was closed")


def _unsupported(what: str) -> OSError:
    return os_error(errno.EOPNOTSUPP, f"the simulated network has no {what}")

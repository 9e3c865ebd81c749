"""The load generator: many client connections on raw non-blocking sockets, one epoll, one thread.

What happens often is cheap (a prebuilt frame out, bytes in); what happens rarely is checked with care. A
connection that ends unasked, an unasked frame, a total that is not exact: each is a `WrongResult`, which
ends the run without a figure.
"""

from __future__ import annotations

import base64
import hashlib
import resource
import select
import socket
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from benchmarks.frames import CLOSE, PING, PONG, TEXT, FrameReader, masked

# The key is fixed, and with it the one right answer (RFC 6455, section 4.2.2).
_KEY = b"Zm9jdXMtc2lnbmFsLWtleQ=="
_HEAD = (
    b"GET /signal?userId=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: " + _KEY + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_LEAVE = masked(CLOSE, b"\x03\xe8")
_READ = 16384
# Several source addresses, so that thousands of connections do not run out of ports.
_SOURCES = tuple(f"127.0.0.{n}" for n in range(2, 34))
_IP_BIND_ADDRESS_NO_PORT = 24
_IN, _OUT = select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT


class WrongResult(Exception):
    """The server did something else than it must: there is no figure for such a run."""


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one, here and in every child; return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Connection:
    """One client. A phase overrides `on_text`, or `on_bytes` where every microsecond counts."""

    __slots__ = ("_head", "fd", "leaving", "load", "opened", "reader", "socket", "unsent", "user")

    def __init__(self, load: Load, user: str) -> None:
        self.load = load
        self.user = user
        self.reader = FrameReader()
        self.opened = False
        self.leaving = False
        self.unsent = _HEAD % (user.encode(), load.port)
        self._head = b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.fd = self.socket.fileno()

    def connect(self, source: str) -> None:
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((source, 0))
        try:
            self.socket.connect(("127.0.0.1", self.load.port))
        except BlockingIOError:
            self.load.epoll.register(self.fd, _OUT)  # the request follows when the connection stands
        else:
            request, self.unsent = self.unsent, b""
            self.load.epoll.register(self.fd, _IN)
            self.send(request)

    def send(self, data: bytes) -> None:
        """Send now what the socket takes, and the rest when it can."""
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError as error:
            raise WrongResult(f"the server ended a connection unasked: {error}") from error
        if sent != len(data):
            self.unsent = data[sent:]
            self.load.epoll.modify(self.fd, _OUT)

    def leave(self) -> None:
        """Start the closing handshake, as a well-behaved client does."""
        self.leaving = True
        self.send(_LEAVE)

    def writable(self) -> None:
        rest, self.unsent = self.unsent, b""
        self.load.epoll.modify(self.fd, _IN)
        self.send(rest)

    def readable(self) -> None:
        try:
            data = self.socket.recv(_READ)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._ended()
        elif self.opened:
            self.on_bytes(data)
        else:
            self._answer(data)

    def on_bytes(self, data: bytes) -> None:
        """Take bytes of the open connection; this way of doing it is the careful one."""
        for opcode, payload in self.reader.feed(data):
            self.on_frame(opcode, payload)

    def on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self.on_text(payload)
        elif opcode == PING:
            self.send(masked(PONG, payload))
        elif opcode == CLOSE and not (self.leaving and payload[:2] == b"\x03\xe8"):
            raise WrongResult(f"the server closed a connection: {payload!r}")

    def on_text(self, payload: bytes) -> None:
        raise WrongResult(f"a message that nobody asked for: {payload[:200]!r}")

    def _answer(self, data: bytes) -> None:
        head = self._head = self._head + data
        end = head.find(b"\r\n\r\n")
        if end < 0:
            return
        if not head.startswith(b"HTTP/1.1 101 ") or self.load.accept not in head:
            raise WrongResult(f"the upgrade failed: {head[:300]!r}")
        self.opened, self._head = True, b""
        self.load.opening -= 1
        self.load.on_open(self)
        if len(head) > end + 4:
            self.on_bytes(head[end + 4 :])

    def _ended(self) -> None:
        if not self.leaving:
            raise WrongResult(f"the server ended a connection unasked (open: {self.opened})")
        self.load.forget(self)
        self.load.on_end(self)


Kind = TypeVar("Kind", bound=Connection)


def _ignore(connection: Connection) -> None:
    """Do nothing about a connection that opened or ended: most phases only count."""


class Load:
    """All the connections to one server, and the loop that serves them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.opening = 0
        self.accept = _accept_line()
        self.on_open: Callable[[Connection], None] = _ignore
        self.on_end: Callable[[Connection], None] = _ignore
        self._made = 0

    def start(self, kind: type[Kind], user: str) -> Kind:
        """Begin one connection; it is open once the loop has run long enough."""
        connection = kind(self, user)
        self.connections[connection.fd] = connection
        self.opening += 1
        self._made += 1
        connection.connect(_SOURCES[self._made % len(_SOURCES)])
        return connection

    def open(
        self, kind: type[Kind], users: Iterable[str], at_once: int = 32, seconds: float = 60
    ) -> list[Kind]:
        """Open a connection for each user, at most `at_once` handshakes at a time; return when all stand."""
        made: list[Kind] = []
        for user in users:
            self.run(lambda: self.opening < at_once, seconds, "room for one more handshake")
            made.append(self.start(kind, user))
        self.run(lambda: self.opening == 0, seconds, "the last handshakes")
        return made

    def leave(self, some: Iterable[Connection], seconds: float = 60) -> None:
        """Close these connections properly and wait until the server has ended each."""
        leavers = list(some)
        before = len(self.connections)
        for connection in leavers:
            connection.leave()
        self.run(lambda: len(self.connections) == before - len(leavers), seconds, "the end of those who left")

    def run(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Serve every connection until `done()`.

        Raises:
            WrongResult: it took longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        poll, connections = self.epoll.poll, self.connections
        while not done():
            for fd, events in poll(0.05):
                connection = connections.get(fd)
                if connection is None:
                    continue
                if events & select.EPOLLOUT:
                    connection.writable()
                if events & ~select.EPOLLOUT:
                    connection.readable()
            if time.monotonic() > deadline:
                raise WrongResult(f"waited {seconds:g} s for {what}")

    def rest(self, seconds: float) -> None:
        """Serve every connection for so long, whatever comes (pings must be answered at all times)."""
        until = time.monotonic() + seconds
        self.run(lambda: time.monotonic() >= until, seconds + 5, "time to pass")

    def forget(self, connection: Connection) -> None:
        """Close the client's end."""
        del self.connections[connection.fd]
        self.epoll.unregister(connection.fd)
        connection.socket.close()

    def close(self) -> None:
        """Drop everything that is still open."""
        for connection in list(self.connections.values()):
            self.forget(connection)
        self.epoll.close()


def _accept_line() -> bytes:
    digest = hashlib.sha1(_KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
    return base64.b64encode(digest)

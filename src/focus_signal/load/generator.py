"""Many client connections on raw non-blocking sockets, one epoll, one thread.

A connection that ends unasked, an unasked frame, a wait that takes too long: each is a `WrongResult`, which
ends the measurement.
"""

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

from focus_signal.load.faults import Unreachable, WrongResult
from focus_signal.load.frames import CLOSE, PING, PONG, TEXT, FrameReader, masked
from focus_signal.load.target import Target
from focus_signal.load.upgrade import KEY, check_upgrade

_LEAVE = masked(CLOSE, b"\x03\xe8")
_READ = 16384
_LARGEST_HEAD = 16384
_IP_BIND_ADDRESS_NO_PORT = 24
_IN, _OUT = select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT


class Connection:
    """One client. What is measured overrides `on_text`, or `on_bytes` where every microsecond counts."""

    __slots__ = (
        "_head",
        "began",
        "connected",
        "fd",
        "forgotten",
        "leaving",
        "load",
        "opened",
        "reader",
        "socket",
        "unsent",
        "user",
    )

    def __init__(self, load: "Load", user: str) -> None:
        self.load = load
        self.user = user
        self.reader = FrameReader()
        self.connected = False
        self.opened = False
        self.leaving = False
        self.forgotten = False
        self.unsent = load.target.request(user, KEY)
        self.began = load.clock()
        self._head = b""
        self.socket = load.make_socket()
        self.fd = self.socket.fileno()

    def connect(self) -> None:
        """Begin; the request follows when the connection stands."""
        try:
            self.socket.connect(self.load.address)
        except BlockingIOError:
            self.load.epoll.register(self.fd, _OUT)
        except OSError as error:
            raise self._unreachable(error.errno or 0) from error
        else:
            self.load.epoll.register(self.fd, _IN)
            self._established()

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
            self.on_lost(f"the server ended a connection unasked: {error.strerror}")
            return
        if sent != len(data):
            self.unsent = data[sent:]
            self.load.epoll.modify(self.fd, _OUT)

    def leave(self) -> None:
        """Start the closing handshake, as a well-behaved client does."""
        self.leaving = True
        self.send(_LEAVE)

    def writable(self) -> None:
        """Go on with what the socket did not take."""
        if self.connected:
            rest, self.unsent = self.unsent, b""
            self.load.epoll.modify(self.fd, _IN)
            self.send(rest)
            return
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise self._unreachable(number)
        self.load.epoll.modify(self.fd, _IN)
        self._established()

    def readable(self) -> None:
        """Take what has come."""
        try:
            data = self.socket.recv(_READ)
        except BlockingIOError:
            return
        except ConnectionError:  # a reset is an end as well
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
            if not self.forgotten:
                self.on_frame(opcode, payload)

    def on_frame(self, opcode: int, payload: bytes) -> None:
        """Take a frame."""
        if opcode == TEXT:
            self.on_text(payload)
        elif opcode == PING:
            self.load.pings += 1
            self.send(masked(PONG, payload))
        elif opcode == CLOSE and not (self.leaving and payload[:2] == b"\x03\xe8"):
            self.on_lost(f"the server closed a connection: {_close_words(payload)}")

    def on_text(self, payload: bytes) -> None:
        """Take a message."""
        raise WrongResult(f"a message that nobody asked for: {payload[:200]!r}")

    def on_lost(self, why: str) -> None:
        """Learn that the connection is of no use any more, though nobody had asked for its end."""
        raise WrongResult(why)

    def on_opened(self) -> None:
        """Learn that the upgrade was answered as it must."""
        self.load.on_open(self)

    def on_ended(self) -> None:
        """Learn of the end of a connection that was left."""
        self.load.on_end(self)

    def _established(self) -> None:
        request, self.unsent = self.unsent, b""
        self.connected = True
        self.send(request)

    def _unreachable(self, number: int) -> Unreachable:
        where = f"cannot connect to {self.load.target.authority}"
        if number == errno.EADDRNOTAVAIL:
            return Unreachable(f"{where}: no local port is left; use fewer connections")
        return Unreachable(f"{where}: {os.strerror(number)}")

    def _answer(self, data: bytes) -> None:
        head = self._head = self._head + data
        end = head.find(b"\r\n\r\n")
        if end < 0:
            if len(head) > _LARGEST_HEAD:
                raise WrongResult(f"the upgrade was answered by an endless head: {head[:100]!r}")
            return
        check_upgrade(head[:end], head[end + 4 :])
        self.opened, self._head = True, b""
        self.load.opening -= 1
        self.on_opened()
        if len(head) > end + 4:
            self.on_bytes(head[end + 4 :])

    def _ended(self) -> None:
        if not self.leaving:
            answer = "" if self.opened else " before its upgrade was answered"
            self.on_lost(f"the server ended a connection unasked{answer}")
            return
        self.load.forget(self)
        self.on_ended()


Kind = TypeVar("Kind", bound=Connection)


def _ignore(connection: Connection) -> None:
    """Do nothing about a connection that opened or ended: most of what is measured only counts."""


class Load:
    """All the connections to one server, and the loop that serves them.

    Args:
      target: the server.
      clock: what time is read from.

    Raises:
      Unreachable: the host's name cannot be resolved.
    """

    def __init__(self, target: Target, clock: Callable[[], float] = time.perf_counter) -> None:
        self.target = target
        self.clock = clock
        self.family, self.address = _resolve(target)
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.opening = 0
        self.pings = 0
        self.on_open: Callable[[Connection], None] = _ignore
        self.on_end: Callable[[Connection], None] = _ignore
        # Several source addresses, so that thousands of connections do not run out of ports.
        local = self.family == socket.AF_INET and str(self.address[0]).startswith("127.")
        self._sources = [f"127.0.0.{number}" for number in range(2, 34)] if local else []
        self._made = 0

    def make_socket(self) -> socket.socket:
        """Make a socket for one more connection."""
        made = socket.socket(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._sources:
            self._made += 1
            made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((self._sources[self._made % len(self._sources)], 0))
        return made

    def start(self, kind: Callable[[Self, str], Kind], user: str) -> Kind:
        """Begin one connection; it is open once the loop has run long enough."""
        connection = kind(self, user)
        self.connections[connection.fd] = connection
        self.opening += 1
        connection.connect()
        return connection

    def open(
        self,
        kind: Callable[[Self, str], Kind],
        users: Iterable[str],
        at_once: int = 32,
        seconds: float = 60,
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

    def run(self, done: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
        """Serve every connection until `done()`.

        Raises:
          WrongResult: it took longer than `seconds`.
        """
        deadline = self.clock() + seconds
        while not done():
            self.step()
            if self.clock() > deadline:
                raise WrongResult(f"waited {seconds:g} s for {what() if callable(what) else what}")

    def step(self) -> None:
        """Serve who has something to send or to read, after 50 ms of waiting at most."""
        connections = self.connections
        for fd, events in self.epoll.poll(0.05):
            connection = connections.get(fd)
            if connection is None:
                continue
            if events & select.EPOLLOUT:
                connection.writable()
            if events & ~select.EPOLLOUT and not connection.forgotten:
                connection.readable()

    def rest(self, seconds: float) -> None:
        """Serve every connection for so long, whatever comes (pings must be answered at all times)."""
        until = self.clock() + seconds
        self.run(lambda: self.clock() >= until, seconds + 5, "time to pass")

    def forget(self, connection: Connection) -> None:
        """Close the client's end."""
        connection.forgotten = True
        del self.connections[connection.fd]
        self.epoll.unregister(connection.fd)
        connection.socket.close()

    def close(self) -> None:
        """Drop everything that is still open."""
        for connection in list(self.connections.values()):
            self.forget(connection)
        self.epoll.close()


def _resolve(target: Target) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # no such name; or one that is no name at all
        raise Unreachable(f"{target.host} is not the name of a host: {error}") from error
    # IPv4 first, as many servers listen on 0.0.0.0 alone and `localhost` may be both.
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


def _close_words(payload: bytes) -> str:
    if len(payload) < 2:
        return "no code"
    return f"{int.from_bytes(payload[:2], 'big')} {payload[2:].decode(errors='replace')}".strip()

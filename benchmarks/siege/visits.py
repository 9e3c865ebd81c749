"""Clients: those that behave badly, and those that must not notice.

All of them are connections of one load generator, and so live in one loop. A `Visit` may be ended by the
server at any moment; everyone else ends the scenario with a `WrongResult` if the server does anything that it
may not.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count

from benchmarks.load import Connection, Load
from focus_signal.load import generator
from focus_signal.load.asking import ASK_FOR_TWO, Asker
from focus_signal.load.histogram import Histogram
from focus_signal.load.relay import Talker, Traffic
from focus_signal.load.rooms import Hall
from focus_signal.load.upgrade import KEY

PATIENCE = 20.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_turns = count()
Make = Callable[[generator.Load, str], Connection]


def reset(connection: Connection) -> None:
    """End a connection with a reset."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.load.forget(connection)


class Visit(Connection):
    """A connection that says what it likes; the server may end it whenever it wants to.

    `heard` is what came; `ended` is when the server ended it, `by_reset` in which way.
    """

    def __init__(self, load: generator.Load, user: str) -> None:
        super().__init__(load, user)
        self.request, self.unsent = self.unsent, b""
        self.heard = b""
        self.ended: float | None = None
        self.by_reset = False

    def connect(self) -> None:
        try:
            self.socket.connect(self.load.address)
        except BlockingIOError:
            self.load.epoll.register(self.fd, select.EPOLLIN | select.EPOLLOUT)
        else:
            self.load.epoll.register(self.fd, select.EPOLLIN)
            self._connected()

    def writable(self) -> None:
        if self.connected:
            super().writable()
            return
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._over(by_reset=True)
            return
        self.load.epoll.modify(self.fd, select.EPOLLIN)
        self._connected()

    def readable(self) -> None:
        try:
            data = self.socket.recv(16384)
        except BlockingIOError:
            return
        except ConnectionError:
            self._over(by_reset=True)
            return
        if data:
            self.heard += data
            self.on_heard()
        else:
            self._over(by_reset=False)

    def on_connected(self) -> None:
        """Do what it came for."""
        self.send(self.request)

    def on_heard(self) -> None:
        """Learn that something came; it is in `heard`."""

    def on_lost(self, why: str) -> None:
        del why
        self._over(by_reset=True)

    def _connected(self) -> None:
        self.connected = True
        self.load.opening -= 1
        self.on_connected()

    def _over(self, *, by_reset: bool) -> None:
        self.load.opening -= not self.connected
        self.ended, self.by_reset = self.load.clock(), by_reset
        self.load.forget(self)
        self.load.on_end(self)


class HalfClosed(Visit):
    """Sends a FIN at once, and nothing else ever."""

    def on_connected(self) -> None:
        # A server without descriptors may have reset it by now; that is what is read next.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)


class Silent(Visit):
    """Says nothing and stays."""

    def on_connected(self) -> None:
        """Say nothing."""


class Garbage(Visit):
    """Says something that is no HTTP."""

    words = (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        bytes(range(255, -1, -1)) + b"\r\n\r\n",
        b"GET /signal HTTP/1.1\r\nHost : a\x00b\r\n\r\n",
    )

    def on_connected(self) -> None:
        self.send(self.words[next(_turns) % len(self.words)])


class Refused(Visit):
    """Asks for a WebSocket, but not rightly."""

    def on_connected(self) -> None:
        wrong = (
            (b"Version: 13", b"Version: 12"),
            (KEY, b"c2hvcnQ="),
            (b"/signal", b"/elsewhere"),
            (b"Upgrade: websocket", b"Upgrade: h2c"),
        )
        self.send(self.request.replace(*wrong[next(_turns) % len(wrong)], 1))


class Vanishing(Visit):
    """Resets its connection at once, or in the middle of its request."""

    def on_connected(self) -> None:
        if next(_turns) % 2:
            self.send(self.request[: len(self.request) // 2])
        if not self.forgotten:
            reset(self)


class Attempt(Visit):
    """Asks rightly for a WebSocket; `status` is what it was told, None as long as that is nothing."""

    status: int | None = None

    @property
    def retry_after(self) -> bool:
        """Whether it was told when to come back."""
        return b"\r\nretry-after: " in self.heard.lower()

    def on_heard(self) -> None:
        if self.status is None and b"\r\n\r\n" in self.heard:
            self.status = int(self.heard.split(b" ", 2)[1])


def visit_all(
    load: Load, kinds: Sequence[Make], users: Iterable[str], at_once: int, seconds: float = 120.0
) -> list[Connection]:
    """Have all these users come, one kind after the other, and wait until all have gone.

    Args:
        load: who stays in it is not waited for.
        kinds: what they do, in turn.
        users: one for each.
        at_once: how many are there at a time.
        seconds: how long any wait may take.

    Raises:
        WrongResult: it took longer.
    """
    staying = len(load.connections)
    came: list[Connection] = []
    for number, user in enumerate(users):
        load.run(lambda: len(load.connections) - staying < at_once, seconds, "room for one more visit")
        if number % at_once == 0:
            load.step()  # also where everyone leaves without waiting for anything
        came.append(load.start(kinds[number % len(kinds)], user))
    load.run(lambda: len(load.connections) == staying, seconds, "the end of the last visits")
    return came


class Pairs:
    """Honest clients, matched in pairs, who relay to and fro: nothing may be lost, late or altered."""

    def __init__(self, load: Load, name: str, pairs: int, window: int = 1, size: int = 250) -> None:
        self._load = load
        users = [f"{name}-{number:05}" for number in range(2 * pairs)]
        hall = Hall(users, 2)
        self.talkers = load.open(Talker, users)
        match_all(load, self.talkers, hall)
        self.traffic = Traffic(load, refill=1)
        self.traffic.pair(self.talkers, window, size)

    @property
    def latency(self) -> Histogram:
        """How long messages took, from the write of each to its read."""
        return self.traffic.latency

    @property
    def arrived(self) -> int:
        """How many messages have arrived."""
        return self.traffic.arrived

    def begin(self) -> None:
        """Send the first messages; each that arrives is followed by another."""
        self.traffic.begin()

    def finish(self) -> None:
        """Wait until everything has arrived, and leave.

        Raises:
            WrongResult: something is missing, or something else came.
        """
        self.traffic.finish(self._load, PATIENCE)
        self._load.leave(self.talkers)


def match_all(load: Load, askers: Sequence[Asker], hall: Hall) -> None:
    """Have everyone ask for a room of two, and wait until all were told of theirs."""
    for asker in askers:
        asker.ask(hall, ASK_FOR_TWO)
    load.run(lambda: not hall.asked, PATIENCE, lambda: f"{len(hall.asked)} room-found")


def check_relay(load: Load, name: str, seconds: float = 0.1) -> int:
    """Have an honest pair come, relay for so long and leave; return how many messages it exchanged."""
    pairs = Pairs(load, name, 1)
    pairs.begin()
    load.rest(seconds)
    pairs.finish()
    return pairs.arrived

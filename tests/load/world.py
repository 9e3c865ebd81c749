"""The generator against a server in memory: no socket, no thread, no clock but a counter.

`Server` does what the seed's dialect says; a test's own kind of it lies. `World` is a `Load` whose sockets
lead nowhere, and whose time goes on by a millisecond with every look at them.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any, cast

import attrs

from focus_signal.load.frames import CLOSE, PING, PONG, TEXT, plain
from focus_signal.load.generator import Load
from focus_signal.load.mode import Mode
from focus_signal.load.settings import Settings
from focus_signal.load.target import Target
from focus_signal.load.upgrade import ACCEPT

TARGET = Target("127.0.0.1", 1, "/signal")
HEAD = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"
END = b""


class Wire:
    """A socket's place; what the server has sent waits in `inbox`, and nothing at all is the end."""

    def __init__(self, server: Server, number: int) -> None:
        self.server = server
        self.number = number
        self.user = ""
        self.inbox: deque[bytes] = deque()
        self.unread = b""
        self.goodbye = b""
        self.closed = False

    def fileno(self) -> int:
        return self.number

    def connect(self, address: object) -> None:
        """Be connected at once."""

    def send(self, data: bytes) -> int:
        assert not self.closed
        self.server.take(self, data)
        return len(data)

    def recv(self, size: int) -> bytes:
        data = self.inbox.popleft()
        if len(data) > size:
            self.inbox.appendleft(data[size:])
        return data[:size]

    def close(self) -> None:
        self.closed = True


@attrs.frozen
class Relayed:
    """A candidate on its way, and the place that it has among all of them."""

    sender: str
    receiver: str
    candidate: Any
    number: int


@attrs.frozen
class Room:
    """Whom a room is for."""

    name: str
    members: list[str]


class NoEpoll:
    """Watches nothing."""

    def register(self, fd: int, events: int) -> None: ...
    def modify(self, fd: int, events: int) -> None: ...
    def unregister(self, fd: int) -> None: ...
    def close(self) -> None: ...


class Server:
    """Match and relay. The methods below `take` are what liars lie in."""

    def __init__(self) -> None:
        self.users: dict[str, Wire] = {}
        self.queues: dict[int, list[str]] = {}
        self.rooms = 0
        self.relayed = 0
        self.pongs = 0

    def take(self, wire: Wire, data: bytes) -> None:
        wire.unread += data
        if not wire.user:
            head, end, wire.unread = wire.unread.partition(b"\r\n\r\n")
            assert end
            found = re.match(rb"GET /signal\?userId=(\S+) HTTP/1.1\r\n", head)
            assert found
            wire.user = found[1].decode()
            self.users[wire.user] = wire
            self.opened(wire)
            return
        while len(wire.unread) >= 2:
            opcode, payload, wire.unread = unmasked(wire.unread)
            if opcode == TEXT:
                self.message(wire, payload)
            elif opcode == CLOSE:
                wire.goodbye = payload
                self.leaving(wire)
            else:
                assert (opcode, payload) == (PONG, b"are you there")
                self.pongs += 1

    def opened(self, wire: Wire) -> None:
        wire.inbox.append(HEAD)

    def leaving(self, wire: Wire) -> None:
        wire.inbox.extend([plain(CLOSE, wire.goodbye), END])

    def message(self, wire: Wire, payload: bytes) -> None:
        told = json.loads(payload)
        if told["type"] == "matchmaking":
            self.ask(wire.user, told["matchSize"])
        else:
            self.relayed += 1
            self.relay(Relayed(wire.user, told["to"], told["candidate"], self.relayed))

    def ask(self, user: str, size: int) -> None:
        queue = self.queues.setdefault(size, [])
        queue.append(user)
        if len(queue) == size:
            self.rooms += 1
            members, queue[:] = queue[:], []
            self.match(Room(f"room-{self.rooms}", members))

    def match(self, room: Room) -> None:
        for member in room.members:
            self.found(member, room)

    def found(self, member: str, room: Room) -> None:
        self.tell(member, {"type": "room-found", "roomId": room.name, "peers": room.members})

    def relay(self, message: Relayed) -> None:
        fields = {"type": "ice-candidate", "from": message.sender, "candidate": message.candidate}
        self.tell(message.receiver, fields)

    def tell(self, user: str, message: dict[str, Any]) -> None:
        text = json.dumps(message, separators=(",", ":")).encode()
        self.users[user].inbox.append(plain(TEXT, text))

    def ping(self) -> None:
        for wire in self.users.values():
            wire.inbox.append(plain(PING, b"are you there"))


def unmasked(data: bytes) -> tuple[int, bytes, bytes]:
    """Take the first frame of a client: its opcode, its payload, and what comes behind it."""
    assert data[0] & 0xF0 == 0x80
    assert data[1] & 0x80
    size, start = data[1] & 0x7F, 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start], "big")
    key, start = data[start : start + 4], start + 4
    payload = bytes(byte ^ key[at % 4] for at, byte in enumerate(data[start : start + size]))
    return data[0] & 0x0F, payload, data[start + size :]


class World(Load):
    """The generator, beside a server in memory."""

    def __init__(self, server: Server) -> None:
        self.now = 0.0
        self.server = server
        self._number = 0
        super().__init__(TARGET, lambda: self.now)
        self.epoll.close()
        self.epoll = cast("Any", NoEpoll())

    def make_socket(self) -> Any:
        self._number += 1
        return Wire(self.server, self._number)

    def step(self) -> None:
        self.now += 0.001
        for connection in list(self.connections.values()):
            wire = cast("Wire", connection.socket)
            # What comes meanwhile waits for the next step, or two who answer each other would never end.
            for _ in range(len(wire.inbox)):
                if not connection.forgotten:
                    connection.readable()


def settings(**changes: Any) -> Settings:
    """Have few clients and little patience."""
    some = {"pairs": 2, "window": 4, "size": 200, "patience": 0.2, "at_once": 3}
    return Settings(TARGET, **{**some, **changes})


def drive(kind: type[Mode], server: Server, **changes: Any) -> Mode:
    """Take a measurement's way with a server: prepare, load, finish."""
    mode = kind(World(server), settings(**changes))
    mode.prepare()
    mode.begin()
    mode.load.rest(0.03)
    mode.finish()
    mode.load.close()
    return mode

"""Clients of `focus-signal.v1` for the load generator, which number what they ask and say what they saw.

What the protocol promises of numbers is checked as it goes: every message of the server is one more than
the one before, and no request is refused. Whatever else comes is for those who measure to judge.
"""

from __future__ import annotations

import json

import msgspec

from benchmarks.frames import TEXT, masked
from benchmarks.load import Connection, Load, WrongResult

PROTOCOL = "focus-signal.v1"
# After so many messages a client has to say what it has seen.
_SEEN_EVERY = 50
_UNNUMBERED = ("welcome", "pong")


class Heard(msgspec.Struct, rename="camel", gc=False):
    """A message of the server: the fields of those that are looked at."""

    type: str
    seq: int = 0
    id: int = 0
    code: str = ""
    message: str = ""
    reason: str = ""
    room_id: str = ""
    peers: tuple[str, ...] = ()
    offer_to: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(Heard).decode


class V1Client(Connection):
    """A client that speaks the protocol; what is measured overrides `on_heard`."""

    __slots__ = ("_asked", "_pinged", "seen")

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.unsent = self.unsent[:-2] + f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
        self.seen = 0
        self._asked = 0
        self._pinged = 0

    def frame(self, kind: str, **fields: object) -> bytes:
        """Make the frame of the next request, which has to be sent then."""
        self._asked += 1
        self._pinged = self.seen
        message = {"type": kind, "id": self._asked, "seen": self.seen, **fields}
        return masked(TEXT, json.dumps(message, separators=(",", ":")).encode())

    def ask(self, kind: str, **fields: object) -> None:
        """Send a request."""
        self.send(self.frame(kind, **fields))

    def on_text(self, payload: bytes) -> None:
        try:
            heard = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise WrongResult(f"no message of {PROTOCOL}: {payload[:200]!r}") from error
        if heard.type == "error":
            raise WrongResult(f"{self.user} was refused: {heard.code}: {heard.message}")
        if heard.type not in _UNNUMBERED:
            if heard.seq != self.seen + 1:
                raise WrongResult(f"{self.user} was sent number {heard.seq} behind number {self.seen}")
            self.seen = heard.seq
            if self.seen - self._pinged >= _SEEN_EVERY:
                self._pinged = self.seen
                self.send(masked(TEXT, b'{"type":"ping","seen":%d}' % self.seen))
        self.on_heard(heard)

    def on_heard(self, heard: Heard) -> None:
        """Take a message."""
        raise NotImplementedError

    def _answer(self, data: bytes) -> None:
        """Take the head's line about the protocol out of it: the generator itself offers none."""
        head = self._head + data
        end = head.find(b"\r\n\r\n")
        if end < 0 or not head.startswith(b"HTTP/1.1 101"):
            super()._answer(data)
            return
        lines = head[:end].split(b"\r\n")
        others = [line for line in lines if not line.lower().startswith(b"sec-websocket-protocol:")]
        answered = [line.partition(b":")[2].strip() for line in lines if line not in others]
        if answered != [PROTOCOL.encode()]:
            raise WrongResult(f"{PROTOCOL} was offered, and {answered!r} answered")
        self._head = b""
        super()._answer(b"\r\n".join(others) + head[end:])

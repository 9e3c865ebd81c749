"""A raw client of `focus-signal.v1`: it offers what it is given, and tells numbers along with what came.

Events are those of `peer`, but for what has numbers: "ack 5", "error bad-message for 5".
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import trio

from focus_signal.wire.subprotocols import V1
from tests.server.hostile import frames
from tests.server.hostile.frames import Received
from tests.server.hostile.peer import Peer, event, read_answer, request
from tests.server.hostile.reach import Reach


def asking(user: str | None, *lines: str | bytes) -> bytes:
    """Write a handshake with these header lines of what is offered; without a name if that is None."""
    query = "" if user is None else f"?userId={quote(user)}"
    offered = (line if isinstance(line, bytes) else line.encode("latin-1") for line in lines)
    added = b"".join(b"Sec-WebSocket-Protocol: %b\r\n" % line for line in offered)
    return request(f"/signal{query}").removesuffix(b"\r\n") + added + b"\r\n"


class V1Stranger(Peer):
    """Be one client behind its handshake; made by `finish_v1`."""

    seq = 0
    token = ""

    async def receive(self) -> Received | str:
        """Wait for a frame, and keep the numbers in it."""
        received = await super().receive()
        if isinstance(received, Received) and received.opcode == frames.TEXT:
            message = json.loads(received.payload)
            self.seq = message.get("seq", self.seq)
            self.token = message.get("session", self.token)
        return received

    async def events(self, *, until: str | None = None) -> list[str]:
        """List what comes up to the end of the stream, or up to the event `until`, which is left out."""
        seen: list[str] = []
        while not seen or seen[-1] not in {"eof", "reset"}:
            seen.append(v1_event(await self.receive()))
            if seen[-1] == until:
                return seen[:-1]
        return seen

    async def hear_of(self, kind: str) -> dict[str, Any]:
        """Read up to the next message of this type."""
        while (message := await self.hear())["type"] != kind:
            pass
        return message

    async def begin(self) -> dict[str, Any]:
        """Read the welcome and the token of a session that has just begun, and give the welcome."""
        welcome = await self.hear()
        assert welcome["type"] == "welcome", f"{welcome['type']} came where the welcome was due"
        assert (await self.hear())["type"] == "session"
        return welcome


def v1_event(received: Received | str) -> str:
    """Put in words what came, with the number that it answers."""
    words = event(received)
    if isinstance(received, Received) and received.opcode == frames.TEXT:
        message = json.loads(received.payload)
        if message["type"] == "ack":
            return f"ack {message['id']}"
        if message["type"] == "error" and "id" in message:
            return f"{words} for {message['id']}"
    return words


async def finish_v1(stream: trio.abc.Stream) -> V1Stranger:
    """Read the answer to a handshake that was sent, which must agree to `focus-signal.v1`."""
    return V1Stranger(stream, await read_answer(stream, V1))


async def dial_v1(reach: Reach, user: str | None, *lines: str | bytes, behind: bytes = b"") -> V1Stranger:
    """Open a WebSocket with an offer, `focus-signal.v1` alone if there is none, and `behind` right behind."""
    stream = await reach.dial()
    await stream.send_all(asking(user, *(lines or (V1,))) + behind)
    peer = await finish_v1(stream)
    peer.hears_pings = reach.hears_pings
    return peer


def resuming(token: str, seen: object) -> str:
    """Write an offer that names a session."""
    return f"{V1}, resume.{token}.{seen}"

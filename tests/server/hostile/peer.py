"""A raw WebSocket client on any stream: it sends whatever bytes it is given and tells what came of them.

What came is a list of events in words: "error bad-json", "room-found", "offer", "pong ..." (its payload in
ASCII), "close 1009 too-big", and how the stream ended: "eof" or "reset".
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
from typing import Any

import trio

from tests.server.hostile import frames
from tests.server.hostile.frames import Received, read_frame

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_ACCEPT = base64.b64encode(
    hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
).decode()
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def request(target: str = "/signal?userId=somebody") -> bytes:
    """Write a handshake as a browser would, but for what the server has no use for."""
    return (
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


class Peer:
    """Be one client behind its handshake; made by `shake_hands`."""

    def __init__(self, stream: trio.abc.Stream, read_already: bytes = b"") -> None:
        self.stream = stream
        self.answers_close = True
        self.hears_pings = True
        self._buffer = bytearray(read_already)

    async def send(self, data: bytes) -> None:
        """Send bytes as they are, as far as the server takes them."""
        # What the server makes of it is read, not written: a server that has closed tells why.
        with contextlib.suppress(trio.BrokenResourceError):
            await self.stream.send_all(data)

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message in good order."""
        await self.stream.send_all(frames.text(json.dumps(message)))

    async def hear(self) -> dict[str, Any]:
        """Wait for a message and give it; answers pings, and fails on anything else."""
        while True:
            received = await self.receive()
            assert isinstance(received, Received), f"the stream ended ({received}) where a message was due"
            if received.opcode == frames.PING:
                await self.stream.send_all(frames.frame(frames.PONG, received.payload))
                continue
            assert received.opcode == frames.TEXT, f"{event(received)} came where a message was due"
            message: dict[str, Any] = json.loads(received.payload)
            return message

    async def receive(self) -> Received | str:
        """Wait for a frame; "eof" or "reset" at the end of the stream."""
        while (received := read_frame(self._buffer)) is None or self._passes_over(received):
            if received is not None:
                continue
            try:
                data = await self.stream.receive_some(64 * 1024)
            except trio.BrokenResourceError:
                return "reset"
            if not data:
                assert not self._buffer, f"the stream ended within a frame: {bytes(self._buffer[:20])!r}"
                return "eof"
            self._buffer += data
        if received.opcode == frames.CLOSE and self.answers_close:
            await self.send(frames.frame(frames.CLOSE, received.payload[:2]))
        return received

    def _passes_over(self, received: Received) -> bool:
        return received.opcode == frames.PING and not self.hears_pings

    async def receive_bytes(self, count: int) -> None:
        """Read as many bytes as are there up to a count, and keep them for `receive`."""
        self._buffer += await self.stream.receive_some(count)

    async def events(self, *, until: str | None = None) -> list[str]:
        """List what comes up to the end of the stream, or up to the event `until`, which is left out."""
        seen: list[str] = []
        while not seen or seen[-1] not in {"eof", "reset"}:
            received = await self.receive()
            seen.append(event(received))
            if seen[-1] == until:
                return seen[:-1]
        return seen

    async def part(self) -> None:
        """Close in good order."""
        self.answers_close = False
        await self.send(frames.close(1000))
        assert (await self.events())[-2:] == ["close 1000", "eof"]
        await self.stream.aclose()


def event(received: Received | str) -> str:
    """Put in words what came."""
    if isinstance(received, str):
        return received
    match received.opcode:
        case frames.TEXT:
            message = json.loads(received.payload)
            return f"error {message['code']}" if message["type"] == "error" else str(message["type"])
        case frames.PING:
            return "ping"
        case frames.PONG:
            return f"pong {received.payload.decode('ascii')}".strip()
        case frames.CLOSE:
            code = str(int.from_bytes(received.payload[:2])) if received.payload else ""
            return f"close {code} {received.payload[2:].decode()}".strip()
        case other:
            raise AssertionError(f"the server sent a frame with opcode {other:#x}")


async def shake_hands(
    stream: trio.abc.Stream, target: str = "/signal?userId=somebody", *, behind: bytes = b""
) -> Peer:
    """Do the handshake, with `behind` right behind it, and give the peer."""
    await stream.send_all(request(target) + behind)
    return await finish_handshake(stream)


async def finish_handshake(stream: trio.abc.Stream) -> Peer:
    """Read the answer to a handshake that was sent, which must be a 101 that agrees to nothing more."""
    return Peer(stream, await read_answer(stream))


async def read_answer(stream: trio.abc.Stream, subprotocol: str | None = None) -> bytes:
    """Read a 101 that agrees to a subprotocol, or to none, and give what came behind it."""
    data = bytearray()
    while b"\r\n\r\n" not in data:
        piece = await stream.receive_some(4096)
        assert piece, f"the stream ended within the answer to the handshake: {bytes(data)!r}"
        data += piece
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    status, *lines = head.decode("ascii").split("\r\n")
    assert status.startswith("HTTP/1.1 101"), f"the handshake was answered with {status!r}"
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    accept = headers.pop("sec-websocket-accept", None)
    assert accept == _ACCEPT, f"the key was answered with {accept!r}"
    headers = {name: value.lower() for name, value in headers.items()}
    agreed = {} if subprotocol is None else {"sec-websocket-protocol": subprotocol}
    wanted = {"upgrade": "websocket", "connection": "upgrade", **agreed}
    assert headers == wanted, f"the headers are {headers}"
    return rest


def reset(stream: trio.SocketStream) -> None:
    """End a stream the hard way: the server sees a reset."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    stream.socket.close()

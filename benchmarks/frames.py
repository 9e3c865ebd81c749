"""WebSocket frames for the load generator: made ahead of time to send, taken apart off the hot path."""

from __future__ import annotations

import struct

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

# No zeros, so that unmasking is work; the same one always, so that a frame is made once and sent often.
_KEY = bytes.fromhex("a53c96f1")


class BadFrame(Exception):
    """The server sent what no server may send, or what this generator never asks for."""


def masked(opcode: int, payload: bytes) -> bytes:
    """Return one complete masked frame, as a client sends it."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    else:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    key = (_KEY * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + _KEY + mixed.to_bytes(size, "big")


def plain(opcode: int, payload: bytes) -> bytes:
    """Return one complete frame as a server sends it: what a client must receive, byte for byte."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size) + payload
    return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload


class FrameReader:
    """Take the server's frames out of a stream of bytes.

    Only whole messages in short frames are expected (no fragments, no extension, no mask, below 64 KiB);
    anything else is a BadFrame, so that no surprise is counted as a success.
    """

    __slots__ = ("rest",)

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the (opcode, payload) of every frame that is complete with `data`."""
        data = self.rest + data if self.rest else data
        found: list[tuple[int, bytes]] = []
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            start = at + 2
            if size == 126:
                if end - at < 4:
                    break
                size = data[at + 2] << 8 | data[at + 3]
                start = at + 4
            elif size > 126:
                raise BadFrame(f"a masked or huge frame: {data[at : at + 16]!r}")
            if first & 0xF0 != 0x80 or first & 0x0F not in (TEXT, CLOSE, PING, PONG):
                raise BadFrame(f"a fragment, a reserved bit or an unknown opcode: {data[at : at + 16]!r}")
            if end - start < size:
                break
            at = start + size
            found.append((first & 0x0F, data[start:at]))
        self.rest = data[at:]
        return found

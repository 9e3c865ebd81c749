"""WebSocket frames as a load generator needs them: made ahead of time to send, taken apart off the hot path.

Not the server's own codec, on purpose: what measures the server checks it as well, and must not share its
mistakes.
"""

import struct

from focus_signal.load.faults import BadFrame

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
LARGEST = 1 << 24
"""Bytes in the largest frame that is waited for; no answer to this generator comes near it."""

# The same key for every frame, so that a frame is made once and sent often. A browser takes another one each
# time, but the server's work is the same; no byte of it is zero, so that unmasking is work.
_KEY = bytes.fromhex("a53c96f1")
_KINDS = (TEXT, CLOSE, PING, PONG)


def masked(opcode: int, payload: bytes) -> bytes:
    """Return one complete masked frame, as a client sends it."""
    size = len(payload)
    key = (_KEY * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return _head(opcode, size, 0x80) + _KEY + mixed.to_bytes(size, "big")


def plain(opcode: int, payload: bytes) -> bytes:
    """Return one complete frame as a server sends it: what a client must receive, byte for byte."""
    return _head(opcode, len(payload), 0) + payload


def _head(opcode: int, size: int, mask: int) -> bytes:
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, mask | size)
    if size < 1 << 16:
        return struct.pack("!BBH", 0x80 | opcode, mask | 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, mask | 127, size)


class FrameReader:
    """Take the server's frames out of a stream of bytes.

    Only whole messages are expected (no fragments, no extension, no mask); anything else is a BadFrame, so
    that no surprise is counted as a success. `rest` holds the bytes of a frame that is not complete.
    """

    __slots__ = ("rest",)

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the (opcode, payload) of every frame that is complete with `data`.

        Raises:
          BadFrame: what came is no frame that this generator can get from a sound server.
        """
        data = self.rest + data if self.rest else data
        found: list[tuple[int, bytes]] = []
        at, end = 0, len(data)
        while end - at >= 2:
            opcode, size, start = data[at] & 0x0F, data[at + 1], at + 2
            if data[at] & 0xF0 != 0x80 or opcode not in _KINDS:
                raise BadFrame(f"a fragment, a reserved bit or an unknown opcode: {data[at : at + 16]!r}")
            if size >= 128:
                raise BadFrame(f"a masked frame: {data[at : at + 16]!r}")
            if size >= 126:
                start += 8 if size == 127 else 2
                if end < start:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            if size > LARGEST:
                raise BadFrame(f"a huge frame: {data[at : at + 16]!r}")
            if end - start < size:
                break
            at = start + size
            found.append((opcode, data[start:at]))
        self.rest = data[at:]
        return found

"""WebSocket frames as bytes, well-formed or not: whatever RFC 6455 forbids can be written here too."""

from __future__ import annotations

import struct
from typing import Literal

from attrs import frozen

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_KEY = b"\x37\xfa\x21\x3d"

LengthForm = Literal["shortest", 7, 16, 64]


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    form: LengthForm = "shortest",
    declared: int | None = None,
) -> bytes:
    """Write one frame.

    Args:
      opcode: its opcode, any of the 16.
      payload: what it carries, before masking.
      fin: whether it is a message's last one.
      rsv: the three reserved bits as a number, RSV1 being 4.
      masked: whether it is masked, as every frame of a client's must be.
      form: how many bits hold the length; the shortest form is the only right one.
      declared: the length that the frame claims; None tells the truth.
    """
    length = len(payload) if declared is None else declared
    if form == "shortest":
        form = 7 if length < 126 else 16 if length < 1 << 16 else 64
    mask_bit = 0x80 if masked else 0
    head = bytes([fin << 7 | rsv << 4 | opcode])
    match form:
        case 7:
            head += bytes([mask_bit | length])
        case 16:
            head += bytes([mask_bit | 126]) + struct.pack("!H", length)
        case 64:
            head += bytes([mask_bit | 127]) + struct.pack("!Q", length)
    return head + _KEY + mask(payload) if masked else head + payload


def mask(payload: bytes, key: bytes = _KEY) -> bytes:
    """Mask a payload; doing it twice undoes it."""
    size = len(payload)
    whole = (key * (size // len(key) + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(whole)).to_bytes(size)


def text(content: str | bytes) -> bytes:
    """Write a text message in one frame."""
    return frame(TEXT, content.encode() if isinstance(content, str) else content)


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    """Write a close frame; None leaves its payload empty."""
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


def fragments(*parts: bytes, opcode: int = TEXT) -> bytes:
    """Write one message in as many frames as there are parts."""
    last = len(parts) - 1
    return b"".join(
        frame(opcode if number == 0 else CONTINUATION, part, fin=number == last)
        for number, part in enumerate(parts)
    )


@frozen
class Received:
    """Be one frame that the server sent."""

    opcode: int
    payload: bytes


def read_frame(buffer: bytearray) -> Received | None:
    """Take the first frame out of what the server sent; None while it is not complete.

    The server is held to the RFC: a whole message a frame, unmasked, no reserved bit, the shortest length.
    """
    if len(buffer) < 2:
        return None
    first, second = buffer[0], buffer[1]
    assert first & 0xF0 == 0x80, f"the server sent a frame that begins with {first:#x}"
    assert not second & 0x80, "the server masked a frame"
    size, start = second, 2
    if size >= 126:
        start = 4 if size == 126 else 10
        if len(buffer) < start:
            return None
        size = int.from_bytes(buffer[2:start])
        assert size >= (126 if start == 4 else 1 << 16), "the server's length form is not the shortest"
    if len(buffer) < start + size:
        return None
    received = Received(first & 0x0F, bytes(buffer[start : start + size]))
    del buffer[: start + size]
    return received

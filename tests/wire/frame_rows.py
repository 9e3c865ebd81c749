"""What the frame codec refuses, and by which byte: rows for a reader of 1,024 bytes in 64 fragments."""

from __future__ import annotations

from attrs import frozen

from focus_signal.wire.frames import FrameReader
from tests.server.hostile.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    fragments,
    frame,
    text,
)
from tests.wire.frame_fuzz.case import Limits

LIMITS = Limits(max_bytes=1024, max_fragments=64)


def new_reader() -> FrameReader:
    """Make the reader that the rows are for."""
    return FrameReader(LIMITS.max_bytes, LIMITS.max_fragments)


@frozen
class Row:
    """Be one row.

    Args:
      name: what is wrong.
      bad: the frame with which something is.
      code: that of the close frame that says so.
      shown: behind how many bytes of that frame; None when it has to be whole.
      before: the frames in front of it.
    """

    name: str
    bad: bytes
    code: str
    shown: int | None = None
    before: bytes = b""

    @property
    def sent(self) -> bytes:
        return self.before + self.bad

    @property
    def shown_at(self) -> int:
        """Tell behind how many bytes in all the verdict must be there, and not before."""
        return len(self.before) + (len(self.bad) if self.shown is None else self.shown)


_OPEN = frame(TEXT, b"a" * 1000, fin=False)
_NAMES = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}
_FULL = frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b" ", fin=False) * (LIMITS.max_fragments - 1)

_HEADS = (
    *(
        Row(
            f"{_NAMES[opcode]} with the reserved bits {rsv:03b}",
            frame(opcode, b"\x03\xe8", rsv=rsv),
            "1002",
            2,
        )
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
        for rsv in range(1, 8)
    ),
    Row("a continuation with a reserved bit", frame(CONTINUATION, b"}", rsv=1), "1002", 2, _OPEN),
    *(
        Row(f"{_NAMES[opcode]}, not masked", frame(opcode, b"\x03\xe8", masked=False), "1002", 2)
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
    ),
    Row("empty text, not masked", frame(TEXT, masked=False), "1002", 2),
    Row("a continuation, not masked", frame(CONTINUATION, b"}", masked=False), "1002", 2, _OPEN),
    *(
        Row(f"opcode {opcode}", frame(opcode, b"{}"), "1002", 2)
        for opcode in range(16)
        if opcode not in _NAMES
    ),
    *(
        Row(f"a {_NAMES[opcode]} that is not the last", frame(opcode, b"\x03\xe8", fin=False), "1002", 2)
        for opcode in (CLOSE, PING, PONG)
    ),
    *(
        Row(f"a {_NAMES[opcode]} of {size} bytes", frame(opcode, b"\x03\xe8".ljust(size, b"a")), "1002", 2)
        for opcode in (CLOSE, PING, PONG)
        for size in (126, 127, 65_536)
    ),
    Row("a ping whose length of 5 takes 16 bits", frame(PING, b"hello", form=16), "1002", 2),
    Row("a continuation of nothing", frame(CONTINUATION, b"{}"), "1002", 2),
    Row("a continuation behind a whole message", frame(CONTINUATION), "1002", 2, fragments(b"{", b"}")),
    Row("a text message within another", text("{}"), "1002", 2, _OPEN),
    Row("a binary message within a text message", frame(BINARY, b"{}"), "1002", 2, _OPEN),
)

_LENGTHS = (
    *(
        Row(f"a length of {size} in 16 bits", frame(TEXT, b"a" * size, form=16), "1002", 4)
        for size in (0, 5, 125)
    ),
    *(
        Row(f"a length of {size} in 64 bits", frame(TEXT, b"a" * size, form=64), "1002", 10)
        for size in (0, 125, 126, 65_535)
    ),
    Row("a binary frame's length of 5 in 16 bits", frame(BINARY, b"hello", form=16), "1002", 4),
    Row("a length of 2^63", frame(TEXT, declared=1 << 63), "1002", 10),
    Row("a length of 2^64 - 1", frame(TEXT, declared=(1 << 64) - 1), "1002", 10),
)

_KINDS = (
    Row("a binary message", frame(BINARY, b"{}"), "1003", 2),
    Row("an empty binary message", frame(BINARY), "1003", 2),
    Row("a binary message that is not the last frame", frame(BINARY, b"{", fin=False), "1003", 2),
    Row("a binary message of 126 bytes", frame(BINARY, bytes(126)), "1003", 4),
    Row("a binary message that is too big", frame(BINARY, bytes(1025)), "1003", 4),
    Row("a binary message that is not UTF-8", frame(BINARY, b"\xff"), "1003", 2),
)

_SIZES = (
    Row("a byte too many", text(b"a" * 1025), "1009", 4),
    Row("65,536 bytes", frame(TEXT, b"a", declared=65_536), "1009", 10),
    Row("2^63 - 1 bytes", frame(TEXT, b"a", declared=(1 << 63) - 1), "1009", 10),
    Row("a first fragment with a byte too many", frame(TEXT, b"a" * 1025, fin=False), "1009", 4),
    Row("a byte too many in the second fragment", frame(CONTINUATION, b"a" * 25), "1009", 2, _OPEN),
    Row("the same, not the last", frame(CONTINUATION, b"a" * 25, fin=False), "1009", 2, _OPEN),
    Row("126 bytes too many in the second fragment", frame(CONTINUATION, b"a" * 150), "1009", 4, _OPEN),
    Row("a 65th fragment", frame(CONTINUATION, b"}"), "1009", 2, _FULL),
    Row("a 65th fragment, empty and not the last", frame(CONTINUATION, fin=False), "1009", 2, _FULL),
    Row("few characters of many bytes", text("\u20ac" * 342), "1009", 4),
)

_CONTENTS = (
    Row("text with the byte 0xFF", text(b"\xff"), "1007"),
    Row("long text with the byte 0xFF", text(b"a" * 200 + b"\xff"), "1007"),
    Row("text with an overlong form", text(b"\xc0\xaf"), "1007"),
    Row("text with a surrogate", text(b"\xed\xa0\x80"), "1007"),
    Row("text with what is above U+10FFFF", text(b"\xf4\x90\x80\x80"), "1007"),
    Row("text that ends within a character", text(b"a\xe2\x82"), "1007"),
    Row("long text that ends within a character", text(b"a" * 200 + b"\xe2\x82"), "1007"),
    Row("a first fragment with the byte 0xFF", frame(TEXT, b"\xff", fin=False), "1007"),
    Row("a second fragment with the byte 0xFF", frame(CONTINUATION, b"\xff", fin=False), "1007", None, _OPEN),
    Row(
        "a character that the next fragment breaks off",
        frame(CONTINUATION, b"a", fin=False),
        "1007",
        None,
        frame(TEXT, b"\xe2", fin=False),
    ),
    Row(
        "fragments that end within a character",
        frame(CONTINUATION),
        "1007",
        None,
        frame(TEXT, b"\xe2\x82", fin=False),
    ),
    Row("a close reason that is not UTF-8", close(1000, b"\xff"), "1007"),
    Row("a close reason that ends within a character", close(1000, b"a\xe2\x82"), "1007"),
    Row("a close frame of one byte", frame(CLOSE, b"\x03"), "1002"),
    Row("a close frame with a bad code within a message", close(1005), "1002", None, _OPEN),
)

# More than one thing is wrong: what is judged first counts.
_SEVERAL = (
    Row("a reserved bit, not masked, too big", frame(TEXT, rsv=4, masked=False, declared=1 << 40), "1002", 2),
    Row("a reserved bit on binary", frame(BINARY, b"a", rsv=1), "1002", 2),
    Row("text within a message, too big", frame(TEXT, declared=1 << 40), "1002", 2, _OPEN),
    Row("a binary length of 2^63", frame(BINARY, declared=1 << 63), "1002", 10),
    Row("a length that is not the shortest, and too big", frame(TEXT, b"a" * 1025, form=64), "1002", 10),
    Row("too big, and not UTF-8", text(b"\xff" * 1025), "1009", 4),
    Row("a 65th fragment that is not UTF-8", frame(CONTINUATION, b"\xff"), "1009", 2, _FULL),
    Row("a bad code, and a reason that is not UTF-8", close(1004, b"\xff"), "1002"),
)

ROWS = (*_HEADS, *_LENGTHS, *_KINDS, *_SIZES, *_CONTENTS, *_SEVERAL)

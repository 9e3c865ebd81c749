"""Frames that RFC 6455 forbids, and sizes beyond their bound."""

from __future__ import annotations

import json

from tests.server.hostile.frame_row import (
    CUT,
    ENDS,
    NO_TEXT,
    PROTOCOL_ERROR,
    TEXT_ONLY,
    TOO_BIG,
    TOO_BIG_FOR_LIBRARY,
    FrameRow,
    kept_with,
)
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

KIB_256 = 256 * 1024


def _forbidden(name: str, sent: bytes) -> FrameRow:
    return FrameRow(name, sent, PROTOCOL_ERROR, instead=ENDS)


def _no_utf8(name: str, sent: bytes) -> FrameRow:
    return FrameRow(name, sent, NO_TEXT, instead=ENDS)


def sized(size: int, filler: str = "a") -> bytes:
    """Write a message of an unknown type that takes `size` bytes, as nearly as its filler can."""
    bare = len(json.dumps({"type": "big", "x": ""}))
    count = (size - bare) // len(filler.encode())
    return json.dumps({"type": "big", "x": filler * count}, ensure_ascii=False).encode()


_OPCODES = (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)
_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)

HEADERS = (
    _forbidden("an unmasked text frame", frame(TEXT, b"{}", masked=False)),
    _forbidden("an unmasked, empty text frame", frame(TEXT, masked=False)),
    _forbidden("an unmasked binary frame", frame(BINARY, b"{}", masked=False)),
    _forbidden("an unmasked ping", frame(PING, masked=False)),
    _forbidden("an unmasked close frame", frame(CLOSE, b"\x03\xe8", masked=False)),
    *(
        _forbidden(f"reserved bit {4 - rsv.bit_length()} on text", frame(TEXT, b"{}", rsv=rsv))
        for rsv in (4, 2, 1)
    ),
    _forbidden("all reserved bits on text", frame(TEXT, b"{}", rsv=7)),
    _forbidden("reserved bit 1 on a ping", frame(PING, rsv=4)),
    _forbidden("reserved bit 1 on a close frame", frame(CLOSE, rsv=4)),
    _forbidden(
        "reserved bit 1 on a continuation", frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", rsv=4)
    ),
    *(_forbidden(f"opcode {opcode}", frame(opcode, b"{}")) for opcode in _OPCODES),
    _forbidden("opcode 3, empty and not the last", frame(3, fin=False)),
    _forbidden("a length of 5 in 16 bits", frame(TEXT, b"hello", form=16)),
    _forbidden("a length of 5 in 64 bits", frame(TEXT, b"hello", form=64)),
    _forbidden("a length of 0 in 16 bits", frame(TEXT, form=16)),
    _forbidden("a length of 125 in 16 bits", frame(TEXT, b"a" * 125, form=16)),
    _forbidden("a length of 65,535 in 64 bits", frame(TEXT, b"a" * 65535, form=64)[:1000]),
    _forbidden("a length of 2^63", frame(TEXT, declared=1 << 63)),
    _forbidden("a length of 2^64 - 1", frame(TEXT, declared=(1 << 64) - 1)),
)

ORDER = (
    _forbidden("a continuation of nothing", frame(CONTINUATION, b"{}")),
    _forbidden("a continuation of nothing, not the last", frame(CONTINUATION, b"{}", fin=False)),
    _forbidden("a continuation behind a pong", frame(PONG) + frame(CONTINUATION, b"}")),
    _forbidden("a text message within another", frame(TEXT, b"{", fin=False) + text("{}")),
    _forbidden("a binary message within a text message", frame(TEXT, b"{", fin=False) + frame(BINARY)),
    _forbidden("a fragmented message within another", frame(TEXT, b"{", fin=False) * 2),
)

CONTROL = (
    _forbidden("a fragmented ping", frame(PING, fin=False)),
    _forbidden("a fragmented pong", frame(PONG, fin=False)),
    _forbidden("a fragmented close frame", frame(CLOSE, b"\x03\xe8", fin=False)),
    _forbidden("a ping of 126 bytes", frame(PING, b"a" * 126)),
    _forbidden("a pong of 126 bytes", frame(PONG, b"a" * 126)),
    _forbidden("a close frame of 126 bytes", close(1000, b"a" * 124)),
    _forbidden("a ping of 65,536 bytes", frame(PING, b"a" * 65536)[:1000]),
    _forbidden("a ping whose length of 5 takes 16 bits", frame(PING, b"hello", form=16)),
    _forbidden("a ping that declares 2^63 bytes", frame(PING, declared=1 << 63)),
    _forbidden("a close frame of one byte", frame(CLOSE, b"\x03")),
    *(_forbidden(f"a close frame with the code {code}", close(code)) for code in _CODES),
)

UTF8 = (
    _no_utf8("text with the byte 0xFF", text(b'{"type":"\xff"}')),
    _no_utf8("text with an overlong form", text(b'"\xc0\xaf"')),
    _no_utf8("text with a surrogate", text(b'"\xed\xa0\x80"')),
    _no_utf8("text with what is above U+10FFFF", text(b'"\xf4\x90\x80\x80"')),
    _no_utf8("text that ends within a character", text(b'"\xe2\x82')),
    _no_utf8("fragments that end within a character", fragments(b'"', b"\xe2\x82")),
    _no_utf8("a second fragment with the byte 0xFF", fragments(b'{"type":"', b'\xff"}')),
    _no_utf8("a character that another fragment breaks off", fragments(b'"\xe2', b'a"')),
    _no_utf8("a close reason that is not UTF-8", close(1000, b"\xff")),
)

KIND = (
    FrameRow("a binary message", frame(BINARY, b"{}"), TEXT_ONLY),
    FrameRow("an empty binary message", frame(BINARY), TEXT_ONLY),
    FrameRow("a binary message that is not UTF-8", frame(BINARY, b"\xff\xfe"), TEXT_ONLY),
    FrameRow("a fragmented binary message", fragments(b"{", b"}", opcode=BINARY), TEXT_ONLY),
    FrameRow("a binary message of 256 KiB", frame(BINARY, bytes(KIB_256)), TEXT_ONLY),
    FrameRow(
        "a binary message above 256 KiB",
        frame(BINARY, bytes(KIB_256 + 1)),
        TEXT_ONLY,
        instead=TOO_BIG_FOR_LIBRARY,
    ),
)

SIZE = (
    FrameRow("exactly 256 KiB in one frame", text(sized(KIB_256)), kept_with("error unknown-type")),
    FrameRow(
        "exactly 256 KiB in 64 fragments",
        fragments(*(sized(KIB_256)[start : start + 4096] for start in range(0, KIB_256, 4096))),
        kept_with("error unknown-type"),
    ),
    FrameRow("one byte above 256 KiB", text(sized(KIB_256 + 1)), TOO_BIG, instead=TOO_BIG_FOR_LIBRARY),
    FrameRow("twice 256 KiB", text(sized(2 * KIB_256)), TOO_BIG, instead=TOO_BIG_FOR_LIBRARY),
    FrameRow(
        "above 256 KiB in two fragments",
        fragments(sized(KIB_256)[:-1], b"  }"),
        TOO_BIG,
        instead=TOO_BIG_FOR_LIBRARY,
    ),
    FrameRow("100,000 characters of three bytes", text("\u20ac" * 100_000), TOO_BIG),
    FrameRow("87,382 characters of three bytes", text("\u20ac" * 87_382), TOO_BIG),
    FrameRow("87,381 characters of three bytes", text("\u20ac" * 87_381), kept_with("error bad-json")),
    FrameRow("70,000 characters of four bytes in a message", text(sized(280_000, "\U0001f600")), TOO_BIG),
    FrameRow(
        "a declared length of 2^62 and 300,000 bytes of it",
        frame(TEXT, b"a" * 300_000, declared=1 << 62),
        TOO_BIG,
        instead=TOO_BIG_FOR_LIBRARY,
    ),
    FrameRow("64 fragments", fragments(b"{", *[b" "] * 62, b"}"), kept_with("error bad-message")),
    FrameRow(
        "65 fragments", fragments(b"{", *[b" "] * 63, b"}"), TOO_BIG, instead=kept_with("error bad-message")
    ),
    FrameRow(
        "1,000 fragments",
        fragments(b"{", *[b" "] * 998, b"}"),
        TOO_BIG,
        instead=kept_with("error bad-message"),
    ),
    FrameRow(
        "1,000 empty fragments",
        fragments(*[b""] * 999, b"{}"),
        TOO_BIG,
        instead=kept_with("error bad-message"),
    ),
)

_ENDLESS = frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b" ", fin=False) * 64

UNFINISHED = (
    FrameRow(
        "65 fragments without an end",
        _ENDLESS + frame(PING, b"still here"),
        TOO_BIG,
        instead=("pong still here", *CUT),
        ending="fin",
    ),
)

VIOLATIONS: tuple[FrameRow, ...] = (*HEADERS, *ORDER, *CONTROL, *UTF8, *KIND, *SIZE, *UNFINISHED)

"""Frames that are odd and allowed, messages that get an error, and every way to leave."""

from __future__ import annotations

from tests.server.hostile.frame_row import CUT, FrameRow, closed_with, kept_with
from tests.server.hostile.frames import (
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    fragments,
    frame,
    text,
)

_UNKNOWN = b'{"type":"unheard-of"}'
_LONGEST_REASON = "r" * 123


def _error(name: str, content: str | bytes, code: str) -> FrameRow:
    return FrameRow(name, text(content), kept_with(f"error {code}"))


_ERRORS = (
    _error("an empty text message", "", "bad-json"),
    _error("half an object", "{", "bad-json"),
    _error("words", "hello", "bad-json"),
    _error("NaN in a payload", '{"type":"offer","to":"x","sdp":NaN}', "bad-json"),
    _error("Infinity in a payload", '{"type":"offer","to":"x","sdp":-Infinity}', "bad-json"),
    _error("a byte order mark", '\ufeff{"type":"matchmaking","matchSize":1}', "bad-json"),
    _error("a lone surrogate", '{"type":"offer","to":"x","sdp":"\\ud800"}', "bad-json"),
    _error("two objects", "{}{}", "bad-json"),
    _error("an array", '[{"type":"matchmaking","matchSize":1}]', "bad-json"),
    _error("a string", '"matchmaking"', "bad-json"),
    _error("null", "null", "bad-json"),
    _error("NUL", "\0", "bad-json"),
    _error("no type", "{}", "bad-message"),
    _error("a type that is no string", '{"type":["offer"]}', "bad-message"),
    _error("a repeated type", '{"type":"offer","type":"offer","to":"x"}', "bad-message"),
    _error("a type that is not known", _UNKNOWN, "unknown-type"),
    _error("no matchSize", '{"type":"matchmaking"}', "bad-match-size"),
    _error("true for a matchSize", '{"type":"matchmaking","matchSize":true}', "bad-match-size"),
    _error("a matchSize above the largest", '{"type":"matchmaking","matchSize":17}', "bad-match-size"),
    _error("1e999 for a matchSize", '{"type":"matchmaking","matchSize":1e999}', "bad-match-size"),
    _error(
        "5,000 digits for a matchSize", f'{{"type":"matchmaking","matchSize":{"9" * 5000}}}', "bad-match-size"
    ),
    _error("no target", '{"type":"offer","sdp":1}', "bad-message"),
    _error("a list for a target", '{"type":"offer","to":["x"]}', "bad-message"),
    _error("a target of 100,000 letters", f'{{"type":"offer","to":"{"x" * 100_000}"}}', "bad-message"),
    _error("a target that is not there", '{"type":"offer","to":"nobody"}', "peer-unavailable"),
    _error("another sender's name", '{"type":"offer","to":"nobody","from":"x"}', "wrong-sender"),
    _error(
        "a nesting of 33 in a payload",
        f'{{"type":"offer","to":"x","sdp":{"[" * 33}{"]" * 33}}}',
        "bad-message",
    ),
    _error(
        "a nesting of 32 in a payload",
        f'{{"type":"offer","to":"x","sdp":{"[" * 32}{"]" * 32}}}',
        "peer-unavailable",
    ),
    _error("a nesting of 100,000, not in an object", "[" * 100_000 + "]" * 100_000, "bad-json"),
    _error(
        "a nesting of 100,000 in a payload",
        f'{{"type":"offer","to":"x","sdp":{"[" * 100_000}{"]" * 100_000}}}',
        "bad-message",
    ),
    _error(
        "a nesting of 100,000 without an end",
        '{"type":"offer","to":"x","sdp":' + '{"a":' * 40_000,
        "bad-message",
    ),
    _error("1e999 in a payload", '{"type":"offer","to":"nobody","sdp":1e999}', "peer-unavailable"),
)

_ODD = (
    FrameRow("a ping without a payload", frame(PING), kept_with("pong")),
    FrameRow("a ping of 125 bytes", frame(PING, b"p" * 125), kept_with("pong " + "p" * 125)),
    FrameRow(
        "1,000 pings at once",
        b"".join(frame(PING, str(number).encode()) for number in range(1000)),
        kept_with(*(f"pong {number}" for number in range(1000))),
    ),
    FrameRow("a pong that nobody asked for", frame(PONG, b"\0" * 7 + b"\x01"), kept_with()),
    FrameRow("1,000 pongs that nobody asked for", frame(PONG, b"x" * 125) * 1000, kept_with()),
    FrameRow(
        "a ping between two fragments",
        frame(TEXT, _UNKNOWN[:9], fin=False) + frame(PING, b"now") + frame(CONTINUATION, _UNKNOWN[9:]),
        kept_with("pong now", "error unknown-type"),
    ),
    FrameRow("a character in two fragments", fragments(b'"\xe2', b'\x82\xac"'), kept_with("error bad-json")),
    FrameRow(
        "empty fragments around a message", fragments(b"", _UNKNOWN, b""), kept_with("error unknown-type")
    ),
    FrameRow("ten messages at once", text(_UNKNOWN) * 10, kept_with(*["error unknown-type"] * 10)),
    FrameRow(
        "a message without a mask's effect",
        bytes([0x81, 0x82, 0, 0, 0, 0]) + b"{}",
        kept_with("error bad-message"),
    ),
)

# Here it is the peer that closes, so that a close frame that comes is the answer to its own.
LEAVING = (
    *(
        FrameRow(f"a close frame with the code {code}", close(code), closed_with(str(code)))
        for code in (1000, 1001, 1003, 1007, 1011, 1012, 1013, 3000, 3999, 4000, 4999)
    ),
    FrameRow("a close frame without a code", close(), closed_with("")),
    FrameRow(
        "a close frame with the longest reason",
        close(1000, _LONGEST_REASON.encode()),
        closed_with(f"1000 {_LONGEST_REASON}"),
    ),
    FrameRow("text behind a close frame", close(1000) + text(_UNKNOWN), closed_with("1000")),
    FrameRow("a second close frame", close(1000) + close(1001), closed_with("1000")),
    FrameRow("a ping behind a close frame", close(1000) + frame(PING), closed_with("1000")),
    FrameRow(
        "binary and malformed input behind a close frame", close(1000) + b"\xff" * 500, closed_with("1000")
    ),
    FrameRow(
        "a close frame within a fragmented message",
        frame(TEXT, b"{", fin=False) + close(1000),
        closed_with("1000"),
    ),
    FrameRow("the end of the stream without a close frame", b"", CUT, ending="fin"),
    FrameRow("the end within a frame's header", text("{}")[:1], CUT, ending="fin"),
    FrameRow("the end within a long length", frame(TEXT, declared=70_000)[:7], CUT, ending="fin"),
    FrameRow("the end within a mask", text("{}")[:4], CUT, ending="fin"),
    FrameRow("the end within a payload", text("{}")[:-1], CUT, ending="fin"),
    FrameRow("the end within a ping", frame(PING, b"hello")[:-1], CUT, ending="fin"),
    FrameRow("the end between two fragments", frame(TEXT, b"{", fin=False), CUT, ending="fin"),
    FrameRow("the end behind a close frame", close(1000), closed_with("1000"), ending="fin"),
    FrameRow("a reset", b"", (), ending="reset"),
    FrameRow("a reset within a payload", text("{}")[:-1], (), ending="reset"),
    FrameRow("a reset within a large payload", text(b"a" * 200_000)[:150_000], (), ending="reset"),
    FrameRow("a reset between two fragments", frame(TEXT, b"{", fin=False), (), ending="reset"),
    FrameRow("a reset behind a message", text(_UNKNOWN), (), ending="reset"),
    FrameRow("a reset behind a close frame", close(1000), (), ending="reset"),
)

COURTESIES = (*_ERRORS, *_ODD)

"""Frames that are odd and allowed, messages that get an error, and every way to leave."""

from __future__ import annotations

from focus_signal.wire.frames import MOST_PINGS
from tests.server.hostile.frame_row import CUT, ENDS, Events, FrameRow, closed_with, kept_with
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
from tests.server.hostile.violations import sized

_UNKNOWN = b'{"type":"unheard-of"}'
_LONGEST_REASON = "r" * 123
_LARGE = sized(200_000)


def _error(name: str, content: str | bytes, code: str) -> FrameRow:
    return FrameRow(name, text(content), kept_with(f"error {code}"))


ERRORS = (
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


def _pings(name: str, sent: bytes, *pongs: str, behind: Events = ()) -> FrameRow:
    """Write a row of pings that come together: of many the last ones have to be answered, and each may be."""
    each = kept_with(*(f"pong {pong}" for pong in pongs), *behind)
    if len(pongs) <= MOST_PINGS:
        return FrameRow(name, sent, each)
    return FrameRow(name, sent, each[len(pongs) - MOST_PINGS :], instead=each, either=True)


ODD = (
    FrameRow("a ping without a payload", frame(PING), kept_with("pong")),
    FrameRow("a ping of 125 bytes", frame(PING, b"p" * 125), kept_with("pong " + "p" * 125)),
    _pings("two pings at once", frame(PING, b"one") + frame(PING, b"two"), "one", "two"),
    _pings(
        "1,000 pings at once",
        b"".join(frame(PING, str(number).encode()) for number in range(1000)),
        *map(str, range(1000)),
    ),
    _pings(
        "a ping in either gap of a message in three fragments",
        frame(TEXT, _UNKNOWN[:5], fin=False)
        + frame(PING, b"one")
        + frame(CONTINUATION, _UNKNOWN[5:9], fin=False)
        + frame(PING, b"two")
        + frame(CONTINUATION, _UNKNOWN[9:]),
        "one",
        "two",
        behind=("error unknown-type",),
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
    *(
        FrameRow(f"a message of {size:,} bytes", text(sized(size)), kept_with("error unknown-type"))
        for size in (125, 126, 127, 65_535, 65_536, 65_537)
    ),
    *(
        FrameRow(
            f"a message in fragments of {size:,} bytes",
            fragments(*(_LARGE[start : start + size] for start in range(0, len(_LARGE), size))),
            kept_with("error unknown-type"),
        )
        for size in (4_125, 65_535, 65_536, len(_LARGE) - 125, len(_LARGE) - 126)
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
        for code in (*range(1000, 1004), *range(1007, 1014), 3000, 3999, 4000, 4999)
    ),
    FrameRow("a close frame with the code 1014", close(1014), closed_with("1014"), instead=ENDS),
    FrameRow("a close frame without a code", close(), closed_with("")),
    FrameRow(
        "a close frame with the longest reason",
        close(1000, _LONGEST_REASON.encode()),
        closed_with("1000"),
        instead=closed_with(f"1000 {_LONGEST_REASON}"),
        either=True,
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
    FrameRow("the end behind a close frame", close(1000), closed_with("1000"), ending="fin"),
    FrameRow("a reset", b"", (), ending="reset"),
    FrameRow("a reset within a payload", text("{}")[:-1], (), ending="reset"),
    FrameRow("a reset within a large payload", text(b"a" * 200_000)[:150_000], (), ending="reset"),
    FrameRow("a reset between two fragments", frame(TEXT, b"{", fin=False), (), ending="reset"),
    FrameRow("a reset behind a message", text(_UNKNOWN), (), ending="reset"),
    FrameRow("a reset behind a close frame", close(1000), (), ending="reset"),
)


def _half_closed(name: str, sent: bytes) -> FrameRow:
    """Write a row of a peer that says that it sends no more, and may still read."""
    return FrameRow(name, sent, closed_with("1000"), instead=CUT, ending="fin")


WITHOUT_GOODBYE = (
    _half_closed("the end of the stream without a close frame", b""),
    _half_closed("the end within a frame's header", text("{}")[:1]),
    _half_closed("the end within a long length", frame(TEXT, declared=70_000)[:7]),
    _half_closed("the end within a mask", text("{}")[:4]),
    _half_closed("the end within a payload", text("{}")[:-1]),
    _half_closed("the end within a ping", frame(PING, b"hello")[:-1]),
    _half_closed("the end between two fragments", frame(TEXT, b"{", fin=False)),
)

COURTESIES = (*ERRORS, *ODD)

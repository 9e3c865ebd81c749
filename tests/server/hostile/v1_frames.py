"""Frames that come on a connection of `focus-signal.v1`: of every type, and wrong in some way."""

from __future__ import annotations

import json

from focus_signal.wire.messages.from_client import LARGEST
from tests.server.hostile.frame_row import (
    ENDS,
    NO_TEXT,
    PROTOCOL_ERROR,
    TEXT_ONLY,
    TOO_BIG,
    TOO_BIG_FOR_LIBRARY,
    FrameRow,
    closed_with,
    kept_with,
)
from tests.server.hostile.frames import BINARY, TEXT, close, fragments, frame, text
from tests.server.hostile.violations import KIB_256, sized


def _said(name: str, content: str | bytes, *events: str) -> FrameRow:
    return FrameRow(name, text(content), kept_with(*events))


def _wrong(name: str, error: str, kind: str, /, **fields: object) -> FrameRow:
    """Write a row of a message that gets this error, by its number."""
    content = json.dumps({"type": kind, "id": 5, **fields})
    return _said(f"{kind}: {name}", content, f"error {error} for 5")


def _raw(name: str, field: str, value: str) -> FrameRow:
    """Write a row of a number that is none."""
    return _said(f"{field}: {name}", f'{{"type":"ping","seen":0,"{field}":{value}}}', "error bad-message")


NO_MESSAGES = (
    _said("an empty text message", "", "error bad-json"),
    _said("half an object", '{"type":"ping","id":5', "error bad-json"),
    _said("an array", '[{"type":"ping","id":5,"seen":0}]', "error bad-json"),
    _said("a lone surrogate", '{"type":"signal","id":5,"to":"x","data":"\\ud800"}', "error bad-json"),
    _said("NaN in a payload", '{"type":"signal","id":5,"to":"x","data":NaN}', "error bad-json"),
    _said("no type", '{"id":5}', "error bad-message for 5"),
    _said("a type that is no string", '{"type":["ping"],"id":5}', "error bad-message for 5"),
    _said("a repeated type", '{"type":"ping","id":5,"seen":0,"type":"ping"}', "error bad-message for 5"),
    _said("a type that is not known", '{"type":"unheard-of","id":5}', "error unknown-type for 5"),
    *(
        _said(
            f"{kind}, which only the server says", f'{{"type":"{kind}","id":5}}', "error unknown-type for 5"
        )
        for kind in ("welcome", "session", "ack", "room-found", "pong")
    ),
    _said(
        "a nesting of 33 in a payload",
        f'{{"type":"signal","id":5,"to":"x","data":{"[" * 33}{"]" * 33}}}',
        "error bad-message for 5",
    ),
    _said(
        "a nesting of 100,000 in a payload",
        f'{{"type":"signal","id":5,"to":"x","data":{"[" * 100_000}{"]" * 100_000}}}',
        "error bad-message",
    ),
    _said("a type of 200,000 letters", f'{{"type":"{"x" * 200_000}","id":5}}', "error unknown-type for 5"),
)

_BAD_NUMBERS = {
    "below zero": "-1",
    "a fraction": "1.5",
    "a whole number with a point": "2.0",
    "text": '"1"',
    "null": "null",
    "true": "true",
    "an array": "[1]",
    "beyond 2^53": str(LARGEST + 1),
    "5,000 digits": "9" * 5_000,
    "1e999": "1e999",
}

NUMBERS = (
    *(_raw(name, field, value) for field in ("id", "seen") for name, value in _BAD_NUMBERS.items()),
    _raw("zero", "id", "0"),
    _said("a seen that was never sent", '{"type":"ping","id":5,"seen":99}', "error bad-message for 5"),
    _said("the largest seen", f'{{"type":"ping","seen":{LARGEST}}}', "error bad-message"),
    FrameRow(
        "the same id twice",
        text('{"type":"ping","id":5,"seen":0}') * 2,
        kept_with("ack 5", "pong", "ack 5"),
    ),
    FrameRow(
        "ids that go down",
        b"".join(text(f'{{"type":"cancel","id":{number}}}') for number in (7, 6, 5)),
        kept_with("error not-queued for 7", "ack 6", "ack 5"),
    ),
    FrameRow(
        "the largest id, and one more below it",
        b"".join(text(f'{{"type":"cancel","id":{number}}}') for number in (LARGEST, 1)),
        kept_with(f"error not-queued for {LARGEST}", "ack 1"),
    ),
    FrameRow(
        "seen that goes down",
        b"".join(text(f'{{"type":"ping","seen":{number}}}') for number in (1, 0, 1)),
        kept_with("pong", "pong", "pong"),
    ),
)

_SIZE = {"matchSize": 2}
WRONG = (
    _wrong("no size", "bad-match-size", "matchmaking"),
    _wrong("a size of 0", "bad-match-size", "matchmaking", matchSize=0),
    _wrong("a size of 17", "bad-match-size", "matchmaking", matchSize=17),
    _wrong("a size as text", "bad-match-size", "matchmaking", matchSize="2"),
    _wrong("a size with a point", "bad-match-size", "matchmaking", matchSize=2.0),
    _wrong("the least above the most", "bad-match-size", "matchmaking", minSize=3, maxSize=2),
    _wrong("a least alone", "bad-match-size", "matchmaking", minSize=2),
    _wrong("one size and two", "bad-message", "matchmaking", matchSize=2, minSize=2, maxSize=2),
    _wrong("33 to avoid", "bad-message", "matchmaking", **_SIZE, avoid=["x"] * 33),
    _wrong("nobody to avoid, by name", "bad-message", "matchmaking", **_SIZE, avoid=["x", ""]),
    _wrong("a control to avoid", "bad-message", "matchmaking", **_SIZE, avoid=["\x01"]),
    _wrong("a short party code", "bad-message", "matchmaking", **_SIZE, party={"code": "x", "size": 2}),
    _wrong("a party too large", "bad-message", "matchmaking", **_SIZE, party={"code": "x" * 8, "size": 3}),
    _wrong("a party as text", "bad-message", "matchmaking", **_SIZE, party="x" * 8),
    _wrong("a pool of 129 letters", "bad-message", "matchmaking", **_SIZE, pool="x" * 129),
    _wrong("no patience", "bad-message", "matchmaking", **_SIZE, patience=-1),
    _wrong("too much patience", "bad-message", "matchmaking", **_SIZE, patience=3601),
    _wrong("no time", "bad-message", "matchmaking", **_SIZE, timeout=0),
    _wrong("a ready check as text", "bad-message", "matchmaking", **_SIZE, readyCheck="yes"),
    _wrong("both", "bad-message", "matchmaking", **_SIZE, readyCheck=True, backfill=True),
    _wrong("nothing to cancel", "not-queued", "cancel"),
    _wrong("no proposal", "bad-message", "ready"),
    _wrong("an empty proposal", "bad-message", "ready", proposal=""),
    _wrong("a proposal that is not there", "not-proposed", "ready", proposal="x"),
    _wrong("a proposal that is not there", "not-proposed", "decline", proposal="x"),
    _wrong("a proposal of 129 letters", "bad-message", "decline", proposal="x" * 129),
    _wrong("no size", "bad-match-size", "room-create"),
    _wrong("a size of 17", "bad-match-size", "room-create", maxSize=17),
    _wrong("a code of 3 letters", "bad-message", "room-create", maxSize=2, code="abc"),
    _wrong("a code of other characters", "bad-message", "room-create", maxSize=2, code="ab/../cd"),
    _wrong(
        "a code of other digits", "bad-message", "room-create", maxSize=2, code="\u0661\u0662\u0663\u0664"
    ),
    _wrong("no code", "bad-message", "room-join"),
    _wrong("a code that is not there", "room-not-found", "room-join", code="ZZZZ1234"),
    _wrong("a code of 65 letters", "bad-message", "room-join", code="x" * 65),
    _wrong("a code of controls", "room-not-found", "room-join", code="\x00\r\n"),
    _wrong("no room", "not-in-room", "room-leave"),
    *(
        _wrong("nobody named", "bad-message", kind, data=1)
        for kind in ("offer", "answer", "ice-candidate", "signal")
    ),
    _wrong("nobody there", "peer-unavailable", "offer", to="nobody"),
    _wrong("another's name", "wrong-sender", "offer", **{"to": "nobody", "from": "x"}),
    _wrong("a room that is not ours", "not-in-room", "answer", to="nobody", roomId="x"),
    _wrong("a target of 200 letters", "bad-message", "ice-candidate", to="x" * 200),
    _wrong("no data", "bad-message", "signal", to="nobody"),
    _wrong("no data", "bad-message", "broadcast"),
    _wrong("no room", "not-in-room", "broadcast", data=1),
    _wrong("no seen", "bad-message", "ping"),
    _wrong("a token, where none is asked for", "not-allowed", "renew", token="x"),
    _wrong("no token", "bad-message", "renew"),
    FrameRow(
        "eleven codes that lead nowhere",
        b"".join(text(f'{{"type":"room-join","code":"ZZZZ{number:04}"}}') for number in range(11)),
        kept_with(*["error room-not-found"] * 10, "error rate-limited"),
    ),
)

BELOW = (
    FrameRow("a binary message", frame(BINARY, b"{}"), TEXT_ONLY),
    FrameRow("text that is not UTF-8", text(b'{"type":"\xff"}'), NO_TEXT, instead=ENDS),
    FrameRow("an opcode that there is not", frame(3), PROTOCOL_ERROR, instead=ENDS),
    FrameRow("one byte above 256 KiB", text(sized(KIB_256 + 1)), TOO_BIG, instead=TOO_BIG_FOR_LIBRARY),
    FrameRow(
        "a message in two fragments",
        fragments(b'{"type":"cancel",', b'"id":5}'),
        kept_with("error not-queued for 5"),
    ),
    FrameRow(
        "half a message, and a goodbye", frame(TEXT, b"{", fin=False) + close(1000), closed_with("1000")
    ),
    FrameRow("a goodbye that may be followed by a return", close(1001), closed_with("1001")),
    FrameRow("a reset within a message", text('{"type":"cancel","id":5}')[:-1], (), ending="reset"),
)

V1_ROWS = (*NO_MESSAGES, *NUMBERS, *WRONG, *BELOW)

"""What is written is read back as what it was, by a reader that is not the writer's own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from email.parser import BytesHeaderParser
from itertools import pairwise
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from focus_signal.core.commands import Relay
from focus_signal.core.effects import Refused, Relayed, RoomFound
from focus_signal.wire import frames as codec
from focus_signal.wire import http_head, seed_dialect
from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.frames import FrameReader
from focus_signal.wire.http_head import Head
from focus_signal.wire.seed_dialect import SeedDialect
from tests.fuzz.planting import mistaken
from tests.server.hostile.frames import mask, read_frame
from tests.wire.dialect import CONNECTION, DIALECT, LARGEST, NESTING, RELAYED, USER_BYTES, loads
from tests.wire.heads import LIMITS, verdict

# Messages as JSON.

users = st.text(min_size=1, max_size=USER_BYTES // 4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda members: st.lists(members, max_size=3) | st.dictionaries(st.text(max_size=5), members, max_size=3),
    max_leaves=8,
)


def told(message: RoomFound | Refused, dialect: SeedDialect = DIALECT) -> Any:
    """Read what a message is written as."""
    written = dialect.encode(message)
    assert written is not None
    return loads(written)


@given(st.text(max_size=40), st.lists(users, max_size=16).map(tuple))
def test_a_room_is_read_as_it_was_found(room: str, peers: tuple[str, ...]) -> None:
    assert told(RoomFound(room, peers)) == {"type": "room-found", "roomId": room, "peers": list(peers)}


@given(st.text(max_size=20), st.text(max_size=250), st.none() | users)
def test_an_error_is_read_as_it_was_meant(code: str, message: str, to: str | None) -> None:
    named = {} if to is None else {"to": to}
    assert told(Refused(code, message, to)) == {"type": "error", "code": code, "message": message, **named}


def through(
    dialect: SeedDialect, sender: str, sent: dict[str, Any], *, ascii_only: bool, space: str
) -> tuple[str, Any]:
    """Send what a client of Python's would write; tell to whom it goes, and what is read there."""
    frame = json.dumps(sent, ensure_ascii=ascii_only, separators=(f",{space}", f"{space}:"))
    relay = dialect.decode(frame.encode(), CONNECTION, sender)
    assert isinstance(relay, Relay)
    got = dialect.encode(Relayed(sender, relay.kind, relay.payload))
    assert got is not None
    return relay.to, json.loads(got)


@given(
    users,
    users,
    st.sampled_from(RELAYED),
    st.fixed_dictionaries({}, optional={"sdp": values, "candidate": values}),
    st.booleans(),
    st.sampled_from(["", " ", "\r\n\t"]),
)
def test_a_relay_is_read_as_it_was_sent(
    sender: str, to: str, kind: str, payload: dict[str, Any], ascii_only: bool, space: str
) -> None:
    sent = {**payload, "to": to, "from": sender, "type": kind}
    arrived = through(DIALECT, sender, sent, ascii_only=ascii_only, space=space)
    assert arrived == (to, {"type": kind, "from": sender, **payload})


# Frames.


def masked(written: bytes, key: bytes) -> bytes:
    """Write a server's frames as a client does."""
    buffer, again = bytearray(written), bytearray()
    while buffer:
        before = bytes(buffer)
        frame = read_frame(buffer)
        assert frame is not None
        head = bytearray(before[: len(before) - len(buffer) - len(frame.payload)])
        head[1] |= 0x80
        again += head + key + mask(frame.payload, key)
    return bytes(again)


def read_back(reader: FrameReader, data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [message for start, end in pairwise(places) for message in reader.feed(data[start:end])]


keys = st.binary(min_size=4, max_size=4)
cuts_in = st.lists(st.integers(0, 2_000), max_size=5)
# Some are as long as the lengths where the form of a frame's length changes.
messages_sent = st.lists(
    st.text(max_size=60) | st.sampled_from([125, 126, 65_535, 65_536]).map(lambda size: "a" * size),
    max_size=5,
).map(lambda texts: [text.encode() for text in texts])


@settings(max_examples=200)
@given(messages_sent, keys, cuts_in)
def test_texts_are_read_as_they_were_written(messages: list[bytes], key: bytes, cuts: list[int]) -> None:
    reader = FrameReader(262_144)
    assert read_back(reader, masked(b"".join(codec.text_frames(messages)), key), cuts) == messages
    assert not reader.over


@pytest.mark.parametrize("row", CLOSE_CODES.values(), ids=CLOSE_CODES)
def test_every_close_of_ours_is_read_by_the_other_side(row: Any) -> None:
    assert closed_as(codec.close_frame(row.code, row.reason)) == (row.code, row.reason)


def closed_as(written: bytes) -> tuple[int, str]:
    """Read a close frame as a client does."""
    frame = read_frame(bytearray(written))
    assert frame is not None
    assert frame.opcode == 8
    return int.from_bytes(frame.payload[:2]), frame.payload[2:].decode()


codes = st.one_of(st.integers(1000, 1003), st.integers(1007, 1014), st.integers(3000, 4999))
reasons = st.text(max_size=123).map(lambda text: text.encode()[:123].decode(errors="ignore"))


@given(codes, reasons, keys, cuts_in)
def test_any_close_is_read_as_it_was_written(code: int, reason: str, key: bytes, cuts: list[int]) -> None:
    written = codec.close_frame(code, reason)
    assert closed_as(written) == (code, reason)
    reader = FrameReader(1024)
    assert read_back(reader, masked(written, key), cuts) == []
    assert (reader.closed, reader.fault) == (code, None)


@given(st.binary(max_size=125), keys, cuts_in)
def test_any_ping_and_its_pong(payload: bytes, key: bytes, cuts: list[int]) -> None:
    reader = FrameReader(1024)
    reader.awaited_pong = payload
    data = masked(codec.ping_frame(payload) + codec.pong_frame(payload), key)
    assert read_back(reader, data, cuts) == []
    seen: list[object] = [reader.pings, reader.awaited_pong, reader.over]
    assert seen == [[payload], None, False]


# Heads.

tokens = st.text(alphabet="!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)
# Names that mean something to the parser have tests of their own.
names = tokens.filter(
    lambda name: name not in {"host", "content-length", "transfer-encoding", "connection", "upgrade"}
)
visible = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f")
field_values = st.text(alphabet=visible | st.sampled_from(" \t"), max_size=30).map(
    lambda text: text.strip(" \t")
)
heads = st.builds(
    Head,
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE", "PUT"]),
    version=st.just("1.1"),
    path=st.text(max_size=20).map(lambda text: f"/{quote(text, safe='')}"),
    query=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3).map(
        lambda form: "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in form.items())
    ),
    headers=st.lists(st.tuples(names, field_values), max_size=8).map(
        lambda lines: (("host", "example.test"), *lines)
    ),
)


def written(head: Head, space: str = " ") -> bytes:
    target = head.path + (f"?{head.query}" if head.query else "")
    lines = "".join(f"{name.title()}:{space}{value}\r\n" for name, value in head.headers)
    return f"{head.method} {target} HTTP/{head.version}\r\n{lines}\r\n".encode("latin-1")


@settings(max_examples=300)
@given(heads, st.sampled_from(["", " ", " \t "]), st.binary(max_size=10), cuts_in)
def test_a_head_is_read_as_it_was_written(head: Head, space: str, rest: bytes, cuts: list[int]) -> None:
    data = written(head, space) + rest
    assert verdict(data, sorted(min(cut, len(data)) for cut in cuts)) == (head, rest)


@given(users)
@example("\0")
def test_whoever_comes_is_who_is_let_in(user: str) -> None:
    for quoted in (quote(user, safe=""), quote_plus(user)):
        read = verdict(written(Head("GET", "1.1", "/signal", f"userId={quoted}", (("host", "x"),))))
        assert isinstance(read, tuple)
        assert http_head.user_of_query(read[0].query, USER_BYTES) == user


def accepted(key: str, answer: bytes) -> bool:
    """Judge the answer to an upgrade as a client does."""
    status, _, lines = answer.partition(b"\r\n")
    fields = BytesHeaderParser().parsebytes(lines)
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()  # noqa: S324 - RFC 6455's
    return (
        status.startswith(b"HTTP/1.1 101 ")
        and lines.endswith(b"\r\n\r\n")
        and b"\n" not in answer.replace(b"\r\n", b"")
        and {name: value.lower() for name, value in fields.items() if name != "Sec-WebSocket-Accept"}
        == {"Upgrade": "websocket", "Connection": "upgrade"}
        and base64.b64decode(str(fields["Sec-WebSocket-Accept"]), validate=True) == digest
    )


@given(st.binary(min_size=16, max_size=16))
def test_any_key_is_answered_as_a_client_expects(nonce: bytes) -> None:
    key = base64.b64encode(nonce).decode()
    assert accepted(key, http_head.upgrade_answer(key))


# A writer that is wrong does not pass.


def texts_differ(module: ModuleType) -> bool:
    messages = [b"a", b"b" * 126, b"c" * 65_536]
    try:
        data = masked(b"".join(module.text_frames(messages)), b"\1\2\3\4")
        return read_back(FrameReader(262_144), data, [7]) != messages
    except AssertionError:
        return True  # the reader of `masked` is held to the RFC, too


def closes_differ(module: ModuleType) -> bool:
    written: bytes = module.close_frame(4001, "too-slow")
    return closed_as(written) != (4001, "too-slow")


def relays_differ(module: ModuleType) -> bool:
    dialect = module.SeedDialect(LARGEST, USER_BYTES, NESTING)
    sent = {"type": "offer", "to": "bob", "sdp": {"a": "é"}, "candidate": [1]}
    wanted = ("bob", {"type": "offer", "from": 'a"b', "sdp": {"a": "é"}, "candidate": [1]})
    try:
        return through(dialect, 'a"b', sent, ascii_only=False, space=" ") != wanted
    except ValueError:
        return True


def rooms_differ(module: ModuleType) -> bool:
    dialect = module.SeedDialect(LARGEST, USER_BYTES, NESTING)
    wanted = {"type": "room-found", "roomId": "r", "peers": ["b", "a"]}
    return bool(told(RoomFound("r", ("b", "a")), dialect) != wanted)


def heads_differ(module: ModuleType) -> bool:
    data = written(Head("GET", "1.1", "/a", "b=c", (("host", "x"), ("x", "é"), ("x", "y"))))
    read = module.HeadReader(LIMITS).feed(data + b"rest")
    # Of another module's class, so by what it holds.
    head, rest = read
    return (head.method, head.path, head.query, head.headers, rest) != (
        "GET",
        "/a",
        "b=c",
        (("host", "x"), ("x", "é"), ("x", "y")),
        b"rest",
    )


def answers_differ(module: ModuleType) -> bool:
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    return not accepted(key, module.upgrade_answer(key))


Differs = Callable[[ModuleType], bool]
MISTAKES: list[tuple[Differs, ModuleType, str, str]] = [
    (texts_differ, codec, "if _LENGTH_16 <= size < 1 << 16:", "if _LENGTH_16 < size < 1 << 16:"),
    (
        texts_differ,
        codec,
        "_head_16(_TEXT_HEAD_16 | size) + message",
        "_head_16(_TEXT_HEAD_16 | size) + message[1:]",
    ),
    (texts_differ, codec, '_head_64 = Struct(">BBQ").pack', '_head_64 = Struct("<BBQ").pack'),
    (closes_differ, codec, '_code = Struct(">H").pack', '_code = Struct("<H").pack'),
    (closes_differ, codec, "reason.encode())", "reason.encode()[:-1])"),
    (relays_differ, seed_dialect, "_encode(message.sender)", "b'\"%b\"' % message.sender.encode()"),
    (
        relays_differ,
        seed_dialect,
        'b\',"sdp":%b,"candidate":%b\' % (plain.sdp',
        'b\',"sdp":%b,"candidate":%b\' % (plain.candidate',
    ),
    (rooms_differ, seed_dialect, "message.room, message.peers", "message.room, tuple(sorted(message.peers))"),
    (heads_differ, http_head, 'partition("?")\n        headers', 'partition("=")\n        headers'),
    (heads_differ, http_head, 'value.decode("latin-1").strip', 'value.decode("utf-8", "ignore").strip'),
    (answers_differ, http_head, "258EAFA5-E914", "258EAFA5-E915"),
    (answers_differ, http_head, "newline=False", "newline=True"),
]


@pytest.mark.parametrize(("differs", "module", "right", "wrong"), MISTAKES)
def test_a_mistake_is_found(differs: Differs, module: ModuleType, right: str, wrong: str) -> None:
    assert not differs(module)
    assert differs(mistaken(module, right, wrong))

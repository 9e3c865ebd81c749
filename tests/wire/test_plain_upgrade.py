"""What is understood at a glance is what is read with care, and what nearly every client sends is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.errors import HttpRefused
from focus_signal.wire import plain_upgrade
from focus_signal.wire.http_head import HeadLimits, HeadReader, check_upgrade, user_of_query, wants_websocket
from focus_signal.wire.plain_upgrade import PlainUpgrade, PlainUpgrades
from focus_signal.wire.subprotocols import offer_of
from tests.wire.heads import BAD, BROWSER, GOOD, LIMITS, head_of, of_size

PATH = "/signal"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
NODE = (
    b"GET /signal?userId=u-1 HTTP/1.1\r\nHost: localhost:8000\r\nSec-WebSocket-Key: "
    + KEY
    + b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
KEY_FIRST = NODE.replace(b"Host: localhost:8000\r\n", b"").replace(
    b"\r\nConnection", b"\r\nHost: localhost:8000\r\nConnection"
)
KEY_LAST = NODE.replace(b"Sec-WebSocket-Key: " + KEY + b"\r\n", b"").removesuffix(b"\r\n") + (
    b"Sec-WebSocket-Key: " + KEY + b"\r\n\r\n"
)
PLAIN = {"a browser's": BROWSER, "a library's": NODE, "the key first": KEY_FIRST, "the key last": KEY_LAST}


def with_care(data: bytes, limits: HeadLimits = LIMITS) -> PlainUpgrade | None:
    """Read the same with care; None for all that is not let in, is not whole, or offers what matters."""
    try:
        read = HeadReader(limits).feed(data)
        if read is None or read[0].path != PATH or not wants_websocket(read[0]):
            return None
        user, key = user_of_query(read[0].query, limits.user_bytes), check_upgrade(read[0])
        return (user, key, read[1]) if offer_of(read[0].values("sec-websocket-protocol")) is None else None
    except HttpRefused:
        return None


def with_line(line: bytes, head: bytes = NODE) -> bytes:
    return head.removesuffix(b"\r\n") + line + b"\r\n\r\n"


USER = b"userId=u-1"
CHANGED = {
    "another key": NODE.replace(KEY, b"AQIDBAUGBwgJCgsMDQ4PEA=="),
    "another user": NODE.replace(USER, b"userId=somebody.else_~"),
    "something behind": NODE + b"\x81\x80abcd",
    "no user": NODE.replace(USER, b"userId="),
    "an escaped user": NODE.replace(USER, b"userId=a%20b"),
    "a user with a plus": NODE.replace(USER, b"userId=a+b"),
    "another parameter": NODE.replace(USER, b"userId=u-1&x=1"),
    "another parameter first": NODE.replace(USER, b"x=1&userId=u-1"),
    "a fragment": NODE.replace(USER, b"userId=u-1#x"),
    "the longest user": NODE.replace(USER, b"userId=" + b"u" * LIMITS.user_bytes),
    "too long a user": NODE.replace(USER, b"userId=" + b"u" * (LIMITS.user_bytes + 1)),
    "another path": NODE.replace(b"/signal", b"/signals"),
    "another method": NODE.replace(b"GET", b"PUT"),
    "HTTP/1.0": NODE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "two spaces": NODE.replace(b"GET /", b"GET  /"),
    "a space behind the version": NODE.replace(b"HTTP/1.1\r\n", b"HTTP/1.1 \r\n"),
    "an empty line first": b"\r\n" + NODE,
    "a short key": NODE.replace(KEY, KEY[4:]),
    "a key of other characters": NODE.replace(KEY, b"-" + KEY[1:]),
    "a key that is not whole bytes": NODE.replace(KEY, KEY[:-3] + b"Z=="),
    "a space behind the key": NODE.replace(KEY, KEY + b" "),
    "a key and a line in one": NODE.replace(KEY, KEY + b"X: y"),
    "a key and more": NODE.replace(KEY, KEY + b"x"),
    "two keys": with_line(b"Sec-WebSocket-Key: " + KEY),
    "two keys, one in small letters": with_line(b"sec-websocket-key: " + KEY),
    "a key in small letters": NODE.replace(b"Sec-WebSocket-Key", b"sec-websocket-key"),
    "two hosts": with_line(b"Host: another"),
    "no host": NODE.replace(b"Host: localhost:8000\r\n", b""),
    "an empty host": NODE.replace(b"localhost:8000", b""),
    "two versions": with_line(b"Sec-WebSocket-Version: 13"),
    "version 8": NODE.replace(b"Version: 13", b"Version: 8"),
    "no version": NODE.replace(b"Sec-WebSocket-Version: 13\r\n", b""),
    "two upgrades": with_line(b"Upgrade: h2c"),
    "another upgrade": NODE.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
    "upgrade in capitals": NODE.replace(b"websocket\r\n", b"WebSocket\r\n"),
    "another connection": NODE.replace(b"Connection: Upgrade", b"Connection: close"),
    "connection twice": with_line(b"Connection: keep-alive"),
    "a subprotocol": with_line(b"Sec-WebSocket-Protocol: focus-signal.v1"),
    "a subprotocol in capitals": with_line(b"SEC-WEBSOCKET-PROTOCOL: focus-signal.v1"),
    "a subprotocol that is not known": with_line(b"Sec-WebSocket-Protocol: chat"),
    "a subprotocol that is none": with_line(b"Sec-WebSocket-Protocol: a b"),
    "a body": with_line(b"Content-Length: 5"),
    "no body, said so": with_line(b"Content-Length: 0"),
    "a body in pieces": with_line(b"Transfer-Encoding: chunked"),
    "a folded line": with_line(b"X: a\r\n b"),
    "a line without a colon": with_line(b"X"),
    "a line without a name": with_line(b": x"),
    "a name with a space": with_line(b"X : y"),
    "a name of other characters": with_line(b"X(y): z"),
    "a value without a space": with_line(b"X:y"),
    "a tab": with_line(b"X:\ty"),
    "no value": with_line(b"X: "),
    "a value beyond ASCII": with_line(b"X: \xc3\xa4"),
    "a control character": with_line(b"X: \x01"),
    "a line feed alone": NODE.replace(b"\r\nUpgrade", b"\nUpgrade"),
    "a carriage return alone": with_line(b"X: a\rb"),
    "an empty line in the middle": NODE.replace(b"\r\nUpgrade", b"\r\n\r\nUpgrade"),
    "an empty line before the key": NODE.replace(b"\r\nSec-WebSocket-Key", b"\r\n\r\nSec-WebSocket-Key"),
    "an empty line behind the key": NODE.replace(KEY + b"\r\n", KEY + b"\r\n\r\n"),
    "the key in a value": NODE.replace(b"\r\nSec-WebSocket-Key: ", b" Sec-WebSocket-Key: "),
    "the version in the user": NODE.replace(USER, b"userId=u-1 HTTP/1.1\r\nHost: x"),
    "the most lines": with_line(b"\r\n".join([b"X: y"] * (LIMITS.head_lines - 5))),
    "too many lines": with_line(b"\r\n".join([b"X: y"] * (LIMITS.head_lines - 4))),
    "the largest": with_line(b"X: " + b"y" * (LIMITS.head_bytes - len(NODE) - 5)),
    "too large": with_line(b"X: " + b"y" * (LIMITS.head_bytes - len(NODE) - 4)),
}


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN)
def test_what_nearly_everyone_sends_is_understood(data: bytes) -> None:
    plain = PlainUpgrades(PATH, LIMITS)
    for rest in (b"", b"\x81\x80abcd", b"GET / HTTP/1.1\r\n\r\n"):
        read = plain.read(data + rest)
        assert read is not None
        assert read == with_care(data + rest)
        assert read[2] == rest


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_a_request_that_is_not_quite_the_same(changed: bytes) -> None:
    """It is read as with care, or left to that; the same when requests like it were seen before."""
    for before in ([], [NODE], [changed], [NODE, changed]):
        plain = PlainUpgrades(PATH, LIMITS)
        for data in before:
            plain.read(data)
        assert plain.read(changed) in {None, with_care(changed)}


def test_the_changes_stand_on_both_sides() -> None:
    let_in = {name for name, changed in CHANGED.items() if with_care(changed) is not None}
    assert len(let_in) > 15
    assert len(CHANGED) - len(let_in) > 25
    assert {"the most lines", "the largest", "the longest user"} <= let_in
    assert not {"too many lines", "too large", "too long a user"} & let_in


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_every_other_head(name: str) -> None:
    data = GOOD[name] if name in GOOD else BAD[name][1]
    assert PlainUpgrades(PATH, LIMITS).read(data) in {None, with_care(data)}


@pytest.mark.parametrize("size", range(len(NODE)))
def test_what_has_not_come_whole_is_left(size: int) -> None:
    plain = PlainUpgrades(PATH, LIMITS)
    assert plain.read(NODE) is not None
    assert plain.read(NODE[:size]) is None


@settings(max_examples=500)
@given(st.data(), st.sampled_from([*PLAIN.values(), *CHANGED.values()]))
def test_any_few_bytes_changed(data: st.DataObject, head: bytes) -> None:
    changed = bytearray(head)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(changed)))
        stop = min(len(changed), start + data.draw(st.integers(0, 4)))
        changed[start:stop] = data.draw(
            st.sampled_from([b"", b"\r\n", b" ", b": ", b"\r\n\r\n", b"x", b",", head[start - 9 : start]])
        )
    plain = PlainUpgrades(PATH, LIMITS)
    plain.read(head)
    assert plain.read(bytes(changed)) in {None, with_care(bytes(changed))}


def test_limits() -> None:
    for field in ("head_bytes", "head_lines", "target_bytes", "user_bytes"):
        for limit in range(1, 400):
            limits = HeadLimits(
                **{
                    "head_bytes": 8192,
                    "head_lines": 100,
                    "target_bytes": 4096,
                    "user_bytes": 128,
                    field: limit,
                }
            )
            read = PlainUpgrades(PATH, limits).read(NODE)
            assert read in {None, with_care(NODE, limits)}
    assert len(head_of(of_size(500)).headers) > 0


def test_only_so_much_is_remembered() -> None:
    plain = PlainUpgrades(PATH, LIMITS)
    for number in range(1_000):
        assert plain.read(with_line(b"X: %d" % number)) is not None
        assert 1 <= len(plain._known) <= 64
    remembered = len(plain._known)
    for number in range(100):
        assert plain.read(with_line(b"X: %d\x01" % number)) is None
        assert plain.read(with_line(b"X: 999").replace(USER, b"userId=u%d" % number)) is not None
    assert len(plain._known) == remembered


Read = Callable[[bytes], PlainUpgrade | None]
MISTAKES = [
    ("start + self._longest_user + len(_VERSION)", "len(data)"),
    ("or end > self._limits.head_bytes", ""),
    ("_is_user(user) and ", ""),
    (" and _is_key(key)", ""),
    ('rb"[A-Za-z0-9+/]{22}=="', 'rb".{22}=="'),
    ("shape not in self._known", "shape[0] not in {known[0] for known in self._known}"),
    ('behind.startswith(b"\\r\\n") and ', ""),
    (" and _are_lines(block)", ""),
    ("name in _LEFT_TO_CARE or ", ""),
    ('b"sec-websocket-protocol", ', ""),
    (" or (name in _EXPECTED and name in fields)", ""),
    ("len(lines) + 1 > self._limits.head_lines", "len(lines) > self._limits.head_lines"),
    ("not fields.keys() >= _EXPECTED", "False"),
    ('or fields[b"upgrade"] != b"websocket"', ""),
    ('or fields[b"connection"] not in _CONNECTIONS', ""),
    ('or fields[b"sec-websocket-version"] != b"13"', ""),
    ("data[end:]\n", 'b""\n'),
]


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_a_mistake_is_found(right: str, wrong: str) -> None:
    source = inspect.getsource(plain_upgrade)
    assert source.count(right) == 1, f"{right!r} does not stand once in {plain_upgrade.__name__}"
    module = ModuleType("mistaken")
    exec(compile(source.replace(right, wrong), "mistaken", "exec"), module.__dict__)  # noqa: S102 - the reader itself, with one change

    def shows(data: bytes) -> bool:
        plain = module.__dict__["PlainUpgrades"](PATH, LIMITS)
        try:
            plain.read(NODE)
            return plain.read(data) not in {None, with_care(data)}
        except KeyError:
            return True  # raising is a difference, too

    assert any(map(shows, CHANGED.values()))

"""What a request for a WebSocket has to say, and whose it is."""

from __future__ import annotations

from urllib.parse import quote_plus

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from focus_signal.errors import HttpRefused
from focus_signal.wire.http_head import (
    Head,
    check_upgrade,
    upgrade_answer,
    user_of_query,
    v1_user_of_query,
    wants_websocket,
)
from tests.wire.heads import BROWSER, head_of

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = head_of(BROWSER)


def changed(*lines: tuple[str, str], without: str = "") -> Head:
    """Take some headers off a good upgrade and add others."""
    gone = {*without.split(), *(name for name, _ in lines)}
    kept = tuple((name, value) for name, value in UPGRADE.headers if name not in gone)
    return attrs.evolve(UPGRADE, headers=(*kept, *lines))


def test_a_browsers_upgrade() -> None:
    assert check_upgrade(UPGRADE) == KEY
    assert wants_websocket(UPGRADE)


VERSION = "sec-websocket-version"
NAME = "sec-websocket-key"
GOOD = {
    "connection among others": changed(("connection", "keep-alive, UPGRADE , x")),
    "connection in two lines": changed(("connection", "keep-alive"), ("connection", "upgrade")),
    "no body, said": changed(("content-length", "0")),
    "a key of zeros": changed((NAME, "A" * 22 + "==")),
    "a key with the last letters of base64": changed((NAME, "/+" * 11 + "==")),
    "several hosts of the wrong kind in other headers": changed(("x", "\xff\0")),
}
BAD = {
    "by HTTP/1.0": (400, attrs.evolve(UPGRADE, version="1.0")),
    "by POST": (400, attrs.evolve(UPGRADE, method="POST")),
    "by HEAD": (400, attrs.evolve(UPGRADE, method="HEAD")),
    "by get": (400, attrs.evolve(UPGRADE, method="get")),
    "with a length": (400, changed(("content-length", "1"))),
    "with two lengths": (400, changed(("content-length", "0"), ("content-length", "1"))),
    "with an encoding": (400, changed(("transfer-encoding", "chunked"))),
    "no connection": (400, changed(without="connection")),
    "another connection": (400, changed(("connection", "keep-alive"))),
    "a connection that starts alike": (400, changed(("connection", "upgraded"))),
    "no key": (400, changed(without=NAME)),
    "an empty key": (400, changed((NAME, ""))),
    "two keys": (400, changed((NAME, KEY), (NAME, KEY))),
    "two keys in a line": (400, changed((NAME, f"{KEY}, {KEY}"))),
    "a key of 15 bytes": (400, changed((NAME, "A" * 20))),
    "a key of 17 bytes": (400, changed((NAME, "A" * 23 + "="))),
    "a key without padding": (400, changed((NAME, KEY.rstrip("=")))),
    "a key in the other base64": (400, changed((NAME, "-_" * 11 + "=="))),
    "a key with a space": (400, changed((NAME, KEY[:8] + " " + KEY[8:]))),
    "a key that is no ASCII": (400, changed((NAME, "\xe9" * 22 + "=="))),
    "a key that is no base64": (400, changed((NAME, "!" * 24))),
    "two versions": (400, changed((VERSION, "13"), (VERSION, "13"))),
    "no version": (426, changed(without=VERSION)),
    "version 8": (426, changed((VERSION, "8"))),
    "version 12": (426, changed((VERSION, "12"))),
    "version 013": (426, changed((VERSION, "013"))),
    "version 13.0": (426, changed((VERSION, "13.0"))),
    "an empty version": (426, changed((VERSION, ""))),
    "two versions in a line": (426, changed((VERSION, "13, 8"))),
    "a version that is no ASCII": (426, changed((VERSION, "\xb9\xb3"))),
    # What is wrong for good comes before what another version could mend.
    "no key and no version": (400, changed(without=f"{NAME} {VERSION}")),
    "no connection and no version": (400, changed(without=f"connection {VERSION}")),
    "HTTP/1.0 and no version": (400, attrs.evolve(changed(without=VERSION), version="1.0")),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_upgrade(name: str) -> None:
    assert check_upgrade(GOOD[name]) == GOOD[name].values(NAME)[0]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_upgrade_gets_its_status(name: str) -> None:
    status, head = BAD[name]
    with pytest.raises(HttpRefused) as caught:
        assert wants_websocket(head)
        check_upgrade(head)
    assert caught.value.status == status
    assert caught.value.text
    assert caught.value.text.isprintable()
    assert caught.value.headers == ((("Sec-WebSocket-Version", "13"),) if status == 426 else ())


@pytest.mark.parametrize(
    "value", ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket", " websocket ", "websocket,"]
)
def test_upgrade_is_compared_in_any_case(value: str) -> None:
    assert wants_websocket(changed(("upgrade", value)))


@pytest.mark.parametrize(
    "value", ["", "h2c", "websockets", "web socket", "websocket/13", "xwebsocket", "\xff"]
)
def test_another_upgrade_is_none(value: str) -> None:
    assert not wants_websocket(changed(("upgrade", value)))


def test_no_upgrade_is_none() -> None:
    assert not wants_websocket(changed(without="upgrade"))
    assert wants_websocket(changed(("upgrade", "h2c"), ("upgrade", "websocket")))


@pytest.mark.parametrize(
    ("query", "user"),
    [
        ("userId=ada", "ada"),
        ("x=1&userId=ada&y=2", "ada"),
        ("userId=ada&userId=bob", "ada"),
        ("userId=&userId=x", ""),
        ("userId&userId=x", ""),
        ("userId=", ""),
        ("userId", ""),
        ("", ""),
        ("&&", ""),
        ("=", ""),
        ("x=userId=ada", ""),
        ("userid=ada", ""),
        ("UserId=ada", ""),
        ("userID=ada&USERID=b", ""),
        ("userId%20=ada", ""),
        ("+userId=ada", ""),
        ("userId=a+b", "a b"),
        ("userId=a%2Bb", "a+b"),
        ("userId=a%20b", "a b"),
        ("userId=%C3%A9", "é"),
        ("userId=%c3%a9", "é"),
        ("userId=%F0%9F%98%80", "😀"),
        ("userId=%FF", "\ufffd"),
        ("userId=a%C3b", "a\ufffdb"),
        ("userId=%ED%A0%80", "\ufffd\ufffd\ufffd"),
        ("userId=%C0%80", "\ufffd\ufffd"),
        ("userId=%00", "\0"),
        ("userId=%EF%BB%BFada", "\ufeffada"),
        ("userId=%", "%"),
        ("userId=%zz", "%zz"),
        ("userId=%4", "%4"),
        ("userId=%2541", "%41"),
        ("%75serId=ada", "ada"),
        ("userId=a=b", "a=b"),
        ("userId==", "="),
        ("userId=a;b", "a;b"),
        ("x;userId=ada", ""),
        ("userId=a?b", "a?b"),
        ("userId=/a/b", "/a/b"),
        ("?userId=ada", ""),
        ("userId=%26x%3D", "&x="),
        ("userId=ada#x", "ada#x"),
    ],
)
def test_the_user_is_the_first_user_id(query: str, user: str) -> None:
    assert user_of_query(query, 128) == user


def plainly(query: str) -> str:
    """Decode a form step by step, as the URL standard writes it down."""
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if percent_decoded(name) == "userId":
            return percent_decoded(value)
    return ""


def percent_decoded(text: str) -> str:
    data, decoded = text.replace("+", " ").encode(), bytearray()
    while data:
        code = data[1:3]
        if data[:1] == b"%" and len(code) == 2 and all(digit in b"0123456789abcdefABCDEF" for digit in code):
            decoded.append(int(code, 16))
            data = data[3:]
        else:
            decoded.append(data[0])
            data = data[1:]
    return decoded.decode(errors="replace")


PIECES = [
    "userId",
    "userId=",
    "=",
    "&",
    "%",
    "+",
    "%C3",
    "%A9",
    "%ff",
    "%F0%9F",
    "%41",
    "%75",
    "a",
    "c",
    "0",
    ";",
    "?",
]


@settings(max_examples=1_000)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_user_is_that_of_the_url_standard(query: str) -> None:
    assert user_of_query(query, 10_000) == plainly(query)


@settings(max_examples=500)
@given(st.text(max_size=40))
@example("\0&=+%\ufffd")
def test_any_name_can_be_written(user: str) -> None:
    assert user_of_query(f"x=y&userId={quote_plus(user)}&userId=z", 1_000) == user


@pytest.mark.parametrize(
    ("fits", "over"),
    [
        ("x" * 128, "x" * 129),
        ("%C3%A9" * 64, "%C3%A9" * 64 + "x"),
        ("%F0%9F%98%80" * 32, "%F0%9F%98%80" * 33),
        # What is shown for an invalid byte takes three.
        ("%FF" * 42 + "xx", "%FF" * 43),
        ("+" * 128, "+" * 129),
    ],
)
def test_a_user_id_has_at_most_128_bytes(fits: str, over: str) -> None:
    assert len(user_of_query(f"userId={fits}", 128).encode()) == 128
    with pytest.raises(HttpRefused) as caught:
        user_of_query(f"userId={over}", 128)
    assert caught.value.status == 414
    assert "128" in caught.value.text
    assert user_of_query(f"userId=ada&userId={over}&x={over}", 128) == "ada"


@pytest.mark.parametrize(
    ("query", "user"),
    [
        ("", ""),
        ("userId", ""),
        ("userId=", ""),
        ("userId=&userId=x", ""),
        ("userId=ada", "ada"),
        ("x=%FF&userId=ada&y=%00", "ada"),
        ("userId=ada&userId=%00", "ada"),
        ("%75serId=a+b", "a b"),
        ("userId=%C3%A9%F0%9F%98%80", "\u00e9\U0001f600"),
        ("userId=%EF%BF%BD", "\ufffd"),
        ("userId=%C2%A0%E2%80%8B", "\u00a0\u200b"),
        ("userId=" + "x" * 128, "x" * 128),
        ("userId=" + "%C3%A9" * 64, "\u00e9" * 64),
    ],
)
def test_the_user_of_v1(query: str, user: str) -> None:
    assert v1_user_of_query(query) == user


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("x" * 129, "userId must be at most 128 bytes, not 129."),
        ("%C3%A9" * 65, "userId must be at most 128 bytes, not 130."),
        ("%01" * 129, "userId must be at most 128 bytes, not 129."),
        *(
            (f"a{escaped}b", "userId must be UTF-8.")
            for escaped in ("%FF", "%C3", "%C0%80", "%ED%A0%80", "%F8%88%80%80%80")
        ),
        *(
            (f"a{quote_plus(control)}b", "userId must have no control characters.")
            for control in (*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)))
        ),
    ],
)
def test_who_is_no_user_of_v1(user: str, told: str) -> None:
    with pytest.raises(HttpRefused) as caught:
        v1_user_of_query(f"x=1&userId={user}&userId=ada")
    assert (caught.value.status, caught.value.text) == (400, told)


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_who_is_a_user_of_both_is_called_the_same(query: str) -> None:
    try:
        user = v1_user_of_query(query)
    except HttpRefused:
        assert "\ufffd" in user_of_query(query, 10_000)
    else:
        assert user == user_of_query(query, 10_000)


def test_the_answer_names_what_was_chosen() -> None:
    plain, chosen = upgrade_answer(KEY), upgrade_answer(KEY, "focus-signal.v1")
    assert b"Sec-WebSocket-Protocol" not in plain
    line = b"Sec-WebSocket-Protocol: focus-signal.v1\r\n"
    assert chosen.count(line) == 1
    assert chosen.replace(line, b"") == plain
    assert chosen.endswith(b"\r\n\r\n")
    assert chosen.count(b"\r\n\r\n") == 1

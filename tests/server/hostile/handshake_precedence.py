"""Handshakes that are wrong in two ways: the first of them is answered. And pages of other origins.

The order: the sizes of what came, the version, the grammar and the Host, the size of the userId, an upgrade
in HTTP/1.0, the path, the method of a page, the upgrade itself, the origin. What the server cannot take at
the moment comes behind those (`crowds`), and a missing userId is told behind the handshake.
"""

from __future__ import annotations

from tests.server.hostile.answers import Wanted
from tests.server.hostile.handshake_sizes import sized_head, target_head, user_head
from tests.server.hostile.handshake_table import BAD_KEY, NO_HTTP, NOT_FOUND, BadHandshake, head, plain

ALLOWED = "https://friends.example"
"""The only origin that is allowed where these are played."""

FORBIDDEN = Wanted(403, "Pages of this origin may not connect.")
_EVIL = b"Origin: https://elsewhere.example\r\n"
_LONG_USER = f"GET /signal?userId={'a' * 129}"
_TOO_LONG_USER = Wanted(414, "at most 128 bytes, not 129")
_NO_19 = Wanted(505, "not HTTP/1.9.")

DOUBLY = (
    BadHandshake("too large, and garbage", b"\0" * 9000 + b"\r\n\r\n", Wanted(431, "larger than 8192 bytes")),
    BadHandshake(
        "too large, and HTTP/1.9",
        sized_head(8193).replace(b"HTTP/1.1", b"HTTP/1.9"),
        Wanted(431, "larger than 8192 bytes"),
    ),
    BadHandshake(
        "too many lines, and too long a target",
        b"GET /%b HTTP/1.1\r\n%b\r\n" % (b"a" * 4096, b"X: y\r\n" * 101),
        Wanted(431, "than 100 header lines"),
    ),
    BadHandshake(
        "too long a target, and HTTP/1.9",
        target_head(4097, version="1.9"),
        Wanted(414, "longer than 4096 bytes"),
    ),
    BadHandshake("HTTP/1.9, and a header with NUL", head("GET / HTTP/1.9", add=b"X: \0\r\n"), _NO_19),
    BadHandshake("HTTP/1.9, and too long a userId", head(f"{_LONG_USER} HTTP/1.9"), _NO_19),
    BadHandshake("HTTP/1.9, and a path that is not ours", head("GET /nowhere HTTP/1.9"), _NO_19),
    BadHandshake("HTTP/1.9, and a method of its own", head("BREW /signal HTTP/1.9"), _NO_19),
    BadHandshake(
        "a header with NUL, and a path that is not ours",
        head("GET /nowhere HTTP/1.1", add=b"X: \0\r\n"),
        NO_HTTP,
    ),
    BadHandshake(
        "two Hosts, and a path that is not ours",
        plain("GET /nowhere HTTP/1.1", b"Host: b\r\n"),
        Wanted(400, "not 2 times."),
    ),
    BadHandshake(
        "two Hosts, and too long a userId",
        head(f"{_LONG_USER} HTTP/1.1", add=b"Host: b\r\n"),
        Wanted(400, "not 2 times."),
    ),
    BadHandshake("too long a userId, and no upgrade", plain(f"{_LONG_USER} HTTP/1.1"), _TOO_LONG_USER),
    BadHandshake(
        "too long a userId, and a bad key",
        head(f"{_LONG_USER} HTTP/1.1", sec_websocket_key="x"),
        _TOO_LONG_USER,
    ),
    BadHandshake(
        "too long a userId, and an upgrade in HTTP/1.0", head(f"{_LONG_USER} HTTP/1.0"), _TOO_LONG_USER
    ),
    BadHandshake(
        "too long a userId, and an origin that is not allowed",
        user_head("a" * 129).replace(b"Host:", _EVIL + b"Host:"),
        _TOO_LONG_USER,
    ),
    BadHandshake(
        "a path that is not ours, and a bad key",
        head("GET /nowhere HTTP/1.1", sec_websocket_key="x"),
        NOT_FOUND,
    ),
    BadHandshake(
        "a path that is not ours, and an origin that is not allowed",
        head("GET /nowhere HTTP/1.1", add=_EVIL),
        NOT_FOUND,
    ),
    BadHandshake(
        "an upgrade by POST, and with a body",
        head("POST /signal?userId=u HTTP/1.1", add=b"Content-Length: 5\r\n", body=b"hello"),
        Wanted(400, "needs the method GET, not POST."),
    ),
    BadHandshake(
        "no key, and another version of WebSocket",
        head(without=["Sec-WebSocket-Key"], sec_websocket_version="8"),
        BAD_KEY,
    ),
    BadHandshake(
        "another version of WebSocket, and an origin that is not allowed",
        head(sec_websocket_version="8", add=_EVIL),
        Wanted(426, "must be 13", {"Sec-WebSocket-Version": "13"}),
    ),
    BadHandshake(
        "no userId, and an origin that is not allowed", head("GET /signal HTTP/1.1", add=_EVIL), FORBIDDEN
    ),
)


def _from(origin: str) -> bytes:
    return head(add=f"Origin: {origin}\r\n".encode("latin-1"))


ORIGINS = tuple(
    BadHandshake(f"a page of the origin {origin}", _from(origin), FORBIDDEN)
    for origin in (
        "https://elsewhere.example",
        "http://friends.example",
        "https://friends.example:8443",
        "https://friends.example.elsewhere.example",
        "https://sub.friends.example",
        "https://unfriends.example",
        "null",
        "\xfc",
    )
)

ALLOWED_ORIGINS: tuple[tuple[str, bytes, str], ...] = (
    ("a page of an origin that is allowed", _from(ALLOWED), "u"),
    ("the same in capitals", _from(ALLOWED.upper()), "u"),
    ("no page, and so no origin", head(), "u"),
)

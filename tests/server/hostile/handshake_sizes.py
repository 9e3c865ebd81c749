"""Handshakes at their limits and beyond them, ones that never end, and ones with much behind them."""

from __future__ import annotations

from attrs import frozen

from tests.server.hostile.answers import Wanted
from tests.server.hostile.handshake_table import NO_UPGRADE, BadHandshake, head, plain

_MEGABYTE = bytes(1 << 20)
_LENGTH = b"Content-Length: 1048576\r\n"


@frozen
class Limit:
    """Be a limit: what is just within it is welcomed, and what is just beyond it gets an answer."""

    within: str
    inside: bytes
    beyond: BadHandshake


def sized_head(size: int) -> bytes:
    """Write a rightful handshake of so many bytes."""
    bare = head(add=b"X-Fill: \r\n")
    return head(add=b"X-Fill: %b\r\n" % (b"a" * (size - len(bare))))


def lined_head(lines: int) -> bytes:
    """Write a rightful handshake of so many header lines."""
    return head(add=b"X: y\r\n" * (lines - 5))


def user_head(user: str) -> bytes:
    """Write a handshake in the name of a user, given as it stands in the target."""
    return head(f"GET /signal?userId={user} HTTP/1.1")


def target_head(size: int, spaces: str = " ", version: str = "1.1") -> bytes:
    """Write a handshake whose target has so many bytes."""
    target = "/signal?userId=u&fill="
    return head(f"GET{spaces}{target}{'a' * (size - len(target))} HTTP/{version}")


def _limit(within: str, inside: bytes, beyond: str, outside: bytes, status: int, says: str) -> Limit:
    return Limit(within, inside, BadHandshake(beyond, outside, Wanted(status, says)))


_LONG_TARGET = "longer than 4096 bytes"

LIMITS = (
    _limit(
        "a head of 8,192 bytes",
        sized_head(8192),
        "a head of 8,193 bytes",
        sized_head(8193),
        431,
        "larger than 8192 bytes",
    ),
    _limit(
        "100 header lines", lined_head(100), "101 header lines", lined_head(101), 431, "than 100 header lines"
    ),
    _limit(
        "a target of 4,096 bytes",
        target_head(4096),
        "a target of 4,097 bytes",
        target_head(4097),
        414,
        _LONG_TARGET,
    ),
    _limit(
        "a target of 4,096 bytes behind two spaces",
        target_head(4096, "  "),
        "a target of 4,097 bytes behind two spaces",
        target_head(4097, "  "),
        414,
        _LONG_TARGET,
    ),
    _limit(
        "a user of 128 letters",
        user_head("a" * 128),
        "a user of 129 letters",
        user_head("a" * 129),
        414,
        "at most 128 bytes, not 129",
    ),
    _limit(
        "a user of 64 umlauts",
        user_head("%C3%BC" * 64),
        "a user of 64 umlauts and a letter",
        user_head("%C3%BC" * 64 + "a"),
        414,
        "not 129",
    ),
)

_LARGE = "larger than 8192"

UNFINISHED = (
    BadHandshake("a head that never ends", b"GET /signal HTTP/1.1\r\nX: " + b"a" * 9000, Wanted(431, _LARGE)),
    BadHandshake(
        "header lines that never end",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101,
        Wanted(431, "than 100 header lines"),
    ),
    BadHandshake("a target that never ends", b"GET /" + b"a" * 5000, Wanted(414, "longer than 4096")),
    BadHandshake("a method that never ends", b"GETGETGET" * 10, Wanted(400, "This is no HTTP request")),
    BadHandshake("empty lines that never end", b"\r\n" * 5000, Wanted(431, _LARGE)),
)

BODIES = tuple(
    BadHandshake(f"{name}, and a megabyte", sent + _MEGABYTE, wanted)
    for name, sent, wanted in (
        ("POST to /signal", plain("POST /signal HTTP/1.1", _LENGTH), NO_UPGRADE),
        (
            "POST to a page",
            plain("POST /healthz HTTP/1.1", _LENGTH),
            Wanted(405, "not POST.", {"Allow": "GET, HEAD"}),
        ),
        (
            "POST to the demo page",
            plain("POST / HTTP/1.1", _LENGTH),
            Wanted(405, "not POST.", {"Allow": "GET, HEAD"}),
        ),
        ("POST to nowhere", plain("POST /nowhere HTTP/1.1", _LENGTH), Wanted(404, "Not Found")),
        ("an upgrade with a body", head(add=_LENGTH), Wanted(400, "no body")),
        # Bytes are counted before they are understood, so this is too large before it is garbage.
        ("garbage", b"\0\r\n", Wanted(431, _LARGE)),
        ("a head without an end", b"GET / HTTP/1.1\r\nX: ", Wanted(431, _LARGE)),
    )
)

_CUT_SHORT = Wanted(400, "ended before its head was complete")
# The peer sends no more behind these, and reads on.
HALVES = tuple(
    BadHandshake(name, b"GET /signal?userId=u HTTP/1.1\r\n" + behind, _CUT_SHORT)
    for name, behind in (
        ("the end behind the request line", b""),
        ("the end within a header line", b"half"),
        ("the end within the empty line", b"Host: 127.0.0.1\r\n\r"),
    )
)

PAGES = (
    BadHandshake("a page in HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", Wanted(200, "ok")),
    BadHandshake(
        "a page in HTTP/1.0 with two Hosts",
        b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        Wanted(200, "ok"),
    ),
    BadHandshake("no page, in HTTP/1.0", b"GET /nowhere HTTP/1.0\r\n\r\n", Wanted(404, "Not Found")),
    BadHandshake("/signal in HTTP/1.0", b"GET /signal HTTP/1.0\r\n\r\n", NO_UPGRADE),
    BadHandshake("a page", plain("GET /readyz HTTP/1.1"), Wanted(200, "ready")),
    BadHandshake("HEAD of a page", plain("HEAD /readyz HTTP/1.1"), Wanted(200, "", head_only=True)),
    BadHandshake("a page with a query", plain("GET /healthz?userId=u HTTP/1.1"), Wanted(200, "ok")),
    BadHandshake("two requests at once", plain("GET /healthz HTTP/1.1") * 2, Wanted(200, "ok")),
)

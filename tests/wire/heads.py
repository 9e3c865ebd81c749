"""Request heads, good and bad, and what becomes of one that comes in pieces."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from focus_signal.errors import HttpRefused
from focus_signal.wire.http_head import Head, HeadLimits, HeadReader

LIMITS = HeadLimits(head_bytes=8 * 1024, head_lines=100, target_bytes=4 * 1024, user_bytes=128)
HOST = b"Host: example.test\r\n"
GET = b"GET /signal?userId=ada HTTP/1.1\r\n" + HOST
BROWSER = (
    GET + b"Connection: keep-alive, Upgrade\r\n"
    b"Pragma: no-cache\r\n"
    b"Upgrade: websocket\r\n"
    b"Origin: https://example.test\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Accept-Language: de-CH,de;q=0.9\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)

Verdict = tuple[Head, bytes] | int | None


def verdict(data: bytes, cuts: Iterable[int] = ()) -> Verdict:
    """Feed the data, cut at these places, until there is an answer.

    Returns:
      the head and everything behind it, the status of the refusal, or None when more has to come.
    """
    reader = HeadReader(LIMITS)
    for start, stop in pairwise([0, *cuts, len(data)]):
        try:
            read = reader.feed(data[start:stop])
        except HttpRefused as refusal:
            text, status = refusal.text, refusal.status
            # The one line that the client is told; nothing of a bad head may get into it unseen.
            assert text
            assert text.isascii()
            assert text.isprintable()
            return status
        if read is not None:
            head, rest = read
            return head, rest + data[stop:]
    return None


def head_of(data: bytes) -> Head:
    read = verdict(data)
    assert isinstance(read, tuple), read
    return read[0]


def of_size(size: int) -> bytes:
    """Make a good head of so many bytes."""
    filler = size - len(GET) - len(b"X: \r\n\r\n")
    return GET + b"X: " + b"x" * filler + b"\r\n\r\n"


def of_lines(lines: int) -> bytes:
    """Make a good head of so many header lines."""
    return GET + b"X: x\r\n" * (lines - 1) + b"\r\n"


def of_target(size: int, spaces: bytes = b" ") -> bytes:
    """Make a good head with a target of so many bytes."""
    return b"GET" + spaces + b"/" + b"x" * (size - 1) + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def with_line(line: bytes) -> bytes:
    return GET + line + b"\r\n\r\n"


GOOD: dict[str, bytes] = {
    "a browser's": BROWSER,
    "the smallest": b"GET / HTTP/1.0\r\n\r\n",
    "with a host": GET + b"\r\n",
    "with something behind it": BROWSER + b"\x81\x85rest of a frame",
    "with a body": b"POST /signal HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody",
    "with an announced body on an upgrade": BROWSER[:-2] + b"Content-Length: 4\r\n\r\nbody",
    "with another one behind it": GET + b"\r\n" + GET + b"\r\n",
    "after empty lines": b"\r\n\r\n" + BROWSER,
    "HTTP/1.0 with an upgrade": BROWSER.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "of the largest size": of_size(8 * 1024),
    "of the largest size, with more behind it": of_size(8 * 1024) + b"x" * 20_000,
    "with the most lines": of_lines(100),
    "with the longest target": of_target(4 * 1024),
    "with values that are no ASCII": with_line(b"X: \xc3\xa9\xff\x80"),
    "with an empty value": with_line(b"X:"),
    "with a tab in a value": with_line(b"X: a\tb"),
    "with a version in its target": b"GET /?HTTP/2.0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "by another method": b"M-SEARCH * HTTP/1.1\r\n" + HOST + b"\r\n",
    "in absolute form": b"GET http://example.test/signal?userId=ada HTTP/1.1\r\n" + HOST + b"\r\n",
}

# One wrong thing in each, and the status that it gets.
BAD: dict[str, tuple[int, bytes]] = {
    "one byte too large": (431, of_size(8 * 1024 + 1)),
    "much too large": (431, of_size(30_000)),
    "without an end": (431, of_size(30_000)[:8_192]),
    "nothing but empty lines": (431, b"\r\n" * 4_096),
    "one line too many": (431, of_lines(101)),
    "many lines too many": (431, of_lines(1_000)),
    "a target one byte too long": (414, of_target(4 * 1024 + 1)),
    "a target much too long": (414, of_target(8_000)),
    "garbage": (400, b"\x00\x01\x02\x03\r\n\r\n"),
    "words": (400, b"hello there\r\n\r\n"),
    "a TLS hello": (400, bytes.fromhex("16030102000100 01fc0303") + b"r" * 32),
    "an SSH banner": (400, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a PROXY line": (400, b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 80\r\n" + BROWSER),
    "a PROXY header of version 2": (400, b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + b"\x7f" * 12 + BROWSER),
    "a frame": (400, b"\x81\x85\x00\x00\x00\x00hello"),
    "NUL in a value": (400, with_line(b"X: a\0b")),
    "NUL in a name": (400, with_line(b"X\0: a")),
    "NUL in the target": (400, b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a bare CR in a value": (400, with_line(b"X: a\rb")),
    "a bare LF after a value": (400, GET + b"X: a\nY: b\r\n\r\n"),
    "bare LFs": (400, GET.replace(b"\r\n", b"\n") + b"\n"),
    "a folded line": (400, with_line(b"X: a\r\n b")),
    "a line folded with a tab": (400, with_line(b"X: a\r\n\tb")),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, GET + HOST + b"\r\n"),
    "two hosts in other cases": (400, GET + HOST.upper() + b"\r\n"),
    "length and encoding": (400, with_line(b"Content-Length: 3\r\nTransfer-Encoding: chunked")),
    "encoding and length": (400, with_line(b"Transfer-Encoding: chunked\r\nContent-Length: 3")),
    "two lengths": (400, with_line(b"Content-Length: 3\r\nContent-Length: 4")),
    "a length that is no number": (400, with_line(b"Content-Length: 3x")),
    "an unknown method": (400, b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method in lower case": (400, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "no version": (400, b"GET /\r\n" + HOST + b"\r\n"),
    "a version in lower case": (400, b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    "a version of something else": (400, b"GET / RTSP/1.0\r\n" + HOST + b"\r\n"),
    "a version without a number": (400, b"GET / HTTP/x\r\n" + HOST + b"\r\n"),
    "a space in the target": (400, b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a target that is no ASCII": (400, b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a name that is no token": (400, with_line(b"X Y: a")),
    "a name that is no ASCII": (400, with_line(b"\xc3\xa9: a")),
    "a space before the colon": (400, with_line(b"X : a")),
    "no colon": (400, with_line(b"X")),
    "no name": (400, with_line(b": a")),
    "the preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2": (505, b"GET / HTTP/2\r\n" + HOST + b"\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "HTTP/1.9": (505, b"GET / HTTP/1.9\r\n" + HOST + b"\r\n"),
    "HTTP/3.0": (505, b"GET / HTTP/3.0\r\n" + HOST + b"\r\n"),
    "HTTP/0.9": (505, b"GET / HTTP/0.9\r\n" + HOST + b"\r\n"),
    "HTTP/1.10": (505, b"GET / HTTP/1.10\r\n" + HOST + b"\r\n"),
    "HTTP/11.1": (505, b"GET / HTTP/11.1\r\n" + HOST + b"\r\n"),
}

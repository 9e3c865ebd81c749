"""The head of an HTTP request: nothing but refusals is raised, and pieces decide nothing.

What is taken at a glance is taken with care, too. An input is what comes up to the first answer.
"""

from __future__ import annotations

import sys
from functools import partial

from focus_signal.errors import HttpRefused
from focus_signal.wire import http_head, plain_upgrade
from focus_signal.wire.http_head import (
    Head,
    check_upgrade,
    upgrade_answer,
    user_of_query,
    v1_user_of_query,
    wants_websocket,
)
from focus_signal.wire.messages.from_client import LONGEST_USER
from focus_signal.wire.plain_upgrade import PlainUpgrades
from focus_signal.wire.user_ids import is_user_id
from tests.fuzz.planting import Plant, changed
from tests.fuzz.target import GROW, Meter, Target, Wrong, cuts_of, grown
from tests.wire import heads
from tests.wire.heads import BAD, BROWSER, GOOD, LIMITS, Verdict, verdict
from tests.wire.test_http_head import TOKENS
from tests.wire.test_http_upgrade import PIECES
from tests.wire.test_plain_upgrade import CHANGED, NODE, PATH, PLAIN, with_care

# More than any head may have.
_GROWN = 20_000
# So many bytes are fed one by one.
_SMALL = 200
# What may make a whole head of the beginning of one.
_ENDS = (b"\r\n\r\n", b"/1.1\r\nHost: x\r\n\r\n", b" HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\nHost: x\r\n\r\n")
_HEAD_STATUSES = {400, 414, 431, 505}
_UPGRADE_STATUSES = {400, 414, 426}


def check(data: bytes, meter: Meter) -> None:
    """Read a head whole, in pieces, at a glance, and what it asks for."""
    data = grown(data, _GROWN)
    whole = meter.measure(lambda: verdict(data))
    for cuts in (cuts_of(data), range(1, min(len(data), _SMALL))):
        pieces = meter.measure(partial(verdict, data, cuts))
        _compare(data, whole, pieces)
    if whole is None and len(data) >= LIMITS.head_bytes:
        raise Wrong(f"more is waited for behind {len(data)} bytes")
    if isinstance(whole, tuple):
        head, rest = whole
        if not data.endswith(rest) or len(data) - len(rest) > LIMITS.head_bytes:
            raise Wrong(f"{len(rest)} bytes are left behind a head of {len(data)}")
        meter.measure(partial(_check_upgrade, head))
        meter.measure(partial(_check_v1_user, head))
    care = with_care(data)
    for before in ((), (data,), (BROWSER, NODE)):
        plain = PlainUpgrades(PATH, LIMITS)
        for earlier in before:
            plain.read(earlier)
        glance = meter.measure(partial(plain.read, data))
        if glance not in {None, care}:
            raise Wrong(f"at a glance {glance}, with care {care}, behind {len(before)} others")


def _compare(data: bytes, whole: Verdict, pieces: Verdict) -> None:
    """Pieces may decide when, and of two things wrong which, is seen first, but never whether one is."""
    if isinstance(whole, int) and isinstance(pieces, int):
        if not {whole, pieces} <= _HEAD_STATUSES:
            raise Wrong(f"refused with {whole} and {pieces}")
    elif whole is None and isinstance(pieces, int):
        # The parser is not shown half a version, nor the space before it, where that space is wrong already.
        for end in _ENDS:
            if not isinstance(verdict(data + end), int):
                raise Wrong(f"refused in pieces with {pieces}, and served with {end!r} behind it")
    elif pieces != whole:
        raise Wrong(f"whole {whole}, in pieces {pieces}")


def _check_upgrade(head: Head) -> None:
    try:
        user = user_of_query(head.query, LIMITS.user_bytes)
        if len(user.encode()) > LIMITS.user_bytes:
            raise Wrong(f"the user {user!r}")
        if wants_websocket(head):
            answer = upgrade_answer(check_upgrade(head))
            if answer.count(b"\r\n\r\n") != 1 or not answer.endswith(b"=\r\n\r\n") or not answer.isascii():
                raise Wrong(f"the answer {answer!r}")
    except HttpRefused as refusal:
        # What a peer sent may be in a text, and must not make another line of it.
        if refusal.status not in _UPGRADE_STATUSES or not refusal.text.isprintable():
            raise Wrong(f"refused with {refusal.status} {refusal.text!r}") from refusal


def _check_v1_user(head: Head) -> None:
    try:
        user = v1_user_of_query(head.query)
    except HttpRefused as refusal:
        if refusal.status != 400 or not refusal.text.isprintable():
            raise Wrong(f"refused with {refusal.status} {refusal.text!r}") from refusal
        return
    # Nobody at all is the server's to name.
    if user and not is_user_id(user, LONGEST_USER):
        raise Wrong(f"the user {user!r}")


def _query(*pieces: str) -> bytes:
    return f"GET {PATH}?{''.join(pieces)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


SEEDS = (
    *PLAIN.values(),
    *GOOD.values(),
    *(bad for _, bad in BAD.values()),
    *CHANGED.values(),
    *(_query("userId", piece, "a=", piece, "&userId=", piece) for piece in PIECES),
    *(
        NODE.replace(b"\r\nHost", GROW + part + GROW + b"\r\nHost")
        for part in (b"\r\nX: y", b" ", b"\r\n\t", b"\r", b"a")
    ),
    *(
        b"GET " + GROW + part + GROW + b" HTTP/1.1\r\n\r\n"
        for part in (b"/", b" ", b" HTTP", b"HTTP/1.", b"\r", b"\n")
    ),
    _query("userId=").replace(b"=", b"=" + GROW + b"%C3" + GROW),
    _query("userId=").replace(b"userId=", GROW + b"x&" + GROW + b"userId=a"),
    GROW + b"\r\n" + GROW + NODE,
    b" HTTP",
    b"\r HTTP",
)
WORDS = (
    *TOKENS,
    *(piece.encode() for piece in PIECES),
    *(
        b"Host: ",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"POST ",
        b"PRI * HTTP/2.0",
    ),
    *(
        b"Sec-WebSocket-Key: ",
        b"dGhlIHNhbXBsZSBub25jZQ==",
        b"Transfer-Encoding: chunked",
        b"http://",
        b"/signal?userId=",
    ),
    *(b", ", b"keep-alive", b"Content-Length: 0\r\n", b"HTTP/1.0", b"HTTP/1.9", b"\xc3\xa9", b": ", GROW),
)


def _head(right: str, wrong: str) -> Plant:
    return changed(heads, "HeadReader", http_head, right, wrong)


def _glance(right: str, wrong: str) -> Plant:
    return changed(sys.modules[__name__], "PlainUpgrades", plain_upgrade, right, wrong)


def _here(name: str, right: str, wrong: str) -> Plant:
    return changed(sys.modules[__name__], name, http_head, right, wrong)


MUTANTS = {
    "parser-errors-are-raised": _head(
        "except httptools.HttpParserError as error:", "except ZeroDivisionError as error:"
    ),
    "headers-must-be-ascii": _head('value.decode("latin-1").strip', 'value.decode("ascii").strip'),
    "a-byte-is-read-twice": _head("max(self._fed, upto)", "max(self._fed, upto - 1)"),
    "version-before-its-end": _head(r'{1,3})?)\r?\n")', '{1,3})?)")'),
    "what-is-behind-is-lost": _head("bytes(self._buffer[end:])", 'b""'),
    "size-of-a-piece": _head("self._dropped + (len(self._buffer)", "self._dropped + (0"),
    "empty-lines-are-free": _head("self._dropped += lines.end()", "self._dropped += 0"),
    "length-in-characters": _here(
        "user_of_query",
        "size = len(user.encode())\n    if size > max_bytes:",
        "size = len(user)\n    if size > max_bytes:",
    ),
    "v1-controls-in-a-name": _here("v1_user_of_query", "if _has_control(user):", "if False:"),
    "v1-bytes-beyond-utf-8": _here(
        "v1_user_of_query", "except UnicodeEncodeError:", "except ZeroDivisionError:"
    ),
    "bytes-beyond-utf-8": _here("user_of_query", 'errors="replace"', 'errors="strict"'),
    "any-key-is-answered": _here("check_upgrade", "or not _is_key(keys[0])", ""),
    "method-is-shown-as-it-came": _here(
        "check_upgrade", "GET, not {head.method}.", "GET,\\n not {head.method}."
    ),
    "glance-at-any-user": _glance("_is_user(user) and ", ""),
    "glance-at-any-size": _glance("or end > self._limits.head_bytes", ""),
    "glance-at-any-lines": _glance(" and _are_lines(block)", ""),
    "glance-at-any-version": _glance('or fields[b"sec-websocket-version"] != b"13"', ""),
    "glance-remembers-a-half": _glance(
        "shape not in self._known", "shape[0] not in {known[0] for known in self._known}"
    ),
}

TARGET = Target(
    check=check,
    seeds=SEEDS,
    words=WORDS,
    longest=2048,
    mutants=MUTANTS,
)

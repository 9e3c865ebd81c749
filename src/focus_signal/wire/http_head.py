"""The head of an HTTP request: bytes in, a `Head` or the error that answers it out.

httptools (llhttp) reads the grammar. Bytes and lines are counted before it sees them, and what it lets pass
and this server does not is checked after it: the version, the number of Hosts, and everything about an
upgrade. A value that is no ASCII is read as latin-1, so that nothing raises.
"""

import base64
import binascii
import hashlib
import re
from urllib.parse import parse_qsl

import httptools
from attrs import define, field, frozen

from focus_signal.errors import HttpRefused

_EMPTY_LINES = re.compile(rb"(?:\r\n)+")
_END = b"\r\n\r\n"
_HTTP_VERSION = re.compile(rb" HTTP/([0-9]{1,3}(?:\.[0-9]{1,3})?)\r?\n")
_KEY_BYTES = 16
# A query that is nothing but a user id, in characters that stand for themselves: nearly every one.
_PLAIN_QUERY = re.compile(r"userId=([A-Za-z0-9._~-]+)")
# What a user id may have in `focus-signal.v1`, and may not.
_V1_USER_BYTES = 128
_has_control = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
# What makes the answer to a key one that nobody gives by accident (RFC 6455, section 1.3).
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@frozen
class HeadLimits:
    """Bound what a head may take.

    Args:
      head_bytes: the whole head, with the empty line that ends it.
      head_lines: its header lines, without the request line.
      target_bytes: the request target.
      user_bytes: the user id in the target, in bytes of UTF-8.
    """

    head_bytes: int
    head_lines: int
    target_bytes: int
    user_bytes: int


@frozen
class Head:
    """Be a request's head; the names of the headers are in lower case.

    Args:
      method: as it came.
      version: "1.0" or "1.1".
      path: the target up to the question mark.
      query: the target behind it.
      headers: every header line, in order.
    """

    method: str
    version: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """List the values of all lines of a header."""
        return [value for key, value in self.headers if key == name]

    def tokens(self, name: str) -> list[str]:
        """List the comma-separated members of a header in lower case, over all its lines."""
        members = ",".join(self.values(name)).split(",")
        return [member.strip().lower() for member in members if member.strip()]


@define(eq=False)
class HeadReader:
    """Read one head from whatever pieces it comes in.

    Args:
      limits: what the head may take.
    """

    limits: HeadLimits
    _buffer: bytearray = field(factory=bytearray, init=False)
    _dropped: int = field(default=0, init=False)
    _fed: int = field(default=0, init=False)
    _line: bytes = field(default=b"", init=False)
    _version: str | None = field(default=None, init=False)
    _parser: httptools.HttpRequestParser = field(init=False)
    _parts: "_Parts" = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._parts = _Parts()
        self._parser = httptools.HttpRequestParser(self._parts)

    @property
    def empty(self) -> bool:
        """Tell whether nothing has come yet."""
        return not self._buffer and not self._dropped

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """Take what was read.

        Returns:
          the head and what was read behind it, once the head is complete; None before that.

        Raises:
          HttpRefused: this can no longer become a head that is served.
        """
        self._buffer += data
        self._drop_empty_lines()
        # The first line, with its end if that has come.
        self._line = bytes(self._buffer[: self._buffer.find(b"\n") + 1 or None])
        found = self._buffer.find(_END)
        end = None if found < 0 else found + len(_END)
        self._check_sizes(end)
        self._check_version()
        self._parse(self._readable() if end is None else end)
        if end is None:
            return None
        return self._head(), bytes(self._buffer[end:])

    def _drop_empty_lines(self) -> None:
        """Forget the empty lines before a request (RFC 9112, section 2.2), but not how many they were."""
        lines = _EMPTY_LINES.match(self._buffer)
        if lines is not None and not self._fed:
            self._dropped += lines.end()
            del self._buffer[: lines.end()]

    def _check_sizes(self, end: int | None) -> None:
        limit = self.limits.head_bytes
        size = self._dropped + (len(self._buffer) if end is None else end)
        if size > limit or (end is None and size == limit):
            raise HttpRefused(431, f"The request head is larger than {limit} bytes.")
        # The request line and the empty line are no header lines.
        lines = self._buffer.count(b"\n", 0, end) - (1 if end is None else 2)
        if lines > self.limits.head_lines:
            raise HttpRefused(431, f"The request head has more than {self.limits.head_lines} header lines.")
        # The parser takes several spaces for one.
        target = self._line.partition(b" ")[2].lstrip(b" ").partition(b" ")[0]
        if len(target) > self.limits.target_bytes:
            raise HttpRefused(414, f"The request target is longer than {self.limits.target_bytes} bytes.")

    def _check_version(self) -> None:
        """Look at the version before the parser does, which calls some of them plain errors."""
        found = _HTTP_VERSION.search(self._line)
        self._version = found[1].decode() if found else None
        if self._version is not None and self._version not in {"1.0", "1.1"}:
            raise HttpRefused(505, f"HTTP/1.1 is spoken here, not HTTP/{self._version}.")

    def _readable(self) -> int:
        """Tell how far the parser may read: not into a version, or an empty line, that has not come whole."""
        if len(self._buffer) == 1 and self._buffer.startswith(b"\r"):
            return 0
        version = self._buffer.rfind(b" HTTP")
        return version if version >= 0 and b"\n" not in self._buffer else len(self._buffer)

    def _parse(self, upto: int) -> None:
        chunk = bytes(self._buffer[self._fed : upto])
        self._fed = max(self._fed, upto)
        try:
            self._parser.feed_data(chunk)
        except httptools.HttpParserUpgrade:
            pass  # what follows the head is another protocol's, and is none of the parser's business
        except httptools.HttpParserError as error:
            raise HttpRefused(400, f"This is no HTTP request: {error}.") from None

    def _head(self) -> Head:
        if self._version is None or not self._parts.complete:
            raise HttpRefused(400, "This is no HTTP request: its first line names no HTTP version.")
        path, _, query = _origin_form(self._parts.target.decode("latin-1")).partition("?")
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))
            for name, value in self._parts.headers
        )
        method = self._parser.get_method().decode("ascii")
        head = Head(method, self._version, path, query, headers)
        if self._version == "1.1" and len(head.values("host")) != 1:
            raise HttpRefused(400, f"Host must be there once, not {len(head.values('host'))} times.")
        return head


def user_of_query(query: str, max_bytes: int) -> str:
    """Find the user id in a query string, decoded as a form; empty when there is none.

    Raises:
      HttpRefused: it is longer than `max_bytes` bytes of UTF-8.
    """
    plain = _PLAIN_QUERY.fullmatch(query)
    if plain is not None:
        user = plain[1]
    else:
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
        user = next((value for name, value in pairs if name == "userId"), "")
    size = len(user.encode())
    if size > max_bytes:
        raise HttpRefused(414, f"userId must be at most {max_bytes} bytes, not {size}.")
    return user


def v1_user_of_query(query: str) -> str:
    """Find the user id of a client of `focus-signal.v1`; empty when it leaves that to the server.

    Nothing is put in place of what cannot be decoded, as it is for a seed client: nobody is called otherwise
    than they say.

    Raises:
      HttpRefused: it is longer than 128 bytes, no UTF-8, or has a control character.
    """
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    user = next((value for name, value in pairs if name == "userId"), "")
    try:
        size = len(user.encode())
    except UnicodeEncodeError:
        raise HttpRefused(400, "userId must be UTF-8.") from None
    if size > _V1_USER_BYTES:
        raise HttpRefused(400, f"userId must be at most {_V1_USER_BYTES} bytes, not {size}.")
    if _has_control(user):
        raise HttpRefused(400, "userId must have no control characters.")
    return user


def check_upgrade(head: Head) -> str:
    """Check that a request which asks for a WebSocket asks for it rightly (RFC 6455, section 4.2.1).

    Returns:
      the client's key.

    Raises:
      HttpRefused: it does not.
    """
    if head.method != "GET":
        raise HttpRefused(400, f"An upgrade needs the method GET, not {head.method}.")
    if head.values("transfer-encoding") or any(value != "0" for value in head.values("content-length")):
        raise HttpRefused(400, "An upgrade must have no body.")
    if "upgrade" not in head.tokens("connection"):
        raise HttpRefused(400, "An upgrade needs the header Connection: upgrade.")
    keys = head.values("sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise HttpRefused(400, "Sec-WebSocket-Key must be there once, as 16 bytes in base64.")
    versions = head.values("sec-websocket-version")
    if len(versions) > 1:
        raise HttpRefused(400, f"Sec-WebSocket-Version must be there once, not {len(versions)} times.")
    if versions != ["13"]:
        raise HttpRefused(426, "Sec-WebSocket-Version must be 13.", (("Sec-WebSocket-Version", "13"),))
    return keys[0]


def upgrade_answer(key: str, subprotocol: str | None = None) -> bytes:
    """Write the answer that opens a WebSocket, without extensions (RFC 6455, section 4.2.2).

    Args:
      key: the client's key, checked.
      subprotocol: which of those that the client has offered is spoken; None if none of them is.
    """
    chosen = b"" if subprotocol is None else b"Sec-WebSocket-Protocol: %b\r\n" % subprotocol.encode("ascii")
    digest = hashlib.sha1(key.encode("ascii") + _ACCEPT, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"%bSec-WebSocket-Accept: %b\r\n\r\n" % (chosen, binascii.b2a_base64(digest, newline=False))
    )


def wants_websocket(head: Head) -> bool:
    """Tell whether the request asks for an upgrade to WebSocket, however it spells it.

    Raises:
      HttpRefused: it does so in a version of HTTP that has no upgrades, wherever it leads.
    """
    if "websocket" not in head.tokens("upgrade"):
        return False
    if head.version == "1.0":
        raise HttpRefused(400, "An upgrade needs HTTP/1.1, not HTTP/1.0.")
    return True


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode("latin-1"), validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False


def _origin_form(target: str) -> str:
    """Take scheme and authority off a target in absolute form (RFC 9112, section 3.2.2)."""
    scheme, colon, rest = target.partition("://")
    if not colon or not scheme.isalpha():
        return target
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/"


@define(eq=False)
class _Parts:
    """Be what the parser calls back with, piece by piece."""

    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(factory=list[tuple[bytes, bytes]])
    complete: bool = False

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.complete = True

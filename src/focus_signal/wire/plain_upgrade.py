"""The request that nearly every visitor sends, understood at a glance.

Whatever is the least bit unusual, and whatever is wrong, is none of these and is read with care
(`http_head`). What is taken here is taken there as well, with the same user and the same key.

Clients of one make send the same header lines over and over, but for the key. What was found to be right once
is remembered, so that of the next request only the user id and the key are looked at.
"""

import re

from attrs import define, field

from focus_signal.wire.http_head import HeadLimits

PlainUpgrade = tuple[str, str, bytes]
"""The user id, the key, and what was read behind the request."""

_VERSION = b" HTTP/1.1\r\n"
_KEY_LINE = b"\r\nSec-WebSocket-Key: "
_KEY_SIZE = 24
_END = b"\r\n\r\n"
_MOST_REMEMBERED = 64

_is_user = re.compile(rb"[A-Za-z0-9._~-]+").fullmatch
# Sixteen bytes in base64.
_is_key = re.compile(rb"[A-Za-z0-9+/]{22}==").fullmatch
# Printable ASCII, and nothing that may be read in two ways.
_are_lines = re.compile(rb"(?:[A-Za-z0-9-]+: [ -~]*\r\n)+\r\n").fullmatch

_EXPECTED = {b"host", b"connection", b"upgrade", b"sec-websocket-version"}
# What a client offers is read with care as well: only `focus-signal.v1` does, and that once a session.
_LEFT_TO_CARE = {b"sec-websocket-key", b"sec-websocket-protocol", b"content-length", b"transfer-encoding"}
_CONNECTIONS = {b"upgrade", b"keep-alive, upgrade"}


@define(eq=False)
class PlainUpgrades:
    """Read such requests.

    Args:
      path: where visitors are let in.
      limits: what a head may take.
      matters: names of further header lines, in lower case, whose values have to be looked at.
    """

    _path: str
    _limits: HeadLimits
    _matters: tuple[bytes, ...] = ()
    _start: bytes = field(init=False)
    _longest_user: int = field(init=False)
    # The header lines before and behind the key that were found to be right.
    _known: dict[tuple[bytes, bytes], None] = field(factory=dict[tuple[bytes, bytes], None], init=False)

    def __attrs_post_init__(self) -> None:
        self._start = f"GET {self._path}?userId=".encode("ascii")
        target_bytes = self._limits.target_bytes - len(f"{self._path}?userId=")
        self._longest_user = min(self._limits.user_bytes, target_bytes)

    def read(self, data: bytes) -> PlainUpgrade | None:
        """Read the first bytes that came; None for all that is to be read with care."""
        start = len(self._start)
        if not data.startswith(self._start):
            return None
        lines = data.find(_VERSION, start, start + self._longest_user + len(_VERSION))
        key_at = data.find(_KEY_LINE, lines) + len(_KEY_LINE)
        behind = key_at + _KEY_SIZE
        end = data.find(_END, behind) + len(_END)
        if lines < 0 or key_at < len(_KEY_LINE) or end < len(_END) or end > self._limits.head_bytes:
            return None
        user, key = data[start:lines], data[key_at:behind]
        if not (_is_user(user) and _is_key(key)):
            return None
        shape = data[lines:key_at], data[behind:end]
        if shape not in self._known and not self._learn(shape):
            return None
        return user.decode(), key.decode(), data[end:]

    def _learn(self, shape: tuple[bytes, bytes]) -> bool:
        """Look at the header lines of a request, all but the key's, and remember them if they are right."""
        before, behind = shape
        # The key's line goes from the one to the other, and is whole without its value.
        block = before.removeprefix(_VERSION).removesuffix(_KEY_LINE[2:]) + behind.removeprefix(b"\r\n")
        if not (behind.startswith(b"\r\n") and _are_lines(block)):
            return False
        lines = block.split(b"\r\n")[:-2]
        fields: dict[bytes, bytes] = {}
        for line in lines:
            name, _, value = line.partition(b": ")
            name = name.lower()
            if name in _LEFT_TO_CARE or name in self._matters or (name in _EXPECTED and name in fields):
                return False
            fields[name] = value.lower()
        if (
            len(lines) + 1 > self._limits.head_lines
            or not fields.keys() >= _EXPECTED
            or fields[b"upgrade"] != b"websocket"
            or fields[b"connection"] not in _CONNECTIONS
            or fields[b"sec-websocket-version"] != b"13"
        ):
            return False
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[shape] = None
        return True

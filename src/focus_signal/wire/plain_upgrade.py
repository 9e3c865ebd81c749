"""The request that nearly every visitor sends, understood at a glance.

Whatever is the least bit unusual, and whatever is wrong, is none of these and is read with care
(`http_head`). What is taken here is taken there as well, with the same user and the same key.
"""

import re
from collections.abc import Callable

from focus_signal.wire.http_head import HeadLimits

PlainUpgrade = tuple[str, str, bytes]
"""The user id, the key, and what was read behind the request."""

# Header lines of printable ASCII without anything that may be read in two ways.
_HEAD = rb"GET %b\?userId=([A-Za-z0-9._~-]+) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+: [!-~](?:[ -~]*[!-~])?\r\n)+)\r\n"
_KEY = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==").fullmatch
_CONNECTION = {b"upgrade", b"keep-alive, upgrade"}
_EXPECTED = {
    b"host",
    b"connection",
    b"upgrade",
    b"sec-websocket-key",
    b"sec-websocket-version",
}
_LEFT_TO_CARE = {b"content-length", b"transfer-encoding"}
_TOLD_APART = _EXPECTED | _LEFT_TO_CARE


def plain_upgrades(path: str, limits: HeadLimits) -> Callable[[bytes], PlainUpgrade | None]:
    """Make what reads such requests.

    Args:
      path: where visitors are let in.
      limits: what a head may take.

    Returns:
      a function of the first bytes that came: it gives None for all that is to be read with care.
    """
    match = re.compile(_HEAD % re.escape(path.encode("ascii"))).match
    most_lines = limits.head_lines
    longest_user = min(limits.user_bytes, limits.target_bytes - len(path) - len("?userId="))

    def read(data: bytes) -> PlainUpgrade | None:
        found = match(data)
        if found is None:
            return None
        user, block = found.groups()
        end = found.end()
        lines = block.split(b"\r\n")
        # The last one is the empty rest.
        if len(user) > longest_user or end > limits.head_bytes or len(lines) - 1 > most_lines:
            return None
        fields: dict[bytes, bytes] = {}
        for line in lines:
            name, _, value = line.partition(b": ")
            name = name.lower()
            if name in _TOLD_APART:
                if name in fields:
                    return None
                fields[name] = value
        key = fields.get(b"sec-websocket-key", b"")
        if (
            fields.keys() != _EXPECTED
            or fields[b"upgrade"].lower() != b"websocket"
            or fields[b"connection"].lower() not in _CONNECTION
            or fields[b"sec-websocket-version"] != b"13"
            or not _KEY(key)
        ):
            return None
        return user.decode(), key.decode(), data[end:]

    return read

"""Which ICE servers may be handed to clients: what `new RTCPeerConnection({iceServers})` takes.

A browser that is given one wrong entry makes no connection at all. So that is seen to here, where somebody
can mend it, and not there.
"""

import re
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
# RFC 7064, section 3.1, and RFC 7065, section 3.1.
_is_stun = re.compile(rf"stuns?:{_HOST}", re.IGNORECASE).fullmatch
_is_turn = re.compile(rf"turns?:{_HOST}(?:\?transport=[a-z]+)?", re.IGNORECASE).fullmatch
_LOGIN = ("username", "credential")


def fault_of(server: object) -> str | None:
    """Say what is wrong with an ICE server; None where nothing is.

    Args:
      server: has `urls`, one or several, and for TURN a `username` and a `credential`.
    """
    if not isinstance(server, Mapping):
        return "is no mapping"
    fields = cast("Mapping[object, object]", server)
    urls = fields.get("urls")
    each = [urls] if isinstance(urls, str) else urls
    if not isinstance(each, Sequence) or isinstance(each, bytes) or not each:
        return "has no 'urls'"
    for url in cast("Sequence[object]", each):
        if not isinstance(url, str) or not (_is_stun(url) or _is_turn(url)):
            return f"has the URL {url!r}, which is none as in 'stun:example.org:3478'"
        if _is_turn(url) and not all(isinstance(fields.get(name), str) for name in _LOGIN):
            return f"has the URL {url!r}, and not both a 'username' and a 'credential'"
    try:
        msgspec.json.encode(server)
    except (TypeError, ValueError, RecursionError):
        return "cannot be written as JSON"
    return None

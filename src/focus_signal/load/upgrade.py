"""The handshake of a WebSocket, from the client's side: the key, and what its answer must be."""

import base64
import hashlib

from focus_signal.load.faults import Unreachable, WrongResult

# The key is fixed, and with it the one right answer (RFC 6455, section 4.2.2).
KEY = b"Zm9jdXMtc2lnbmFsLWtleQ=="
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ACCEPT = base64.b64encode(hashlib.sha1(KEY + _GUID, usedforsecurity=False).digest())


def check_upgrade(head: bytes, rest: bytes) -> None:
    """Check the answer to an upgrade; `rest` is what came behind its head.

    Raises:
      Unreachable: the server refused.
      WrongResult: it agreed, but not as it must.
    """
    status, *lines = head.split(b"\r\n")
    if not status.startswith(b"HTTP/1.1 101"):
        text = b" ".join([status, *rest.splitlines()[:1]]).decode("latin-1")
        raise Unreachable(f"the server refused the upgrade: {text[:200]}")
    fields = [(name.strip().lower(), value.strip()) for name, _, value in (x.partition(b":") for x in lines)]
    if [value for name, value in fields if name == b"sec-websocket-accept"] != [ACCEPT]:
        raise WrongResult("the upgrade was answered without the right Sec-WebSocket-Accept")
    for name, value in fields:
        if name in {b"sec-websocket-extensions", b"sec-websocket-protocol"} and value:
            raise WrongResult(f"the server took what it was not offered: {name.decode()}: {value!r}")

"""One upgrade by hand, before a server is measured: it must be the plain protocol, without any extension."""

from __future__ import annotations

import socket

from benchmarks.load import WrongResult

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: Zm9jdXMtc2lnbmFsLWtleQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_SECONDS = 10.0


def check_upgrade(port: int, path: str) -> None:
    """Upgrade as the load generator does, and look at the answer's head.

    Raises:
        WrongResult: it is no upgrade, or names an extension (such as compression).
    """
    head = b""
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as client:
        client.sendall(_REQUEST.format(path=path).encode())
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data:
                raise WrongResult(f"the upgrade failed: {head[:300]!r}")
            head += data
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
    if not lines[0].startswith(b"HTTP/1.1 101 "):
        raise WrongResult(f"the upgrade failed: {lines[0]!r}")
    for line in lines[1:]:
        if line.partition(b":")[0].strip().lower() == b"sec-websocket-extensions":
            raise WrongResult(f"the server uses an extension: {line!r}")

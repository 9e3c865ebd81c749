"""One HTTP request over a connection of its own, as bytes, and its answer as a line of a transcript."""

from __future__ import annotations

from collections.abc import Sequence

import trio


async def exchange(host: str, port: int, lines: Sequence[str]) -> str:
    """Send a request head, each line as it is given; return the line that stands for the answer.

    The head is sent as latin-1, so that a request may carry any byte. An upgrade is only looked at, then
    dropped.
    """
    async with await trio.open_tcp_stream(host, port) as stream:
        await stream.send_all("".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1"))
        head, rest = await _head(stream)
        status_line, *header_lines = head.split("\r\n")
        status = int(status_line.split(" ")[1])
        headers: dict[str, str] = {}
        for line in header_lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if status == 101:
            subprotocol = headers.get("sec-websocket-protocol", "none")
            extensions = headers.get("sec-websocket-extensions", "none")
            return f"http 101 {headers.get('upgrade')} subprotocol={subprotocol} extensions={extensions}"
        length = 0 if lines[0].startswith("HEAD ") else int(headers["content-length"])
        while len(rest) < length:
            received = await stream.receive_some()
            if not received:
                raise ValueError(f"{length} bytes of body were announced, {len(rest)} came")
            rest += received
        body = rest[:length].decode("utf-8").rstrip("\n")
        return f"http {status} {headers.get('content-type', 'none')} {body}"


async def _head(stream: trio.SocketStream) -> tuple[str, bytes]:
    """Read up to the empty line; return the head, and what came behind it."""
    received = b""
    while b"\r\n\r\n" not in received:
        some = await stream.receive_some()
        if not some:
            raise ValueError(f"the connection ended within the head of an answer: {received!r}")
        received += some
    head, _, rest = received.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest

"""An HTTP answer, read strictly from all the bytes that came up to the end of the stream."""

from __future__ import annotations

import re
from http import HTTPStatus

import trio
from attrs import field, frozen

_STATUS = re.compile(r"HTTP/1\.1 ([0-9]{3}) ([A-Za-z -]+)")
EXACT_BODIES = ("Not Found", "Expected WebSocket connection")


@frozen
class Wanted:
    """Be what an input should get.

    Args:
      status: the status code.
      says: what the body has to say: all of it for those in `EXACT_BODIES`, else a part of it.
      headers: the header fields besides those that every answer has.
      head_only: whether the body is left out, as for HEAD; its length is told all the same.
    """

    status: int
    says: str
    headers: dict[str, str] = field(factory=dict[str, str])
    head_only: bool = False


def faults(answer: bytes, wanted: Wanted) -> list[str]:
    """List in what an answer, with everything behind it, is not what was wanted."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return [f"no HTTP answer came, but {answer[:80]!r}"]
    found: list[str] = []
    line, *lines = head.decode("ascii").split("\r\n")
    status = _STATUS.fullmatch(line)
    if status is None or int(status[1]) != wanted.status or status[2] != HTTPStatus(wanted.status).phrase:
        found.append(f"{line!r} came, not {wanted.status}")
    pairs = [(name, value) for name, _, value in (each.partition(": ") for each in lines)]
    headers = dict(pairs)
    length = headers.get("Content-Length", "none")
    expected = {
        "Content-Type": "text/plain;charset=UTF-8",
        "Content-Length": length if wanted.head_only and length.isdigit() else str(len(body)),
        "Connection": "close",
        **wanted.headers,
    }
    if headers != expected or len(pairs) != len(expected):
        found.append(f"the headers are {pairs}, not {expected}")
    text = body.decode()
    if wanted.head_only:
        if text or headers.get("Content-Length") == "0":
            found.append(f"the answer to HEAD has the body {text!r} and the length {length}")
    elif not text.isprintable() or not text:
        found.append(f"the body is not one line of text: {text!r}")
    elif (wanted.says != text) if wanted.says in EXACT_BODIES else (wanted.says not in text):
        found.append(f"the body says {text!r}, not {wanted.says!r}")
    return found


async def read_all(stream: trio.abc.ReceiveStream) -> bytes:
    """Read to the end of the stream; a reset raises `trio.BrokenResourceError`."""
    data = bytearray()
    while piece := await stream.receive_some(64 * 1024):
        data += piece
    return bytes(data)

"""The conversations of docs/protocol.md: how they are written, and how they are read.

    ana connects                       a connection of focus-signal.v1, without a session to resume
    another ana connects               one more, of the same user
    cho connects as a client of the seed
    ana > {"type":"cancel","id":1}     a frame that ana's client sends; whatever stands there is sent
    ana < {"type":"ack","id":1}        a frame that it gets
    ana is cut                         its connection ends without a close
    ana is cut, with messages on their way
    ana leaves with 1000               its client closes
    ana resumes, seen 3                it connects again, with the last token up to that number
    ana is closed: 4501 replaced       the server closes its connection, or the one before
    the server is started anew         all are closed first; who comes back brings what the new one knows
    5 s pass

A frame may go on in the next line, which is then indented. `"…"` in one that comes stands for any text; in
one that is sent, for what was there last under this name (`proposal`, `roomId`, `code`). `…}` at the end of
one that comes stands for more fields. In those that come `seq` may be left out, and so may whole frames of
the types in `LEFT_OUT`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from attrs import frozen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
ANYTHING = "…"
LEFT_OUT = ("welcome", "session")

_BLOCK = re.compile(r"^```conversation\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = r"(?P<who>(?:another )?[a-z]+)"
_MORE = re.compile(r",\s*…\s*}$")


@frozen
class Line:
    """Be one line.

    Args:
      number: which one in the page, from 1.
    """

    number: int


@frozen
class Sends(Line):
    """A client sends a frame."""

    who: str
    frame: str


@frozen
class Gets(Line):
    """A client gets a frame; if `more`, it may have fields that are not here."""

    who: str
    frame: dict[str, Any]
    more: bool


@frozen
class Connects(Line):
    """A client connects."""

    who: str
    seed: bool


@frozen
class Resumes(Line):
    """A client connects again, and offers the session that it has."""

    who: str
    seen: int


@frozen
class Ends(Line):
    """A client's connection ends: with 1000 if `finished`, else without; if `loses`, something is lost."""

    who: str
    finished: bool = False
    loses: bool = False


@frozen
class Closed(Line):
    """The server closes a connection of a client's."""

    who: str
    code: int
    reason: str


@frozen
class Passes(Line):
    """Time passes."""

    seconds: float


@frozen
class StartsAnew(Line):
    """The server stops as it should, and another one takes its place."""


_EVENTS: dict[re.Pattern[str], Any] = {
    re.compile(_NAME + r" connects"): lambda at, m: Connects(at, m["who"], seed=False),
    re.compile(_NAME + r" connects as a client of the seed"): lambda at, m: Connects(at, m["who"], seed=True),
    re.compile(_NAME + r" resumes, seen (?P<seen>\d+)"): lambda at, m: Resumes(at, m["who"], int(m["seen"])),
    re.compile(_NAME + r" is cut"): lambda at, m: Ends(at, m["who"]),
    re.compile(_NAME + r" is cut, with messages on their way"): lambda at, m: Ends(at, m["who"], loses=True),
    re.compile(_NAME + r" leaves with 1000"): lambda at, m: Ends(at, m["who"], finished=True),
    re.compile(_NAME + r" is closed: (?P<code>\d{4}) (?P<reason>[a-z-]+)"): lambda at, m: Closed(
        at, m["who"], int(m["code"]), m["reason"]
    ),
    re.compile(r"(?P<seconds>\d+) s pass"): lambda at, m: Passes(at, float(m["seconds"])),
    re.compile(r"the server is started anew"): lambda at, _: StartsAnew(at),
    re.compile(_NAME + r" > (?P<frame>.+)", re.DOTALL): lambda at, m: Sends(at, m["who"], m["frame"]),
    re.compile(_NAME + r" < (?P<frame>.+)", re.DOTALL): lambda at, m: _gets(at, m["who"], m["frame"]),
}


def conversations(page: str) -> list[list[Line]]:
    """Read every conversation of a page.

    Raises:
      ValueError: a line is none of those above; its number is told.
    """
    read: list[list[Line]] = []
    for block in _BLOCK.finditer(page):
        first = page.count("\n", 0, block.start(1)) + 1
        read.append(_conversation(block[1], first))
    return read


def _conversation(text: str, first: int) -> list[Line]:
    whole: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), first):
        if line.startswith(" ") and whole:
            at, before = whole[-1]
            whole[-1] = at, f"{before} {line.strip()}"
        else:
            whole.append((number, line))
    return [_line(number, line) for number, line in whole]


def _line(number: int, line: str) -> Line:
    for pattern, make in _EVENTS.items():
        found = pattern.fullmatch(line)
        if found is not None:
            event: Line = make(number, found)
            return event
    raise ValueError(f"line {number} is no line of a conversation: {line}")


def _gets(number: int, who: str, text: str) -> Gets:
    more = _MORE.search(text) is not None
    try:
        frame = json.loads(_MORE.sub("}", text))
    except ValueError as error:
        raise ValueError(f"line {number} is no frame: {error}") from None
    return Gets(number, who, frame, more)

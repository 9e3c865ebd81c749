"""What happened in a run, in order: the one thing that the invariants look at, the same at every level.

Clients tell what they send and get; the server's owner tells what it was asked and what it decided; the
server's connections tell when they have read an end. `conn` is a connection's number in the plan;
`connection` is the number that the server gave it, and `Served` says which belongs to which.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import cast

import msgspec
from msgspec import Struct

from focus_signal.core.commands import Command
from focus_signal.core.effects import Effect, SeedMessage


class _Event(Struct, tag_field="event"):
    """Be one thing that happened, `t` virtual seconds after the start."""

    t: float


class Sent(_Event, tag="sent"):
    """A client has sent the text of the operation `op` (a join, a signal, a say)."""

    conn: int
    op: int


class Left(_Event, tag="left"):
    """A client has ended its connection by the operation `op`."""

    conn: int
    op: int


class Connected(_Event, tag="connected"):
    """A client's connection is open."""

    conn: int


class NotConnected(_Event, tag="not-connected"):
    """A client could not connect."""

    conn: int
    reason: str


class Served(_Event, tag="served"):
    """The server serves a client's connection under a number of its own.

    A client of a test's own, which is not in the plan, has a negative `conn`: that number, below zero.
    """

    conn: int
    connection: int


class EndRead(_Event, tag="end-read"):
    """The server has read the end of a connection, or ended it itself: it hears no more of it."""

    connection: int


class Decided(_Event, tag="decided"):
    """The owner has carried out a command; `what` is the command's name."""

    what: str
    command: Command
    effects: list[Effect]


class Got(_Event, tag="got"):
    """A client has got a message."""

    conn: int
    message: SeedMessage


class Strange(_Event, tag="strange"):
    """A client has got a text that is none of the server's messages."""

    conn: int
    text: str


class Torn(_Event, tag="torn"):
    """The server has sent a client what is wrong by itself; `conn` is None for a client of a test's own."""

    conn: int | None
    text: str


class Pinged(_Event, tag="pinged"):
    """A client has asked for a pong: its ping of this number."""

    conn: int
    number: int


class Ponged(_Event, tag="ponged"):
    """A client has got a pong: the answer to its ping of this number, -1 if it is the answer to none."""

    conn: int
    number: int


class Ended(_Event, tag="ended"):
    """A client has seen the end of its connection; `code` is the close frame's, None if there was none."""

    conn: int
    code: int | None


class Meddled(_Event, tag="meddled"):
    """A fault or a server's verb, the operation `op`, was carried out."""

    op: int


class Beyond(_Event, tag="beyond"):
    """The server was seen to let pass more than the setting `limit` allows."""

    limit: str
    text: str


class Crashed(_Event, tag="crashed"):
    """The server has ended by itself; `error` is of what."""

    error: str


class Waits(_Event, tag="waits"):
    """More than ever before waits in the outbox of a connection."""

    connection: int
    bytes: int
    messages: int


class DrainOver(_Event, tag="drain-over"):
    """A drain that began at `began` with so many seconds of grace has come back."""

    began: float
    grace: float


class Faulted(_Event, tag="faulted"):
    """The server has met a fault of its own; `error` is what it raised or logged."""

    error: str


class Restarted(_Event, tag="restarted"):
    """Another server has taken the place of the one before, which has forgotten everything."""


class Healed(_Event, tag="healed"):
    """The chaos is over and every fault is healed; whoever can be matched is to be matched now."""


class Settled(_Event, tag="settled"):
    """The time for that is over; from here on everyone leaves."""


class Emptied(_Event, tag="emptied"):
    """Everyone has left and all graces are over; what is still there has leaked.

    `tasks` and `streams` are 0 at the core level, which has none.
    """

    users: int
    rooms: int
    waiting: int
    connections: int
    tasks: int = 0
    streams: int = 0


Event = (
    Sent
    | Left
    | Connected
    | NotConnected
    | Served
    | EndRead
    | Decided
    | Got
    | Strange
    | Torn
    | Pinged
    | Ponged
    | Ended
    | Meddled
    | Waits
    | Beyond
    | Crashed
    | DrainOver
    | Faulted
    | Restarted
    | Healed
    | Settled
    | Emptied
)

_MARK = re.compile(rb'"m(\d+)')


def mark_of(payload: bytes) -> int | None:
    """Read from a payload which operation it came from; None if it bears no mark."""
    found = _MARK.search(payload)
    return int(found[1]) if found else None


def lines_of(history: Iterable[Event]) -> list[str]:
    """Print a history, an event a line of JSON; payloads as the text that they are."""
    return [msgspec.json.encode(_shown(event)).decode() for event in history]


def digest_of(history: Iterable[Event], *more: str) -> str:
    """Compute one value of a whole history, and of whatever else is to be the same."""
    digest = blake2b(msgspec.msgpack.encode(list(history)), digest_size=16)
    for text in more:
        digest.update(text.encode())
    return digest.hexdigest()


def _shown(value: object) -> object:
    return _without_bytes(msgspec.to_builtins(value, builtin_types=(bytes,)))


def _without_bytes(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {key: _without_bytes(inner) for key, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_without_bytes(inner) for inner in cast("list[object]", value)]
    return value

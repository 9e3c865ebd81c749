"""A conversation as data: who does what in which order, and where this server differs from the seed.

A step is one act of one client (or one HTTP exchange). What the seed answers is not written here, it is
recorded (`scripts/record_seed.py`). What is written here, beside the step, is every place where this server
is meant to answer otherwise: `step.ours(WHY, a=[...])` states in full what client `a` gets from us in that
step, and `WHY` is the rule of the contract that asks for it.

What a client gets is a list of lines, so that a transcript can be read and compared as text:

    text {"type":"room-found","roomId":"room-1","peers":["a","b"]}
    close 1008 Missing userId parameter.
    http 404 text/plain;charset=UTF-8 Not Found
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence

import attrs


class Why(enum.Enum):
    """A rule of the contract by which this server differs from the seed, and where that rule stands."""

    STAMPED = (
        "better",
        "The server stamps the sender: a `from` may be missing or null, but not somebody else's.",
    )
    ROOM_ONLY = ("better", "A relay goes only to a peer that shares a room with the sender.")
    NEWEST_WINS = (
        "better",
        "A second socket of the same user takes over and the older one is closed with 4501.",
    )
    ONE_PLACE = ("better", "A user has one place in one queue: asking again keeps it, another size moves it.")
    ONE_ROOM = ("better", "A user is in one room: the next `room-found` leaves the room before it.")
    MATCH_SIZE = ("better", "A match size that is no whole number from 1 to the largest is an error.")
    GONE = ("better", "A relay to somebody who has gone is an error, not silence.")
    NOT_SILENT = ("better", "Bad JSON, an unknown type or a missing target is an error, not silence.")
    SURROGATE = ("better", "A lone surrogate is no Unicode text: `bad-json`.")
    BINARY = ("better", "A binary frame is closed with 1003, not ignored.")
    LIMITS = ("better", "Every size has a bound: 256 KiB a frame, 128 bytes a user id, 32 levels of nesting.")
    ONE_QUEUE = ("client", "Integral numbers and decimal strings share a queue.")
    BYTE_FOR_BYTE = ("server", "`sdp` and `candidate` pass byte for byte; the seed writes them anew.")
    MISSING_USER = ("http", "The close 1008 of a missing user id is delivered; Deno loses it.")
    UPGRADE_CASE = ("http", "The value of `Upgrade` is compared without regard to case.")
    BAD_UPGRADE = (
        "http",
        "A malformed upgrade says what is wrong with it; the seed answers 500, or lets it pass.",
    )
    EXACT_PATH = ("http", "`/signal` is compared exactly; the seed's URL parser removes dot segments before.")
    REPEATED = ("traps", "A repeated `type` is an error; the seed takes the last.")

    @property
    def section(self) -> str:
        """The section of the contract that holds the rule."""
        return SECTIONS[self.value[0]]

    @property
    def rule(self) -> str:
        """The rule in a sentence."""
        return self.value[1]


SECTIONS = {
    "better": "Where we are better on purpose",
    "client": "Client to server",
    "server": "Server to client",
    "http": "HTTP",
    "traps": "JSON traps",
}

Lines = tuple[str, ...]


@attrs.frozen
class Difference:
    """What this server answers in a step instead of what the seed answered, by client, and why."""

    why: Why
    lines: Mapping[str, Lines]


@attrs.frozen
class Step:
    """One act: `act` names it, `client` does it, `texts` are the frames, the query or the request head."""

    act: str
    client: str
    texts: tuple[str, ...] = ()
    difference: Difference | None = None

    def ours(self, why: Why, **lines: Sequence[str]) -> Step:
        """Return the step with the difference declared: each named client gets these lines and no others."""
        return attrs.evolve(
            self, difference=Difference(why, {who: tuple(said) for who, said in lines.items()})
        )

    def __str__(self) -> str:
        return " ".join([self.client, self.act, " | ".join(self.texts)]).rstrip(" ")


@attrs.frozen
class Conversation:
    """A named list of steps, played to a server that nobody else talks to."""

    name: str
    about: str
    steps: tuple[Step, ...]


def conversation(name: str, about: str, *steps: Step | Sequence[Step]) -> Conversation:
    """Build a conversation; a list among the steps is spliced in."""
    flat: list[Step] = []
    for step in steps:
        flat.extend([step] if isinstance(step, Step) else step)
    return Conversation(name, about, tuple(flat))


# Acts


def connect(client: str, query: str | None = None) -> Step:
    """Open a WebSocket to `/signal`; the query is `userId=CLIENT` unless given."""
    return Step("opens", client, (f"userId={client}" if query is None else query,))


def send(client: str, *texts: str) -> Step:
    """Send text frames, one after the other without waiting between them."""
    return Step("sends", client, texts)


def binary(client: str, text: str) -> Step:
    """Send one binary frame."""
    return Step("sends binary", client, (text,))


def close(client: str) -> Step:
    """Close with the closing handshake."""
    return Step("closes", client)


def drop(client: str) -> Step:
    """Close the TCP connection without a word."""
    return Step("drops", client)


def http(request: str, *headers: str) -> Step:
    """Send one request over a connection of its own, as in `http("GET /signal HTTP/1.1", "Host: x")`."""
    return Step("asks", "http", (request, *(headers or ("Host: localhost",))))


def match(client: str, size: object) -> Step:
    """Ask for a match; a size given as text is JSON and stands there as it is."""
    return send(client, f'{{"type":"matchmaking","matchSize":{size}}}')


def relay(client: str, to: str, fields: str = "", kind: str = "offer") -> Step:
    """Signal a peer the way the seed's client does; `fields` is JSON, as in `'"sdp":"v=0"'`."""
    return send(client, relay_text(client, to, fields, kind))


def relay_text(client: str, to: str, fields: str = "", kind: str = "offer") -> str:
    """Return the frame that `relay()` sends."""
    comma = "," if fields else ""
    return f'{{"type":"{kind}","to":"{to}","from":"{client}"{comma}{fields}}}'


def together(*clients: str) -> list[Step]:
    """Connect the clients and bring them into one room."""
    return [*(connect(client) for client in clients), *(match(client, len(clients)) for client in clients)]


# Lines


def text(frame: str) -> str:
    """The line of a text frame."""
    return f"text {frame}"


def error(code: str, to: str | None = None) -> str:
    """The line of an `error` frame; its message, which is for people, is written as a star."""
    target = "" if to is None else f',"to":{json.dumps(to, ensure_ascii=False)}'
    return text(f'{{"type":"error","code":"{code}","message":"*"{target}}}')


def found(room: int, *peers: str) -> str:
    """The line of a `room-found` frame."""
    users = json.dumps(peers, ensure_ascii=False, separators=(",", ":"))
    return text(f'{{"type":"room-found","roomId":"room-{room}","peers":{users}}}')


def relayed(sender: str, fields: str = "", kind: str = "offer") -> str:
    """The line of a relayed frame."""
    comma = "," if fields else ""
    return text(f'{{"type":"{kind}","from":"{sender}"{comma}{fields}}}')


def closed(code: int, reason: str = "*") -> str:
    """The line of a close by the server; a star stands for any reason."""
    return f"close {code} {reason}"


def answered(status: int, body: str = "*", content_type: str = "text/plain;charset=UTF-8") -> str:
    """The line of an HTTP answer; a star stands for any text."""
    return f"http {status} {content_type} {body}"


def upgraded() -> str:
    """The line of a good upgrade: 101 without a subprotocol, without an extension."""
    return "http 101 websocket subprotocol=none extensions=none"

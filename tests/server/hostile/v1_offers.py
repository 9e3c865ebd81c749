"""Handshakes that offer `focus-signal.v1` and a session, mostly wrongly; sessions that are not to be had."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from itertools import count

import trio

from focus_signal.server.config import TransportName
from focus_signal.wire.messages.from_client import LARGEST
from focus_signal.wire.subprotocols import V1
from tests.server.hostile.answers import Wanted
from tests.server.hostile.first_words import JOIN
from tests.server.hostile.frame_row import FrameRow
from tests.server.hostile.frames import close, text
from tests.server.hostile.handshake_table import BadHandshake
from tests.server.hostile.inputs import Input, Outcome, compared, http_input, in_words
from tests.server.hostile.peer import reset
from tests.server.hostile.reach import Reach
from tests.server.hostile.v1_peer import V1Stranger, asking, dial_v1, resuming, v1_event

_NUMBERS = count(1)
_NO_NAME = Wanted(400, "Sec-WebSocket-Protocol must be a list of names that are tokens.")
_NEVER_SEALED = "AQ" + "A" * 120

# What is offered, line by line, and how the session begins.
OFFERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("the protocol alone", (V1,), "begun"),
    ("the protocol among a thousand commas", ("," * 500 + V1 + "," * 500,), "begun"),
    ("the protocol in two lines", (V1, V1), "begun"),
    ("the protocol among 60 others", (", ".join([*(f"p{each}" for each in range(60)), V1]),), "begun"),
    ("a token of an identity provider, which nobody reads", (f"{V1}, token.a.b.c",), "begun"),
    ("two tokens", (f"{V1}, token.a, token.b",), "begun"),
    ("a token of 5,000 letters", (f"{V1}, token.{'x' * 5000}",), "begun"),
    ("a session without a number", (f"{V1}, resume.x",), "begun, malformed"),
    ("a number without a session", (f"{V1}, resume..5",), "begun, malformed"),
    ("neither", (f"{V1}, resume.",), "begun, malformed"),
    ("a number below zero", (f"{V1}, resume.x.-1",), "begun, malformed"),
    ("a number that begins with 0", (f"{V1}, resume.x.05",), "begun, malformed"),
    ("a number beyond 2^53", (f"{V1}, resume.x.{LARGEST + 1}",), "begun, malformed"),
    ("a number of 5,000 digits", (f"{V1}, resume.x.{'9' * 5000}",), "begun, malformed"),
    ("a number with an exponent", (f"{V1}, resume.x.1e3",), "begun, malformed"),
    ("a part too many", (f"{V1}, resume.x.y.5",), "begun, malformed"),
    ("two sessions", (f"{V1}, resume.x.5, resume.y.6",), "begun, malformed"),
    ("two sessions in two lines", (V1, "resume.x.5", "resume.x.5"), "begun, malformed"),
    ("a session that is no base64", (f"{V1}, resume.never.5",), "begun, malformed"),
    (
        "a session of every character that may be there",
        (f"{V1}, resume.!#$%&'*+-^_`|~.5",),
        "begun, malformed",
    ),
    ("a session of 5,000 letters", (f"{V1}, resume.{'A' * 5000}.5",), "begun, malformed"),
    ("a session that nobody signed", (f"{V1}, resume.{_NEVER_SEALED}.5",), "begun, forged"),
)
SEED_OFFERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("nothing but commas", (" , ,,\t",)),
    ("the protocol in capitals", (V1.upper(),)),
    ("a session without the protocol", ("resume.x.5",)),
    ("a later version", ("focus-signal.v2, resume.x.5",)),
)
REFUSED: tuple[tuple[str, tuple[str | bytes, ...]], ...] = (
    ("a name with a space", (f"{V1}, a b",)),
    ("a name in quotes", (f'"{V1}"',)),
    ("a name with a parameter", (f"{V1};q=1",)),
    ("a session that is not ASCII", (V1.encode() + b", resume.\xff\xfe.5",)),
    ("a number that is not ASCII", (f"{V1}, resume.x.\xb2",)),
    ("a token with a padding", (f"{V1}, token.YQ==",)),
    ("the fault in another line", (V1, "a/b")),
)
USERS: tuple[tuple[str, str, Wanted], ...] = (
    ("a user id that is not UTF-8", "%FF", Wanted(400, "userId must be UTF-8.")),
    ("a user id with a control", "a%00b", Wanted(400, "userId must have no control characters.")),
    ("a user id of 129 letters", "x" * 129, Wanted(414, "userId must be at most 128 bytes, not 129.")),
)


def _named(target: str, *lines: str) -> bytes:
    return asking(None, *lines).replace(b"/signal ", b"/signal?userId=%b " % target.encode(), 1)


def _offer_input(name: str, lines: tuple[str, ...], wanted: str) -> Input:
    words = f"101 {V1}, a session is {wanted}"

    async def play(reach: Reach) -> Outcome:
        user = f"offerer-{next(_NUMBERS)}"
        peer = await dial_v1(reach, user, *lines)
        welcome = await peer.begin()
        assert (welcome["userId"], welcome["resumed"], welcome["state"]) == (user, False, {}), welcome
        await peer.part()
        how = f"begun, {welcome['why']}" if "why" in welcome else "begun"
        return compared(f"101 {V1}, a session is {how}", words)

    return Input(name, (words,), play)


def _seed_input(name: str, lines: tuple[str, ...]) -> Input:
    wanted = "101, the seed's dialect"

    async def play(reach: Reach) -> Outcome:
        stream = await reach.dial()
        await stream.send_all(asking(f"offerer-{next(_NUMBERS)}", *lines))
        peer = await reach.finish(stream)
        await peer.send(JOIN)
        found = await peer.hear()
        await peer.part()
        return compared(wanted if found.keys() == {"type", "roomId", "peers"} else f"{found}", wanted)

    return Input(name, (wanted,), play)


HANDSHAKES: tuple[Input, ...] = (
    *(_offer_input(*row) for row in OFFERS),
    *(_seed_input(*row) for row in SEED_OFFERS),
    *(http_input(BadHandshake(name, asking("u", *lines), _NO_NAME)) for name, lines in REFUSED),
    *(http_input(BadHandshake(name, _named(user, V1), wanted)) for name, user, wanted in USERS),
)


# Sessions.


async def _held(reach: Reach) -> tuple[V1Stranger, str]:
    """Begin a session whose token is known to have arrived."""
    user = f"holder-{next(_NUMBERS)}"
    peer = await dial_v1(reach, user)
    await peer.begin()
    await peer.say({"type": "ping", "seen": peer.seq})
    assert (await peer.hear())["type"] == "pong"
    return peer, user


def _cut(peer: V1Stranger) -> None:
    assert isinstance(peer.stream, trio.SocketStream)
    reset(peer.stream)


async def _told(peer: V1Stranger) -> str:
    """Tell how a session goes on, in words."""
    received = await peer.receive()
    words = v1_event(received)
    if words != "welcome" or isinstance(received, str):
        return in_words([words])
    welcome = json.loads(received.payload)
    if welcome["resumed"]:
        return "resumed"
    return f"begun, {welcome['why']}" if "why" in welcome else "begun"


async def _resume(reach: Reach, user: str | None, token: str, seen: object) -> str:
    return await _told(await dial_v1(reach, user, resuming(token, seen)))


async def _more_than_was_sent(reach: Reach) -> str:
    peer, user = await _held(reach)
    _cut(peer)
    first = await _resume(reach, user, peer.token, 99)
    return f"{first}; with the right number: {await _resume(reach, user, peer.token, peer.seq)}"


async def _ended(reach: Reach) -> str:
    peer, user = await _held(reach)
    await peer.part()
    return await _resume(reach, user, peer.token, peer.seq)


async def _replaced_token(reach: Reach) -> str:
    peer, user = await _held(reach)
    before = peer.token
    await peer.say({"type": "room-create", "maxSize": 2})
    await peer.hear_of("session")
    await peer.say({"type": "ping", "seen": peer.seq})
    await peer.hear_of("pong")
    old = await _resume(reach, user, before, peer.seq)
    return f"{old}; with the newer one: {await _resume(reach, user, peer.token, peer.seq)}"


async def _somebody_else(reach: Reach) -> str:
    peer, _ = await _held(reach)
    words = await _resume(reach, f"thief-{next(_NUMBERS)}", peer.token, peer.seq)
    await peer.part()  # it has noticed nothing
    return words


async def _taken(reach: Reach) -> str:
    peer, user = await _held(reach)
    words = await _told(await dial_v1(reach, user))
    await peer.part()
    return words


async def _changed(reach: Reach) -> str:
    peer, _ = await _held(reach)
    last = "A" if peer.token[-5] != "A" else "B"
    words = await _resume(reach, None, f"{peer.token[:-5]}{last}{peer.token[-4:]}", peer.seq)
    await peer.part()
    return words


async def _twice(reach: Reach) -> str:
    peer, user = await _held(reach)
    second = await _resume(reach, user, peer.token, peer.seq)
    return f"{second}; the first one: {in_words(await peer.events())}"


async def _again_and_again(reach: Reach) -> str:
    peer, user = await _held(reach)
    token, seen, words = peer.token, peer.seq, "resumed"
    for _ in range(40):
        _cut(peer)
        peer = await dial_v1(reach, user, resuming(token, seen))
        words = await _told(peer)
        if words != "resumed":
            break
    return words


async def _ahead_of_the_welcome(reach: Reach) -> str:
    said = text('{"type":"ping","id":1,"seen":0}{') + text('{"type":"cancel","id":1}') + text("[]") + JOIN
    peer = await dial_v1(reach, f"early-v1-{next(_NUMBERS)}", behind=said)
    return in_words(await peer.events(until="room-found"))


async def _goodbye_along(reach: Reach) -> str:
    user = f"early-v1-{next(_NUMBERS)}"
    peer = await dial_v1(reach, user, behind=close(1000))
    peer.answers_close = False
    ended = (await peer.events())[-2:]
    return f"{in_words(ended)}; its user id: {await _told(await dial_v1(reach, user))}"


_SCENES: dict[str, tuple[str, Callable[[Reach], Awaitable[str]]]] = {
    "more seen than was ever sent": (
        "closed with 4500 bad-request; with the right number: resumed",
        _more_than_was_sent,
    ),
    "a session that has ended": ("begun, unknown", _ended),
    "a token that a newer one has replaced": (
        "closed with 4004 id-in-use; with the newer one: resumed",
        _replaced_token,
    ),
    "somebody else's session": ("begun, wrong-user", _somebody_else),
    "a user id that is somebody's": ("closed with 4004 id-in-use", _taken),
    "a token with a letter changed": ("begun, forged", _changed),
    "one session, twice at once": ("resumed; the first one: closed with 4501 replaced", _twice),
    "one session, cut and resumed forty times": ("resumed", _again_and_again),
    "messages ahead of the welcome": (
        "welcome, session, error bad-json, error not-queued for 1, error bad-json",
        _ahead_of_the_welcome,
    ),
    "a goodbye along with the handshake": ("closed with 1000; its user id: begun", _goodbye_along),
}


def _scene(name: str, wanted: str, play: Callable[[Reach], Awaitable[str]]) -> Input:
    async def compare(reach: Reach) -> Outcome:
        return compared(await play(reach), wanted)

    return Input(name, (wanted,), compare)


SESSIONS: tuple[Input, ...] = tuple(_scene(name, *row) for name, row in _SCENES.items())


# Frames.


def v1_frame_input(row: FrameRow, transport: TransportName = "native") -> Input:
    """Make an input of frames on a connection of `focus-signal.v1`."""
    due = row.on(transport)

    async def play(reach: Reach) -> Outcome:
        seen = await play_v1_frames(reach, row, keeps="kept" in due)
        right = seen == list(due)
        return Outcome(in_words(seen), () if right else (f"{str(seen)[:300]} came, not {str(due)[:300]}",))

    return Input(row.name, (in_words(due),), play)


async def play_v1_frames(reach: Reach, row: FrameRow, *, keeps: bool) -> list[str]:
    """Send a row's bytes behind the welcome and list what comes."""
    peer = await dial_v1(reach, f"v1-stranger-{next(_NUMBERS)}")
    await peer.begin()
    peer.answers_close = not any(
        event.startswith("close 1000") or event == "close 1001" for event in row.wanted
    )
    await peer.send(row.sent)
    if row.ending == "reset":
        _cut(peer)
        return []
    if not keeps:
        return await peer.events()
    # Its answer comes behind all that is still due, so it shows that nothing more is.
    await peer.send(JOIN)
    seen = await peer.events(until="room-found")
    return seen if seen[-1:] in (["eof"], ["reset"]) else [*seen, "kept"]

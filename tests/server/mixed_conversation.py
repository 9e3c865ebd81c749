"""A long conversation of a few users with everything in it, drawn by a seed, and what each of them gets.

Nothing waits for time: after each act everyone who is connected sends a relay to a user that there is not,
which is answered by an error, and reads up to that. So all that an act causes stands in the transcript at
that act, whichever transport it came by.
"""

from __future__ import annotations

import json
from itertools import count
from random import Random
from typing import Literal

import trio
from attrs import define, field, frozen

from focus_signal import Config, open_server
from focus_signal.server.config import TransportName
from tests.server.hostile import frames
from tests.server.hostile.frames import BINARY, PING, close, fragments, frame, text
from tests.server.hostile.living import Living
from tests.server.hostile.peer import Peer, event, reset
from tests.server.hostile.traces import until

USERS = ("ana", "ben", "cleo", "dan", "eve")
KINDS = ("offer", "answer", "ice-candidate")
# What a frame's length turns on, and what a read and a socket's buffer hold.
SIZES = (0, 1, 60, 61, 62, 125, 126, 127, 4_096, 65_535, 65_536, 65_537, 200_000)
JUNK = (
    "",
    "{",
    "null",
    "{}",
    '{"type":"unheard-of"}',
    '{"type":"offer"}',
    '{"type":"offer","to":7}',
    "\u20ac",
)
MATCH_SIZES = (1, 2, 2, 2, 3, "2", 0, 17, None)
CODES = (1000, 1001, 1011, 3000, 4999, None)

Verb = Literal["open", "say", "close", "reset"]


@frozen
class Act:
    """Be one thing that a user does: open a connection, send bytes, or leave."""

    user: str
    verb: Verb
    sent: bytes = b""


def draw(seed: int, length: int) -> list[Act]:
    """Draw a conversation."""
    random = Random(seed)
    acts = [Act(user, "open") for user in USERS]
    there = dict.fromkeys(USERS, True)
    for _ in range(length):
        user = random.choice(USERS)
        if not there[user] or random.random() < 0.03:
            # Who is there already takes its own place over.
            acts.append(Act(user, "open"))
        elif random.random() < 0.02:
            acts.append(Act(user, "reset"))
        elif random.random() < 0.12:
            # Behind what may be answered only once it is over, nothing is said that is answered.
            bye = random.choice([frame(BINARY, b"{}"), *map(close, CODES)])
            acts.append(Act(user, "close", _relay(random, user) + bye))
        else:
            acts.append(Act(user, "say", _draw_said(random, user)))
        there[user] = acts[-1].verb in {"open", "say"}
    return acts


def _draw_said(random: Random, user: str) -> bytes:
    """Draw one segment: a ping or none, then messages of any kind."""
    ping = frame(PING, random.randbytes(random.choice((0, 1, 125)))) if random.random() < 0.2 else b""
    messages = (_draw_message(random, user) for _ in range(random.choice((1, 1, 1, 2, 5))))
    return ping + b"".join(messages)


def _draw_message(random: Random, user: str) -> bytes:
    match random.randrange(6):
        case 0:
            return text(random.choice(JUNK))
        case 1 | 2:
            return text(json.dumps({"type": "matchmaking", "matchSize": random.choice(MATCH_SIZES)}))
        case _:
            return _relay(random, user)


def _relay(random: Random, user: str) -> bytes:
    filler = random.choice(("a", "\u20ac", "\U0001f600"))
    size = random.choice(SIZES)
    payload = filler * (size // len(filler.encode()))
    fields = {"type": random.choice(KINDS), "to": random.choice(USERS), "sdp": payload}
    # Escaped, a character takes up to three times as much, and the largest payload would be too big.
    escaped = size < 80_000 and random.random() < 0.5
    content = json.dumps(fields | {"from": user}, ensure_ascii=escaped).encode()
    if random.random() < 0.7:
        return text(content)
    cut = random.randrange(len(content))
    return fragments(content[:cut], b"", content[cut:])


@frozen
class Line:
    """Be one frame, or the end of a stream, that a user got from an act."""

    act: int
    user: str
    event: str
    payload: bytes


@define(eq=False)
class Player:
    """Do the acts one after the other; made by `play`."""

    _living: Living
    _peers: dict[str, Peer] = field(factory=dict[str, Peer], init=False)
    _fences: count[int] = field(factory=lambda: count(1), init=False)
    _act: int = field(default=0, init=False)
    lines: list[Line] = field(factory=list[Line], init=False)

    async def do(self, act: Act) -> None:
        """Do one thing, and note what everyone got from it."""
        self._act += 1
        match act.verb:
            case "open":
                older = self._peers.get(act.user)
                self._peers[act.user] = await self._living.dial_in(act.user)
                if older is not None:
                    await self._note_end(act.user, older)
            case "say":
                await self._peers[act.user].send(act.sent)
            case "close":
                peer = self._peers.pop(act.user)
                peer.answers_close = act.sent.endswith(frame(BINARY, b"{}"))
                await peer.send(act.sent)
                await self._note_end(act.user, peer)
            case "reset":
                stream = self._peers.pop(act.user).stream
                assert isinstance(stream, trio.SocketStream)
                reset(stream)
        await until(lambda: self._living.server.statistics().connections == len(self._peers))
        # Who acted first: what comes of it for the others was put on its way before its answer.
        for user in sorted(self._peers, key=lambda user: user != act.user):
            await self._settle(user, self._peers[user])

    async def _settle(self, user: str, peer: Peer) -> None:
        """Note all that was on its way to a user."""
        fence = f"fence {next(self._fences)}"
        await peer.say({"type": "offer", "to": fence})
        while True:
            received = await peer.receive()
            assert not isinstance(received, str), f"{user}'s stream ended ({received})"
            if received.opcode == frames.TEXT and json.loads(received.payload).get("to") == fence:
                return
            self._note(user, event_of(received), received.payload)

    async def _note_end(self, user: str, peer: Peer) -> None:
        """Note how a connection ends; what came before that may have been cut by the end, or not."""
        seen = await peer.events()
        for each in seen[-2:]:
            self._note(user, each, b"")

    def _note(self, user: str, what: str, payload: bytes) -> None:
        self.lines.append(Line(self._act, user, what, payload))


def event_of(received: frames.Received) -> str:
    """Put in words what came; a pong's payload is no text."""
    return "pong" if received.opcode == frames.PONG else event(received)


async def play(acts: list[Act], transport: TransportName) -> list[Line]:
    """Have a conversation with a fresh server on a transport.

    Returns:
      what each user got, act by act; per act and user in the order in which it came.
    """
    rooms = count(1)
    # Rates would depend on how fast this is played.
    config = Config(
        host="127.0.0.1", port=0, ping_interval=3600.0, transport=transport, message_rate=0, byte_rate=0
    )
    async with open_server(config, new_id=lambda: f"room-{next(rooms)}") as server:
        living = Living(server)
        player = Player(living)
        try:
            with trio.fail_after(60):
                for act in acts:
                    await player.do(act)
        finally:
            living.hang_up()
    return player.lines

"""Where a client of `focus-signal.v1` can put a secret, and what is a secret by itself: tokens and codes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress

import trio
from attrs import define, field

from focus_signal.wire.subprotocols import V1
from tests.server.canary import LEFT, OTHER, PLAIN, RIGHT, SECRET, Watch
from tests.server.canary_house import House
from tests.server.hostile import frames
from tests.server.hostile.peer import reset
from tests.server.hostile.v1_peer import V1Stranger, asking, finish_v1

_PIECE = 12

# What is offered, line by line.
OFFERS: dict[str, tuple[str | bytes, ...]] = {
    "session and token": (f"{V1}, resume.{PLAIN}.5, token.{PLAIN}",),
    "malformed session": (f"{V1}, resume.{PLAIN}",),
    "two sessions": (V1, f"resume.{PLAIN}.5", f"resume.{PLAIN}.6"),
    "number": (f"{V1}, resume.x.{PLAIN}",),
    "session without v1": (f"resume.{PLAIN}.5, token.{PLAIN}",),
    "another subprotocol": (f"{V1}, {PLAIN}",),
    "session with a space": (f"{V1}, resume.{LEFT} {RIGHT}.5",),
    "session in quotes": (f'{V1}, "resume.{PLAIN}.5"',),
    "session that is not ASCII": (f"{V1}, resume.".encode() + b"\xff" + PLAIN.encode() + b".5",),
    "token with a padding": (f"{V1}, token.{PLAIN}==",),
    "session too long": (f"{V1}, resume.{PLAIN * 150}.5",),
    "head too large": (f"{V1}, resume.{PLAIN * 500}.5",),
}
OFFERING = {
    **{name: asking(PLAIN, *lines) for name, lines in OFFERS.items()},
    **{f"{name}, nobody's": asking(None, *lines) for name, lines in OFFERS.items()},
    "user with escapes": asking(SECRET, V1),
    "user that is not UTF-8": asking("somebody", V1).replace(b"somebody", f"%FF{PLAIN}".encode()),
    "user too long": asking(PLAIN * 20, V1),
    "bad key": asking(PLAIN, V1, f"resume.{PLAIN}.5").replace(
        b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: x"
    ),
}


def _text(kind: str, **fields: object) -> bytes:
    return frames.text(json.dumps({"type": kind, "id": 7, **fields}))


_SIZE = {"matchSize": 2}

V1_FRAMES = {
    "signal": _text("signal", to=OTHER, data=SECRET),
    "signal in a room": _text("signal", to=OTHER, data={SECRET: [SECRET]}, roomId=SECRET),
    "sdp": _text("offer", to=OTHER, sdp=SECRET),
    "candidate": _text("ice-candidate", to=OTHER, candidate=SECRET),
    "broadcast": _text("broadcast", data=[SECRET]),
    "nobody there": _text("signal", to=SECRET, data=1),
    "another's name": _text("answer", to=OTHER, **{"from": SECRET}),
    "pool": _text("matchmaking", **_SIZE, pool=SECRET),
    "pool too long": _text("matchmaking", **_SIZE, pool=PLAIN * 20),
    "party": _text("matchmaking", **_SIZE, party={"code": PLAIN, "size": 2}),
    "party of two codes": _text("matchmaking", **_SIZE, party={"code": [PLAIN], "size": SECRET}),
    "avoid": _text("matchmaking", **_SIZE, avoid=[PLAIN, "x", "\x01" + PLAIN]),
    "alone": _text("matchmaking", matchSize=1, pool=PLAIN, readyCheck=True),
    "ready": _text("ready", proposal=PLAIN),
    "decline": _text("decline", proposal=SECRET),
    "create": _text("room-create", maxSize=2, code=PLAIN),
    "create, and that is no code": _text("room-create", maxSize=2, code=SECRET[:32]),
    "join": _text("room-join", code=PLAIN),
    "join, and that is no code": _text("room-join", code=SECRET),
    "many guesses": b"".join(_text("room-join", code=f"{PLAIN}{each}") for each in range(12)),
    "renew": _text("renew", token=PLAIN),
    "id": frames.text(json.dumps({"type": "ping", "id": PLAIN, "seen": SECRET})),
    "seen": frames.text(json.dumps({"type": "ping", "id": 8, "seen": {SECRET: PLAIN}})),
    "type": _text(SECRET, data=SECRET),
    "field that nobody knows": _text("cancel", **{SECRET: SECRET}),
    "no JSON": frames.text(f'{{"type":"signal","data":"{PLAIN}'),
    "no UTF-8": frames.text(b'{"type":"\xff' + PLAIN.encode()),
    "too big": frames.text(PLAIN * 12_000),
    "binary": frames.frame(frames.BINARY, PLAIN.encode()),
    "reason": frames.close(1001, PLAIN.encode()),
    "reason of its own": frames.close(4321, SECRET.encode()),
}


@define(eq=False)
class V1House:
    """Be a house whose guests speak `focus-signal.v1`.

    Args:
      house: the house.
    """

    house: House
    tokens: list[str] = field(factory=list[str], init=False)
    codes: list[str] = field(factory=list[str], init=False)

    async def enter(self, user: str | None, *lines: str) -> V1Stranger:
        """Open a WebSocket with an offer, `focus-signal.v1` alone if there is none."""
        stream = await self.house.dial()
        await stream.send_all(asking(user, *(lines or (V1,))))
        return await finish_v1(stream)

    async def pair(self) -> tuple[V1Stranger, V1Stranger]:
        """Connect two who share a room."""
        one, other = await self.enter(PLAIN), await self.enter(OTHER)
        await one.say({"type": "room-create", "maxSize": 3})
        self.codes.append((await one.hear_of("room-found"))["code"])
        await other.say({"type": "room-join", "code": self.codes[-1]})
        await other.hear_of("room-found")
        for peer in (one, other):
            await peer.say({"type": "ping", "seen": peer.seq})
            await peer.hear_of("pong")
            self.tokens.append(peer.token)
        return one, other

    async def say(self, said: bytes) -> None:
        """Say something as one of a pair, be cut, come back with the token, say it again, and part."""
        one, other = await self.pair()
        await one.send(said)
        assert isinstance(one.stream, trio.SocketStream)
        reset(one.stream)
        again = await self.enter(PLAIN, V1, f"resume.{one.token}.{one.seq}")
        await again.send(said)
        await self._part(again)
        # Whoever was sent away for a fault is awaited for a while, and so says goodbye.
        token = again.token or one.token
        last = await self.enter(PLAIN, f"{V1}, resume.{token}.{max(one.seq, again.seq)}")
        for peer in (last, other):
            await self._part(peer)
        self.tokens += [each for each in (token, last.token) if each]

    async def _part(self, peer: V1Stranger) -> None:
        peer.answers_close = False
        await peer.send(frames.close(1000, PLAIN.encode()))
        assert isinstance(peer.stream, trio.SocketStream)
        with suppress(trio.BrokenResourceError):
            await peer.stream.send_eof()
        for event in await peer.events():
            if event.startswith("close ") and PLAIN not in event and LEFT not in event:
                self.house.watch.look_at("close reason", event)
        await peer.stream.aclose()


def secrets_in(token: str) -> Iterator[str]:
    """Give what nobody may read of a token: pieces of its signature, and the session's id."""
    yield from (token[at : at + _PIECE] for at in range(len(token) - 3 * _PIECE, len(token), _PIECE))
    content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[5:-32]
    yield json.loads(content)["session"]


def leaked(watch: Watch, house: V1House) -> list[str]:
    """List the tokens and codes, or pieces of them, that are in any record of any logger."""
    secrets = dict.fromkeys(secret for token in house.tokens for secret in secrets_in(token))
    secrets |= dict.fromkeys(house.codes)
    told = "\n".join(f"{record.getMessage()} {vars(record)}" for record in watch.records)
    return [secret for secret in secrets if secret in told]

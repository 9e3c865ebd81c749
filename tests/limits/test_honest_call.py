"""The largest call there is, with all defaults: nobody is refused anything, and nothing is lost."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import trio
from attrs import define, field, frozen

from focus_signal.server.config import Config, TransportName
from focus_signal.server.outbox import Outbox
from focus_signal.testing.net.plain import PlainListener
from tests.limits.stage import SOMEWHERE, Check, Mutant, Stage, caught, open_stage, play
from tests.server.hostile import frames
from tests.server.hostile.frames import Received
from tests.server.hostile.peer import Peer, event
from tests.server.transports import BOTH

honest_call = sys.modules[__name__]

SIZE, CANDIDATES, SDP = 16, 20, 30_000
SLOW = 50_000.0
LONG = "x" * (SDP - 100)
CANDIDATE = {"candidate": "candidate:1 1 UDP 2122252543 192.0.2.1 54321 typ host", "sdpMid": "0"}


@frozen
class Shape:
    """Be what calls there are.

    Args:
      meshes: how many at once.
      sdp: how long what each offers is, in characters.
      candidates: how many each has for every other.
      slow: whether the first of each is on a slow link, both ways.
      later: seconds after connecting at which all of it begins.
    """

    meshes: int = 1
    sdp: str = LONG
    candidates: int = CANDIDATES
    slow: bool = True
    later: float = 0.0


@define(eq=False)
class Member:
    """Be one browser: it reads all the time, answers pings, and keeps what it gets by sender."""

    user: str
    peer: Peer
    others: tuple[str, ...] = ()
    got: dict[str, list[object]] = field(factory=dict[str, list[object]])
    wrong: list[str] = field(factory=list[str])
    found: trio.Event = field(factory=trio.Event)
    # What is said while much is on its way goes behind that.
    sending: trio.Lock = field(factory=trio.Lock)

    async def read(self) -> None:
        while True:
            received = await self.peer.receive()
            if not isinstance(received, Received):
                self.wrong.append(received)
                return
            if received.opcode == frames.PING:
                async with self.sending:
                    await self.peer.send(frames.frame(frames.PONG, received.payload))
            elif received.opcode == frames.CLOSE:
                self.wrong.append(event(received))
                return
            elif received.opcode == frames.TEXT:
                self._take(json.loads(received.payload))
            else:
                self.wrong.append(f"{received.opcode} {received.payload!r}")

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "room-found":
            self.others = tuple(user for user in message["peers"] if user != self.user)
            self.found.set()
        elif message["type"] == "error":
            self.wrong.append(message["code"])
        else:
            what = message.get("sdp") or message["candidate"]
            self.got.setdefault(message["from"], []).append(what)

    def expects(self, shape: Shape) -> dict[str, list[object]]:
        return {user: _said(shape, user, self.user) for user in self.others}

    async def call(self, shape: Shape) -> None:
        """Send everybody everything at once: a browser does not wait either."""
        data = bytearray()
        for other in self.others:
            for number, what in enumerate(_said(shape, self.user, other)):
                kind = (
                    {"type": "offer", "sdp": what}
                    if not number
                    else {"type": "ice-candidate", "candidate": what}
                )
                data += _text(json.dumps({**kind, "to": other}).encode())
        async with self.sending:
            await self.peer.send(bytes(data))


def _said(shape: Shape, one: str, other: str) -> list[object]:
    return [f"{one} to {other} {shape.sdp}", *({**CANDIDATE, "n": n} for n in range(shape.candidates))]


def _text(payload: bytes) -> bytes:
    """Write a frame whose mask is of zeros: much is sent here, and masking costs time."""
    head = frames.frame(frames.TEXT, b"", declared=len(payload))[:-4]
    return head + bytes(4) + payload


async def calls(stage: Stage, shape: Shape) -> None:
    members: list[Member] = []
    async with trio.open_nursery() as reading:
        for mesh in range(shape.meshes):
            for number in range(SIZE):
                user = f"user-{mesh}-{number}"
                peer = await stage.enter(user, SOMEWHERE)
                peer.answers_close = False  # it may be sending just now
                members.append(Member(user, peer))
                reading.start_soon(members[-1].read)
        began = trio.current_time()
        for mesh in range(shape.meshes):
            # One mesh after the other asks, so that its members are the ones who meet.
            mine = members[mesh * SIZE : (mesh + 1) * SIZE]
            for member in mine:
                await member.peer.say({"type": "matchmaking", "matchSize": SIZE})
            for member in mine:
                await member.found.wait()
            if shape.slow:
                stage.network.bandwidth(mine[0].user, SLOW)
        await trio.sleep_until(began + shape.later)
        async with trio.open_nursery() as sending:
            for member in members:
                sending.start_soon(member.call, shape)
        await trio.sleep(90.0)
        reading.cancel_scope.cancel()
    troubles = Counter(wrong for member in members for wrong in member.wrong)
    assert not troubles, troubles
    for member in members:
        assert member.got == member.expects(shape), (
            f"{member.user} has lost something, or got it out of order"
        )
    seen = stage.server.statistics()
    assert (seen.refused, seen.closed, seen.connections) == (0, {}, SIZE * shape.meshes)


async def one_call(transport: TransportName) -> None:
    async with open_stage(Config(), transport) as stage:
        await calls(stage, Shape())


async def one_call_at_every_time(transport: TransportName) -> None:
    """Between two pings, and around either of them: nobody is silent who has much to read and to say."""
    for later in (0.0, 10.0, 19.0, 20.0, 20.25):
        async with open_stage(Config(), transport) as stage:
            await calls(stage, Shape(later=later))


async def calls_over_streams(transport: TransportName) -> None:
    """The same where nothing can be sent without a step, as over TLS."""
    async with open_stage(Config(), transport, wrap=PlainListener) as stage:
        await calls(stage, Shape(meshes=16, slow=False))


async def full_calls(transport: TransportName) -> None:
    async with open_stage(Config(), transport) as stage:
        await calls(stage, Shape(meshes=16))


async def many_calls(transport: TransportName) -> None:
    """As many as one address may have: a school, or a company."""
    async with open_stage(Config(), transport) as stage:
        await calls(stage, Shape(meshes=16, sdp=LONG[:3000], candidates=4))


_real_put, _real_take = Outbox.put, Outbox.take


def _loses_one(self: Outbox, frame: bytes) -> bool:
    return b'"from":"user-0-3"' in frame or _real_put(self, frame)


def _turns_round(self: Outbox) -> list[bytes]:
    return _real_take(self)[::-1]


@BOTH
def test_one_call(transport: TransportName) -> None:
    play(one_call, transport)


def test_one_call_at_every_time() -> None:
    play(one_call_at_every_time, "native")


def test_many_calls() -> None:
    play(many_calls, "native")


@pytest.mark.long
def test_many_calls_of_full_size() -> None:
    play(full_calls, "native")


@pytest.mark.long
@pytest.mark.parametrize(
    ("check", "transport"), [(calls_over_streams, "native"), (full_calls, "trio-websocket")]
)
def test_many_calls_where_nothing_is_sent_at_once(
    check: Check, transport: TransportName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that sixteen calls send in the same moment waits then, which is more than waits by default."""
    config = Config(total_outbox_bytes=0)
    monkeypatch.setattr(honest_call, "Config", lambda: config)
    play(check, transport)


async def small_call(transport: TransportName) -> None:
    """A call in which everything is small, for planted bounds that even that goes beyond."""
    async with open_stage(Config(), transport) as stage:
        await calls(stage, Shape(sdp="short", candidates=2, slow=False))


def _default(**settings: Any) -> Sequence[tuple[Any, str, Any]]:
    """Let other defaults hold."""
    config = Config(**settings)
    return [(honest_call, "Config", lambda: config)]


test_mutants_are_caught = caught(
    [
        Mutant("too few messages", small_call, _default(message_burst=15 * 3)),
        Mutant("too few bytes", small_call, _default(byte_burst=2000, frame_bytes=2000, byte_rate=10)),
        Mutant("too few connections", small_call, _default(max_connections=15)),
        Mutant("too few from an address", small_call, _default(max_connections_per_address=15)),
        Mutant("too small a message", small_call, _default(frame_bytes=90)),
        Mutant("no room for what waits", one_call, _default(outbox_bytes=100_000)),
        Mutant("too few that wait", one_call, _default(outbox_messages=100)),
        Mutant("no room for what waits for all", one_call, _default(total_outbox_bytes=100_000)),
        Mutant("too little time to answer a ping", one_call, _default(ping_interval=0.5, pong_timeout=0.1)),
        Mutant("a message is lost", small_call, [(Outbox, "put", _loses_one)]),
        Mutant("order is lost", small_call, [(Outbox, "take", _turns_round)]),
    ]
)

"""One connection from its first byte to its end, among others whom its fault must not reach.

The victim does most of what a peer can do, or ends in one of several ways before. Meanwhile an honest pair
relays; afterwards another pair must be served, and nothing may be left behind.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Literal, get_args

import pytest
import trio
from attrs import define, field, frozen

from focus_signal.observe.faults import fault_of
from focus_signal.server.statistics import Statistics
from focus_signal.testing.determinism.runtime import Failed, attempt_deterministically
from focus_signal.testing.history import Torn
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulation import Simulation, open_simulation
from focus_signal.testing.subject import SERVER
from tests.server.every_await import VICTIM, Fuse, plant
from tests.server.hostile import frames
from tests.server.hostile.frames import frame
from tests.server.hostile.peer import Peer, event
from tests.simulations.raw import NOTHING, handshake_of, left, open_peer, open_stream

Way = Literal["native", "trio-websocket", "plain streams"]
WAYS: tuple[Way, ...] = get_args(Way)
Ending = Literal["goodbye", "reset", "end", "oversize", "binary", "deaf", "silent", "half a head", "page"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)

CONNECTIONS = 6
"""How many there are in the whole scene, if the victim is welcomed."""
_GRACE = 0.5
# The fourth connection comes when its slice has just had its turn: it is asked an interval later.
_PING = 1.0
_SILENT = 5.0
# Longer than anything may take: a whole life up to the second ping, its pong that is due, and the close.
_LONGEST_LIFE = 20.0
_PATIENCE = 1.0
_BEAT = 0.1
_WINDOW = 600
_BACKLOG = 6
# So many messages pass quickly between the honest pair, and what takes longer is beaten out more slowly.
_MANY = 10

logger = logging.getLogger("focus_signal")


@frozen
class Trial:
    """Be what came of one run.

    Args:
      way: the server's streams and transport.
      ending: how the victim ends.
      met: how many waits or calls there were.
      place: where it was raised; nothing if there were not so many.
      beside_writer: whether a writer was at work then.
      seen: what the victim saw, in words, the end of its stream included.
      logged: what went into the log, level and exception.
      closed: how many connections the server counts as closed.
      faults: what must not be.
    """

    way: Way
    ending: Ending
    met: int
    place: tuple[str, ...]
    beside_writer: bool
    seen: tuple[str, ...]
    logged: tuple[tuple[int, BaseException | None], ...]
    closed: int
    faults: tuple[str, ...]


class Over(Exception):
    """Say that the victim's stream has ended."""


@define(eq=False)
class Victim:
    """Be the peer whose connection meets the fault: it does its part for as long as it is served."""

    _sim: Simulation
    _mate: Peer
    _stream: SimStream
    seen: list[str]
    _peer: Peer = field(init=False)

    async def live(self, ending: Ending) -> None:
        """Do everything, and end in one way or another."""
        try:
            if ending in {"silent", "half a head", "page"}:
                await self._call(ending)
            else:
                await self._converse(ending)
        except Over:
            pass  # as seen
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _call(self, ending: Ending) -> None:
        if ending != "silent":
            await self._send(handshake_of(VICTIM)[:50] if ending == "half a head" else _PAGE[:20])
            await trio.sleep(0.01)
        if ending == "page":
            await self._send(_PAGE[20:])
        while True:
            data = await self._read()
            if data.startswith(b"HTTP/"):
                self.seen.append(data.split()[1].decode())

    async def _converse(self, ending: Ending) -> None:
        head = handshake_of(VICTIM)
        for piece in (head[:30], head[30:90], head[90:]):
            await self._send(piece)
            await trio.sleep(0.01)
        await self._finish_handshake()
        await self._say({"type": "matchmaking", "matchSize": 2})
        await self._mate.say({"type": "matchmaking", "matchSize": 2})
        await self._hear("room-found")
        await self._say({"type": "offer", "to": "mate", "sdp": "v=0"})
        await self._peer.send(frame(frames.PING, b"hello"))
        await self._hear("pong hello")
        # More than its window takes, and then it reads: a writer starts and ends.
        for number in range(_BACKLOG):
            await self._mate.say({"type": "offer", "to": VICTIM, "sdp": [number, "x" * 400]})
        await trio.sleep(_BEAT)
        await self._say({"type": "offer", "to": "mate", "sdp": "from behind a backlog"})
        if ending == "deaf":
            await trio.sleep(_SILENT)
            await self._hear("reset")
        for _ in range(_BACKLOG):
            await self._hear("offer")
        await self._hear("ping")
        await self._say({"type": "unheard-of"})
        await self._hear("error unknown-type")
        await self._end(ending)

    async def _end(self, ending: Ending) -> None:
        match ending:
            case "reset":
                await self._stream.abort()
                self.seen.append("reset by itself")
                raise Over
            case "end":
                self._peer.answers_close = False
                self.seen.append("end by itself")
                with suppress(trio.BrokenResourceError):  # what the server has made of it is read
                    await self._stream.send_eof()
            case "oversize":
                # The library finds out that it is too large when all of it is there.
                self._sim.net.window(VICTIM, 1 << 20)
                await self._peer.send(frame(frames.TEXT, b"x" * 300_000))
            case "binary":
                await self._peer.send(frame(frames.BINARY, b"x"))
            case _:
                await self._part()
        while True:
            await self._hear("reset")

    async def _part(self) -> None:
        self._peer.answers_close = False
        await self._peer.send(frames.close(1000))

    async def _finish_handshake(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self._read()
        head, _, rest = data.partition(b"\r\n\r\n")
        self.seen.append(head.split()[1].decode())
        self._peer = Peer(self._stream, rest)

    async def _say(self, message: dict[str, object]) -> None:
        await self._peer.send(frames.text(json.dumps(message)))

    async def _hear(self, wanted: str) -> None:
        """Read up to an event; if it does not come, the server has to end this, by a ping at the latest."""
        with trio.move_on_after(_PATIENCE):
            while await self._next() != wanted:
                pass
            return
        self.seen.append(f"no {wanted}")
        while True:
            await self._next()

    async def _next(self) -> str:
        received = await self._peer.receive()
        seen = event(received)
        self.seen.append(seen.partition(" ")[0] if seen.startswith("ping") else seen)
        if isinstance(received, str):
            raise Over
        if received.opcode == frames.PING:
            await self._peer.send(frame(frames.PONG, received.payload))
            return "ping"
        return seen

    async def _send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError:
            self.seen.append("reset")
            raise Over from None

    async def _read(self) -> bytes:
        try:
            data = await self._stream.receive_some()
        except trio.BrokenResourceError:
            self.seen.append("reset")
            raise Over from None
        if not data:
            self.seen.append("eof")
            raise Over
        return data


_PAGE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def _relay(one: Peer, other: Peer, names: tuple[str, str], number: int) -> None:
    """Let one ask and the other answer; both are pinged, and so both have to read."""
    for sender, receiver, to in ((one, other, names[1]), (other, one, names[0])):
        await sender.say({"type": "offer", "to": to, "sdp": number})
        heard = await receiver.hear()
        assert heard["sdp"] == number, f"an honest peer heard {heard} where {number} was due"


async def _attend(mate: Peer) -> None:
    """Read what the victim sends, up to the answer to a last question."""
    while (await mate.hear()).get("code") != "unknown-type":
        pass


async def _meet(first: Peer, second: Peer) -> None:
    for peer in (first, second):
        await peer.say({"type": "matchmaking", "matchSize": 2})
    for peer in (first, second):
        assert (await peer.hear())["type"] == "room-found"


async def play(sim: Simulation, ending: Ending, seen: list[str]) -> list[str]:
    """Play the scene, and tell what must not be."""
    faults: list[str] = []
    async with open_peer(sim, "ana") as ana, open_peer(sim, "bo") as bo, open_peer(sim, "mate") as mate:
        await _meet(ana, bo)
        # Without the mate's, who leaves before the server has to be done with the victim's.
        others = sim.net.statistics().server_streams - 1
        gone = trio.Event()

        async def live() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_attend, mate)
                async with open_stream(sim, VICTIM, window=_WINDOW) as stream:
                    with trio.move_on_after(_LONGEST_LIFE) as scope:
                        await Victim(sim, mate, stream, seen).live(ending)
                    if scope.cancelled_caught:
                        faults.append("the victim's stream had no end")
                await mate.say({"type": "unheard-of"})
            await mate.part()
            with trio.move_on_after(_LONGEST_LIFE):
                while sim.net.statistics().server_streams > others:  # noqa: ASYNC110 - the network has no event
                    await trio.sleep(_BEAT)
            gone.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(live)
            number = 0
            while not gone.is_set():
                await _relay(ana, bo, ("ana", "bo"), number)
                number += 1
                with trio.move_on_after(_BEAT if number < _MANY else 10 * _BEAT):
                    await gone.wait()
        if sim.net.statistics().server_streams > others:
            faults.append("the server keeps the victim's stream")
        async with open_peer(sim, "cleo") as cleo, open_peer(sim, "dan") as dan:
            await _meet(cleo, dan)
            await _relay(cleo, dan, ("cleo", "dan"), 0)
            await cleo.part()
            await dan.part()
        await ana.part()
        await bo.part()
    await trio.sleep(_GRACE + _BEAT)
    torn = [f"torn: {each.text}" for each in sim.history if isinstance(each, Torn)]
    return [*faults, *torn, *left_behind(sim)]


def left_behind(sim: Simulation) -> list[str]:
    """Tell what the server still has, now that everyone has left and every grace is over."""
    at: Statistics = sim.server.statistics()
    counts = {
        "connections": at.connections,
        "users": at.users,
        "waiting": at.waiting,
        "rooms": at.rooms,
        "handshakes": at.handshakes,
        "bytes of backlog": at.backlog,
        "connections let in": sim.server._admission.connections,
    }
    faults = [f"{count} {name} left" for name, count in counts.items() if count]
    if sim.server.outboxes():
        faults.append(f"connections {list(sim.server.outboxes())} are still listed")
    if left(sim) != NOTHING:
        faults.append(f"{left(sim)}")
    return faults


@define(eq=False)
class _Log(logging.Handler):
    """Keep what goes into the log."""

    records: list[tuple[int, BaseException | None]] = field(factory=list[tuple[int, BaseException | None]])

    def __attrs_pre_init__(self) -> None:
        super().__init__(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.levelno, fault_of(record)))


def run_trial(way: Way, ending: Ending, fuse: Fuse) -> Trial:
    """Run the scene once, with a fuse at the victim's connection."""
    config = RunConfig(
        latency=(0.0, 0.0),
        seat_grace=_GRACE,
        ping_interval=_PING,
        pong_timeout=1.0,
        write_timeout=2.0,
        transport="trio-websocket" if way == "trio-websocket" else "native",
        plain_streams=way == "plain streams",
    )
    seen: list[str] = []
    closed: list[int] = []
    log = _Log()

    async def main() -> list[str]:
        trio.lowlevel.add_instrument(instrument)
        async with open_simulation("full", 0, config, SERVER, _PATIENCE) as sim:
            faults = await play(sim, ending, seen)
            closed.append(sum(sim.server.statistics().closed.values()))
            return faults

    with pytest.MonkeyPatch.context() as patch:
        instrument = plant(patch, fuse)
        patch.setattr(logger, "propagate", False)  # pytest would format each traceback
        patch.setattr(logger, "level", logging.INFO)
        logger.addHandler(log)
        try:
            ran = attempt_deterministically(main, seed=0)
        finally:
            logger.removeHandler(log)
            fuse.forget_tasks()
    faults = [f"the run raised {ran.error!r}"] if isinstance(ran, Failed) else ran.value
    return Trial(
        way=way,
        ending=ending,
        met=fuse.met,
        place=fuse.place,
        beside_writer=fuse.beside_writer,
        seen=tuple(seen),
        logged=tuple(log.records),
        closed=sum(closed),
        faults=tuple(faults),
    )

"""What waits for peers that do not read: for each there is a bound, and one for all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio
from attrs import define, evolve, field

from focus_signal.server.config import TransportName
from focus_signal.server.outbox import _OF_A_FRAME, Backlog, Outbox
from focus_signal.server.owner import Owner
from focus_signal.testing.net.plain import PlainListener
from tests.limits.stage import (
    INSTANT,
    QUIET,
    Mutant,
    Stage,
    caught,
    gather,
    offer,
    open_stage,
    pour,
    simulated,
)
from tests.server.hostile.peer import Peer

# What is not read stays where it is for as long as a test lasts.
LAZY = evolve(QUIET, relay_scope="any", write_timeout=3600.0, message_rate=0, byte_rate=0)
WINDOW, SIZE = 500, 1000
UNAVAILABLE = "error peer-unavailable"
_SEVERAL = ("one", "two", "three")


@define(eq=False)
class Scene:
    """Be somebody who sends, and some who do not read what they are sent."""

    stage: Stage
    busy: Peer
    lazy: dict[str, Peer] = field(factory=dict[str, Peer])
    sent: dict[str, int] = field(factory=dict[str, int])

    async def add(self, name: str) -> None:
        self.lazy[name] = await self.stage.enter(name, window=WINDOW)
        self.sent[name] = 0
        await trio.sleep(INSTANT)

    async def send(self, name: str, size: int = SIZE) -> list[str]:
        """Send one message, and list what comes back for it."""
        mark, self.sent[name] = self.sent[name], self.sent[name] + 1
        await pour(self.busy, offer("busy", size, to=name, mark=mark))
        return await gather(self.busy)

    @property
    def backlog(self) -> int:
        return self.stage.server.statistics().backlog

    async def reads_all(self, name: str) -> None:
        """See that a peer is there, and gets all that it was sent, in order."""
        assert await gather(self.lazy[name], 1.0) == [str(number) for number in range(self.sent[name])]
        assert await self.send(name) == []
        assert await gather(self.lazy[name], 1.0) == [str(self.sent[name] - 1)]


async def _open(stage: Stage, *names: str) -> Scene:
    scene = Scene(stage, await stage.enter("busy"))
    for name in names:
        await scene.add(name)
    return scene


async def messages_for_one(transport: TransportName) -> None:
    async with open_stage(evolve(LAZY, outbox_messages=4, outbox_bytes=0), transport) as stage:
        scene = await _open(stage, "one", "two")
        # It hangs in the first, and four may wait behind that.
        for _ in range(5):
            assert await scene.send("one") == await scene.send("two") == []
        assert await scene.send("one") == []
        assert await scene.send("one") == [UNAVAILABLE]
        await scene.reads_all("two")


async def bytes_for_one(transport: TransportName) -> None:
    async with open_stage(evolve(LAZY, outbox_messages=0), transport) as stage:
        scene = await _open(stage, "one")
        for _ in range(3):
            await scene.send("one")
        waiting = _waiting(stage, "one")
        await scene.send("one")
        # Four of them, of which a part of the first has gone; then there is one more, which is as large.
        size = 2 * _waiting(stage, "one") - waiting
    for most, given_up in ((size, False), (size - 1, True)):
        async with open_stage(evolve(LAZY, outbox_messages=0, outbox_bytes=most), transport) as stage:
            scene = await _open(stage, "one", "two")
            await scene.send("two")
            for _ in range(5):
                assert await scene.send("one") == []
            assert await scene.send("one") == ([UNAVAILABLE] if given_up else [])
            await scene.reads_all("two")


def _waiting(stage: Stage, user: str) -> int:
    [connection] = stage.server._roll._by_user[user]
    return connection.outbox_statistics().bytes


def _taking(stage: Stage, user: str) -> int:
    """Count what a user's outbox holds, and what holding it takes."""
    [connection] = stage.server._roll._by_user[user]
    seen = connection.outbox_statistics()
    return seen.bytes + _OF_A_FRAME * seen.messages


async def _fill(stage: Stage) -> Scene:
    """Let much wait for one, less for another, and least for a third, one message at a time."""
    scene = await _open(stage, *_SEVERAL)
    for _ in range(2):
        for name in _SEVERAL:
            await scene.send(name)
    for name in ("one", "two", "one"):
        await scene.send(name)
    return scene


async def together(transport: TransportName) -> None:
    await _together(transport, lambda listener: listener)


async def together_over_streams(transport: TransportName) -> None:
    """Where nothing can be sent, or ended, without a step, as over TLS."""
    await _together(transport, PlainListener)


async def _together(transport: TransportName, wrap: Callable[[Any], Any]) -> None:
    async with open_stage(evolve(LAZY, total_outbox_bytes=0), transport, wrap=wrap) as stage:
        scene = await _fill(stage)
        whole, least = scene.backlog, _taking(stage, "two") + _taking(stage, "three")
        assert stage.server.statistics().closed == {}
    async with open_stage(evolve(LAZY, total_outbox_bytes=whole), transport, wrap=wrap) as stage:
        scene = await _fill(stage)
        assert scene.backlog == whole
        for name in _SEVERAL:
            await scene.reads_all(name)
        # What has gone does not count any more.
        assert scene.backlog == 0
    async with open_stage(evolve(LAZY, total_outbox_bytes=whole - 1), transport, wrap=wrap) as stage:
        scene = await _fill(stage)
        assert scene.backlog == least
        await trio.sleep(INSTANT)
        assert stage.server.statistics().closed == {"too-slow": 1}
        assert await scene.send("one") == [UNAVAILABLE]
        # It was in the middle of a message, so nothing can be said to it.
        assert await gather(scene.lazy["one"]) == ["reset"]
        for name in ("two", "three"):
            await scene.reads_all(name)
        assert scene.backlog == 0


async def never_above(transport: TransportName) -> None:
    most = 5 * SIZE
    async with open_stage(evolve(LAZY, total_outbox_bytes=most), transport) as stage:
        scene = await _open(stage)
        seen: list[int] = []
        for number in range(12):
            await scene.add(f"lazy-{number}")
            for _ in range(number % 3 + 1):
                await scene.send(f"lazy-{number}")
                seen.append(scene.backlog)
        assert max(seen) <= most
        assert stage.server.statistics().closed["too-slow"] > 3
        # Whoever came last, and for whom less waits than for others, is there.
        await scene.add("last")
        await scene.send("last")
        await scene.reads_all("last")


async def who_reads_has_nothing_waiting(transport: TransportName) -> None:
    """On the native transport not even for a moment; the library sends nothing without a step."""
    most = SIZE if transport == "native" else 30_000
    async with open_stage(evolve(LAZY, total_outbox_bytes=most), transport) as stage:
        busy = await stage.enter("busy")
        for number in range(10):
            await pour(busy, offer("busy", 20_000, mark=number))
            assert await gather(busy) == [str(number)]
        assert stage.server.statistics().backlog == 0


async def who_is_replaced_gives_way_first(transport: TransportName) -> None:
    """What waits for a connection that is being closed for something else makes room as well."""
    async with open_stage(evolve(LAZY, total_outbox_bytes=8 * SIZE), transport) as stage:
        scene = await _open(stage, "old", "slow")
        for _ in range(6):
            await scene.send("old")
        newer = await stage.enter("old")
        assert await scene.send("slow") == []
        assert await scene.send("slow", 3 * SIZE) == []
        assert scene.backlog <= 8 * SIZE
        assert stage.server.statistics().connections == 3
        await scene.reads_all("slow")
        await newer.part()


test_messages_for_one = simulated(messages_for_one)
test_bytes_for_one = simulated(bytes_for_one)
test_together = simulated(together)
test_together_over_streams = simulated(together_over_streams)
test_never_above = simulated(never_above)
test_who_reads_has_nothing_waiting = simulated(who_reads_has_nothing_waiting)
test_who_is_replaced_gives_way_first = simulated(who_is_replaced_gives_way_first)

_real_init = Outbox.__init__
_real_put = Outbox.put
_real_fullest = Backlog.fullest
_real_room = Owner._make_room
_real_change = Backlog.change


def _bounds(messages: int = 0, size: int = 0) -> list[tuple[Any, str, Any]]:
    """Let other bounds hold than those that were set."""

    def put(self: Outbox, frame: bytes) -> bool:
        self.max_messages, self.max_bytes = self.max_messages + messages, self.max_bytes + size
        try:
            return _real_put(self, frame)
        finally:
            self.max_messages, self.max_bytes = self.max_messages - messages, self.max_bytes - size

    # All at once would be bounded by what is not changed here.
    return [(Outbox, "put", put), (Outbox, "put_all", lambda self, frames: all(map(self.put, frames)))]


def _total(change: int) -> list[tuple[Any, str, Any]]:
    def init(self: Backlog, most: int) -> None:
        _real_backlog(self, most + change)

    return [(Backlog, "__init__", init)]


_real_backlog = Backlog.__init__


def _emptiest(self: Backlog) -> Outbox | None:
    asked = [outbox for outbox in self._waiting if not outbox.urgent]
    return min(asked, key=self._waiting.__getitem__, default=None)


def _only_grows(self: Backlog, outbox: Outbox, waiting: int) -> None:
    if waiting > self._waiting.get(outbox, 0):
        _real_change(self, outbox, waiting)


def _patient(self: Owner, now: float) -> None:
    """Give up the fullest, and leave it the time that anybody has to end a message."""
    fullest = self._backlog.fullest()
    if fullest is not None:
        fullest.close("too-slow")
        fullest.flush()


test_mutants_are_caught = caught(
    [
        Mutant("one message more", messages_for_one, _bounds(messages=1)),
        Mutant("one message less", messages_for_one, _bounds(messages=-1)),
        Mutant("one byte more", bytes_for_one, _bounds(size=1)),
        Mutant("one byte less", bytes_for_one, _bounds(size=-1)),
        Mutant("one byte more for all", together, _total(1)),
        Mutant("one byte less for all", together, _total(-1)),
        Mutant("any number for all", never_above, [(Owner, "_make_room", lambda *_: None)]),
        Mutant("the emptiest goes", together, [(Backlog, "fullest", _emptiest)]),
        Mutant("what has gone counts on", together, [(Backlog, "change", _only_grows)]),
        Mutant("room is made in time", never_above, [(Owner, "_make_room", _patient)]),
    ]
)

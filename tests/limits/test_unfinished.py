"""What has come of messages that are not whole: for all peers together there is a bound."""

from __future__ import annotations

from typing import Any

import trio
from attrs import evolve

from focus_signal.server.config import TransportName
from focus_signal.server.connection import Connection
from focus_signal.server.unfinished import Unfinished
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
from tests.server.hostile import frames
from tests.server.hostile.peer import Peer

OPEN = evolve(QUIET, relay_scope="any")
SIZES = {"one": 4000, "two": 3000, "three": 1000}


async def _begin(stage: Stage) -> dict[str, tuple[Peer, bytes]]:
    """Let each send a message but for its end; give the ends."""
    ends: dict[str, tuple[Peer, bytes]] = {}
    for user, size in SIZES.items():
        peer = await stage.enter(user)
        whole = offer(user, 5000, mark=user)
        # One frame that has not come whole, or fragments of which the last has not come.
        sent = frames.text(whole) if user != "two" else frames.fragments(whole[:2000], whole[2000:])
        await peer.send(sent[:size])
        await trio.sleep(INSTANT)
        ends[user] = peer, sent[size:]
    return ends


async def _complete(ends: dict[str, tuple[Peer, bytes]], *users: str) -> None:
    for user in users:
        peer, end = ends[user]
        await peer.send(end)
        assert await gather(peer) == [user]


async def together(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, total_unfinished_bytes=0), transport) as stage:
        ends = await _begin(stage)
        whole = stage.server._shared.unfinished.bytes
        assert 0.9 * sum(SIZES.values()) < whole <= sum(SIZES.values())
        await _complete(ends, *SIZES)
        assert stage.server._shared.unfinished.bytes == 0
    async with open_stage(evolve(OPEN, total_unfinished_bytes=whole), transport) as stage:
        await _complete(await _begin(stage), *SIZES)
    async with open_stage(evolve(OPEN, total_unfinished_bytes=whole - 1), transport) as stage:
        ends = await _begin(stage)
        assert await gather(ends["one"][0]) == ["reset"]
        assert stage.server.statistics().closed == {"too-big": 1}
        await _complete(ends, "two", "three")
        assert stage.server._shared.unfinished.bytes == 0
        # There is room again.
        again = await stage.enter("one")
        await pour(again, offer("one", mark="again"))
        assert await gather(again) == ["again"]


async def who_leaves_lets_go(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, total_unfinished_bytes=5000), transport) as stage:
        for _ in range(4):
            peer = await stage.enter("ana")
            await peer.send(frames.text(offer("ana", 5000))[:4000])
            await stage.leave(peer.stream)
            assert stage.server._shared.unfinished.bytes == 0
        assert stage.server.statistics().closed == {"done": 4}


test_together = simulated(together, only="native")
test_who_leaves_lets_go = simulated(who_leaves_lets_go, only="native")

_real_note = Unfinished.note


def _changed(change: int) -> list[tuple[Any, str, Any]]:
    def note(self: Unfinished, holder: Any, held: int) -> None:
        self.most += change
        _real_note(self, holder, held)
        self.most -= change

    return [(Unfinished, "note", note)]


def _cuts_who_came(self: Unfinished, holder: Any, held: int) -> None:
    """End whoever brings too much, not who holds most."""
    if self.bytes + held > self.most:
        holder.drop_unfinished()
        return
    _real_note(self, holder, held)


def _only_grows(self: Unfinished, holder: Any, held: int) -> None:
    if held:
        _real_note(self, holder, held)


test_mutants_are_caught = caught(
    [
        Mutant("one byte more", together, _changed(1)),
        Mutant("one byte less", together, _changed(-1)),
        Mutant("any number", together, _changed(1 << 40)),
        Mutant("who came last goes", together, [(Unfinished, "note", _cuts_who_came)]),
        Mutant("nobody lets go", who_leaves_lets_go, [(Unfinished, "note", _only_grows)]),
        Mutant("nobody is cut", together, [(Connection, "drop_unfinished", lambda _: None)]),
    ]
)

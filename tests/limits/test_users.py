"""Connections of one user: a newer one replaces an older one, and those on their way out have a bound."""

from __future__ import annotations

from typing import Any

import trio
from attrs import evolve

from focus_signal.server.config import TransportName
from focus_signal.server.connection import Connection
from focus_signal.server.roll import Roll
from tests.limits.stage import INSTANT, QUIET, Mutant, Stage, caught, gather, open_stage, simulated
from tests.server.hostile.honest import meet
from tests.server.hostile.peer import Peer

CLOSE = 2.0
# The library ends a stream that is cut in its own way.
CUT = {"reset", "eof"}


async def _come_again(stage: Stage, times: int) -> list[Peer]:
    """Let a user connect so many times; none of these answers a goodbye."""
    peers: list[Peer] = []
    for _ in range(times):
        peers.append(await stage.enter("ana"))
        peers[-1].answers_close = False
        await trio.sleep(INSTANT)
    return peers


async def the_oldest_is_cut(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_connections_per_user=3), transport) as stage:
        pair = await meet(stage.enter)
        began = trio.current_time()
        first, second, third = await _come_again(stage, 3)
        assert len(stage.server._roll._by_user["ana"]) == 3
        assert stage.open_streams() == 5, "three may be there: one that is served, two that are being closed"
        [fourth] = await _come_again(stage, 1)
        assert trio.current_time() < began + 1.0
        assert stage.open_streams() == 5
        *told, end = await gather(first)
        assert (told, end in CUT) == (["close 4501 replaced"], True)
        for older in (second, third):
            assert await gather(older) == ["close 4501 replaced"]
        assert await gather(fourth) == []
        await fourth.say({"type": "matchmaking", "matchSize": 1})
        assert await gather(fourth) == ["room-found"]
        await pair.relay(3)
        # Who is told to go, and does not, is cut by the close deadline and not before.
        await trio.sleep_until(began + CLOSE)
        assert stage.server.statistics().connections == 3
        for older in (second, third):
            await stage.leave(older.stream)
        await fourth.part()
        await pair.part()


async def only_one(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_connections_per_user=1), transport) as stage:
        first, second = await _come_again(stage, 2)
        assert stage.open_streams() == 1
        assert (await gather(first))[-1] in CUT
        assert await gather(second) == []
        other = await stage.enter("bo")
        await second.part()
        await other.part()


async def no_limit(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_connections_per_user=0), transport) as stage:
        peers = await _come_again(stage, 8)
        assert stage.open_streams() == 8
        for older in peers[:-1]:
            assert await gather(older) == ["close 4501 replaced"]
        await peers[-1].part()


async def who_has_left_does_not_count(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_connections_per_user=2), transport) as stage:
        for _ in range(4):
            peer = await stage.enter("ana")
            await peer.part()
            await trio.sleep(INSTANT)
        first, second = await _come_again(stage, 2)
        assert await gather(first) == ["close 4501 replaced"]
        await second.part()


test_the_oldest_is_cut = simulated(the_oldest_is_cut)
test_only_one = simulated(only_one)
test_no_limit = simulated(no_limit)
test_who_has_left_does_not_count = simulated(who_has_left_does_not_count)

_real_enter = Roll.enter


def _changed(change: int) -> list[tuple[Any, str, Any]]:
    def enter(self: Roll, connection: Connection) -> None:
        self._most_of_user += change
        _real_enter(self, connection)
        self._most_of_user -= change

    return [(Roll, "enter", enter)]


def _cuts_the_newest(self: Roll, connection: Connection) -> None:
    of_user = self._by_user.get(connection.user, [])
    full = len(of_user) >= self._most_of_user
    kept, self._most_of_user = self._most_of_user, 1000
    _real_enter(self, connection)
    self._most_of_user = kept
    if full:
        of_user[-2].cut()


def _leaves_its_name(self: Roll, connection: Connection) -> None:
    self.note_close(connection.closed_as)
    del self._by_number[connection.number]
    self._none_left.set()


test_mutants_are_caught = caught(
    [
        Mutant("one more", the_oldest_is_cut, _changed(1)),
        Mutant("one less", the_oldest_is_cut, _changed(-1)),
        Mutant("any number", the_oldest_is_cut, _changed(1000)),
        Mutant("a newer one is cut", the_oldest_is_cut, [(Roll, "enter", _cuts_the_newest)]),
        Mutant("who left counts on", who_has_left_does_not_count, [(Roll, "leave", _leaves_its_name)]),
    ]
)

"""Limits and ends: of a server that drains or stops, and of a peer that goes beyond what it may."""

from __future__ import annotations

import trio
from attrs import evolve

from focus_signal.errors import HttpRefused
from focus_signal.server.admission import Admission
from focus_signal.server.config import TransportName
from focus_signal.server.owner import Owner
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
    word,
)
from tests.server.hostile.answers import Wanted
from tests.server.hostile.handshake_table import plain
from tests.server.hostile.peer import Peer, request

DRAINING = Wanted(503, "The server is draining.", {"Retry-After": "1"})
CROWDED = Wanted(429, "Too many connections come from this address.", {"Retry-After": "1"})
ELSEWHERE = "203.0.113.5"
READYZ = plain("GET /readyz HTTP/1.1")
GRACE = 1.5


async def drain_of_a_full_server(transport: TransportName) -> None:
    """Whoever comes then is told that it drains, not that it is full, and counts against nobody."""
    config = evolve(QUIET, max_connections=2, max_handshakes=2, max_failures_per_address=1)
    async with open_stage(config, transport) as stage:
        mute, other = await stage.enter("mute"), await stage.enter("other")
        mute.answers_close = False
        waiting = await stage.dial(ELSEWHERE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.server.drain, GRACE)
            await trio.sleep(INSTANT)
            for _ in range(3):
                assert await stage.ask(DRAINING, ELSEWHERE) == []
                assert await stage.ask(DRAINING, ELSEWHERE, READYZ) == []
            assert await gather(other) == ["close 1012 restart", "eof"]
            assert await gather(mute) == ["close 1012 restart"]
            # A handshake that has begun is no connection yet: it is not waited for, and refused in its turn.
            await waiting.send_all(request())
            assert (await waiting.receive_some()).startswith(b"HTTP/1.1 503 ")
        assert stage.server.statistics().connections == 0
        # Too many handshakes are too many then as well.
        silent = [await stage.dial(ELSEWHERE) for _ in range(4)]
        assert stage.server.statistics().handshakes == 2
        await stage.leave(*silent)


async def drain_and_addresses(transport: TransportName) -> None:
    """Who is being sent away is still there."""
    async with open_stage(evolve(QUIET, max_connections_per_address=1), transport) as stage:
        mute = await stage.enter("mute")
        mute.answers_close = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.server.drain, GRACE)
            await trio.sleep(INSTANT)
            assert await stage.ask(CROWDED) == []
            assert await stage.ask(DRAINING, ELSEWHERE) == []
        assert await stage.ask(DRAINING) == []


async def drain_of_slow_readers(transport: TransportName) -> None:
    """What waits for peers has its bound to the end, and the end is not later for that."""
    config = evolve(QUIET, relay_scope="any", total_outbox_bytes=5000, write_timeout=3600.0)
    async with open_stage(config, transport) as stage:
        busy = await stage.enter("busy")
        for name in ("one", "two"):
            await stage.enter(name, window=500)
            await pour(busy, *[offer("busy", 1000, to=name)] * 4)
        await trio.sleep(INSTANT)
        assert 0 < stage.server.statistics().backlog <= 5000
        began = trio.current_time()
        await stage.server.drain(GRACE)
        assert trio.current_time() == began + GRACE
        assert stage.server.statistics().backlog == 0


async def flood_during_a_drain(transport: TransportName) -> None:
    """Nothing that is said then is heard, and so nothing is too much."""
    config = evolve(QUIET, relay_scope="any", message_burst=1, message_rate=1, rate_grace=0.5)
    async with open_stage(config, transport) as stage:
        ana = await stage.enter("ana")
        ana.answers_close = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.server.drain, GRACE)
            for _ in range(12):
                await trio.sleep(0.1)
                await pour(ana, *[offer("ana")] * 5)
        assert (await gather(ana))[0] == "close 1012 restart"
        assert stage.server.statistics().closed == {"restart": 1}


async def stop_with_open_handshakes(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_handshakes=3), transport) as stage:
        ana = await stage.enter("ana")
        waiting = [await stage.dial(ELSEWHERE) for _ in range(5)]
        began = trio.current_time()
        stage.server.stop()
        assert await gather(ana) == ["close 1012 restart", "eof"]
        await stage.leave(ana.stream)
        # Nobody who has said nothing is waited for.
        await trio.sleep(INSTANT)
        for stream in waiting:
            try:
                assert await stream.receive_some() == b""
            except trio.BrokenResourceError:
                continue  # cut
        assert trio.current_time() < began + 2.0


async def closed_for_its_rate_is_gone(transport: TransportName) -> None:
    """Whoever is closed with 4003, and does not answer, is gone for all others at once.

    Else what they send would be lost without a word, and a match could hold somebody who will never answer.
    """
    config = evolve(QUIET, relay_scope="any", message_burst=1, message_rate=1, rate_grace=1.0)
    async with open_stage(config, transport) as stage:
        flood = await stage.enter("flood")
        flood.answers_close = False
        await _flood_until_closed(stage, "flood", flood)
        bo = await stage.enter("bo")
        await pour(bo, offer("bo", to="flood"))
        assert await gather(bo) == ["error peer-unavailable"]


async def nobody_is_matched_with_who_is_closed(transport: TransportName) -> None:
    config = evolve(QUIET, message_burst=1, message_rate=1, rate_grace=1.0)
    async with open_stage(config, transport) as stage:
        flood = await stage.enter("flood")
        flood.answers_close = False
        await flood.say({"type": "matchmaking", "matchSize": 2})
        await _flood_until_closed(stage, "flood", flood)
        bo = await stage.enter("bo")
        await bo.say({"type": "matchmaking", "matchSize": 2})
        assert await gather(bo) == [], "it waits for somebody who is there"


async def nobody_is_matched_with_who_is_silent(transport: TransportName) -> None:
    """The same for whoever answers no ping."""
    async with open_stage(evolve(QUIET, ping_interval=2.0, pong_timeout=2.0), transport) as stage:
        mute = await stage.enter("mute")
        mute.answers_close = False
        await mute.say({"type": "matchmaking", "matchSize": 2})
        while word(await mute.receive()) != "close 4002 no-pong":
            pass
        bo = await stage.enter("bo")
        await bo.say({"type": "matchmaking", "matchSize": 2})
        assert await gather(bo) == [], "it waits for somebody who is there"


async def closed_for_its_rate_leaves_in_time(transport: TransportName) -> None:
    """Reading a byte now and then buys nobody who is closed more time than who reads nothing."""
    config = evolve(QUIET, relay_scope="any", message_burst=8, message_rate=1, rate_grace=1.0)
    async with open_stage(config, transport) as stage:
        flood = await stage.enter("flood", window=500)
        for _ in range(4):
            await pour(flood, *[offer("flood", 1000)] * 8)
            await trio.sleep(0.5)
        closed = trio.current_time()
        while trio.current_time() < closed + 60.0 and stage.open_streams():
            await flood.receive_bytes(1)
            await trio.sleep(1.0)
        assert trio.current_time() <= closed + 15.0
        assert stage.server.statistics().closed == {"flood": 1}


async def _flood_until_closed(stage: Stage, user: str, peer: Peer) -> None:
    for _ in range(4):
        await pour(peer, *[offer(user)] * 3)
        await trio.sleep(0.5)
    assert (await gather(peer))[-1] == "close 4003 flood"


test_drain_of_a_full_server = simulated(drain_of_a_full_server)
test_drain_and_addresses = simulated(drain_and_addresses)
test_drain_of_slow_readers = simulated(drain_of_slow_readers)
test_flood_during_a_drain = simulated(flood_during_a_drain)
test_stop_with_open_handshakes = simulated(stop_with_open_handshakes)
test_closed_for_its_rate_is_gone = simulated(closed_for_its_rate_is_gone)
test_nobody_is_matched_with_who_is_closed = simulated(nobody_is_matched_with_who_is_closed)
test_nobody_is_matched_with_who_is_silent = simulated(nobody_is_matched_with_who_is_silent)
test_closed_for_its_rate_leaves_in_time = simulated(closed_for_its_rate_leaves_in_time)

_real_check = Admission.check
_real_room = Admission.check_room


def _full_first(self: Admission) -> None:
    if self.connections >= self.room.connections:
        raise HttpRefused(503, "The server is full.", (("Retry-After", "1"),))
    _real_room(self)


def _takes_anybody(self: Admission) -> None:
    """Know nothing of an end."""
    if self.connections >= self.room.connections:
        raise HttpRefused(503, "The server is full.", (("Retry-After", "1"),))


def _forgets_addresses(self: Admission, key: str | None, origin: str | None) -> None:
    _real_check(self, None, origin)


test_mutants_are_caught = caught(
    [
        Mutant("full comes first", drain_of_a_full_server, [(Admission, "check_room", _full_first)]),
        Mutant("draining lets in", drain_of_a_full_server, [(Admission, "check_room", _takes_anybody)]),
        Mutant("addresses are not asked", drain_and_addresses, [(Admission, "check", _forgets_addresses)]),
        Mutant("no bound for all", drain_of_slow_readers, [(Owner, "_make_room", lambda *_: None)]),
    ]
)

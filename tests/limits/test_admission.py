"""Connections in all, and from one address: the last that may is served, the next is told when to come."""

from __future__ import annotations

from typing import Any

import trio
from attrs import evolve

from focus_signal.access import addresses
from focus_signal.access.addresses import Addresses
from focus_signal.server import server as server_module
from focus_signal.server.admission import Admission
from focus_signal.server.config import TransportName
from focus_signal.server.descriptors import Room
from focus_signal.server.settings import NO_LIMIT
from tests.limits.stage import INSTANT, QUIET, SOMEWHERE, Mutant, Stage, caught, open_stage, simulated
from tests.server.hostile.answers import Wanted
from tests.server.hostile.handshake_table import plain
from tests.server.hostile.honest import meet

FULL = Wanted(503, "The server is full.", {"Retry-After": "1"})
CROWDED = Wanted(429, "Too many connections come from this address.", {"Retry-After": "1"})
READY, READYZ = Wanted(200, "ready"), plain("GET /readyz HTTP/1.1")
HEALTHY, HEALTHZ = Wanted(200, "ok"), plain("GET /healthz HTTP/1.1")
BAD, NO_PAGE = Wanted(404, "Not Found"), plain("GET /nowhere HTTP/1.1")
OPEN = evolve(QUIET, max_connections=0, max_connections_per_address=0, max_failures_per_address=0)


def _blocked(seconds: int) -> Wanted:
    return Wanted(429, "Too many handshakes from this address have failed.", {"Retry-After": str(seconds)})


async def connections_in_all(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, max_connections=3), transport) as stage:
        first = await stage.enter("first")
        assert await stage.ask(READY, asked=READYZ) == []
        pair = await meet(stage.enter)
        for address in (SOMEWHERE, "203.0.113.9"):
            assert await stage.ask(FULL, address) == []
            assert await stage.ask(FULL, address, READYZ) == []
            assert await stage.ask(HEALTHY, address, HEALTHZ) == []
        await pair.relay(3)
        await first.part()
        await trio.sleep(INSTANT)
        assert await stage.ask(READY, asked=READYZ) == []
        last = await stage.enter("last")
        assert await stage.ask(FULL) == []
        await last.part()
        await pair.relay()
        await pair.part()


async def from_one_address(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, max_connections_per_address=2), transport) as stage:
        pair = await meet(stage.enter)
        assert await stage.ask(CROWDED) == []
        # Nobody else is concerned, and the pages are for everyone.
        assert await stage.ask(READY, asked=READYZ) == []
        other = await stage.enter("other", "198.51.100.2")
        await pair.relay(3)
        await pair.first.part()
        await trio.sleep(INSTANT)
        again = await stage.enter("again")
        assert await stage.ask(CROWDED) == []
        for peer in (again, other, pair.second):
            await peer.part()


async def _alike(transport: TransportName, first: str, second: str) -> bool:
    """Tell whether two addresses count as one, where each may have one connection."""
    async with open_stage(evolve(OPEN, max_connections_per_address=1), transport) as stage:
        await (await stage.enter("ana", first)).part()
        await stage.enter("ana", first)
        found = await stage.ask(CROWDED, second)
        if found:
            await stage.enter("bo", second)
        return not found


async def which_are_alike(transport: TransportName) -> None:
    for first, second in (
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ):
        assert await _alike(transport, first, second), f"{first} and {second} count apart"
    for first, second in (
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("198.51.100.7", "198.51.100.8"),
        ("::ffff:198.51.100.7", "::ffff:198.51.100.8"),
    ):
        assert not await _alike(transport, first, second), f"{first} and {second} count as one"


async def loopback(transport: TransportName) -> None:
    """Behind a proxy on this machine everybody has that address, whatever they do."""
    config = evolve(OPEN, max_connections_per_address=1, max_failures_per_address=1)
    async with open_stage(config, transport) as stage:
        for address in ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"):
            for number in range(3):
                assert await stage.ask(BAD, address, NO_PAGE) == []
                await stage.enter(f"{address}-{number}", address)
        assert len(stage.server._admission._addresses) == 0


async def failed_handshakes(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, max_failures_per_address=3), transport) as stage:
        there = await stage.enter("there")
        began = trio.current_time()
        for _ in range(2):
            assert await stage.ask(BAD, asked=NO_PAGE) == []
        await (await stage.enter("still-served")).part()
        assert await stage.ask(BAD, asked=NO_PAGE) == []
        # From here on it is too many, and one is forgiven every 20 seconds.
        assert await stage.ask(_blocked(20)) == []
        await (await stage.enter("other", "198.51.100.2")).part()
        failed = trio.current_time()
        assert failed - began < 1.0
        for later, seconds in ((5.5, 15), (19.0, 1)):
            await trio.sleep_until(failed + later)
            assert await stage.ask(_blocked(seconds)) == []
        # What was refused for that has not made it worse.
        await trio.sleep_until(failed + 20.0)
        await (await stage.enter("again")).part()
        assert await stage.ask(BAD, asked=NO_PAGE) == []
        assert await stage.ask(_blocked(20)) == []
        await there.part()


async def no_failures(transport: TransportName) -> None:
    """What the server cannot help, or what is right, is held against nobody."""
    config = evolve(OPEN, max_connections=2, max_connections_per_address=1, max_failures_per_address=1)
    async with open_stage(config, transport) as stage:
        ana = await stage.enter("ana")
        for _ in range(3):
            assert await stage.ask(CROWDED) == []
            assert await stage.ask(HEALTHY, asked=HEALTHZ) == []
            async with await stage.dial():
                pass  # a look whether somebody listens
        bo = await stage.enter("bo", "198.51.100.2")
        for _ in range(3):
            assert await stage.ask(FULL, "198.51.100.3") == []
        await ana.part()
        await bo.part()
        await trio.sleep(INSTANT)
        for address in (SOMEWHERE, "198.51.100.3"):
            await (await stage.enter("again", address)).part()
            await trio.sleep(INSTANT)


async def silence_is_a_failure(transport: TransportName) -> None:
    """So is a head that ends too soon, or never."""
    async with open_stage(evolve(OPEN, max_failures_per_address=2), transport) as stage:
        half = await stage.dial()
        await half.send_all(b"GET / HT")
        await half.send_eof()
        slow = await stage.dial()
        await slow.send_all(b"GET / HT")
        await trio.sleep(5.0 + INSTANT)
        # The first is forgiven for a sixth by now.
        assert await stage.ask(_blocked(25)) == []


async def forgotten_in_a_minute(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, max_failures_per_address=4), transport) as stage:
        known = stage.server._admission._addresses
        for number in range(6):
            for _ in range(4):
                assert await stage.ask(BAD, f"203.0.113.{number}", NO_PAGE) == []
        assert len(known) == 6
        failed = trio.current_time()
        await trio.sleep_until(failed + 60.0)
        for number in range(6):
            for _ in range(3):
                assert await stage.ask(BAD, f"203.0.113.{number}", NO_PAGE) == []
            await (await stage.enter("ana", f"203.0.113.{number}")).part()
        await trio.sleep(120.0)
        assert len(known) == 0


async def never_more_than_so_many_are_remembered(transport: TransportName) -> None:
    async with open_stage(evolve(OPEN, max_failures_per_address=1), transport) as stage:
        for number in range(16_384 + 2):
            stage.server._admission.note_refusal(f"address {number}", 400)
        assert len(stage.server._admission._addresses) == 16_384


async def no_limit(transport: TransportName) -> None:
    async with open_stage(OPEN, transport) as stage:
        for _ in range(65):
            assert await stage.ask(BAD, asked=NO_PAGE) == []
        for number in range(257):
            await stage.enter(f"user-{number}")
        await trio.sleep(INSTANT)
        assert stage.server.statistics().connections == 257
        assert await stage.ask(READY, asked=READYZ) == []
        assert len(stage.server._admission._addresses) == 1


async def who_is_closed_counts_until_it_has_gone(transport: TransportName) -> None:
    """So does who names no user: what is counted is what is open."""
    async with open_stage(evolve(OPEN, max_connections_per_address=1), transport) as stage:
        nobody = await stage.enter("")
        assert await nobody.receive() != "eof"
        nobody.answers_close = False
        assert await _is_full(stage)
        await trio.sleep(2.0)
        await (await stage.enter("ana")).part()


async def _is_full(stage: Stage) -> bool:
    return await stage.ask(CROWDED) == []


test_connections_in_all = simulated(connections_in_all)
test_from_one_address = simulated(from_one_address)
test_which_are_alike = simulated(which_are_alike)
test_loopback = simulated(loopback)
test_failed_handshakes = simulated(failed_handshakes, only="native")
test_no_failures = simulated(no_failures)
test_silence_is_a_failure = simulated(silence_is_a_failure, only="native")
test_forgotten_in_a_minute = simulated(forgotten_in_a_minute, only="native")
test_never_more_than_so_many_are_remembered = simulated(never_more_than_so_many_are_remembered, only="native")
test_no_limit = simulated(no_limit, only="native")


def _limits(change: int) -> list[tuple[Any, str, Any]]:
    real = Addresses.is_full

    def is_full(self: Addresses, key: str) -> bool:
        self._most, most = self._most + change, self._most
        try:
            return real(self, key)
        finally:
            self._most = most

    return [(Addresses, "is_full", is_full)]


def _room(change: int) -> list[tuple[Any, str, Any]]:
    real = Admission.__attrs_post_init__

    def init(self: Admission) -> None:
        self.room = Room(self.room.connections + change, self.room.handshakes)
        real(self)

    return [(Admission, "__attrs_post_init__", init)]


def _failures(change: float) -> list[tuple[Any, str, Any]]:
    real = Addresses.__init__

    def init(self: Addresses, most: float, most_failures: float) -> None:
        real(self, most, most_failures + change)

    return [(Addresses, "__init__", init)]


def _keep(*_: Any) -> None:
    """Do not count what has gone, or forget nothing."""


def _note_all(self: Any, key: str | None, status: int) -> None:
    if key is not None:
        self._addresses.fail(key, trio.current_time())


_real_wait = Addresses.wait_for

test_mutants_are_caught = caught(
    [
        Mutant("one connection more", connections_in_all, _room(1)),
        Mutant("one connection less", connections_in_all, _room(-1)),
        Mutant("any number of connections", connections_in_all, _room(NO_LIMIT)),
        Mutant("loopback counts", loopback, [(server_module, "key_of", lambda address: address)]),
        Mutant(
            "each address for itself", which_are_alike, [(server_module, "key_of", lambda address: address)]
        ),
        Mutant("who left counts on", connections_in_all, [(Admission, "leave", _keep)]),
        Mutant("one more from an address", from_one_address, _limits(1)),
        Mutant("one less from an address", from_one_address, _limits(-1)),
        Mutant("any number from an address", from_one_address, [(Addresses, "is_full", lambda *_: False)]),
        Mutant("one failure more", failed_handshakes, _failures(1)),
        Mutant("one failure less", failed_handshakes, _failures(-1)),
        Mutant("any number of failures", failed_handshakes, [(Addresses, "wait_for", lambda *_: 0.0)]),
        Mutant(
            "the time to wait is a second short",
            failed_handshakes,
            [(Addresses, "wait_for", lambda *args: max(0.0, _real_wait(*args) - 1.0))],
        ),
        Mutant("a refusal is a failure", no_failures, [(Admission, "note_refusal", _note_all)]),
        Mutant("nothing is forgotten", forgotten_in_a_minute, [(Addresses, "forget", _keep)]),
        Mutant(
            "all are remembered",
            never_more_than_so_many_are_remembered,
            [(addresses, "_MOST_REMEMBERED", NO_LIMIT)],
        ),
    ]
)

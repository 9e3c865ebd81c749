"""Messages and bytes a second: what the buckets hold passes, the next does not, nobody else notices."""

from __future__ import annotations

from typing import Any

import trio
import trio.lowlevel
from attrs import evolve

from focus_signal.access import rates
from focus_signal.access.rates import Meter, Rates
from focus_signal.server.config import TransportName
from focus_signal.server.owner import Inbox
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
from tests.server.hostile.frames import frame
from tests.server.hostile.peer import Peer

DROPPED = "error rate-limited"
FREE = evolve(QUIET, relay_scope="any", message_rate=0, byte_rate=0)
MESSAGES = evolve(FREE, message_rate=2, message_burst=5)
SIZE = 1000
BYTES = evolve(FREE, byte_rate=100, byte_burst=SIZE, frame_bytes=SIZE)
SHORT = evolve(FREE, message_rate=1, message_burst=1, rate_grace=3.0)


async def _offers(peer: Peer, count: int, size: int | None = None) -> list[str]:
    await pour(peer, *(offer("ana", size, mark=number) for number in range(count)))
    return await gather(peer)


async def _is_served(stage: Stage, peer: Peer) -> None:
    """See that somebody else notices nothing."""
    await pour(peer, offer("bo", mark="for bo"))
    assert await gather(peer) == ["for bo"]


async def burst_of_messages(transport: TransportName) -> None:
    async with open_stage(MESSAGES, transport) as stage:
        ana, bo = await stage.enter("ana"), await stage.enter("bo")
        assert await _offers(ana, 8) == ["0", "1", "2", "3", "4", DROPPED, DROPPED, DROPPED]
        await _is_served(stage, bo)
        assert stage.server.statistics().connections == 2


async def messages_one_by_one(transport: TransportName) -> None:
    async with open_stage(MESSAGES, transport) as stage:
        ana = await stage.enter("ana")
        # The clock stands still while nobody waits for it.
        for _ in range(5):
            assert await _offers(ana, 1) == ["0"]
        assert await _offers(ana, 1) == [DROPPED]


async def message_comes_back(transport: TransportName) -> None:
    async with open_stage(MESSAGES, transport) as stage:
        ana = await stage.enter("ana")
        began = trio.current_time()
        await _offers(ana, 6)
        await trio.sleep_until(began + 0.5 - INSTANT)
        await pour(ana, offer("ana", mark="too soon"))
        await trio.sleep_until(began + 0.5)
        await pour(ana, offer("ana", mark="half a second later"), offer("ana", mark="one more"))
        assert await gather(ana) == [DROPPED, "half a second later", DROPPED]
        # However long it waits, it has no more than a burst.
        await trio.sleep(60.0)
        assert await _offers(ana, 6) == ["0", "1", "2", "3", "4", DROPPED]


async def burst_of_bytes(transport: TransportName) -> None:
    async with open_stage(BYTES, transport) as stage:
        ana, bo = await stage.enter("ana"), await stage.enter("bo")
        await pour(
            ana,
            offer("ana", SIZE - 300, mark="most of it"),
            offer("ana", 301, mark="one byte too many"),
            offer("ana", 300, mark="the rest"),
            offer("ana", mark="nothing is left"),
        )
        assert await gather(ana) == ["most of it", DROPPED, "the rest", DROPPED]
        await _is_served(stage, bo)


async def bytes_come_back(transport: TransportName) -> None:
    async with open_stage(BYTES, transport) as stage:
        ana = await stage.enter("ana")
        began = trio.current_time()
        assert await _offers(ana, 1, SIZE) == ["0"]
        for moment, mark in ((2.0 - INSTANT, "too soon"), (2.0, "in time"), (2.0, "at once again")):
            await trio.sleep_until(began + moment)
            await pour(ana, offer("ana", 200, mark=mark))
        assert await gather(ana) == [DROPPED, "in time", DROPPED]


async def no_limit(transport: TransportName) -> None:
    for off in (
        {"message_rate": 0, "message_burst": 1, "byte_rate": 0},
        {"message_rate": 1, "message_burst": 0, "byte_burst": 0},
        {"message_rate": 0, "byte_rate": 0, "byte_burst": 1},
        {"message_burst": 0, "byte_rate": 1, "byte_burst": 0},
    ):
        settings: dict[str, Any] = off
        async with open_stage(evolve(QUIET, relay_scope="any", **settings), transport) as stage:
            ana = await stage.enter("ana")
            assert await _offers(ana, 300) == [str(number) for number in range(300)]
            await pour(ana, offer("ana", 20_000, mark="long"))
            assert await gather(ana) == ["long"]


async def one_without_the_other(transport: TransportName) -> None:
    """A limit of bytes that is off leaves that of messages, and the other way round."""
    async with open_stage(evolve(MESSAGES, byte_burst=0), transport) as stage:
        assert await _offers(await stage.enter("ana"), 6, 100_000) == ["0", "1", "2", "3", "4", DROPPED]
    async with open_stage(evolve(BYTES, message_burst=0), transport) as stage:
        assert await _offers(await stage.enter("ana"), 11, 100) == [*map(str, range(10)), DROPPED]


async def errors_keep_their_place(transport: TransportName) -> None:
    async with open_stage(evolve(BYTES, byte_burst=SIZE), transport) as stage:
        ana = await stage.enter("ana")
        await pour(
            ana,
            b"{}",
            offer("ana", 800, mark="first"),
            offer("ana", 800, mark="too much"),
            b"no JSON",
            offer("ana", 100, mark="second"),
            offer("ana", 100, mark="too much"),
            offer("nobody", 95, mark="too much"),
            b"{}",
        )
        assert await gather(ana) == [
            "error bad-message",
            "first",
            DROPPED,
            "error bad-json",
            "second",
            *[DROPPED] * 2,
            "error bad-message",
        ]


async def silent(transport: TransportName) -> None:
    """Where no errors are sent, what is too much is dropped all the same."""
    async with open_stage(evolve(MESSAGES, seed_silent=True), transport) as stage:
        assert await _offers(await stage.enter("ana"), 8) == ["0", "1", "2", "3", "4"]


async def closed_at_the_grace(transport: TransportName) -> None:
    async with open_stage(SHORT, transport) as stage:
        ana, bo = await stage.enter("ana"), await stage.enter("bo")
        await pour(ana, offer("ana"), offer("ana"))
        began = trio.current_time()
        for eighth in (6, 12, 18, 24 - 1 / 8):
            await trio.sleep_until(began + eighth / 8)
            await pour(ana, offer("ana"), offer("ana"))
        assert "close 4003 flood" not in await gather(ana)
        await trio.sleep_until(began + 3.0)
        await pour(ana, offer("ana"), offer("ana"))
        assert (await gather(ana))[-2:] == ["close 4003 flood", "eof"]
        await _is_served(stage, bo)
        await stage.leave(ana.stream)
        assert stage.server.statistics().closed == {"flood": 1}


async def never_who_pauses(transport: TransportName) -> None:
    async with open_stage(SHORT, transport) as stage:
        ana = await stage.enter("ana")
        for _ in range(12):
            await pour(ana, *[offer("ana", mark="taken")] * 5)
            assert await gather(ana) == ["taken", *[DROPPED] * 4]
            await trio.sleep(1.0 + INSTANT)


async def pings_count(transport: TransportName) -> None:
    async with open_stage(MESSAGES, transport) as stage:
        ana = await stage.enter("ana")
        for number in range(4):
            await ana.send(frame(frames.PING, b"%d" % number))
            await trio.lowlevel.checkpoint()
        assert await gather(ana) == ["pong 0", "pong 1", "pong 2", "pong 3"]
        assert await _offers(ana, 2) == (["0", DROPPED] if transport == "native" else ["0", "1"])


async def pings_that_go_on(transport: TransportName) -> None:
    """Nothing is said of a ping that is too much; who goes on with them is closed."""
    async with open_stage(SHORT, transport) as stage:
        ana, bo = await stage.enter("ana"), await stage.enter("bo")
        began = trio.current_time()
        for number in range(12):
            await trio.sleep_until(began + number / 4)
            await ana.send(frame(frames.PONG, b"unasked") * 50)
        assert await gather(ana) == []
        await trio.sleep_until(began + 3.0)
        await ana.send(frame(frames.PONG, b"unasked") * 50)
        assert (await gather(ana))[-2:] == ["close 4003 flood", "eof"]
        await _is_served(stage, bo)


test_burst_of_messages = simulated(burst_of_messages)
test_messages_one_by_one = simulated(messages_one_by_one)
test_message_comes_back = simulated(message_comes_back)
test_burst_of_bytes = simulated(burst_of_bytes)
test_bytes_come_back = simulated(bytes_come_back)
test_no_limit = simulated(no_limit)
test_one_without_the_other = simulated(one_without_the_other)
test_errors_keep_their_place = simulated(errors_keep_their_place)
test_silent = simulated(silent)
test_closed_at_the_grace = simulated(closed_at_the_grace)
test_never_who_pauses = simulated(never_who_pauses)
test_pings_count = simulated(pings_count)
test_pings_that_go_on = simulated(pings_that_go_on, only="native")

_real_of = Rates.of


def _with(**changes: Any) -> Any:
    """Make of real rates others, each setting by what it was."""

    def of(message: tuple[int, int], byte: tuple[int, int], grace: float) -> Rates:
        real = _real_of(message, byte, grace)
        return evolve(real, **{name: change(getattr(real, name)) for name, change in changes.items()})

    return [(Rates, "of", of)]


_real_send = Inbox.send_nowait


def _errors_first(self: Inbox, commands: Any, *rest: Any) -> bool:
    first = sorted(commands, key=lambda command: getattr(command, "code", "") != "rate-limited")
    return _real_send(self, first, *rest)


_real_takes_all = Meter.takes_all


def _takes_and_pays(self: Any, messages: Any, now: float) -> bool:
    fits = _real_takes_all(self, messages, now)
    if not fits and len(messages) == 1:
        self._bytes -= len(messages[0])
    return fits


test_mutants_are_caught = caught(
    [
        Mutant("one message more", burst_of_messages, _with(message_burst=lambda burst: burst + 1)),
        Mutant("one message less", messages_one_by_one, _with(message_burst=lambda burst: burst - 1)),
        Mutant("messages come back early", message_comes_back, _with(message_rate=lambda rate: rate * 1.1)),
        Mutant("messages come back late", message_comes_back, _with(message_rate=lambda rate: rate / 1.1)),
        Mutant("one byte more", burst_of_bytes, _with(byte_burst=lambda burst: burst + 1)),
        Mutant("one byte less", burst_of_bytes, _with(byte_burst=lambda burst: burst - 1)),
        Mutant("bytes come back early", bytes_come_back, _with(byte_rate=lambda rate: rate * 1.1)),
        Mutant("bytes come back late", bytes_come_back, _with(byte_rate=lambda rate: rate / 1.1)),
        Mutant("no limit at all", burst_of_messages, [(Rates, "of", lambda *_: None)]),
        Mutant("what is dropped takes tokens", burst_of_bytes, [(Meter, "takes_all", _takes_and_pays)]),
        Mutant("errors come first", errors_keep_their_place, [(Inbox, "send_nowait", _errors_first)]),
        Mutant("a shorter grace", closed_at_the_grace, _with(grace=lambda grace: grace - 0.125)),
        Mutant("a longer grace", closed_at_the_grace, _with(grace=lambda grace: grace + 0.125)),
        Mutant("no pause is long enough", never_who_pauses, [(rates, "_PAUSE", 60.0)]),
        Mutant("every pause is long enough", closed_at_the_grace, [(rates, "_PAUSE", 0.5)]),
        Mutant("pings are free", pings_count, [(Meter, "takes_frames", lambda *_: None)]),
    ]
)

"""Hundreds come and are gone before a word was said, while an honest pair goes on and loses nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.server.hostile import honest
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.handshake_table import head
from tests.server.hostile.living import Living, living_server
from tests.server.hostile.peer import reset

VISITS = 200
AT_ONCE = 20
HALF = Wanted(400, "ended before its head was complete")


async def _fin(living: Living) -> None:
    stream = await living.dial()
    await stream.send_eof()
    # Who has said nothing is owed nothing, not even an end in good order.
    with contextlib.suppress(trio.BrokenResourceError):
        assert await read_all(stream) == b""


async def _reset(living: Living) -> None:
    reset(await living.dial())


async def _half_a_head(living: Living) -> None:
    stream = await living.dial()
    await stream.send_all(head()[:60])
    await stream.send_eof()
    assert faults(await read_all(stream), HALF) == []


async def _handshake_and_reset(living: Living) -> None:
    stream = await living.dial()
    await stream.send_all(head())
    reset(stream)


@pytest.mark.parametrize("visit", [_fin, _reset, _half_a_head, _handshake_and_reset])
async def test_an_honest_pair_loses_nothing(
    caplog: pytest.LogCaptureFixture, visit: Callable[[Living], Awaitable[None]]
) -> None:
    async with living_server(caplog) as living:
        pair = await honest.meet(living.dial_in)
        with trio.fail_after(60):
            async with trio.open_nursery() as relaying:
                relaying.start_soon(_relay_for_ever, pair)
                await _visit_often(living, visit)
                relaying.cancel_scope.cancel()
        await pair.relay(3)
        await pair.part()


async def _relay_for_ever(pair: honest.Pair) -> None:
    while True:
        # What has begun is finished, so that nothing is left on its way.
        with trio.CancelScope(shield=True):
            await pair.relay()
        await trio.lowlevel.checkpoint()


async def _visit_often(living: Living, visit: Callable[[Living], Awaitable[None]]) -> None:
    async def come_and_go() -> None:
        for _ in range(VISITS // AT_ONCE):
            await visit(living)

    async with trio.open_nursery() as visitors:
        for _ in range(AT_ONCE):
            visitors.start_soon(come_and_go)

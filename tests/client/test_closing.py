"""How a client ends: by its owner, by a cancellation, by what is raised around it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair

from focus_signal.client import (
    ClientClosed,
    open_client,
)
from tests.client.host import URL, Host, Visit, both, hosting, meeting
from tests.client.words import welcome


async def test_what_was_asked_for_goes_out_before_the_end(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        for number in range(5):
            client.broadcast_nowait(number)
        _, heard = await both(client.aclose, lambda: hear_all(visit))
        assert trio.current_time() == 0
        assert heard == [0, 1, 2, 3, 4]


async def hear_all(visit: Visit) -> list[int]:
    return [(await visit.hear())["data"] for _ in range(5)]


async def test_who_waits_when_the_client_is_closed_is_told(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):

        async def ask(what: Any) -> None:
            with pytest.raises(ClientClosed):
                await what()

        async def close() -> None:
            assert (await visit.hear())["type"] == "cancel"
            await client.aclose()
            await client.aclose()

        await both(partial(ask, client.cancel), partial(ask, client.wait_all_answered), close)


async def test_closing_is_bounded(autojump_clock: MockClock) -> None:
    async with meeting() as (client, _, _):
        # The server reads none of these, and so not the close frame behind them.
        for number in range(4):
            client.broadcast_nowait(number)
        await client.aclose()
        assert trio.current_time() == 2.0


async def test_closing_is_bounded_when_nothing_can_be_sent(autojump_clock: MockClock) -> None:
    async with hosting(pair=lockstep_stream_pair) as host, trio.open_nursery() as nursery:

        async def use() -> None:
            async with open_client(URL, dial=host.dial) as client:
                for number in range(9):
                    client.broadcast_nowait(number)
                await trio.sleep(1)
                await client.aclose()
                assert trio.current_time() == 3

        nursery.start_soon(use)
        await (await host.accept()).greet()


async def test_closing_does_not_wait_for_itself_to_be_cancelled(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        with trio.CancelScope() as scope:
            scope.cancel()
            await client.aclose()
        assert await visit.hear_close() == (1000, None)


async def test_what_the_block_raises_comes_as_it_is(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        host.nursery.start_soon(greet_one, host)
        with pytest.raises(ZeroDivisionError):
            async with open_client(URL, dial=host.dial) as client:
                await client.cancel()
                raise ZeroDivisionError


async def test_what_the_block_raises_when_it_is_cancelled_too(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        host.nursery.start_soon(greet_one, host)
        with trio.CancelScope() as scope, pytest.raises(ZeroDivisionError):
            async with open_client(URL, dial=host.dial) as client:
                await client.cancel()
                scope.cancel()
                raise ZeroDivisionError


async def test_a_client_that_is_cancelled_closes(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        with trio.move_on_after(5) as scope:
            async with trio.open_nursery() as nursery:

                async def use() -> None:
                    async with open_client(URL, dial=host.dial) as client:
                        async for _ in client:
                            pass

                nursery.start_soon(use)
                visit = await host.accept()
                await visit.greet()
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert trio.current_time() == 5
        assert await visit.hear_close() == (1000, None)


async def test_who_leaves_at_once_says_goodbye(autojump_clock: MockClock) -> None:
    async with hosting() as host:

        async def serve() -> tuple[int, str | None]:
            visit = await host.accept()
            await visit.say(welcome())
            return await visit.hear_close()

        async def use() -> None:
            async with open_client(URL, dial=host.dial):
                pass

        assert (await both(serve, use))[0] == (1000, None)


async def test_who_is_cancelled_while_it_connects_is_gone_at_once(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        with trio.move_on_after(3):
            async with open_client(URL, dial=host.dial):
                pytest.fail("it is connected")
        assert trio.current_time() == 3
        stream = await host.stream()
        while await stream.receive_some():
            pass


async def test_a_bug_in_what_dials_is_raised_as_it_is() -> None:
    async def dial(host: str, port: int) -> trio.abc.Stream:
        raise ZeroDivisionError(host, port)

    with pytest.raises(ZeroDivisionError):
        async with open_client(URL, dial=dial):
            pytest.fail("it is connected")


async def greet_one(host: Host) -> None:
    visit = await host.accept()
    await visit.greet()
    await visit.ack_next(2)

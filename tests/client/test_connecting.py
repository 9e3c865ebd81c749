"""The client on its way to a connection: what can go wrong there, at first and later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from focus_signal.client import (
    ClientEnded,
    ClientSettings,
    Disconnected,
    NotConnected,
    ProtocolBroken,
    open_client,
)
from tests.client.host import URL, Chance, Host, both, come_back, hosting, meeting, next_of

# How a connection that is no WebSocket yet can end, what is said of it, and whether the next one may do.
FAILURES: dict[str, tuple[Callable[[Host], Awaitable[Any]], str, bool]] = {
    "403": (lambda host: host.refuse(403), "refused with 403: no", False),
    "404": (lambda host: host.refuse(404), "refused with 404: no", False),
    "408": (lambda host: host.refuse(408), "refused with 408: no", True),
    "429": (lambda host: host.refuse(429, retry_after="30"), "refused with 429: no", True),
    "503": (lambda host: host.refuse(503, retry_after="soon"), "refused with 503: no", True),
    "seed": (lambda host: host.accept(None), "the server does not speak focus-signal.v1", False),
    "end": (lambda host: say_bytes(host, b""), "the connection ended during the handshake", True),
    "nonsense": (lambda host: say_bytes(host, b"220 mail.test\r\n\r\n"), "ended during the handshake", True),
    "half": (lambda host: say_bytes(host, b"HTTP/1.1 101 Sw"), "ended during the handshake", True),
    "not text": (
        lambda host: say_bytes(
            host,
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: \xff\r\n\r\n",
        ),
        "during the handshake",
        True,
    ),
}


async def say_bytes(host: Host, data: bytes) -> None:
    stream = await host.stream()
    await stream.receive_some()
    if data:
        await stream.send_all(data)
    await stream.aclose()


@pytest.mark.parametrize("name", FAILURES)
async def test_a_first_connection_that_fails(name: str, autojump_clock: MockClock) -> None:
    fail, why, _ = FAILURES[name]
    async with hosting() as host:
        host.nursery.start_soon(fail, host)
        with pytest.raises(NotConnected, match=why):
            async with open_client(URL, dial=host.dial):
                pytest.fail("it is connected")
        assert trio.current_time() == 0


@pytest.mark.parametrize("name", FAILURES)
async def test_a_later_connection_that_fails(name: str, autojump_clock: MockClock) -> None:
    fail, why, again = FAILURES[name]
    async with meeting() as (client, visit, host):
        await visit.cut()
        await fail(host)
        if again:
            await come_back(host)
            assert await next_of(client, Disconnected) is not None
            assert why in (await next_of(client, Disconnected)).why
        else:
            with pytest.raises(ClientEnded, match=why):
                await next_of(client, ProtocolBroken)


async def test_retry_after_is_heeded(autojump_clock: MockClock) -> None:
    async with meeting() as (_, visit, host):
        await visit.cut()
        await host.refuse(429, retry_after="30")
        assert (await host.accept()).at == 0.25 + 30.5


async def test_an_address_where_nobody_listens(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        host.refusals.append(OSError("no route"))
        with pytest.raises(NotConnected, match=r"cannot connect to .*: no route"):
            async with open_client(URL, dial=host.dial):
                pytest.fail("it is connected")


async def test_patience_for_the_first_connection(autojump_clock: MockClock) -> None:
    settings = ClientSettings(patience=3)
    async with hosting() as host:
        host.refusals += [OSError("no route")] * 3

        async def use() -> None:
            async with open_client(URL, dial=host.dial, chance=Chance(), settings=settings) as client:
                assert client.is_connected
                await wait_all_tasks_blocked()

        async def serve() -> float:
            visit = await host.accept()
            await visit.greet()
            return visit.at

        assert await both(use, serve) == [None, 1.75]
        host.refusals += [OSError("no route")] * 5
        with pytest.raises(NotConnected):
            await use()


async def test_a_server_that_says_nothing_is_not_waited_for(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        with pytest.raises(NotConnected, match="in time"):
            async with open_client(URL, dial=host.dial):
                pytest.fail("it is connected")
        assert trio.current_time() == 10


async def test_a_welcome_that_does_not_come_is_not_waited_for(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):
        await visit.cut()
        first = await host.accept()
        second = await come_back(host)
        assert second.at == first.at + 10.5
        assert (await first.hear_close())[0] == 1006
        assert client.statistics().connections == 1


async def test_a_dial_that_hangs_is_given_up(autojump_clock: MockClock) -> None:
    async def dial(host: str, port: int) -> trio.abc.Stream:
        assert (host, port) == ("focus.test", 80)
        await trio.sleep_forever()
        raise AssertionError

    with pytest.raises(NotConnected, match="in time"):
        async with open_client(URL, dial=dial, settings=ClientSettings(connect_timeout=3)):
            pytest.fail("it is connected")
    assert trio.current_time() == 3

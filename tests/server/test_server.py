"""The server as an author embeds it, on real sockets: opening, ending, being cancelled, failing."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from typing import NoReturn

import pytest
import trio
from attrs import evolve
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
)

from focus_signal import Config, FocusSignalError, NotListening, Server, ServerFailed, open_server, serve
from focus_signal.observe.faults import fault_of
from focus_signal.server.config import TransportName
from focus_signal.server.readiness import Readiness
from tests.server.transports import BOTH

LOCAL = Config(host="127.0.0.1", port=0)
JOIN = '{"type":"matchmaking","matchSize":2}'


Connect = Callable[[Server, str], Awaitable[WebSocketConnection]]


@pytest.fixture
async def connect(nursery: trio.Nursery) -> AsyncGenerator[Connect]:
    """Connect clients that outlive the server, and drop them at the end without a goodbye."""
    streams: list[trio.SocketStream] = []

    async def connect(server: Server, user: str) -> WebSocketConnection:
        known = server.statistics().connections
        with trio.fail_after(30):
            streams.append(await trio.open_tcp_stream("127.0.0.1", server.port))
            client = await wrap_client_stream(nursery, streams[-1], "localhost", f"/signal?userId={user}")
        await wait_until(lambda: server.statistics().connections == known + 1)
        return client

    yield connect
    for stream in streams:
        await trio.aclose_forcefully(stream)


async def wait_until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(30):
        while not condition():
            await trio.lowlevel.checkpoint()


async def close_code(client: WebSocketConnection) -> tuple[int, str | None]:
    """Read on until the server has closed, and tell how."""
    with trio.fail_after(30), pytest.raises(ConnectionClosed) as closed:
        while True:
            await client.get_message()
    reason = closed.value.reason
    assert reason is not None
    return reason.code, reason.reason


@BOTH
async def test_a_block_has_a_server_and_its_end_closes_everyone(
    transport: TransportName, connect: Connect
) -> None:
    async with open_server(evolve(LOCAL, transport=transport)) as server:
        assert server.url == f"ws://127.0.0.1:{server.port}/signal"
        assert server.http_url == f"http://127.0.0.1:{server.port}"
        ana, bo = await connect(server, "ana"), await connect(server, "bo")
        await ana.send_message(JOIN)
        await bo.send_message(JOIN)
        found = json.loads(await ana.get_message())
        assert found["peers"] == sorted(found["peers"], key=["ana", "bo"].index)
        assert server.statistics().rooms == 1
    assert await close_code(ana) == (1012, "restart")
    assert await close_code(bo) == (1012, "restart")


@BOTH
async def test_being_cancelled_closes_everyone_in_good_order(
    transport: TransportName, connect: Connect
) -> None:
    async with trio.open_nursery() as serving:
        server: Server = await serving.start(serve, evolve(LOCAL, transport=transport))
        ana = await connect(server, "ana")
        serving.cancel_scope.cancel()
    # The server has ended by now; its goodbye was out before that.
    assert await close_code(ana) == (1012, "restart")


async def test_what_is_raised_in_the_block_comes_out_as_it_is() -> None:
    class OurOwnError(Exception):
        pass

    with pytest.raises(OurOwnError):
        async with open_server(LOCAL):
            raise OurOwnError


async def test_without_listeners_there_is_no_address() -> None:
    async with open_server(Config(), listeners=[]) as server:
        for name in ("url", "http_url", "port"):
            with pytest.raises(NotListening, match="listens on no TCP port"):
                getattr(server, name)


async def test_a_port_in_use_is_an_oserror() -> None:
    async with open_server(LOCAL) as server:
        with pytest.raises(OSError, match="in use"):
            async with open_server(Config(host="127.0.0.1", port=server.port)):
                pass


async def test_several_listeners_are_closed_with_the_server() -> None:
    listeners = [
        *await trio.open_tcp_listeners(0, host="127.0.0.1"),
        *await trio.open_tcp_listeners(0, host="127.0.0.1"),
    ]
    ports = [listener.socket.getsockname()[1] for listener in listeners]
    async with open_server(LOCAL, listeners) as server:
        assert server.port == ports[0]
        for port in ports:
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert [listener.socket.fileno() for listener in listeners] == [-1, -1]


async def test_a_socket_that_the_kernel_does_not_watch_is_served_all_the_same(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(_: Readiness, descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, f"no room for {descriptor}")

    async with open_server(LOCAL) as server:
        ana = await connect(server, "ana")
        with monkeypatch.context() as exhausted:
            exhausted.setattr(Readiness, "watch", watch)
            bo = await connect(server, "bo")
        for client in (ana, bo):
            await client.send_message(JOIN)
        assert await ana.get_message() == await bo.get_message()


async def test_room_ids_come_from_outside(connect: Connect) -> None:
    ids = count(1)
    async with open_server(LOCAL, new_id=lambda: f"room-{next(ids)}") as server:
        ana = await connect(server, "ana")
        await ana.send_message('{"type":"matchmaking","matchSize":1}')
        assert await ana.get_message() == '{"type":"room-found","roomId":"room-1","peers":["ana"]}'


@BOTH
async def test_a_matchmaker_that_fails_ends_the_server_and_tells_everyone(
    transport: TransportName, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def broken_id() -> str:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR), pytest.raises(ServerFailed) as failed:
        async with open_server(evolve(LOCAL, transport=transport), new_id=broken_id) as server:
            ana, bo = await connect(server, "ana"), await connect(server, "bo")
            await ana.send_message('{"type":"matchmaking","matchSize":1}')
            await trio.sleep_forever()
    assert isinstance(failed.value, FocusSignalError)
    assert await close_code(ana) == (1011, "internal-error")
    assert await close_code(bo) == (1011, "internal-error")
    assert any(isinstance(fault_of(record), ZeroDivisionError) for record in caplog.records)

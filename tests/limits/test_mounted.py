"""Limits of a mounted server: those that are not the business of the other server's front door."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, WebSocketConnection

from focus_signal import Config, open_server
from tests.limits.stage import QUIET, forgotten, offer
from tests.server.application import Application, InMemory, handshake, serve_in_memory

DROPPED = "rate-limited"


async def _hear(client: WebSocketConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await client.get_message())
    return message


async def _refusal(application: InMemory, user: str, *lines: str) -> tuple[bytes, bytes]:
    """Give status and body of the answer; the library then waits for us to close."""
    async with await application.open_stream() as stream:
        asked = handshake(f"/signal?userId={user}").removesuffix(b"\r\n")
        await stream.send_all(asked + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n")
        answer = b""
        with trio.move_on_after(1.0):
            while True:
                answer += await stream.receive_some()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split()[1], body


async def test_full(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """Whoever is mounted counts among all; where they come from nobody knows."""
    config = evolve(QUIET, max_connections=2, max_connections_per_address=1)
    async with (
        open_server(config, []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        ana, bo = await application.connect("ana"), await application.connect("bo")
        for _ in range(2):
            assert await _refusal(application, "cleo") == (b"503", b"The server is full.")
        await ana.aclose()
        await wait_all_tasks_blocked()
        cleo = await application.connect("cleo")
        for client in (bo, cleo):
            await client.send_message('{"type":"matchmaking","matchSize":2}')
        assert (await _hear(bo))["peers"] == (await _hear(cleo))["peers"] == ["bo", "cleo"]
        for client in (bo, cleo):
            await client.aclose()
        await trio.sleep(60.0)
        forgotten(server)


async def test_origins(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    config = evolve(QUIET, allowed_origins=("https://a.test",))
    async with (
        open_server(config, []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        wrong = await _refusal(application, "ana", "Origin: https://b.test")
        assert wrong == (b"403", b"Pages of this origin may not connect.")
        assert (await _refusal(application, "bo", "ORIGIN: https://a.test"))[0] == b"101"
        assert (await _refusal(application, "cleo"))[0] == b"101"


async def test_rates(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    config = evolve(QUIET, relay_scope="any", message_burst=3, message_rate=2, rate_grace=1.0)
    async with (
        open_server(config, []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        ana = await application.connect("ana")
        for number in range(4):
            await ana.send_message(offer("ana", mark=number).decode())
        assert [(await _hear(ana))["sdp"][0] for _ in range(3)] == [0, 1, 2]
        assert (await _hear(ana))["code"] == DROPPED
        await trio.sleep(0.5)
        await ana.send_message(offer("ana", mark="again").decode())
        assert (await _hear(ana))["sdp"][0] == "again"
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(20):
                for _ in range(3):
                    await ana.send_message(offer("ana").decode())
                # With much unread the library would read no further.
                with trio.move_on_after(0.25):
                    while True:
                        await ana.get_message()
        assert closed.value.reason is not None
        assert (closed.value.reason.code, closed.value.reason.reason) == (4003, "flood")


async def test_users(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """Connections of one user count together, by whichever way they came."""
    config = evolve(QUIET, max_connections_per_user=1)
    async with (
        open_server(config, []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        await application.connect("ana")
        newer = await application.connect("ana")
        await wait_all_tasks_blocked()
        assert server.statistics().connections == len(server._roll) == 1
        await newer.send_message('{"type":"matchmaking","matchSize":1}')
        assert (await _hear(newer))["peers"] == ["ana"]


async def test_no_limit(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    config = Config(max_connections=0, user_bytes=0)
    async with (
        open_server(config, []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        for number in range(5):
            await application.connect("u" * 300 + str(number))
        await wait_all_tasks_blocked()
        assert server.statistics().connections == 5


async def test_user_bytes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    async with (
        open_server(evolve(QUIET, user_bytes=5), []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        await application.connect("12345")
        assert await _refusal(application, "123456") == (b"414", b"userId must be at most 5 bytes, not 6.")

"""A server in memory that says and does what the test has it say and do; clients dial it by `Host.dial`."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from attrs import Factory, define, frozen
from trio.testing import memory_stream_pair, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from focus_signal.client.client import Client
from focus_signal.client.opening import open_client
from tests.client.words import ack, pong, token, welcome

V1 = "focus-signal.v1"
URL = "ws://focus.test/signal"


def virtual_wall() -> float:
    """Be a wall clock that goes as Trio's does."""
    return 1_700_000_000 + trio.current_time()


@frozen
class Chance:
    """Give the same number each time."""

    number: float = 0.5

    def random(self) -> float:
        return self.number


@define(eq=False)
class Visit:
    """Be a connection of a client's, as the server has it."""

    stream: trio.abc.Stream
    websocket: WebSocketConnection
    path: str
    protocols: tuple[str, ...]
    at: float = Factory(trio.current_time)

    @property
    def resume(self) -> str | None:
        """Give what the client means to resume."""
        names = [name for name in self.protocols if name.startswith("resume.")]
        return names[0].removeprefix("resume.") if names else None

    async def say(self, *frames: str) -> None:
        for frame in frames:
            await self.websocket.send_message(frame)

    async def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(await self.websocket.get_message())
        return heard

    async def greet(self, **fields: Any) -> None:
        """Welcome a client to a new session, up to its first request."""
        await self.say(welcome(**fields), token(1))
        assert await self.hear() == {"type": "ping", "seen": 1}
        await self.say(pong())

    async def ack_next(self, seq: int) -> dict[str, Any]:
        """Do what the client asks for next."""
        heard = await self.hear()
        await self.say(ack(seq, heard["id"]))
        return heard

    async def hear_close(self) -> tuple[int, str | None]:
        """Wait until the client closes."""
        with pytest.raises(ConnectionClosed) as caught:
            while True:
                await self.websocket.get_message()
        reason = caught.value.reason
        assert reason is not None
        return reason.code, reason.reason

    async def close(self, code: int, reason: str = "") -> None:
        await self.websocket.aclose(code, reason)

    async def cut(self) -> None:
        """End the connection without a goodbye."""
        await trio.aclose_forcefully(self.stream)


Pair = Callable[[], tuple[trio.abc.Stream, trio.abc.Stream]]


@define(eq=False)
class Host:
    """Be where clients dial."""

    nursery: trio.Nursery
    pair: Pair = memory_stream_pair
    refusals: list[OSError] = Factory(list)
    """What the next ones who dial get."""
    dialled: list[tuple[str, int, float]] = Factory(list)
    """Where to and when."""
    wrap: Callable[[trio.abc.Stream], trio.abc.Stream] | None = None
    _streams: tuple[trio.MemorySendChannel[trio.abc.Stream], trio.MemoryReceiveChannel[trio.abc.Stream]] = (
        Factory(lambda: trio.open_memory_channel[trio.abc.Stream](100))
    )

    async def dial(self, host: str, port: int) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.dialled.append((host, port, trio.current_time()))
        if self.refusals:
            raise self.refusals.pop(0)
        here, there = self.pair()
        self._streams[0].send_nowait(there)
        return here

    async def stream(self) -> trio.abc.Stream:
        """Wait for the next one who dials."""
        stream = await self._streams[1].receive()
        return stream if self.wrap is None else self.wrap(stream)

    async def accept(self, subprotocol: str | None = V1) -> Visit:
        """Wait for the next one, and let it in."""
        stream = await self.stream()
        request = await wrap_server_stream(self.nursery, stream)
        websocket = await request.accept(subprotocol=subprotocol)
        return Visit(stream, websocket, request.path, request.proposed_subprotocols)

    async def refuse(self, status: int, **headers: str) -> None:
        """Wait for the next one, and answer with an HTTP error."""
        request = await wrap_server_stream(self.nursery, await self.stream())
        fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await request.reject(status, extra_headers=fields, body=b"no")


@asynccontextmanager
async def hosting(**options: Any) -> AsyncGenerator[Host]:
    async with trio.open_nursery() as nursery:
        yield Host(nursery, **options)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def meeting(
    *, settings: Any = None, user: str | None = "ana", **fields: Any
) -> AsyncGenerator[tuple[Client, Visit, Host]]:
    """Give a client that was welcomed, its connection as the server has it, and the server."""
    async with hosting() as host, trio.open_nursery() as nursery:
        visits: list[Visit] = []

        async def welcome_it() -> None:
            visits.append(await host.accept())
            await visits[0].greet(**fields)

        nursery.start_soon(welcome_it)
        with trio.fail_after(100_000):
            async with open_client(URL, user, dial=host.dial, chance=Chance(), settings=settings) as client:
                await wait_all_tasks_blocked()
                yield client, visits[0], host
                nursery.cancel_scope.cancel()


async def both(*functions: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Do several things at the same time, and give what came of each."""
    results: list[Any] = [None] * len(functions)

    async def do(place: int, function: Callable[[], Awaitable[Any]]) -> None:
        results[place] = await function()

    async with trio.open_nursery() as nursery:
        for place, function in enumerate(functions):
            nursery.start_soon(do, place, function)
    return results


async def next_of(client: Client, kind: type[Any]) -> Any:
    """Take events up to one of a kind."""
    async for event in client:
        if isinstance(event, kind):
            return event
    raise AssertionError


async def come_back(host: Host, seq: int = 1, last_id: int = 0, **fields: Any) -> Visit:
    """Let a client resume."""
    visit = await host.accept()
    await visit.say(welcome(seq, resumed=True, last_id=last_id, **fields))
    return visit

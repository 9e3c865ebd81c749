"""Clients of a server that runs as a process: users with a WebSocket, and plain HTTP requests."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream


@attrs.define(eq=False)
class User:
    """A user with a WebSocket; made by `connect`."""

    name: str
    websocket: WebSocketConnection

    async def say(self, kind: str, **fields: object) -> None:
        await self.websocket.send_message(json.dumps({"type": kind, **fields}))

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.websocket.get_message())
        return message

    async def settle(self) -> None:
        """Return when the server has carried out all that this user sent."""
        await self.say("are-you-there")
        assert (await self.hear())["code"] == "unknown-type"

    async def closed(self) -> tuple[int, str | None]:
        return await closed(self.websocket)


async def closed(websocket: WebSocketConnection) -> tuple[int, str | None]:
    """Wait for the server's close frame, the next thing that comes."""
    with pytest.raises(ConnectionClosed) as ended:
        await websocket.get_message()
    reason = ended.value.reason
    assert reason is not None
    return reason.code, reason.reason


@asynccontextmanager
async def connect_url(url: str) -> AsyncGenerator[WebSocketConnection]:
    """Open a WebSocket for as long as the block."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    target = f"{address.path}?{address.query}" if "?" in url else address.path
    # The library leaves a stream open when the server closes first, so it is given one that is closed here.
    async with (
        await trio.open_tcp_stream(address.hostname, address.port) as stream,
        trio.open_nursery() as nursery,
    ):
        websocket = await wrap_client_stream(nursery, stream, address.netloc, target)
        yield websocket
        await websocket.aclose()


@asynccontextmanager
async def connect(url: str, name: str) -> AsyncGenerator[User]:
    """Connect a user for as long as the block."""
    async with connect_url(f"{url}?userId={name}") as websocket:
        yield User(name, websocket)


async def meet(*users: User) -> str:
    """Have these users find one room, and give its id."""
    for user in users:
        await user.say("matchmaking", matchSize=len(users))
    found = [await user.hear() for user in users]
    assert all(message == found[0] for message in found)
    assert found[0]["type"] == "room-found"
    assert sorted(found[0]["peers"]) == sorted(user.name for user in users)
    return str(found[0]["roomId"])


async def get(port: int, target: str) -> bytes:
    """Ask for a page on the loopback address, and give the whole answer."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return b"".join([data async for data in stream])


async def is_healthy(port: int) -> bool:
    """Tell whether the server answers as one that runs."""
    return (await get(port, "/healthz")).startswith(b"HTTP/1.1 200 OK\r\n")


async def open_silent(port: int, name: str) -> trio.SocketStream:
    """Open a WebSocket of a client that never sends anything more, not even the answer to a close frame."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    await stream.send_all(
        f"GET /signal?userId={name} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    answer = bytearray()
    while not answer.endswith(b"\r\n\r\n"):
        data = await stream.receive_some(1)
        assert data, f"the stream ended within the answer to the handshake: {bytes(answer)!r}"
        answer += data
    assert answer.startswith(b"HTTP/1.1 101 ")
    return stream

"""One face for two WebSocket clients that nobody here wrote, so that a scenario runs with either, or both.

`websockets` runs in this process; Node's own WebSocket runs in Node, by lines of JSON (see node_client.mjs).
Neither knows anything of signaling, and nothing here hides what they saw.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote_plus

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .programs import STOP_SECONDS, require_node

NODE_CLIENT = Path(__file__).with_name("node_client.mjs")
# A line of Node's holds one message, its quotes escaped: above twice the largest message that is sent here.
LINE_LIMIT = 1 << 20

Event: TypeAlias = dict[str, Any]


class Client(Protocol):
    """A WebSocket that is open."""

    extensions: list[str]
    """What the server agreed to."""

    subprotocol: str | None
    """What the server chose."""

    async def send(self, message: str | bytes) -> None:
        """Send a text message, or a binary one."""

    async def receive(self) -> str:
        """Wait for the next text message. It fails, with the close code, when there is none any more."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake."""

    async def closed(self) -> tuple[int, str]:
        """Wait for the end, with no message before it; return the code and reason that the server sent."""


class Clients(Protocol):
    """Where clients of one kind come from."""

    async def open(self, url: str) -> Client:
        """Connect to this URL."""


def user_url(url: str, user: str) -> str:
    """Return the address that this user connects to."""
    return f"{url}?userId={quote_plus(user)}"


class WebsocketsClient:
    """A connection of the `websockets` package."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.extensions: list[str] = [extension.name for extension in connection.protocol.extensions]
        self.subprotocol: str | None = connection.subprotocol

    async def send(self, message: str | bytes) -> None:
        await self.connection.send(message)

    async def receive(self) -> str:
        message = await self.connection.recv()
        assert isinstance(message, str), "the server sent a binary message"
        return message

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self.connection.close(code, reason)

    async def closed(self) -> tuple[int, str]:
        with pytest.raises(ConnectionClosed):
            await self.connection.recv()
        received = self.connection.protocol.close_rcvd
        assert received is not None, "the connection ended without a close frame from the server"
        return received.code, received.reason


class WebsocketsClients:
    """Connections of the `websockets` package, as they come by default (but never through a proxy)."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack

    async def open(self, url: str) -> WebsocketsClient:
        return WebsocketsClient(await self._stack.enter_async_context(connect(url, proxy=None)))


class NodeClient:
    """A WebSocket in Node: what is sent goes there as commands, what came is in the inbox as events."""

    def __init__(self, node: NodeClients, number: int) -> None:
        self.extensions: list[str] = []
        self.subprotocol: str | None = None
        self.inbox: deque[Event] = deque()
        self._node = node
        self._number = number

    async def opened(self) -> None:
        event = await self._node.next_event(self.inbox)
        assert event["event"] == "open", event
        self.extensions = [name for name in event["extensions"].split(",") if name]
        self.subprotocol = event["protocol"] or None

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self._node.tell({"send": self._number, "text": message})
        else:
            await self._node.tell({"send": self._number, "base64": base64.b64encode(message).decode()})

    async def receive(self) -> str:
        event = await self._node.next_event(self.inbox)
        assert event["event"] == "message", event
        text = event["text"]
        assert isinstance(text, str), "the server sent a binary message"
        return text

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._node.tell({"close": self._number, "code": code, "reason": reason})

    async def closed(self) -> tuple[int, str]:
        event = await self._node.next_event(self.inbox)
        assert event["event"] == "close", event
        assert event["wasClean"], event
        return event["code"], event["reason"]


class NodeClients:
    """WebSockets of one Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._clients: dict[int, NodeClient] = {}
        self._numbers = itertools.count(1)
        self._reading = asyncio.Lock()

    async def open(self, url: str) -> NodeClient:
        number = next(self._numbers)
        client = self._clients[number] = NodeClient(self, number)
        await self.tell({"open": number, "url": url})
        await client.opened()
        return client

    async def tell(self, command: dict[str, Any]) -> None:
        """Give Node a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def next_event(self, inbox: deque[Event]) -> Event:
        """Wait for the next event of one client; whoever waits hands out what comes for the others."""
        while not inbox:
            async with self._reading:
                if not inbox and not await self._hand_out():
                    raise AssertionError("Node ended")
        return inbox.popleft()

    async def end(self) -> int:
        """Close all; see that nothing was reported that the test did not look at; return Node's status."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        while await self._hand_out():
            pass
        events = [event for client in self._clients.values() for event in client.inbox]
        assert [event for event in events if event["event"] != "close"] == []
        return await self._process.wait()

    async def _hand_out(self) -> bool:
        """Give the next event that Node reports to its client; return False when Node has no more."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if line:
            event = json.loads(line)
            self._clients[event["id"]].inbox.append(event)
        return bool(line)


@contextlib.asynccontextmanager
async def run_node() -> AsyncIterator[NodeClients]:
    """Run Node for as long as the context lasts; see that it ends by itself, with status 0."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        require_node(), str(NODE_CLIENT), stdin=pipe, stdout=pipe, limit=LINE_LIMIT, env={}
    )
    try:
        clients = NodeClients(process)
        yield clients
        async with asyncio.timeout(STOP_SECONDS):
            assert await clients.end() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@contextlib.asynccontextmanager
async def run_clients(*kinds: str) -> AsyncIterator[list[Clients]]:
    """Give, for each kind (`websockets` or `node`), where its clients come from; end them all afterwards."""
    async with contextlib.AsyncExitStack() as stack:
        websockets = WebsocketsClients(stack)
        node = await stack.enter_async_context(run_node()) if "node" in kinds else None
        of_kind: dict[str, Clients | None] = {"websockets": websockets, "node": node}
        yield [clients for clients in (of_kind[kind] for kind in kinds) if clients is not None]

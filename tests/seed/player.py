"""Play a conversation to any server and write down what each client gets in each step.

How to know that a step's effects are all in differs from server to server, so it is the caller's: `settle` is
called after each act with the clients of the conversation. Nothing else here knows which server it talks to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from trio_websocket import (
    CloseReason,
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
)

from tests.seed.exchange import exchange
from tests.seed.model import Conversation, Step
from tests.seed.transcript import Normaliser, Record, Transcript

HOST = "127.0.0.1"
PATIENCE = 10.0


class Client:
    """One WebSocket of a conversation: what came in since the last step, and whether it still stands."""

    def __init__(
        self, name: str, query: str, stream: trio.SocketStream, websocket: WebSocketConnection
    ) -> None:
        self.name = name
        self.query = query
        self.stream = stream
        self.websocket = websocket
        self.lines: list[str] = []
        self.is_open = True
        self.arrivals = 0
        self._changed = trio.Event()
        self._awaited: Callable[[str], bool] | None = None
        self._left = False

    async def read(self, normalise: Normaliser) -> None:
        """Write down everything that comes, to the end of the connection."""
        try:
            while True:
                message = await self.websocket.get_message()
                if isinstance(message, str) and self._awaited is not None and self._awaited(message):
                    self._awaited = None
                elif isinstance(message, str):
                    self.lines.append(normalise.line(message))
                else:
                    self.lines.append(f"binary {message!r}")
                self._wake()
        except ConnectionClosed as end:
            if not self._left:
                self.lines.append(_close_line(end.reason))
            self.is_open = False
            await self.stream.aclose()
            self._wake()

    async def answers(self, text: str, is_answer: Callable[[str], bool]) -> None:
        """Send a frame and wait for its answer, which is not written down, or for the connection to end."""
        self._awaited = is_answer
        await self.send(text)
        while self.is_open and self._awaited is not None:
            await self._changed.wait()

    async def send(self, message: str | bytes) -> None:
        """Send a frame; where the server has closed there is nobody to send it to, as read() writes down."""
        try:
            await self.websocket.send_message(message)
        except ConnectionClosed:
            while self.is_open:
                await self._changed.wait()

    async def leave(self, *, politely: bool) -> None:
        """End the connection from this side, with the closing handshake or without a word."""
        self._left = True
        if politely:
            await self.websocket.aclose()
        await self.stream.aclose()
        while self.is_open:
            await self._changed.wait()

    def _wake(self) -> None:
        self.arrivals += 1
        self._changed.set()
        self._changed = trio.Event()


Settle = Callable[[list[Client]], Awaitable[None]]


async def play(conversation: Conversation, port: int, settle: Settle) -> Transcript:
    """Play the conversation to the server on that port of loopback.

    Args:
        conversation: what to play.
        port: where the server listens.
        settle: waits until the effects of the act just done are all in; gets the clients that stand, the
            one that acted first.

    Returns:
        One record for each step.
    """
    records: list[Record] = []
    clients: dict[str, Client] = {}
    normalise = Normaliser()
    async with trio.open_nursery() as nursery:
        for step in conversation.steps:
            with trio.fail_after(PATIENCE):
                said = await _act(step, clients, nursery, port, normalise)
                standing = sorted(clients.values(), key=lambda client: client.name != step.client)
                await settle([client for client in standing if client.is_open])
            records.append(Record.of(step, _take(clients, said)))
        for client in clients.values():
            if client.is_open:
                with trio.fail_after(PATIENCE):
                    await client.leave(politely=True)
        nursery.cancel_scope.cancel()
    return tuple(records)


async def _act(
    step: Step, clients: dict[str, Client], nursery: trio.Nursery, port: int, normalise: Normaliser
) -> list[str]:
    """Do what the step says; return the lines of the HTTP exchange if it was one."""
    match step.act:
        case "asks":
            return [await exchange(HOST, port, step.texts)]
        case "opens":
            await _open(step, clients, nursery, port, normalise)
        case "sends":
            for text in step.texts:
                await clients[step.client].send(text)
        case "sends binary":
            await clients[step.client].send(step.texts[0].encode())
        case "closes" | "drops":
            if clients[step.client].is_open:
                await clients[step.client].leave(politely=step.act == "closes")
        case unknown:
            raise ValueError(f"no act is called {unknown!r}")
    return []


async def _open(
    step: Step, clients: dict[str, Client], nursery: trio.Nursery, port: int, normalise: Normaliser
) -> None:
    stream = await trio.open_tcp_stream(HOST, port)
    query = step.texts[0]
    websocket = await wrap_client_stream(
        nursery, stream, f"{HOST}:{port}", f"/signal?{query}" if query else "/signal", max_message_size=2**24
    )
    client = clients[step.client] = Client(step.client, query, stream, websocket)
    nursery.start_soon(client.read, normalise)


def _take(clients: dict[str, Client], said: list[str]) -> dict[str, list[str]]:
    """Take the lines that came in since the last step, in the order in which the clients connected."""
    got: dict[str, list[str]] = {}
    for name, client in clients.items():
        got[name], client.lines = client.lines, []
    return got | {"http": said}


def _close_line(reason: CloseReason | None) -> str:
    if reason is None:
        return "close none"
    return f"close {reason.code} {reason.reason or ''}".rstrip()

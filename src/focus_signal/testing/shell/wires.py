"""A client's end of a connection: texts to the server and back, by WebSocket frames or by plain messages.

Who speaks WebSocket depends on the server's transport: to its own speaks a client that forgives nothing, to
the library's the library's client.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, cast, runtime_checkable
from urllib.parse import quote

import trio
from attrs import define, field
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import LocalProtocolError

from focus_signal.errors import FocusSignalError, TransportClosed
from focus_signal.server.config import TransportName
from focus_signal.server.pages import SIGNAL_PATH
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import Level
from focus_signal.testing.shell.framing import FramedClient
from focus_signal.testing.shell.strict_client import StrictClient

_ABNORMAL = 1006  # RFC 6455, section 7.4.1: no close frame came
_DONE = 1000
_HOST = "focus.test"


class NotAdmitted(FocusSignalError):
    """Say why the server let a client's connection not in."""


class Wire(Protocol):
    """Be a client's open connection.

    Error handling: `TransportClosed` says that the connection has ended, by whosever doing.
    """

    @property
    def close_code(self) -> int | None:
        """Give the code of the close frame that came; None while there was none."""
        ...

    async def send(self, text: bytes) -> None:
        """Send a text."""
        ...

    async def receive(self) -> bytes:
        """Wait for a text."""
        ...

    async def close(self) -> None:
        """Close in good order: a close frame, and the server's."""
        ...


@runtime_checkable
class PingingWire(Wire, Protocol):
    """Be a client's open connection on which it can ask for pongs."""

    async def ping(self, content: bytes) -> None:
        """Ask for a pong that holds the same."""
        ...


@asynccontextmanager
async def open_wire(
    stream: SimStream,
    user: str,
    level: Level,
    transport: TransportName,
    on_pong: Callable[[bytes], None] | None = None,
) -> AsyncGenerator[Wire]:
    """Speak to the server over a stream that is connected.

    Args:
      stream: the connected stream.
      user: the user in whose name.
      level: "full" for WebSocket, "message" for messages without it.
      transport: the server's, at the full level.
      on_pong: told what each pong holds, on a `PingingWire`.

    Raises:
      NotAdmitted: the server let nobody in, or the stream broke first.
    """
    path = f"{SIGNAL_PATH}?userId={quote(user)}"
    if level == "message":
        framed = FramedClient(stream, on_pong)
        try:
            await framed.send(user.encode())
        except TransportClosed as error:
            raise NotAdmitted("the connection broke") from error
        yield framed
    elif transport == "native":
        client = StrictClient(stream, on_pong)
        why_not = await client.shake_hands(_HOST, path)
        if why_not is not None:
            raise NotAdmitted(why_not)
        yield client
    else:
        async with _open_library_wire(stream, path) as wire:
            yield wire


@asynccontextmanager
async def _open_library_wire(stream: SimStream, path: str) -> AsyncGenerator[Wire]:
    async with trio.open_nursery() as nursery:
        reader = _Reader(nursery)
        websocket = None
        with reader.handshake:
            # The library says that it wants a socket's stream and a nursery; it uses no more than this.
            websocket = await wrap_client_stream(
                cast("trio.Nursery", reader), cast("trio.SocketStream", stream), _HOST, path
            )
        # A close frame may come right behind the server's welcome: who is sent away was let in.
        admitted = websocket is not None and (websocket.closed is None or websocket.closed.code != _ABNORMAL)
        if websocket is not None and admitted:
            yield _WebSocketWire(websocket)
        nursery.cancel_scope.cancel()
    if not admitted:
        raise NotAdmitted(reader.why)


@define(eq=False)
class _Reader:
    """Run the library's reader, and end the wait for a handshake that will not come."""

    _nursery: trio.Nursery
    handshake: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    why: str = field(default="the connection broke", init=False)

    def start_soon(self, read: Callable[[], Awaitable[object]]) -> None:
        self._nursery.start_soon(self._run, read)

    async def _run(self, read: Callable[[], Awaitable[object]]) -> None:
        try:
            await read()
        except ConnectionRejected as rejection:
            self.why = f"HTTP {rejection.status_code}"
        except LocalProtocolError:
            # A ping came behind the client's goodbye; the library answers pings until it has been answered
            # itself, and cannot any more. For the server this client is one that ends without an answer.
            pass
        finally:
            self.handshake.cancel()


@define(eq=False)
class _WebSocketWire:
    _websocket: WebSocketConnection

    @property
    def close_code(self) -> int | None:
        closed = self._websocket.closed
        return None if closed is None or closed.code == _ABNORMAL else int(closed.code)

    async def send(self, text: bytes) -> None:
        try:
            await self._websocket.send_message(text.decode())
        except ConnectionClosed as error:
            raise TransportClosed("the WebSocket has closed") from error

    async def receive(self) -> bytes:
        try:
            message = await self._websocket.get_message()
        except ConnectionClosed as error:
            raise TransportClosed("the WebSocket has closed") from error
        return message.encode() if isinstance(message, str) else bytes(message)

    async def close(self) -> None:
        await self._websocket.aclose(_DONE)

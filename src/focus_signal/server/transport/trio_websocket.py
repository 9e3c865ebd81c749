"""The transport on trio-websocket: the library speaks WebSocket, one message at a time.

The request has been read and checked by the front door, so the library is given a request that says the same
in the plainest words; nothing that a peer wrote reaches the library's own HTTP parser. What the library
cannot do is listed in docs/transports.md.
"""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

import trio
from attrs import define, field
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    WebSocketRequest,
    wrap_server_stream,
)

from focus_signal.errors import HttpRefused, TransportClosed
from focus_signal.observe.logs import hide_payloads
from focus_signal.server.guard import guarded
from focus_signal.server.link import Link, linger
from focus_signal.server.pages import CONTENT_TYPE
from focus_signal.server.prefixed import Prefixed
from focus_signal.server.transport import ProtocolViolation
from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.subprotocols import V1

_TOO_BIG, _NO_PROTOCOL, _NO_UTF_8 = (
    CLOSE_CODES[name].code for name in ("too-big", "protocol-error", "not-utf-8")
)
# What the library says of a stream that ended without a goodbye (RFC 6455, section 7.1.5).
_NO_GOODBYE = 1006
# The codes that the library puts where a peer's would stand.
_THE_LIBRARYS = {_TOO_BIG, _NO_PROTOCOL, _NO_UTF_8, _NO_GOODBYE}
# The library answers with no subprotocol that was not offered to it, and with none of itself.
_REQUEST = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    f"Sec-WebSocket-Protocol: {V1}\r\n\r\n"
)


@asynccontextmanager
async def open_trio_websocket(
    link: Link, key: str, read_ahead: bytes, frame_bytes: int
) -> AsyncGenerator["TrioWebSocket"]:
    """Give the transport of a peer that asks for a WebSocket; `accept` is the next step.

    Args:
      link: the peer's stream, behind its request.
      key: the client's key, checked.
      read_ahead: what was read behind the request.
      frame_bytes: the largest message that is taken.
    """
    stream = _Handshaking(link, Prefixed(link, read_ahead), _REQUEST.format(key=key).encode("ascii"))
    async with trio.open_nursery() as nursery:
        # On malformed input the library's channel closes, and that is all.
        request = await wrap_server_stream(guarded(nursery), stream, max_message_size=frame_bytes)
        yield TrioWebSocket(request, frame_bytes, nursery, stream)
        # Whatever is left of the library's reader ends with the connection.
        nursery.cancel_scope.cancel()


@define(eq=False)
class _Handshaking(trio.abc.HalfCloseableStream):
    """Give the library the request, and the peer's own bytes only once that is answered.

    The library forgets what comes to it before it has answered, and a client may well send frames so early.
    Whoever reads waits for who is reading: the library may still do so when it has said goodbye.

    Args:
      link: the peer's stream, behind its request.
      stream: the same, and first what was read ahead.
      request: the request in our words.
    """

    link: Link
    _stream: Prefixed
    _request: bytes
    _reading: trio.Lock = field(factory=trio.Lock, init=False)
    accepted: trio.Event = field(factory=trio.Event, init=False)
    closed: trio.Event = field(factory=trio.Event, init=False)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        request, self._request = self._request, b""
        if request:
            await trio.lowlevel.checkpoint()
            return request
        await self.accepted.wait()
        async with self._reading:
            return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        await self.link.send_eof()

    async def aclose(self) -> None:
        self.accepted.set()
        try:
            await self._stream.aclose()
        finally:
            self.closed.set()


@define(eq=False)
class TrioWebSocket:
    """Carry messages over what a `trio_websocket.WebSocketRequest` becomes.

    Args:
      request: the handshake as the library has read it.
      frame_bytes: the largest message that is taken, in bytes; the library counts characters.
      nursery: for pings; what it ends is this transport alone.
      stream: the stream below, if it is ours.
    """

    _request: WebSocketRequest
    _frame_bytes: int
    _nursery: trio.Nursery
    _stream: _Handshaking | None = None
    _websocket: WebSocketConnection = field(init=False)
    _unsent: deque[bytes] = field(factory=deque[bytes], init=False)
    _unsent_bytes: int = field(default=0, init=False)
    _cut: bool = field(default=False, init=False)
    _pings: "count[int]" = field(factory=count, init=False)
    _pinging: bool = field(default=False, init=False)
    _closing: bool = field(default=False, init=False)
    # The code of the peer's goodbye, if that came before this side began to say its own.
    _ended_by: int | None = field(default=None, init=False)
    controls: int = field(default=0, init=False)
    """None: the library does not tell of them."""
    held: int = field(default=0, init=False)
    """Nothing that the library tells of."""

    def __attrs_post_init__(self) -> None:
        hide_payloads()

    async def accept(self, subprotocol: str | None = None) -> None:
        """Answer the handshake.

        Args:
          subprotocol: one that the request offers, as in `WebSocketRequest.proposed_subprotocols`; where the
            front door has read the request, `focus-signal.v1`.

        Raises:
          TransportClosed: the peer has gone.
        """
        try:
            self._websocket = await self._request.accept(subprotocol=subprotocol)
        except ConnectionClosed:
            raise TransportClosed("the peer has gone") from None
        if self._stream is not None:
            self._stream.accepted.set()

    async def reject(self, refusal: HttpRefused) -> None:
        """Answer the handshake with an HTTP error; nothing else follows.

        Raises:
          TransportClosed: the peer has gone.
        """
        fields = (("Content-Type", CONTENT_TYPE), ("Connection", "close"), *refusal.headers)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        try:
            await self._request.reject(refusal.status, extra_headers=headers, body=refusal.text.encode())
        except ConnectionClosed:
            raise TransportClosed("the peer has gone") from None

    async def receive(self) -> list[bytes]:
        """Wait for one message."""
        try:
            message = await self._websocket.get_message()
        except ConnectionClosed:
            raise TransportClosed("the WebSocket has closed") from None
        if isinstance(message, bytes):
            raise ProtocolViolation("text-only")
        encoded = message.encode()
        if len(encoded) > self._frame_bytes:
            raise ProtocolViolation("too-big")
        return [encoded]

    @property
    def said_goodbye(self) -> bool:
        """Leave that to `receive`."""
        return False

    @property
    def peer_code(self) -> int | None:
        """Give the code of the goodbye by which the peer has ended the connection.

        A peer's 1002, 1007 or 1009 is told as none: the library says the same of what a peer may not send.
        """
        if self._closing:
            # What the library tells from here on may be the peer's answer, or what it has put there itself.
            return self._ended_by
        closed = self._websocket.closed
        return None if closed is None or closed.code in _THE_LIBRARYS else int(closed.code)

    @property
    def owes_reply(self) -> bool:
        """Owe nothing: the library answers pings by itself."""
        return False

    def send_nowait(self, messages: Sequence[bytes]) -> bool:
        """Leave everything for `send`: the library sends nothing without waiting."""
        self._unsent.extend(messages)
        self._unsent_bytes += sum(map(len, messages))
        return not self._unsent

    async def send(self) -> bool:
        """Send one message."""
        if not self._unsent:
            return True
        message = self._unsent.popleft()
        try:
            await self._websocket.send_message(message.decode())
        except ConnectionClosed:
            raise TransportClosed("the WebSocket has closed") from None
        except BaseException:
            self._cut = True
            raise
        self._unsent_bytes -= len(message)
        return not self._unsent

    @property
    def unsent(self) -> int:
        """Count the bytes that were taken and have not gone."""
        return self._unsent_bytes

    def forget_unsent(self) -> None:
        """Drop the messages that have not begun to go out."""
        self._unsent_bytes -= sum(map(len, self._unsent))
        self._unsent.clear()

    @property
    def awaits_pong(self) -> bool:
        """Tell whether a ping is unanswered."""
        return self._pinging

    def ping_soon(self) -> None:
        """Have the library send a ping, behind what it is sending."""
        self._pinging = True
        self._nursery.start_soon(self._ping)

    def close_nowait(self) -> bool:
        """Leave it to `close`, which tells the library."""
        return False

    async def close(self, code: int, reason: str) -> None:
        """Close, and let a peer that sent too much read why."""
        if self._cut:
            return
        self.forget_unsent()
        self._ended_by, self._closing = self.peer_code, True
        await self._websocket.aclose(code, reason)
        closed = self._websocket.closed
        if closed is None or self._stream is None:
            return
        if closed.code == _TOO_BIG:
            # The library stops reading here; closing over unread input would reset the close frame away.
            await linger(self._stream)
        elif closed.code != _NO_GOODBYE:
            # Whoever said goodbye first, the library ends the stream; an abort before that would be a reset.
            await self._stream.closed.wait()

    @property
    def abort_nowait(self) -> None:
        """Tell that closing takes a few steps."""
        return None

    async def abort(self) -> None:
        """End the stream at once."""
        if self._stream is not None:
            await self._stream.link.abort()
        else:
            await trio.aclose_forcefully(self._websocket)

    async def _ping(self) -> None:
        with suppress(ConnectionClosed):  # the reader sees it too
            await self._websocket.ping(next(self._pings).to_bytes(8))
            self._pinging = False

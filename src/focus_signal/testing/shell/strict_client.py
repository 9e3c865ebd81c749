"""A WebSocket client that forgives nothing: what is wrong with what the server sends ends the connection.

It is written for simulations: it draws nothing, so that the same client sends the same bytes in every run,
and it shares no code with the server. Clients of the full level speak through it when the server is on its
own transport; on the library's they are the library's.
"""

import base64
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b, sha1

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.server.link import Link
from focus_signal.testing.shell.strict import CLOSE, PING, PONG, TEXT, Frame, StrictFrames

_DONE = 1000
_NO_CODE = 1005  # RFC 6455, section 7.4.1: there was a close frame, without a code
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@define(eq=False)
class StrictClient:
    """Speak to a server; it answers pings while it receives.

    Args:
      link: the simulated stream, connected.
      on_pong: told what each pong holds.
    """

    _link: Link
    _on_pong: Callable[[bytes], None] | None = None
    close_code: int | None = field(default=None, init=False)
    """The code of the server's close frame, once it came."""
    _incoming: StrictFrames = field(factory=StrictFrames, init=False)
    _received: deque[bytes] = field(factory=deque[bytes], init=False)
    _masks: int = field(default=0, init=False)
    _sending: trio.Lock = field(factory=trio.Lock, init=False)
    _receiving: trio.Lock = field(factory=trio.Lock, init=False)
    _said_goodbye: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    async def shake_hands(self, host: str, target: str) -> str | None:
        """Ask for a WebSocket.

        Args:
          host: whom to ask.
          target: what to ask for; the key is made of it.

        Returns:
          why there is none; None if there is one now.
        """
        key = base64.b64encode(blake2b(target.encode(), digest_size=16).digest())
        request = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        with suppress(*_GONE):  # the server may have answered already
            await self._link.send_all(request.encode())
        while self._incoming.head is None and not self._ended:
            await self._read()
        if self._incoming.head is None:
            return self._incoming.wrong or "the connection broke"
        if self._incoming.status != 101:
            return f"HTTP {self._incoming.status}"
        return _fault_of_welcome(self._incoming.head, key)

    async def send(self, text: bytes) -> None:
        """Send a text.

        Raises:
          TransportClosed: the connection has ended.
        """
        await self._send(TEXT, text)

    async def ping(self, payload: bytes) -> None:
        """Ask for a pong.

        Raises:
          TransportClosed: the connection has ended.
        """
        await self._send(PING, payload)

    async def receive(self) -> bytes:
        """Wait for a text.

        Raises:
          TransportClosed: the connection has ended.
        """
        async with self._receiving:
            while not self._received:
                if self._ended:
                    raise TransportClosed("the server has said goodbye, or its end was read")
                await self._read()
            return self._received.popleft()

    async def close(self) -> None:
        """Say goodbye, and wait for the server's, and for its end of the stream."""
        with suppress(TransportClosed):  # that is what was asked for
            await self._say_goodbye(_DONE.to_bytes(2))
            while not self._ended:
                async with self._receiving:
                    if not self._ended:
                        await self._read()
        await self._link.aclose()

    async def _read(self) -> None:
        """Wait for bytes and see to what came."""
        try:
            data = await self._link.receive_some()
        except _GONE:
            data = b""
        frames = self._incoming.feed(data)
        self._ended = not data or self._incoming.wrong is not None
        for frame in frames:
            await self._take(frame)
        if self._incoming.wrong is not None:
            await self._link.abort()

    async def _take(self, frame: Frame) -> None:
        match frame.opcode:
            case 0x1:
                self._received.append(frame.payload)
            case 0x9:
                with suppress(TransportClosed):  # the next read says so
                    await self._send(PONG, frame.payload)
            case 0xA:
                if self._on_pong is not None:
                    self._on_pong(frame.payload)
            case _:
                self.close_code = int.from_bytes(frame.payload[:2]) if frame.payload else _NO_CODE
                with suppress(TransportClosed):  # it did not wait for the answer
                    await self._say_goodbye(frame.payload[:2])

    async def _say_goodbye(self, payload: bytes) -> None:
        if not self._said_goodbye:
            await self._send(CLOSE, payload)

    async def _send(self, opcode: int, payload: bytes) -> None:
        async with self._sending:
            if self._said_goodbye:
                raise TransportClosed("nothing is said behind a goodbye")
            self._said_goodbye = opcode == CLOSE
            self._masks += 1
            try:
                await self._link.send_all(client_frame(opcode, payload, self._masks))
            except _GONE:
                raise TransportClosed("the stream broke") from None


def _fault_of_welcome(head: bytes, key: bytes) -> str | None:
    """Say what is wrong with an answer that opens a WebSocket (RFC 6455, section 4.1)."""
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    came = {name.lower(): value.strip() for name, _, value in lines}
    accept = base64.b64encode(sha1(key + _GUID, usedforsecurity=False).digest())
    wanted = {b"upgrade": b"websocket", b"connection": b"Upgrade", b"sec-websocket-accept": accept}
    return None if came == wanted else f"the welcome says {came}, not {wanted}"


def client_frame(opcode: int, payload: bytes, number: int, *, final: bool = True) -> bytes:
    """Make a frame as a client does.

    Args:
      opcode: what kind of frame.
      payload: what is in it.
      number: decides its mask; each has one of its own.
      final: whether it is the last of its message.
    """
    size, first = len(payload), (0x80 if final else 0) | opcode
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((first, 0x80 | 126)) + size.to_bytes(2)
    else:
        head = bytes((first, 0x80 | 127)) + size.to_bytes(8)
    key = (number * 2_654_435_761 & 0xFFFF_FFFF).to_bytes(4)
    whole = (key * (size // 4 + 1))[:size]
    return head + key + (int.from_bytes(payload) ^ int.from_bytes(whole)).to_bytes(size)

"""Messages on a link with a length in front of each: what the message level has in place of WebSocket.

It is as little as a transport can be, and does all that one may do: it gives everything that has come at
once, takes as much as the link has room for, and keeps the rest of a message that went out in part. So the
message level tries the paths of the server that a library which takes nothing at once never reaches.

    length of what follows (4 bytes), kind (1 byte), content
"""

import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.server.link import Link

_HEAD = struct.Struct(">IB")
_CODE = struct.Struct(">H")
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class _Kind(IntEnum):
    TEXT = 0
    PING = 1
    PONG = 2
    CLOSE = 3


@define(eq=False)
class FramedTransport:
    """Carry messages over a link; a server's end is a `Transport`, and a client's has the same methods.

    Args:
      link: the simulated stream.
    """

    _link: Link
    close_code: int | None = field(default=None, init=False)
    """The code of the peer's close frame, once it came."""
    _given_back: list[bytes] = field(factory=list[bytes], init=False)
    _buffer: bytearray = field(factory=bytearray, init=False)
    # What is left of the first message that `send_nowait` gave back; None when all of it is.
    _tail: bytes | None = field(default=None, init=False)
    _sending: trio.Lock = field(factory=trio.Lock, init=False)
    _receiving: trio.Lock = field(factory=trio.Lock, init=False)
    _pings: deque[trio.Event] = field(factory=deque[trio.Event], init=False)
    _said_goodbye: bool = field(default=False, init=False)
    _cut: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    async def accept(self) -> None:
        """Do nothing: there is no handshake here."""
        await trio.lowlevel.checkpoint()

    async def receive(self) -> list[bytes]:
        """Wait for messages and give every complete one."""
        if self._given_back:
            await trio.lowlevel.checkpoint()
            messages, self._given_back = self._given_back, []
            return messages
        async with self._receiving:
            while True:
                messages = await self._take_complete()
                if messages:
                    return messages
                if self._ended:
                    raise TransportClosed("the peer has said goodbye, or its end was read")
                await self._read()

    def give_back(self, messages: list[bytes]) -> None:
        """Take messages back, for the next `receive`."""
        self._given_back = messages

    def send_nowait(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        """Send as far as the link takes it now; a message that went out in part is given back too."""
        if self._tail is not None or self._sending.locked() or self._said_goodbye:
            return messages
        for index, message in enumerate(messages):
            frame = _frame(_Kind.TEXT, message)
            try:
                sent = self._link.send_nowait(frame)
            except _GONE:
                return messages[index:]  # `send` will say so
            if sent < len(frame):
                self._tail = frame[sent:] if sent else None
                return messages[index:]
        return []

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send what `send_nowait` left."""
        async with self._sending:
            for message in messages:
                tail, self._tail = self._tail, None
                await self._send(_frame(_Kind.TEXT, message) if tail is None else tail)

    async def ping(self) -> None:
        """Ask for a sign of life and wait for it."""
        answered = trio.Event()
        self._pings.append(answered)
        await self._send_control(_Kind.PING)
        await answered.wait()
        if self._ended:
            raise TransportClosed("the peer has gone")

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame, if none went out yet, and wait for the peer's."""
        if not self._cut:
            with suppress(TransportClosed):  # that is what was asked for
                await self._say_goodbye(code, reason)
                while not self._ended:
                    async with self._receiving:
                        if not self._ended:
                            await self._take_complete()
                            await self._read()
        await self._link.aclose()

    async def abort(self) -> None:
        """End the stream at once, unless it has ended in good order."""
        self._end()
        await self._link.abort()

    async def _read(self) -> None:
        """Wait for bytes; the end of the stream is noted."""
        if self._ended:
            return
        try:
            data = await self._link.receive_some()
        except _GONE:
            data = b""
        self._buffer += data
        if not data:
            self._end()

    async def _take_complete(self) -> list[bytes]:
        """Give the texts that have come whole, and do what else came asks for."""
        texts: list[bytes] = []
        while len(self._buffer) >= _HEAD.size:
            length, kind = _HEAD.unpack_from(self._buffer)
            if len(self._buffer) < _HEAD.size + length:
                break
            content = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            match kind:
                case _Kind.TEXT:
                    texts.append(content)
                case _Kind.PING:
                    with suppress(TransportClosed):  # the next read says so
                        await self._send_control(_Kind.PONG)
                case _Kind.PONG:
                    if self._pings:
                        self._pings.popleft().set()
                case _:
                    self.close_code = _CODE.unpack_from(content)[0]
                    self._end()
                    await self._answer_goodbye(content)
        return texts

    async def _answer_goodbye(self, content: bytes) -> None:
        self._buffer.clear()
        with suppress(TransportClosed):  # it did not wait for the answer
            await self._say_goodbye(_CODE.unpack_from(content)[0], "")
        await self._link.aclose()

    async def _say_goodbye(self, code: int, reason: str) -> None:
        if not self._said_goodbye:
            self._said_goodbye = True
            await self._send_control(_Kind.CLOSE, _CODE.pack(code) + reason.encode())

    async def _send_control(self, kind: _Kind, content: bytes = b"") -> None:
        """Send a frame that is no message, between two messages."""
        async with self._sending:
            if self._tail:
                tail, self._tail = self._tail, b""
                await self._send(tail)
            await self._send(_frame(kind, content))

    async def _send(self, data: bytes) -> None:
        try:
            await self._link.send_all(data)
        except _GONE:
            raise TransportClosed("the stream broke") from None
        except BaseException:  # whatever ended it, a part may have gone out
            self._cut = True
            raise

    def _end(self) -> None:
        self._ended = True
        while self._pings:
            self._pings.popleft().set()


def _frame(kind: _Kind, content: bytes) -> bytes:
    return _HEAD.pack(len(content), kind) + content

"""Messages on a link without WebSocket: both ends of a connection at the message level.

The server's end is as little as a transport can be, and does all that one may do: it gives everything that
has come at once, takes as much as the link has room for, and keeps the rest of a message that went out in
part. What goes out takes the way of the server's own transport, `FrameSender`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.server.link import Link
from focus_signal.server.transport.sending import FrameSender
from focus_signal.testing.shell.plain import (
    Kind,
    PlainFrame,
    PlainFrames,
    code_of,
    plain_close,
    plain_frame,
)

_DONE = 1000
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


@define(eq=False)
class FramedTransport:
    """Carry a server's messages over a link: a `Transport`.

    Args:
      link: the simulated stream.
    """

    _link: Link
    close_code: int | None = field(default=None, init=False)
    """The code of the peer's close frame, once it came."""
    _given_back: list[bytes] = field(factory=list[bytes], init=False)
    _frames: "_Incoming" = field(init=False)
    _sender: FrameSender = field(init=False)
    # Pings, pongs and the answer to a goodbye, for the next time that something is sent.
    _due: list[bytes] = field(factory=list[bytes], init=False)
    _unanswered: int = field(default=0, init=False)
    controls: int = field(default=0, init=False)
    """How many frames have come that are no text; whoever counts them sets it to 0."""
    held: int = field(default=0, init=False)
    """Nothing: what is not whole is no part of what these frames are for."""
    _receiving: trio.Lock = field(factory=trio.Lock, init=False)
    _said_goodbye: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._frames = _Incoming(self._link)
        self._sender = FrameSender(self._link)

    @property
    def peer_code(self) -> int | None:
        """Give the code of the peer's close frame, if it came before ours."""
        return None if self._said_goodbye else self.close_code

    async def accept(self, subprotocol: str | None = None) -> None:
        """Do nothing: there is no handshake here."""
        del subprotocol
        await trio.lowlevel.checkpoint()

    async def receive(self) -> list[bytes]:
        """Wait for bytes and give every message that is complete with them."""
        if self._given_back:
            await trio.lowlevel.checkpoint()
            messages, self._given_back = self._given_back, []
            return messages
        async with self._receiving:
            if self._ended:
                raise TransportClosed("the peer has said goodbye, or its end was read")
            return await self._read()

    def give_back(self, messages: list[bytes]) -> None:
        """Take messages back, for the next `receive`."""
        self._given_back = messages

    @property
    def said_goodbye(self) -> bool:
        """Leave that to `receive`."""
        return False

    @property
    def owes_reply(self) -> bool:
        """Tell whether what is no message is to be sent."""
        return bool(self._due)

    def send_nowait(self, messages: Sequence[bytes]) -> bool:
        """Send as far as the link takes it now."""
        due, self._due = self._due, []
        if self._said_goodbye:
            return True
        return self._sender.send_nowait([*due, *(plain_frame(Kind.TEXT, message) for message in messages)])

    async def send(self) -> bool:
        """Wait until the link takes something, and send it."""
        return await self._sender.send()

    @property
    def unsent(self) -> int:
        """Count the bytes that were taken and have not gone."""
        return self._sender.unsent

    def forget_unsent(self) -> None:
        """Drop what has not begun to go out."""
        self._sender.forget()

    @property
    def awaits_pong(self) -> bool:
        """Tell whether a ping is unanswered."""
        return self._unanswered > 0

    def ping_soon(self) -> None:
        """Have a ping sent."""
        self._unanswered += 1
        self._due.append(plain_frame(Kind.PING))

    def close_nowait(self) -> bool:
        """Leave it to `close`."""
        return False

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame, if none went out yet, and wait for the peer's."""
        self._sender.forget()
        with suppress(TransportClosed):  # that is what was asked for
            if not self._said_goodbye:
                self._said_goodbye = True
                gone = self._sender.send_nowait([plain_close(self.close_code or code, reason)])
                while not gone:
                    gone = await self._sender.send()
            while not self._ended and not self._sender.dead:
                async with self._receiving:
                    if not self._ended:
                        await self._read()
        if not self._sender.dead:
            await self._link.aclose()

    @property
    def abort_nowait(self) -> None:
        """Tell that closing takes a few steps."""
        return None

    async def abort(self) -> None:
        """End the stream at once, unless it has ended in good order."""
        self._ended = True
        await self._link.abort()

    async def _read(self) -> list[bytes]:
        """Wait for bytes, give the texts that are whole, and see to what else came."""
        texts: list[bytes] = []
        for frame in await self._frames.read():
            self.controls += frame.kind is not Kind.TEXT
            match frame.kind:
                case Kind.TEXT:
                    texts.append(frame.content)
                case Kind.PING:
                    self._due.append(plain_frame(Kind.PONG, frame.content))
                case Kind.PONG:
                    self._unanswered = max(0, self._unanswered - 1)
                case _:
                    self.close_code = code_of(frame.content)
                    self._ended = True
                    break  # nothing counts that follows a goodbye
        self._ended = self._ended or self._frames.ended
        return texts


@define(eq=False)
class FramedClient:
    """Carry a client's messages over a link; it answers pings while it receives.

    Args:
      link: the simulated stream.
      on_pong: told what each pong holds.
    """

    _link: Link
    _on_pong: Callable[[bytes], None] | None = None
    close_code: int | None = field(default=None, init=False)
    """The code of the server's close frame, once it came."""
    _frames: "_Incoming" = field(init=False)
    _received: deque[bytes] = field(factory=deque[bytes], init=False)
    _sending: trio.Lock = field(factory=trio.Lock, init=False)
    _receiving: trio.Lock = field(factory=trio.Lock, init=False)
    _said_goodbye: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._frames = _Incoming(self._link)

    async def send(self, text: bytes) -> None:
        """Send a text.

        Raises:
          TransportClosed: the connection has ended.
        """
        await self._send(plain_frame(Kind.TEXT, text))

    async def ping(self, content: bytes) -> None:
        """Ask for a pong.

        Raises:
          TransportClosed: the connection has ended.
        """
        await self._send(plain_frame(Kind.PING, content))

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
        """Say goodbye, and wait for the server's."""
        with suppress(TransportClosed):  # that is what was asked for
            await self._say_goodbye(_DONE)
            while not self._ended:
                async with self._receiving:
                    if not self._ended:
                        await self._read()
        await self._link.aclose()

    async def _read(self) -> None:
        """Wait for bytes and see to what came."""
        for frame in await self._frames.read():
            match frame.kind:
                case Kind.TEXT:
                    self._received.append(frame.content)
                case Kind.PING:
                    with suppress(TransportClosed):  # the next read says so
                        await self._send(plain_frame(Kind.PONG, frame.content))
                case Kind.PONG:
                    if self._on_pong is not None:
                        self._on_pong(frame.content)
                case _:
                    self.close_code = code_of(frame.content)
                    self._ended = True
                    with suppress(TransportClosed):  # it did not wait for the answer
                        await self._say_goodbye(self.close_code)
                    await self._link.aclose()
                    break
        self._ended = self._ended or self._frames.ended

    async def _say_goodbye(self, code: int) -> None:
        if not self._said_goodbye:
            self._said_goodbye = True
            await self._send(plain_close(code))

    async def _send(self, frame: bytes) -> None:
        async with self._sending:
            if self._said_goodbye and frame[4] != Kind.CLOSE:
                raise TransportClosed("nothing is said behind a goodbye")
            try:
                await self._link.send_all(frame)
            except _GONE:
                raise TransportClosed("the stream broke") from None


@define(eq=False)
class _Incoming:
    """Read frames from a link."""

    _link: Link
    _frames: PlainFrames = field(factory=PlainFrames, init=False)
    ended: bool = field(default=False, init=False)

    async def read(self) -> list[PlainFrame]:
        """Wait for bytes and give every frame that is whole; the end of the stream is noted.

        What is no frame ends the reading as well.
        """
        try:
            data = await self._link.receive_some()
        except _GONE:
            data = b""
        came = self._frames.feed(data)
        self.ended = not data or self._frames.wrong is not None
        return came

"""The transport of this server's own: WebSocket frames on a link, as many at once as there are.

A read gives every message that came with it, and a batch of messages goes out in one write. The front door
has read the handshake's request; only the answer is given here. Pings, pongs and close frames go out through
the same sender as messages do, so that none of them is ever put into the middle of another frame.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.server.link import Link, linger
from focus_signal.server.transport import ProtocolViolation
from focus_signal.server.transport.sending import FrameSender
from focus_signal.wire.frames import FrameReader, close_frame, ping_frame, pong_frame, text_frames
from focus_signal.wire.http_head import upgrade_answer

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


@define(eq=False)
class NativeTransport:
    """Carry messages over a link.

    Args:
      link: the peer's stream, behind its request.
      key: the client's key, checked.
      read_ahead: what was read behind the request.
      frame_bytes: the largest message that is taken.
      max_fragments: the most fragments of one.
    """

    _link: Link
    _key: str
    _read_ahead: bytes
    _frame_bytes: int
    _max_fragments: int = 64
    _reader: FrameReader = field(init=False)
    _sender: FrameSender = field(init=False)
    _accepted: bool = field(default=False, init=False)
    _pings: int = field(default=0, init=False)
    controls: int = field(default=0, init=False)
    """How many pings and pongs have come; whoever counts them sets it to 0."""
    held: int = field(default=0, init=False)
    """How many bytes are kept of what is no whole message yet; changed here only."""
    owes_reply: bool = field(default=False, init=False)
    """Whether a ping or a pong is to be sent; changed here only."""
    _ping_is_due: bool = field(default=False, init=False)
    _receiving: bool = field(default=False, init=False)
    # The close frame was handed to the sender, some of it may still have to be sent.
    _said_goodbye: bool = field(default=False, init=False)
    # The peer's end of the stream has come, or the stream broke.
    _ended: bool = field(default=False, init=False)
    # There once this side says goodbye; set when there is nothing more to read.
    _all_read: trio.Event | None = field(default=None, init=False)
    # The code of the peer's goodbye, if that came before this side began to say its own.
    _ended_by: int | None = field(default=None, init=False)
    # Whether it is `close` that reads what still comes, since nobody else did.
    _closing_reads: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._reader = FrameReader(self._frame_bytes, self._max_fragments)
        self._sender = FrameSender(self._link)

    def accept_nowait(self, subprotocol: str | None = None) -> bool:
        """Answer the handshake, as far as the link takes the answer now; `accept` does the rest.

        Args:
          subprotocol: which of those that the peer has offered is spoken; None if none of them is.

        Returns:
          whether nothing is left to do.
        """
        if not self._accepted:
            self._accepted = True
            self._sender.send_nowait([upgrade_answer(self._key, subprotocol)])
        return not self._sender.unsent and not self._sender.dead

    async def accept(self, subprotocol: str | None = None) -> None:
        """Answer the handshake, or what is left of that behind `accept_nowait`."""
        gone = self.accept_nowait(subprotocol)
        while not gone:
            if self._sender.dead:
                raise TransportClosed("the peer has gone")
            gone = await self._sender.send()

    async def receive(self) -> list[bytes]:
        """Wait for the next bytes and give what has become whole with them."""
        reader = self._reader
        if self._ended or reader.closed is not None or reader.fault is not None or self._closing_reads:
            await self._tell_end()
        if self._read_ahead:
            data = await self._read()
        else:
            # As `_read` does, which costs a coroutine more for every message.
            self._receiving = True
            try:
                data = await self._link.receive_some()
            except _GONE:
                data = b""
            finally:
                self._receiving = False
            if not data:
                self._ended = True
        messages = reader.feed(data)
        self.held = reader.held
        if reader.controls:
            self.controls += reader.controls
            reader.controls = 0
            if reader.pings:
                self.owes_reply = True
        return messages

    @property
    def said_goodbye(self) -> bool:
        """Tell whether the peer has said goodbye, before this side did."""
        return self._reader.closed is not None and self._all_read is None

    @property
    def peer_code(self) -> int | None:
        """Give the code of the goodbye by which the peer has ended the connection."""
        return self._reader.closed if self._all_read is None else self._ended_by

    def send_nowait(self, messages: Sequence[bytes]) -> bool:
        """Send in one write what the link takes of it, with the ping and the pong that are due."""
        frames = text_frames(messages)
        if self.owes_reply:
            frames = [*self._control_frames(), *frames]
        return self._sender.send_nowait(frames)

    async def send(self) -> bool:
        """Wait until the link takes something, and send it."""
        return await self._sender.send()

    @property
    def unsent(self) -> int:
        """Count the bytes that were taken and have not gone."""
        return self._sender.unsent

    def forget_unsent(self) -> None:
        """Drop the frames of which nothing has gone out."""
        self._sender.forget()

    @property
    def awaits_pong(self) -> bool:
        """Tell whether a ping is unanswered."""
        return self._reader.awaited_pong is not None

    def ping_soon(self) -> None:
        """Have a ping sent with the next frames; only a pong that holds the same counts."""
        self._pings += 1
        self._reader.awaited_pong = self._pings.to_bytes(4)
        self._ping_is_due = self.owes_reply = True

    def close_nowait(self) -> bool:
        """Answer the peer's goodbye and end the stream, where nothing has to be waited for."""
        reader, sender = self._reader, self._sender
        code = reader.closed
        if code is None or reader.trailing or self.owes_reply or sender.unsent or self._all_read is not None:
            return False
        gone = sender.send_nowait([close_frame(code, "")])
        self._said_goodbye = True
        return gone and self._link.close_nowait()

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, or answer the peer's goodbye, and end the stream in good order."""
        reader, sender = self._reader, self._sender
        if reader.closed is not None:
            code, reason = reader.closed, ""
        self._ended_by = self.peer_code
        reader.ignore_messages()
        self._all_read = trio.Event()
        try:
            if not self._said_goodbye:
                sender.forget()
                sender.send_nowait([close_frame(code, reason)])
                self._said_goodbye = True
            gone = not sender.unsent
            while not gone:
                gone = await sender.send()
        except TransportClosed:
            return
        if sender.dead:
            return
        try:
            await self._read_to_goodbye(self._all_read)
            # A peer that has said goodbye waits for the stream to end here (RFC 6455, section 7.1.1). For all
            # others, closing over unread input would reset away what they have not read, the goodbye too.
            if not self._ended and (reader.closed is None or reader.trailing):
                await linger(self._link)
        finally:
            try:
                # When the time for all this is over, the goodbye may still be on its way.
                await self._link.aclose()  # noqa: ASYNC102 - closes at once, even when cancelled
            finally:
                # However this came to an end, whoever waits in `receive` for it to be over waits no longer.
                self._all_read.set()

    @property
    def abort_nowait(self) -> Callable[[], None] | None:
        """Give what ends the link without a step, if anything does."""
        return self._link.abort_nowait

    async def abort(self) -> None:
        """End the stream at once."""
        await self._link.abort()

    def _control_frames(self) -> list[bytes]:
        frames: list[bytes] = []
        if self._ping_is_due and self._reader.awaited_pong is not None:
            frames.append(ping_frame(self._reader.awaited_pong))
        frames += map(pong_frame, self._reader.pings)
        self._ping_is_due = self.owes_reply = False
        self._reader.pings.clear()
        return frames

    async def _tell_end(self) -> NoReturn:
        """Raise what tells why there is nothing more to receive, once that is so."""
        if self._closing_reads and self._all_read is not None:
            await self._all_read.wait()
        if self._reader.fault is not None and self._all_read is None:
            raise ProtocolViolation(self._reader.fault)
        if self._all_read is not None:
            self._all_read.set()
        raise TransportClosed("the peer has said goodbye, or has gone")

    def _nothing_follows(self) -> bool:
        return self._ended or self._reader.over

    async def _read(self) -> bytes:
        """Give what the front door has read already, then what comes; nothing at the end of the stream."""
        if self._read_ahead:
            data, self._read_ahead = self._read_ahead, b""
            return data
        self._receiving = True
        try:
            data = await self._link.receive_some()
        except _GONE:
            data = b""
        finally:
            self._receiving = False
        self._ended = not data
        return data

    async def _read_to_goodbye(self, all_read: trio.Event) -> None:
        """Wait until the peer's goodbye was read, by whoever is reading."""
        if self._receiving:
            await all_read.wait()
            return
        self._closing_reads = True
        while not self._nothing_follows():
            self._reader.feed(await self._read())
        all_read.set()

"""What a server of ours sends over WebSocket, read as strictly as can be; written from RFC 6455 alone.

Nothing here is shared with the codec that the server sends by, and nothing is forgiven: a whole message a
frame, unmasked, no reserved bit, the shortest length, a text that is one of the server's messages, and
nothing behind a close frame. What is wrong is known by the first byte that shows it, so a torn frame is found
even if the rest of what it seems to be never comes.
"""

from typing import Protocol

from attrs import define, field, frozen

from focus_signal.testing.shell.texts import read_text

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_KNOWN = (TEXT, CLOSE, PING, PONG)
_SWITCHED = 101
# Those of a close frame that RFC 6455 (section 7.4) and its registry allow on the wire.
_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))


class Strict(Protocol):
    """Read what a server sends, and say what is wrong with it."""

    @property
    def wrong(self) -> str | None:
        """Say what was wrong first; None as long as nothing is."""
        ...

    @property
    def within(self) -> bool:
        """Tell whether what has come so far ends within a frame."""
        ...

    def feed(self, data: bytes) -> object:
        """Take what was sent."""
        ...

    def end(self) -> None:
        """Take the end of the stream in good order."""
        ...


@frozen
class Frame:
    """Be one frame that a server has sent."""

    opcode: int
    payload: bytes


@define(eq=False)
class StrictFrames:
    """Read the answer to a handshake, and if it is a welcome, the frames behind it.

    Args:
      ends_well: whether a stream that ends in good order must do so behind a close frame; if not, it may end
        anywhere.
    """

    ends_well: bool = True
    wrong: str | None = field(default=None, init=False)
    """What was wrong first; nothing is read from then on."""
    head: bytes | None = field(default=None, init=False)
    """The answer to the handshake, once it is there."""
    closed: bool = field(default=False, init=False)
    """Whether a close frame has come."""
    _buffer: bytearray = field(factory=bytearray, init=False)
    _last_ping: bytes | None = field(default=None, init=False)

    @property
    def status(self) -> int:
        """Give the status of the answer; 0 while there is none."""
        return int(self.head[9:12]) if self.head is not None else 0

    @property
    def within(self) -> bool:
        """Tell whether what has come so far ends within a frame, or within the answer to the handshake."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take what was sent, and give every frame that is whole with it and all right."""
        if self.wrong is not None:
            return []
        self._buffer += data
        if self.head is None and not self._read_head():
            return []
        if self.status != _SWITCHED:
            self._buffer.clear()  # a page; what is in it is not looked at here
            return []
        frames: list[Frame] = []
        while self._buffer and (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def end(self) -> None:
        """Take the end of the stream in good order."""
        if not self.ends_well:
            return
        if self.within:
            self._refuse(f"the stream ends within a frame, of which there is {bytes(self._buffer[:40])!r}")
        elif self.status == _SWITCHED and not self.closed:
            self._refuse("the stream ends in good order, and no close frame came")

    def _read_head(self) -> bool:
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        start = b"HTTP/1.1 "
        if not head.startswith(start[: len(head)]):
            self._refuse(f"what is no answer to a handshake: {head[:40]!r}")
        if not end or self.wrong is not None:
            return False
        if not head[9:12].isdigit():
            self._refuse(f"the answer to the handshake has no status: {head[:40]!r}")
            return False
        self.head = head
        self._buffer = bytearray(rest)
        return True

    def _next(self) -> Frame | None:
        """Take the next frame; None while it is not whole, or if something is wrong with it."""
        buffer = self._buffer
        opcode, size, start = buffer[0] & 0x0F, buffer[1] if len(buffer) > 1 else 0, 2
        if self.closed:
            return self._refuse(f"there is something behind the close frame: {bytes(buffer[:40])!r}")
        if buffer[0] & 0xF0 != 0x80 or opcode not in _KNOWN:
            return self._refuse(f"a frame begins with {buffer[0]:#04x}: {bytes(buffer[:40])!r}")
        if len(buffer) < start:
            return None
        if size & 0x80:
            return self._refuse("a frame is masked")
        if size > 125:
            if opcode != TEXT:
                return self._refuse(f"a control frame, {opcode:#x}, is longer than 125 bytes")
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start])
            if size < (126 if start == 4 else 1 << 16):
                return self._refuse(f"a length of {size} takes {start - 2} bytes")
        if len(buffer) < start + size:
            return None
        frame = Frame(opcode, bytes(buffer[start : start + size]))
        wrong = self._fault_of(frame)
        if wrong is not None:
            return self._refuse(wrong)
        del buffer[: start + size]
        return frame

    def _fault_of(self, frame: Frame) -> str | None:
        """Say what is wrong with what a frame holds."""
        payload = frame.payload
        match frame.opcode:
            case 0x1:
                if read_text(payload) is None:
                    return f"a text is none of the server's messages: {payload[:80]!r}"
            case 0x8:
                self.closed = True
                return _fault_of_close(payload)
            case 0x9:
                if payload == self._last_ping:
                    return f"a ping comes twice: {payload!r}"
                self._last_ping = payload
            case _:
                pass  # whether a pong answers a ping is known to who sends pings
        return None

    def _refuse(self, wrong: str) -> Frame | None:
        self.wrong = self.wrong or wrong
        return None


def _fault_of_close(payload: bytes) -> str | None:
    if not payload:
        return None
    code = int.from_bytes(payload[:2])
    if len(payload) == 1 or not any(code in codes for codes in _CODES):
        return f"a close frame holds {payload!r}"
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return f"the reason of a close frame is no UTF-8: {payload!r}"
    return None

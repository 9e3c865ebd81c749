"""Messages with a length in front of each: what the message level has in place of WebSocket frames.

    length of what follows (4 bytes), kind (1 byte), content

It is read as strictly as WebSocket is at the full level: what cannot be a frame is one that was torn.
"""

import struct
from enum import IntEnum

from attrs import define, field, frozen

from focus_signal.testing.shell.texts import read_text

_HEAD = struct.Struct(">IB")
_CODE = struct.Struct(">H")
_LONGEST_CONTROL = 200


class Kind(IntEnum):
    """Say what a frame is."""

    TEXT = 0
    PING = 1
    PONG = 2
    CLOSE = 3


@frozen
class PlainFrame:
    """Be one frame."""

    kind: Kind
    content: bytes


def plain_frame(kind: Kind, content: bytes = b"") -> bytes:
    """Make a frame."""
    return _HEAD.pack(len(content), kind) + content


def plain_close(code: int, reason: str = "") -> bytes:
    """Make a close frame."""
    return plain_frame(Kind.CLOSE, _CODE.pack(code) + reason.encode())


def code_of(content: bytes) -> int:
    """Read the code of a close frame."""
    return int(_CODE.unpack_from(content)[0])


@define(eq=False)
class PlainFrames:
    """Read frames in whatever pieces they come.

    Args:
      of_server: whether it is a server that sends them: then each text must be a message of the server's,
        nothing stands behind a close frame, and a stream that ends in good order does so behind one.
    """

    of_server: bool = False
    wrong: str | None = field(default=None, init=False)
    """What was wrong first; nothing is read from then on."""
    closed: bool = field(default=False, init=False)
    """Whether a close frame has come."""
    _buffer: bytearray = field(factory=bytearray, init=False)
    _begun: bool = field(default=False, init=False)

    @property
    def within(self) -> bool:
        """Tell whether what has come so far ends within a frame."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[PlainFrame]:
        """Take what was sent, and give every frame that is whole with it; those behind a close frame too."""
        self._buffer += data
        self._begun = True
        frames: list[PlainFrame] = []
        while self.wrong is None and len(self._buffer) >= _HEAD.size:
            length, number = _HEAD.unpack_from(self._buffer)
            self.wrong = self._fault_of_head(length, number)
            if self.wrong is not None or len(self._buffer) < _HEAD.size + length:
                break
            frame = PlainFrame(Kind(number), bytes(self._buffer[_HEAD.size : _HEAD.size + length]))
            del self._buffer[: _HEAD.size + length]
            self.closed = self.closed or frame.kind is Kind.CLOSE
            if self.of_server and frame.kind is Kind.TEXT and read_text(frame.content) is None:
                self.wrong = f"a text is none of the server's messages: {frame.content[:80]!r}"
                break
            frames.append(frame)
        return frames

    def end(self) -> None:
        """Take the end of the stream in good order."""
        if self.wrong is None and self.of_server:
            if self.within:
                self.wrong = f"the stream ends within a frame, of which there is {bytes(self._buffer[:40])!r}"
            elif self._begun and not self.closed:
                self.wrong = "the stream ends in good order, and no close frame came"

    def _fault_of_head(self, length: int, number: int) -> str | None:
        torn = number not in tuple(Kind) or (number != Kind.TEXT and length > _LONGEST_CONTROL)
        if torn or (number == Kind.CLOSE and length < _CODE.size):
            return f"a frame begins with {bytes(self._buffer[:40])!r}"
        if self.closed and self.of_server:
            return f"there is something behind the close frame: {bytes(self._buffer[:40])!r}"
        return None

"""WebSocket frames as a server reads and writes them (RFC 6455, section 5), without extensions.

`FrameReader` takes bytes in whatever pieces they come and gives whole text messages. Control frames may
stand between the fragments of a message, so they do not go through the same list: the reader keeps what has
to be done about them, and whoever feeds it looks there afterwards. What a peer may not send ends the reading
at the first byte that shows it, so the verdict never depends on the pieces, and a length is believed, and
judged, before any of what it announces has come.

The order in which a frame is judged: what its first two bytes show, the shape of its length, its kind, its
size, and once it is whole what it holds.
"""

import codecs
from collections.abc import Sequence
from struct import Struct
from typing import Literal

from attrs import define, field

try:
    # In C; what a message costs here depends on it more than on anything else.
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which there is no wheel
    from websockets.utils import apply_mask

Fault = Literal["protocol-error", "text-only", "not-utf-8", "too-big"]
"""Why a reading ended, by the name of the close frame that says so."""

NO_CODE = 1005
"""What stands for the code of a close frame that has none (RFC 6455, section 7.1.5)."""

MOST_PINGS = 16
"""How many pings are kept for an answer."""

_FINAL, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_OPCODES = {_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG}
_CONTROL = 0x08
_LONGEST_CONTROL = 125
_LENGTH_16, _LENGTH_64 = 126, 127
_MASK_BYTES = 4
# A final, masked text whose length takes 16 bits, and how long its head is: nearly every frame there is.
_COMMON = (_FINAL | _TEXT) << 8 | _MASKED | _LENGTH_16
_COMMON_HEAD = 8
_SHORT = (_FINAL | _TEXT) << 8 | _MASKED
_SHORT_HEAD = 2 + _MASK_BYTES

_common_head = Struct(">HH4s").unpack_from
_head_16 = Struct(">I").pack
_head_64 = Struct(">BBQ").pack
_code = Struct(">H").pack
# The codes that may stand in a close frame (RFC 6455, section 7.4, and the registry that it founded).
_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))


@define(eq=False)
class FrameReader:
    """Read what one client sends.

    Args:
      max_bytes: the largest message, and so the largest frame.
      max_fragments: the most fragments of one message.
    """

    _max_bytes: int
    _max_fragments: int = 64
    fault: Fault | None = field(default=None, init=False)
    """What ended the reading, if the peer sent what it may not."""
    closed: int | None = field(default=None, init=False)
    """The code of the peer's close frame, once that has come; what follows it is ignored."""
    trailing: bool = field(default=False, init=False)
    """Whether anything has followed it."""
    controls: int = field(default=0, init=False)
    """How many pings and pongs have come; whoever counts them sets it to 0."""
    pings: list[bytes] = field(factory=list[bytes], init=False)
    """What the last pings held, the oldest first; whoever answers them empties it."""
    awaited_pong: bytes | None = field(default=None, init=False)
    """What the pong that is waited for has to hold; the reader sets it to None when that has come."""
    held: int = field(default=0, init=False)
    """How many bytes are kept of what is not whole."""
    _ignoring: bool = field(default=False, init=False)
    _skip: int = field(default=0, init=False)
    # The beginning of a frame that has not come whole, and how long it must be for the next look at it.
    _held: bytearray = field(factory=bytearray, init=False)
    _needed: int = field(default=0, init=False)
    _open: "_Fragments | None" = field(default=None, init=False)

    @property
    def over(self) -> bool:
        """Tell whether nothing more is read."""
        return self.fault is not None or self.closed is not None

    def ignore_messages(self) -> None:
        """Read on for the peer's close frame alone; messages are passed over, whatever their size."""
        self._ignoring = True
        self._open = None
        # What has begun to come is looked at again: of a message that is passed over nothing is held.
        begun = bytes(self._held)
        self._held.clear()
        self.feed(begun)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read.

        Returns:
          every text message that is whole now, as UTF-8 that was checked.
        """
        messages: list[bytes] = []
        if self._held or self._skip or self.fault is not None or self.closed is not None:
            data = self._resume(data)
        at, end, limit = 0, len(data), self._max_bytes
        plain = self._open is None and not self._ignoring
        while at < end:
            if plain and end - at > _COMMON_HEAD:
                kind, length, mask = _common_head(data, at)
                start = at + _COMMON_HEAD
                quick = kind == _COMMON and length >= _LENGTH_16
                if _SHORT <= kind < _COMMON:
                    # So short that the length is in the first two bytes, and the mask right behind.
                    start = at + _SHORT_HEAD
                    length, mask, quick = kind - _SHORT, data[at + 2 : start], True
                stop = start + length
                if quick and stop <= end and length <= limit:
                    text = apply_mask(data[start:stop], mask)
                    if not (text.isascii() or self._is_utf_8(text)):
                        break
                    messages.append(text)
                    at = stop
                    continue
            behind = self._take(data, at, messages)
            if behind == at:
                self._held += data[at:]
                break
            at = behind
            plain = self._open is None and not self._ignoring
        if self._held or self._open is not None or self.held:
            self.held = len(self._held) + (0 if self._open is None else self._open.size)
        return messages

    def _resume(self, data: bytes) -> bytes:
        """Give what is to be looked at: nothing while the frame that has begun cannot be judged further."""
        if self.over:
            self.trailing |= bool(data)
            return b""
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            return data[passed:]
        self._held += data
        if len(self._held) < self._needed:
            return b""
        data = bytes(self._held)
        self._held.clear()
        return data

    def _take(self, data: bytes, at: int, messages: list[bytes]) -> int:
        """Take one frame, of any kind.

        Returns:
          where the next one begins; `at` while this one has not come whole.
        """
        end = len(data)
        start = at + 2
        if start > end:
            return self._wait(at, start)
        opcode, final, length = data[at] & _OPCODE, bool(data[at] & _FINAL), data[at + 1] & _LENGTH
        if self._is_out_of_form(data[at], data[at + 1]):
            return self._refuse("protocol-error", end)
        if length >= _LENGTH_16:
            start += 2 if length == _LENGTH_16 else 8
            if start > end:
                return self._wait(at, start)
            shortest = 1 << 16 if length == _LENGTH_64 else _LENGTH_16
            length = int.from_bytes(data[at + 2 : start])
            if length < shortest or length >> 63:
                return self._refuse("protocol-error", end)
        start += _MASK_BYTES
        stop = start + length
        if not opcode & _CONTROL:
            if self._ignoring:
                self._skip = max(0, stop - end)
                return min(stop, end)
            unwanted = self._why_unwanted(opcode, length)
            if unwanted is not None:
                return self._refuse(unwanted, end)
        if stop > end:
            return self._wait(at, stop)
        payload = apply_mask(data[start:stop], data[start - _MASK_BYTES : start])
        if opcode & _CONTROL:
            self._control(opcode, payload)
        else:
            self._data(payload, messages, final=final)
        if self.over:
            self.trailing = stop < end
            return end
        return stop

    def _wait(self, at: int, stop: int) -> int:
        self._needed = stop - at
        return at

    def _refuse(self, fault: Fault, end: int) -> int:
        self.fault = fault
        self._open = None
        return end

    def _is_out_of_form(self, first: int, second: int) -> bool:
        """Judge what the first two bytes of a frame show."""
        opcode = first & _OPCODE
        if first & _RESERVED or opcode not in _OPCODES or not second & _MASKED:
            return True
        if opcode & _CONTROL:
            return not first & _FINAL or second & _LENGTH > _LONGEST_CONTROL
        # A continuation needs a message that is open, and nothing else may come while there is one.
        return (opcode == _CONTINUATION) != (self._open is not None) and not self._ignoring

    def _why_unwanted(self, opcode: int, length: int) -> Fault | None:
        if opcode == _BINARY:
            return "text-only"
        return "too-big" if self._is_too_big(length) else None

    def _is_too_big(self, length: int) -> bool:
        if self._open is None:
            return length > self._max_bytes
        return self._open.size + length > self._max_bytes or len(self._open.parts) >= self._max_fragments

    def _data(self, payload: bytes, messages: list[bytes], *, final: bool) -> None:
        if self._open is None:
            if final:
                if self._is_utf_8(payload):
                    messages.append(payload)
                return
            self._open = _Fragments()
        try:
            self._open.add(payload, final=final)
        except UnicodeDecodeError:
            self.fault = "not-utf-8"
            self._open = None
            return
        if final:
            messages.append(b"".join(self._open.parts))
            self._open = None

    def _is_utf_8(self, text: bytes) -> bool:
        try:
            text.decode()
        except UnicodeDecodeError:
            self.fault = "not-utf-8"
            return False
        return True

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            # Of many that were not answered yet only the last ones are, which is allowed (section 5.5.3).
            if len(self.pings) == MOST_PINGS:
                del self.pings[0]
            self.pings.append(payload)
            self.controls += 1
        elif opcode == _PONG:
            self.controls += 1
            if payload == self.awaited_pong:
                self.awaited_pong = None
        elif not payload:
            self.closed = NO_CODE
        else:
            code = int.from_bytes(payload[:2])
            if len(payload) == 1 or not any(code in codes for codes in _CODES):
                self.fault = "protocol-error"
            elif self._is_utf_8(payload[2:]):
                self.closed = code
        if self.over:
            self._open = None


@define(eq=False)
class _Fragments:
    """Be a message of which the last fragment has not come."""

    parts: list[bytes] = field(factory=list[bytes], init=False)
    size: int = field(default=0, init=False)
    # A character may be spread over two fragments.
    _decoder: codecs.IncrementalDecoder = field(factory=codecs.getincrementaldecoder("utf-8"), init=False)

    def add(self, payload: bytes, *, final: bool) -> None:
        """Take a fragment; raises `UnicodeDecodeError` when the message is no UTF-8 so far."""
        self._decoder.decode(payload, final=final)
        self.parts.append(payload)
        self.size += len(payload)


def text_frames(messages: Sequence[bytes]) -> list[bytes]:
    """Make a frame of each text message."""
    frames: list[bytes] = []
    for message in messages:
        size = len(message)
        if _LENGTH_16 <= size < 1 << 16:
            frames.append(_head_16(_TEXT_HEAD_16 | size) + message)
        elif size < _LENGTH_16:
            frames.append(_head(_TEXT, size) + message)
        else:
            frames.append(_head_64(_FINAL | _TEXT, _LENGTH_64, size) + message)
    return frames


def close_frame(code: int, reason: str) -> bytes:
    """Make a close frame; the code `NO_CODE` makes an empty one."""
    return _control_frame(_CLOSE, b"" if code == NO_CODE else _code(code) + reason.encode())


def ping_frame(payload: bytes) -> bytes:
    """Make a ping that holds up to 125 bytes."""
    return _control_frame(_PING, payload)


def pong_frame(payload: bytes) -> bytes:
    """Make the answer to a ping: what it held."""
    return _control_frame(_PONG, payload)


_TEXT_HEAD_16 = (_FINAL | _TEXT) << 24 | _LENGTH_16 << 16


def _head(opcode: int, size: int) -> bytes:
    return bytes((_FINAL | opcode, size))


def _control_frame(opcode: int, payload: bytes) -> bytes:
    if len(payload) > _LONGEST_CONTROL:
        raise ValueError(f"a control frame holds at most {_LONGEST_CONTROL} bytes, not {len(payload)}")
    return _head(opcode, len(payload)) + payload

"""Where the frames of a sequence begin and end, and what their heads say: no judgement, only shape."""

from __future__ import annotations

from functools import cached_property

from attrs import define

from tests.server.hostile.frames import CLOSE, mask


@define(eq=False)
class Frame:
    """Be a frame, or as much of the last one as has come: two bytes at least.

    Args:
      start: where it begins.
      raw: its bytes.
      length: what its length field says; None while that has not come.
      body: where its payload begins, counted from its own beginning.
    """

    start: int
    raw: bytes
    length: int | None
    body: int

    @property
    def opcode(self) -> int:
        return self.raw[0] & 0x0F

    @property
    def final(self) -> bool:
        return self.raw[0] > 0x7F

    @property
    def masked(self) -> bool:
        return self.raw[1] > 0x7F

    @property
    def field(self) -> int:
        """Give the seven bits of the length; 126 and 127 say that it follows."""
        return self.raw[1] & 0x7F

    @property
    def is_control(self) -> bool:
        return self.opcode >= CLOSE

    @property
    def end(self) -> int:
        return self.start + len(self.raw)

    @property
    def missing(self) -> int:
        """Count what has not come of it, once its length has."""
        return self.body + (self.length or 0) - len(self.raw)

    @property
    def is_whole(self) -> bool:
        return self.length is not None and self.missing == 0

    @cached_property
    def payload(self) -> bytes:
        """Unmask what has come."""
        if not self.masked:
            return self.raw[self.body :]
        return mask(self.raw[self.body :], self.raw[self.body - 4 : self.body])


def split(data: bytes) -> tuple[list[Frame], bytes]:
    """Split a sequence into its whole frames and what is behind them."""
    frames: list[Frame] = []
    at = 0
    while (frame := first_frame(data, at)) is not None and frame.is_whole:
        frames.append(frame)
        at = frame.end
    return frames, data[at:]


def first_frame(data: bytes, at: int) -> Frame | None:
    """Look at the frame that begins there; None while not even two bytes of it have come."""
    if len(data) - at < 2:
        return None
    second = data[at + 1]
    more = {126: 2, 127: 8}.get(second & 0x7F, 0)
    body = 2 + more + (4 if second > 0x7F else 0)
    if len(data) - at < 2 + more:
        return Frame(at, data[at:], None, body)
    length = int.from_bytes(data[at + 2 : at + 2 + more]) if more else second & 0x7F
    return Frame(at, data[at : at + body + length], length, body)


def completed(frame: Frame, max_bytes: int) -> bytes:
    """Give the bytes that complete a frame, as far as any verdict on it may ask for.

    They add nothing that could be refused: a length in its shortest form where that can still be, then `a`s.
    Of what is longer than any message may be, one byte more than that is enough.
    """
    raw, start = frame.raw, len(frame.raw)
    if frame.length is None:
        raw = _short(raw) if frame.field == 126 else _long(raw)
    whole = first_frame(raw.ljust(frame.body, b"\0"), 0)
    assert whole is not None
    had = max(0, len(raw) - whole.body)
    letters = min(whole.missing, max_bytes + 1)
    key = whole.raw[whole.body - 4 : whole.body] if whole.masked else bytes(4)
    return (whole.raw + mask(bytes(had) + b"a" * letters, key)[had:])[start:]


def _short(raw: bytes) -> bytes:
    """Complete a length of 16 bits: with the smallest that is right, unless it is larger already."""
    return raw.ljust(3, b"\0") + (b"\0" if raw[2:] > b"\0" else b"\x7e")


def _long(raw: bytes) -> bytes:
    """Complete a length of 64 bits: with the smallest that is right, unless it is larger already."""
    return raw.ljust(7, b"\0").ljust(8, b"\1").ljust(10, b"\0")

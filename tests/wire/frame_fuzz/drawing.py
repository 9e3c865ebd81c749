"""Sequences of frames drawn from a seed: mostly right, with all that can be wrong with them put in.

A million are drawn in some minutes, so chance is asked as seldom, and as cheaply, as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import TypeVar

from tests.server.hostile.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, LengthForm, mask
from tests.wire.frame_fuzz.case import AWAITED, Case, Limits

Item = TypeVar("Item")

# Small bounds are met often. With the last one lengths of 64 bits are right, now and then.
_LIMITS = (
    *[Limits(1024, 64)] * 50,
    *[Limits(1024, 4)] * 28,
    *[Limits(300, 3)] * 20,
    Limits(70_000, 64),
)
_ALPHABETS = (
    "a",
    "a",
    'né"',
    "z€",
    "\U0001f600b",
    "a\0\x7f\u0080\u07ff\u0800\ufffd\uffff\U00010000\U0010ffff",
)
_NO_TEXT = (
    b"\xff",
    b"\x80",
    b"\xc0\xaf",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf0\x80\x80\x80",
    b"\xe2a",
)
_CODES = (1000, 1001, 1003, 1007, 1008, 1011, 1012, 1014, 3000, 3999, 4000, 4001, 4999)
_NO_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 5001, 65535)
_NO_OPCODES = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)


def draw(seed: int, number: int) -> Case:
    """Draw one case; the same seed and number give the same one."""
    drawing = Drawing(Random(seed << 40 | number))
    return drawing.case()


@cache
def _text(size: int, alphabet: int) -> bytes:
    """Make UTF-8 of exactly that size."""
    whole = _ALPHABETS[alphabet]
    content = (whole * (size // len(whole.encode()) + 1)).encode()[:size].decode(errors="ignore").encode()
    return content.ljust(size, b"a")


class Drawing:
    """Draw one case.

    Args:
      rng: where chance comes from.
    """

    def __init__(self, rng: Random) -> None:
        self._chance = rng.random
        self._rng = rng
        self._limits = self._one(_LIMITS)
        self._frames: list[bytes] = []
        # How many fragments of a message are open behind each frame.
        self._open: list[int] = []

    def case(self) -> Case:
        """Draw frames, what is wrong with them, and where they are cut."""
        chance = self._chance
        for _ in range(1 + int(chance() * chance() * 9)):
            self._add_valid()
        if chance() < 0.45:
            self._put_in(self._malformed)
        if chance() < 0.25:
            self._put_in(lambda _: self._close(_CODES))
        if chance() < 0.1:
            self._damage_head()
        data = b"".join(self._frames)
        if chance() < 0.12:
            data = self._mutated(data)
        if chance() < 0.2:
            data = data[: self._below(len(data) + 1)]
        return Case(data, self._cuts(len(data)), self._limits)

    def _below(self, bound: int) -> int:
        return int(self._chance() * bound)

    def _one(self, items: Sequence[Item]) -> Item:
        return items[int(self._chance() * len(items))]

    def _frame(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        final: bool = True,
        rsv: int = 0,
        masked: bool = True,
        form: LengthForm = "shortest",
        declared: int | None = None,
    ) -> bytes:
        """Write a frame, with a key of its own, which the hostile ones do not have."""
        length = len(payload) if declared is None else declared
        if form == "shortest":
            form = 7 if length < 126 else 16 if length < 1 << 16 else 64
        bit = 0x80 if masked else 0
        head = bytes(
            (final << 7 | rsv << 4 | opcode, bit | (length if form == 7 else 126 if form == 16 else 127))
        )
        if form != 7:
            head += length.to_bytes(form // 8)
        if not masked:
            return head + payload
        key = b"\0\0\0\0" if self._chance() < 0.05 else self._rng.randbytes(4)
        return head + key + (mask(payload, key) if payload else b"")

    # What is right.

    def _size(self) -> int:
        """Draw the size of a message that is not too big, often one at a border."""
        most, kind = self._limits.max_bytes, self._chance()
        if kind < 0.55:
            return self._below(60)
        if kind < 0.75:
            return self._one((0, 1, 2, 3, 4, 124, 125, 126, 127, 128, 129))
        if kind < 0.85:
            return most - self._below(3)
        if kind < 0.95 or most < 65_537:
            return self._below(300)
        return 65_534 + self._below(4)

    def _content(self, size: int) -> bytes:
        return _text(size, self._below(len(_ALPHABETS)))

    def _add(self, frame: bytes, open_parts: int = 0) -> None:
        self._frames.append(frame)
        self._open.append(open_parts)

    def _add_valid(self) -> None:
        kind = self._chance()
        if kind < 0.5:
            self._add(self._frame(TEXT, self._content(self._size())))
        elif kind < 0.85:
            self._add_fragments(self._content(self._size()), self._parts())
        else:
            self._add(self._control())

    def _parts(self) -> int:
        most, kind = self._limits.max_fragments, self._chance()
        if kind < 0.9 or (most > 8 and kind < 0.98):
            return min(most, 2 + self._below(3))
        return most

    def _add_fragments(self, content: bytes, parts: int) -> None:
        """Cut a message anywhere, in characters too, and put control frames between its fragments."""
        cuts = sorted(self._below(len(content) + 1) for _ in range(parts - 1))
        borders = [0, *cuts, len(content)]
        for number in range(parts):
            opcode, final = (TEXT if number == 0 else CONTINUATION), number == parts - 1
            fragment = self._frame(opcode, content[borders[number] : borders[number + 1]], final=final)
            self._add(fragment, 0 if final else number + 1)
            if not final and self._chance() < 0.15:
                self._add(self._control(), number + 1)

    def _control(self) -> bytes:
        kind = self._chance()
        if kind < 0.25:
            return self._frame(PONG, AWAITED)
        size = self._one((0, 1, 2, 4, 5, 30, 60, 124, 125))
        return self._frame(PING if kind < 0.75 else PONG, self._rng.randbytes(size))

    def _close(self, codes: Sequence[int]) -> bytes:
        kind = self._chance()
        if kind < 0.2 and codes is _CODES:
            return self._frame(CLOSE)
        reason = self._content(self._one((0, 1, 10, 122, 123)))
        return self._frame(CLOSE, self._one(codes).to_bytes(2) + reason)

    # What is wrong.

    def _put_in(self, make: Callable[[int], bytes]) -> None:
        """Put a frame, or some, in front of a frame or behind the last.

        Args:
          make: makes them, told how many fragments of a message are open there.
        """
        at = self._below(len(self._frames) + 1)
        parts = self._open[at - 1] if at else 0
        self._frames.insert(at, make(parts))
        self._open.insert(at, parts)

    def _malformed(self, parts: int) -> bytes:
        kinds = (
            self._bad_head,
            self._bad_length,
            self._bad_order,
            self._bad_control,
            self._bad_close,
            self._no_text,
            self._no_text,
            self._too_big,
            self._too_big,
            self._binary,
            self._binary,
        )
        return self._one(kinds)(parts)

    def _data(self, parts: int) -> int:
        """Give the opcode that a frame of data has there."""
        return CONTINUATION if parts else TEXT

    def _bad_head(self, parts: int) -> bytes:
        kind, payload = self._chance(), self._content(self._size())
        opcode = self._data(parts)
        if kind < 0.2:
            opcode, payload = self._one((CLOSE, PING, PONG)), payload[:125]
        if kind < 0.5:
            return self._frame(opcode, payload, rsv=1 + self._below(7))
        if kind < 0.75:
            return self._frame(opcode, payload, masked=False)
        return self._frame(self._one(_NO_OPCODES), payload[:130], final=self._chance() < 0.8)

    def _bad_length(self, parts: int) -> bytes:
        kind, opcode = self._chance(), self._data(parts)
        if kind < 0.1:
            opcode = self._one((CLOSE, PING, PONG, BINARY))
        if kind < 0.4:
            return self._frame(opcode, self._content(self._one((0, 1, 2, 124, 125))), form=16)
        if kind < 0.7:
            return self._frame(opcode, self._content(self._one((0, 5, 125, 126, 300, 1024, 1025))), form=64)
        if kind < 0.75:
            return self._frame(opcode, form=64, declared=65_535)
        return self._frame(opcode, declared=self._one((1 << 63, (1 << 63) + 5, (1 << 64) - 1)))

    def _bad_order(self, parts: int) -> bytes:
        opcode = self._one((TEXT, BINARY)) if parts else CONTINUATION
        return self._frame(opcode, self._content(self._size()), final=self._chance() < 0.6)

    def _bad_control(self, _parts: int) -> bytes:
        opcode = self._one((CLOSE, PING, PONG))
        if self._chance() < 0.5:
            return self._frame(opcode, b"\x03\xe8ok"[: self._below(5)], final=False)
        size = self._one((126, 127, 128, 300, 1024, 1025))
        return self._frame(opcode, b"\x03\xe8" + self._content(size - 2))

    def _bad_close(self, _parts: int) -> bytes:
        kind = self._chance()
        if kind < 0.15:
            return self._frame(CLOSE, b"\x03")
        if kind < 0.6:
            return self._close(_NO_CODES)
        code = self._one(_CODES if kind < 0.85 else (*_NO_CODES, 1014)).to_bytes(2)
        return self._frame(CLOSE, code + self._spoiled(self._content(self._below(100))))

    def _spoiled(self, content: bytes) -> bytes:
        """Put in what is no UTF-8; at the end it may be a beginning."""
        at = len(content) if self._chance() < 0.3 else self._below(len(content) + 1)
        return content[:at] + self._one(_NO_TEXT) + content[at:]

    def _no_text(self, parts: int) -> bytes:
        content = self._spoiled(self._content(self._below(120)))
        if parts or self._chance() < 0.5:
            return self._frame(self._data(parts), content, final=self._chance() < 0.8)
        cut = self._below(len(content) + 1)
        return self._frame(TEXT, content[:cut], final=False) + self._frame(CONTINUATION, content[cut:])

    def _too_big(self, parts: int) -> bytes:
        most, kind, opcode = self._limits.max_bytes, self._chance(), self._data(parts)
        if kind < 0.2:
            return self._frame(opcode, self._content(most + 1))
        if kind < 0.35:
            return self._frame(opcode, self._content(20), declared=most + 1 + self._below(3) * (1 << 33))
        if kind < 0.5:
            return self._frame(
                opcode, self._content(20), declared=self._one(((1 << 63) - 1, 1 << 62, 1 << 32))
            )
        if kind < 0.75:
            content = self._content(most + self._below(2))
            cut = self._below(len(content) + 1)
            first = self._frame(opcode, content[:cut], final=False)
            between = self._frame(PING, b"still here") if kind < 0.6 else b""
            return first + between + self._frame(CONTINUATION, content[cut:])
        if self._limits.max_fragments > 8 and kind < 0.92:
            return self._frame(opcode, self._content(most + 1), final=False)
        count = self._limits.max_fragments - parts + self._below(2)
        first = self._frame(opcode, b"[", final=False)
        return (
            first
            + self._frame(CONTINUATION, b" ", final=False) * (count - 1)
            + self._frame(CONTINUATION, b"]")
        )

    def _binary(self, parts: int) -> bytes:
        size = self._one((0, 1, self._size(), self._limits.max_bytes, self._limits.max_bytes + 1))
        return self._frame(BINARY, self._rng.randbytes(size), final=parts % 2 == 0)

    def _damage_head(self) -> None:
        """Make the first two bytes of a frame anything, so that more than one thing may be wrong with it."""
        at = self._below(len(self._frames))
        frame = bytearray(self._frames[at])
        frame[0] = self._below(256)
        if self._chance() < 0.3:
            frame[1] = self._below(256)
        self._frames[at] = bytes(frame)

    def _mutated(self, data: bytes) -> bytes:
        """Change, drop, double or insert some bytes, half of the time near the head of a frame."""
        changed = bytearray(data)
        for _ in range(1 + self._below(3)):
            at = self._below(len(changed) + 1)
            if self._chance() < 0.5:
                at = sum(map(len, self._frames[: self._below(len(self._frames))])) + self._below(8)
            kind = self._below(4)
            if kind == 0 and at < len(changed):
                changed[at] ^= 1 << self._below(8)
            elif kind == 1:
                del changed[at : at + 1 + self._below(4)]
            elif kind == 2:
                changed[at:at] = self._rng.randbytes(1 + self._below(3))
            else:
                changed[at:at] = changed[at : at + self._below(40)]
        return bytes(changed)

    def _cuts(self, size: int) -> tuple[int, ...]:
        kind = self._chance()
        if kind < 0.3:
            return ()
        if kind < 0.4 and size < 400:
            return tuple(range(1, size))
        return tuple(sorted({1 + self._below(size) for _ in range(1 + self._below(6))}))

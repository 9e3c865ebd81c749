"""The path of frames: nothing raises, pieces decide nothing, and what is held has a bound.

An input is what comes on a connection behind the upgrade. Masks of zeros leave contents readable in the
seeds, so that what is put into them stays text.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from zlib import crc32

from focus_signal.wire.frames import FrameReader
from tests.fuzz.planting import Plant, in_place_of
from tests.fuzz.target import GROW, Meter, Target, Wrong, cuts_of, grown
from tests.wire.dialect import DIALECT
from tests.wire.frame_fuzz.case import Case, Limits
from tests.wire.frame_fuzz.compare import compare
from tests.wire.frame_fuzz.mutants import MUTANTS as CODEC_MUTANTS
from tests.wire.frame_fuzz.mutants import Mutant
from tests.wire.frame_fuzz.mutants import planted as codec_with
from tests.wire.frame_fuzz.reading import MakeReader, Reading, gathered
from tests.wire.frame_fuzz.walk import split
from tests.wire.frame_rows import ROWS

# More than one read brings.
_GROWN = 20_000
_LIMITS = (Limits(1024, 64), Limits(1024, 64), Limits(300, 3), Limits(70_000, 64))
# So many bytes are fed one by one, and so many are read by libraries.
_FINE, _SMALL = 100, 400

_LONGEST_HEAD = 14
# A reading that has raised has what was raised for its verdict.
_VERDICT = re.compile(r"1002|1003|1007|1009|closed [1-4][0-9]{3}")

make_reader: MakeReader = FrameReader


def check(data: bytes, meter: Meter) -> None:
    """Read frames whole, in pieces, while messages are ignored, and as libraries do."""
    turn = crc32(data)
    # Large inputs take nearly all of the time, so only one of thirty-two that could be is one.
    data = grown(data, _GROWN if turn % 1024 < 32 else _SMALL)
    limits, ignoring = _LIMITS[turn % 4], turn % 16 < 4
    case = Case(data, tuple(cuts_of(data)), limits)
    fine_cuts = (*case.cuts, *(range(1, len(data)) if len(data) <= _FINE else ()))
    finely, in_pieces, whole = (
        meter.measure(partial(_read, case, cuts, ignoring=ignoring)) for cuts in (fine_cuts, case.cuts, ())
    )
    if finely.verdict is not None and not _VERDICT.fullmatch(finely.verdict):
        raise Wrong(f"it has ended with {finely.verdict}")
    for reading, its in ((in_pieces, case), (whole, Case(data, (), limits))):
        wanted = gathered(finely.events, its)
        if (reading.events, reading.verdict) != (wanted, finely.verdict):
            raise Wrong(
                f"cut at {list(its.cuts)} it gives {reading.events}, {reading.verdict}; "
                f"cut finely {wanted}, {finely.verdict}"
            )
    _check_messages([content for _, kind, content in whole.events if kind == "text"], limits, ignoring)
    _check_held(in_pieces, limits)
    if not ignoring and len(data) <= _SMALL:
        disagreements = compare(case, make_reader).disagreements
        if disagreements:
            raise Wrong("; ".join(disagreements))


def _read(case: Case, cuts: tuple[int, ...], *, ignoring: bool) -> Reading:
    reader = make_reader(case.limits.max_bytes, case.limits.max_fragments)
    if ignoring:
        reader.ignore_messages()
    reading = Reading(reader)
    reading.read(case.data, cuts)
    return reading


def _check_messages(messages: list[bytes], limits: Limits, ignoring: bool) -> None:
    if ignoring and messages:
        raise Wrong(f"not ignored: {messages}")
    for message in messages:
        message.decode()  # what is no UTF-8 raises
        if len(message) > limits.max_bytes:
            raise Wrong(f"a message of {len(message)} bytes")
        DIALECT.decode(message, 1, "ada")


def _check_held(reading: Reading, limits: Limits) -> None:
    """Of one frame and of one message no more is held than each may have; behind the end nothing is."""
    reader = reading.reader
    held, opened = getattr(reader, "_held"), getattr(reader, "_open")  # noqa: B009 - a mutant is no `FrameReader`
    size = 0 if opened is None else opened.size
    if len(held) > limits.max_bytes + _LONGEST_HEAD or size > limits.max_bytes:
        raise Wrong(f"{len(held)} bytes of a frame and {size} of a message are held")
    if reading.verdict is not None and (held or opened is not None):
        raise Wrong("something is held behind the end")


def _masked(opcode: int, content: bytes, *, final: bool = True) -> bytes:
    """Write a frame whose mask changes nothing."""
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([final << 7 | opcode]) + length + bytes(4) + content


def _plain(sent: bytes) -> bytes:
    """Write frames anew with masks that change nothing."""
    frames, tail = split(sent)
    return b"".join(_masked(one.opcode, one.payload, final=one.final) for one in frames) + tail


_BIG = b"\x81\xff" + (200_000).to_bytes(8) + bytes(4)
SEEDS = (
    *(row.sent for row in ROWS if len(row.sent) < 1200),
    *(_plain(row.sent) for row in ROWS if len(row.sent) < 1200),
    _masked(1, b'{"type":"matchmaking","matchSize":2}') + _masked(9, b"beat") + _masked(10, b"beat"),
    _masked(1, "né€😀".encode()) + _masked(1, b"a" * 126) + _masked(8, b"\x03\xe8bye"),
    _masked(1, b"\xe2\x82", final=False) + _masked(9, b"") + _masked(0, b"\xac"),
    _masked(1, b"", final=False) + _masked(0, b"", final=False) * 3 + _masked(0, b"{}"),
    *(
        _masked(8, code.to_bytes(2) + b"why")
        for code in (999, 1000, 1004, 1005, 1006, 1014, 1015, 4999, 5000)
    ),
    *(_masked(1, bytes([letter]), final=False) + _masked(1, b"b") for letter in b"abc"),
    _masked(8, b"") + _masked(1, b"late") + _masked(9, b"late"),
    _masked(9, b"one") + _masked(9, b"two") + _masked(10, b"beat") * 2,
    *(
        GROW + part + GROW
        for part in (
            _masked(1, b""),
            _masked(1, b"{}"),
            _masked(9, b"a"),
            _masked(10, b"beat"),
            _masked(1, b"a" * 126),
        )
    ),
    *(
        _masked(1, b"", final=False) + GROW + part + GROW
        for part in (_masked(0, b"", final=False), _masked(0, b"\xf0\x90", final=False), _masked(9, b"a"))
    ),
    _BIG + GROW + b"\xe2\x82\xac" + GROW,
)
WORDS = (
    *(
        bytes([first, second])
        for first in (0x81, 0x01, 0x80, 0x00, 0x88, 0x89, 0x8A)
        for second in (0x80, 0x81, 0x85, 0xFE)
    ),
    *(
        b"\x82\x80",
        b"\x81\xff",
        bytes(4),
        bytes(8),
        b"\x00\x7e",
        b"\x04\x00",
        b"\x04\x01",
        b"\x00\x01\x00\x00",
        b"beat",
    ),
    *(
        b"\x03\xe8",
        b"\x03\xed",
        b"\x0b\xb8",
        b"\x13\x88",
        b"\xe2\x82",
        b"\xac",
        b"\xff",
        b"\xed\xa0\x80",
        b"\x37\xfa\x21\x3d",
    ),
    *(
        _masked(1, b"{}"),
        _masked(9, b"a"),
        _masked(8, b"\x03\xe8"),
        _masked(0, b"a"),
        _masked(1, b"a", final=False),
        GROW,
    ),
)


def _codec(mutant: Mutant) -> Plant:
    return in_place_of(sys.modules[__name__], "make_reader", lambda: codec_with(mutant))


_HOLDS_ON = Mutant(
    "refused-message-is-held",
    "        self.fault = fault\n        self._open = None\n        return end",
    "        self.fault = fault\n        return end",
)
_RAISES = Mutant("passing-over-raises", "self._skip = max(0, stop - end)", "self._skip = ()[stop]")
MUTANTS = {mutant.name: _codec(mutant) for mutant in (*CODEC_MUTANTS, _HOLDS_ON, _RAISES)}

TARGET = Target(
    check=check,
    seeds=SEEDS,
    words=WORDS,
    longest=1400,
    mutants=MUTANTS,
)

"""The frame codec with a bug planted in it, so that the fuzz has something to find."""

from __future__ import annotations

import inspect
from types import ModuleType

from attrs import frozen

from focus_signal.wire import frames
from tests.wire.frame_fuzz.reading import MakeReader


@frozen
class Mutant:
    """Be one bug.

    Args:
      name: what it is called on the command line.
      right: a line's part that stands once in the codec.
      wrong: what stands there instead.
    """

    name: str
    right: str
    wrong: str


_UNMASKED = "payload = apply_mask(data[start:stop], data[start - _MASK_BYTES : start])"

MUTANTS = (
    Mutant("limit-off-by-one", "return length > self._max_bytes", "return length > self._max_bytes + 1"),
    Mutant("limit-off-by-one-when-quick", "<= end and length <= limit:", "<= end and length <= limit + 1:"),
    Mutant("limit-of-each-fragment", "self._open.size + length >", "length >"),
    Mutant("one-fragment-more", ">= self._max_fragments", "> self._max_fragments"),
    Mutant("each-fragment-is-text", "self._decoder.decode(payload, final=final)", "payload.decode()"),
    Mutant("text-may-end-in-a-character", "decode(payload, final=final)", "decode(payload, final=False)"),
    Mutant("quick-text-is-not-checked", "if not (text.isascii() or self._is_utf_8(text)):", "if False:"),
    Mutant("quick-and-short-by-another-mask", "data[at + 2 : start], True", "data[at + 1 : start - 1], True"),
    Mutant("quick-and-short-is-longer", "_SHORT <= kind < _COMMON", "_SHORT <= kind <= _COMMON"),
    Mutant("reason-is-not-checked", "elif self._is_utf_8(payload[2:]):", "else:"),
    Mutant(
        "continuation-of-nothing",
        "(opcode == _CONTINUATION) != (self._open is not None)",
        "opcode != _CONTINUATION and self._open is not None",
    ),
    Mutant(
        "message-within-a-message",
        "(opcode == _CONTINUATION) != (self._open is not None)",
        "opcode == _CONTINUATION and self._open is None",
    ),
    Mutant("third-reserved-bit", "if first & _RESERVED or", "if first & 0x60 or"),
    Mutant("unknown-opcode", " or opcode not in _OPCODES", ""),
    Mutant("no-mask-is-right", " or not second & _MASKED", ""),
    Mutant(
        "last-odd-byte-stays-masked",
        _UNMASKED,
        f"{_UNMASKED}[: length & ~1] + data[stop - (length & 1) : stop]",
    ),
    Mutant("any-length-form", "length < shortest or ", ""),
    Mutant("length-of-64-bits", " or length >> 63", ""),
    Mutant("long-control", "second & _LENGTH > _LONGEST_CONTROL", "second & _LENGTH > _LENGTH_16"),
    Mutant("fragmented-control", "not first & _FINAL or ", ""),
    Mutant("code-1004", "range(1000, 1004)", "range(1000, 1005)"),
    Mutant("code-1015", "range(1007, 1015)", "range(1007, 1016)"),
    Mutant("code-1014", "range(1007, 1015)", "range(1007, 1014)"),
    Mutant("code-5000", "range(3000, 5000)", "range(3000, 5001)"),
    Mutant("empty-binary", "if opcode == _BINARY:", "if opcode == _BINARY and length:"),
    Mutant("reads-on-behind-the-end", "return end\n        return stop", "return stop\n        return stop"),
    Mutant("waits-for-a-byte-more", "self._needed = stop - at", "self._needed = stop - at + 1"),
    Mutant("answers-the-last-ping", "self.pings.append(payload)", "self.pings[:] = [payload]"),
    Mutant("any-pong", "if payload == self.awaited_pong:", "if payload:"),
)


def planted(mutant: Mutant) -> MakeReader:
    """Make the reader that has the bug; an AssertionError says that its place is not there any more."""
    source = inspect.getsource(frames)
    assert source.count(mutant.right) == 1, (
        f"{mutant.name}: {mutant.right!r} does not stand once in the codec"
    )
    module = ModuleType(f"{frames.__name__}_{mutant.name}")
    exec(compile(source.replace(mutant.right, mutant.wrong), mutant.name, "exec"), module.__dict__)  # noqa: S102 - the codec itself, with one change
    make: MakeReader = module.__dict__["FrameReader"]
    return make

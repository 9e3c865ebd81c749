"""How much a reader holds, and how many bytes it copies: counted, not timed."""

from __future__ import annotations

import gc
import sys
from typing import Any, SupportsIndex, overload

from attrs import define

from focus_signal.wire.frames import FrameReader


def held_by(reader: FrameReader) -> int:
    """Count the bytes of memory of what a reader refers to, but for classes, modules and the like."""
    seen: dict[int, int] = {}
    due: list[Any] = [reader]
    while due:
        thing = due.pop()
        if id(thing) in seen or not _is_data(thing):
            continue
        seen[id(thing)] = sys.getsizeof(thing)
        due += gc.get_referents(thing)
    return sum(seen.values())


def _is_data(thing: object) -> bool:
    return (
        isinstance(thing, (bytes, bytearray, str, list, tuple, dict))
        or type(thing).__module__ in {FrameReader.__module__, "codecs", "encodings.utf_8"}
        or isinstance(thing, FrameReader)
    )


@define(eq=False)
class Copied:
    """Be a count of the bytes that were copied."""

    count: int = 0


class Held(bytearray):
    """Be the bytes of a frame that is not whole, and count what is copied out of them."""

    copied: Copied

    def __bytes__(self) -> bytes:
        self.copied.count += len(self)
        return bytes(memoryview(self))

    @overload
    def __getitem__(self, at: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> bytearray: ...
    def __getitem__(self, at: SupportsIndex | slice) -> int | bytearray:
        got = super().__getitem__(at)
        if isinstance(got, bytearray):
            self.copied.count += len(got)
        return got


class Read(bytes):
    """Be what was read, and count what is copied out of it."""

    copied: Copied

    @overload
    def __getitem__(self, at: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> bytes: ...
    def __getitem__(self, at: SupportsIndex | slice) -> int | bytes:
        got = super().__getitem__(at)
        if isinstance(got, bytes):
            self.copied.count += len(got)
            return counted(got, self.copied)
        return got


def counted(data: bytes, copied: Copied) -> Read:
    """Make bytes that count."""
    read = Read(data)
    read.copied = copied
    return read


def counting(reader: FrameReader) -> Copied:
    """Let what is copied out of what a reader holds be counted."""
    held = Held()
    held.copied = Copied()
    reader._held = held
    return held.copied

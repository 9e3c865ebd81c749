"""The frame codec reads a case: cut at every frame's end, and cut as the case says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Protocol

from attrs import define, field

from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.frames import MOST_PINGS, Fault
from tests.wire.frame_fuzz.case import AWAITED, Case, Event, Verdict


class Reader(Protocol):
    """Be a `FrameReader`, or a mutant of it."""

    pings: list[bytes]
    awaited_pong: bytes | None

    @property
    def fault(self) -> Fault | None: ...

    @property
    def closed(self) -> int | None: ...

    def feed(self, data: bytes) -> list[bytes]: ...

    def ignore_messages(self) -> None: ...


MakeReader = Callable[[int, int], Reader]


def verdict_of(reader: Reader) -> Verdict:
    """Say how a reading ended."""
    if reader.fault is not None:
        return str(CLOSE_CODES[reader.fault].code)
    return None if reader.closed is None else f"closed {reader.closed}"


@define(eq=False)
class Reading:
    """Be what a reader gives, piece by piece.

    Args:
      reader: the reader, nothing fed to it.
    """

    reader: Reader
    events: list[Event] = field(factory=list[Event], init=False)
    verdict: Verdict = field(default=None, init=False)
    verdict_at: int = field(default=0, init=False)
    """Behind how many bytes the verdict was there."""

    def read(self, data: bytes, cuts: Iterable[int], base: int = 0) -> None:
        """Feed bytes in pieces; what comes behind the verdict is fed as well."""
        reader = self.reader
        for start, end in pieces(len(data), cuts):
            at = base + end
            reader.pings.clear()
            reader.awaited_pong = AWAITED
            try:
                texts = reader.feed(data[start:end])
            except Exception as raised:  # noqa: BLE001 - whatever is raised is something to be shown, made small
                self.verdict, self.verdict_at = f"{raised!r}", at
                return
            self.events += [(at, "text", text) for text in texts]
            self.events += _controls(reader, at)
            verdict = verdict_of(reader)
            if verdict != self.verdict:
                # One that has changed is shown as both, and is like nothing that is wanted.
                self.verdict = verdict if self.verdict is None else f"{self.verdict}, then {verdict}"
                self.verdict_at = at


def _controls(reader: Reader, at: int) -> list[Event]:
    pings: list[Event] = [(at, "ping", ping) for ping in reader.pings]
    return pings if reader.awaited_pong is not None else [*pings, (at, "pong", AWAITED)]


def pieces(size: int, cuts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give the beginning and the end of each piece."""
    return pairwise([0, *(cut for cut in sorted(set(cuts)) if 0 < cut < size), size])


def gathered(events: list[Event], case: Case) -> list[Event]:
    """Say what must come when the case is cut as it says.

    Args:
      events: what came when it was cut at every frame's end.
      case: the case.
    """
    wanted: list[Event] = []
    for start, end in pieces(len(case.data), case.cuts):
        came = [event for event in events if start < event[0] <= end]
        wanted += [(end, kind, content) for _, kind, content in came if kind == "text"]
        # Of the pings in one piece the last ones count, and a pong is awaited once.
        wanted += [(end, kind, content) for _, kind, content in came if kind == "ping"][-MOST_PINGS:]
        wanted += [(end, kind, content) for _, kind, content in came if kind == "pong"][:1]
    return wanted

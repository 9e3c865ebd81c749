"""From a case on which readings disagree to a small one on which they still do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve

from tests.server.hostile.frames import frame
from tests.wire.frame_fuzz.case import Case
from tests.wire.frame_fuzz.walk import Frame, split

_TRIES = 4_000


def shrink(case: Case, disagrees: Callable[[Case], bool]) -> Case:
    """Drop cuts, frames and bytes, and make bytes zero, as long as it goes on disagreeing.

    Args:
      case: a case on which `disagrees` is true.
      disagrees: asked some thousand times at most.
    """
    tries = _TRIES
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(case):
            if tries == 0:
                return case
            tries -= 1
            if disagrees(candidate):
                case, smaller = candidate, True
                break
    return case


def _candidates(case: Case) -> Iterator[Case]:
    """Give cases that are smaller, the much smaller ones first."""
    if case.cuts:
        yield evolve(case, cuts=())
        for cut in case.cuts:
            yield evolve(case, cuts=tuple(other for other in case.cuts if other != cut))
    frames, _ = split(case.data)
    for whole in frames:
        yield _without(case, whole.start, whole.end)
    for whole in frames:
        yield from _with_less(case, whole)
    size, span = len(case.data), len(case.data)
    while span:
        for start in range(0, size, span):
            yield _without(case, start, min(size, start + span))
        span //= 2
    for at, byte in enumerate(case.data):
        if byte and (at < 40 or at > size - 40):
            yield evolve(case, data=case.data[:at] + b"\0" + case.data[at + 1 :])


def _with_less(case: Case, old: Frame) -> Iterator[Case]:
    """Drop parts of a payload; its length is told anew, and nothing is cut any more."""
    payload = old.payload
    span = len(payload) // 2
    while span:
        for start in range(0, len(payload), span):
            less = payload[:start] + payload[start + span :]
            raw = frame(old.opcode, less, fin=old.final, rsv=old.raw[0] >> 4 & 7, masked=old.masked)
            yield evolve(case, data=case.data[: old.start] + raw + case.data[old.end :], cuts=())
        span //= 2


def _without(case: Case, start: int, end: int) -> Case:
    """Drop bytes; the cuts behind them stay where they were in what is left."""
    cuts = {cut if cut <= start else max(start, cut - (end - start)) for cut in case.cuts}
    data = case.data[:start] + case.data[end:]
    return evolve(case, data=data, cuts=tuple(sorted(cut for cut in cuts if 0 < cut < len(data))))

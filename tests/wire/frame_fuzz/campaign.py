"""Many cases, in as many processes as are asked for: what came of them, and the first disagreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context

from attrs import define, field, frozen

from focus_signal.wire.frames import FrameReader
from tests.wire.frame_fuzz.case import Case
from tests.wire.frame_fuzz.compare import compare
from tests.wire.frame_fuzz.differences import DIFFERENCES
from tests.wire.frame_fuzz.drawing import draw
from tests.wire.frame_fuzz.mutants import MUTANTS, planted
from tests.wire.frame_fuzz.reading import MakeReader
from tests.wire.frame_fuzz.shrink import shrink

VERDICTS = ("open", "closed", "1002", "1003", "1007", "1009")
"""How a sequence may end: not at all, by the peer's close frame, or by a fault."""

_PART = 500


@frozen
class Found:
    """Be a disagreement: the case's number in its seed, the case made small, and what is not the same."""

    number: int
    case: Case
    disagreements: list[str]


@define(eq=False)
class Tally:
    """Be what came of cases: how many, of how many frames, and how often each verdict and each row."""

    sequences: int = 0
    frames: int = 0
    verdicts: Counter[str] = field(factory=Counter[str])
    known: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    found: Found | None = None

    def add(self, other: Tally) -> None:
        """Take what came of others."""
        self.sequences += other.sequences
        self.frames += other.frames
        self.verdicts.update(other.verdicts)
        self.known.update(other.known)
        if other.found is not None and (self.found is None or other.found.number < self.found.number):
            self.found = other.found

    @property
    def never_met(self) -> list[str]:
        """List the verdicts and the rows of the table that no sequence had; a long run must have them all."""
        rows = [(row.library, row.name) for row in DIFFERENCES]
        return [verdict for verdict in VERDICTS if not self.verdicts[verdict]] + [
            f"{library}: {name}" for library, name in rows if not self.known[library, name]
        ]


def reader_named(mutant: str | None) -> MakeReader:
    """Give the codec's reader, or a mutant."""
    if mutant is None:
        return FrameReader
    (planned,) = (candidate for candidate in MUTANTS if candidate.name == mutant)
    return planted(planned)


def run_part(seed: int, numbers: range, mutant: str | None = None) -> Tally:
    """Compare the cases of these numbers, up to the first that disagrees."""
    tally, make = Tally(), reader_named(mutant)
    for number in numbers:
        case = draw(seed, number)
        account = compare(case, make)
        tally.sequences += 1
        tally.frames += account.frames
        tally.verdicts[(account.verdict or "open").split()[0]] += 1
        tally.known.update(account.known)
        if account.disagreements:
            small = shrink(case, lambda smaller: bool(compare(smaller, make).disagreements))
            tally.found = Found(number, small, compare(small, make).disagreements)
            break
    return tally


def run_parts(seed: int, sequences: int, jobs: int, mutant: str | None = None) -> Iterator[Tally]:
    """Compare the cases from 0 on; give what came of each part, and end behind one that disagrees.

    Args:
      seed: what they are drawn from.
      sequences: how many.
      jobs: in how many processes; 1 is this one.
      mutant: the bug that is planted, if one is.
    """
    parts = [range(start, min(start + _PART, sequences)) for start in range(0, sequences, _PART)]
    if jobs == 1:
        for part in parts:
            tally = run_part(seed, part, mutant)
            yield tally
            if tally.found is not None:
                return
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        due = iter(parts)
        running: list[Future[Tally]] = []
        failed = False
        while True:
            for part in due if not failed else ():
                running.append(pool.submit(run_part, seed, part, mutant))
                if len(running) >= 2 * jobs:
                    break
            if not running:
                return
            wait(running, return_when=FIRST_COMPLETED)
            done, running = [one for one in running if one.done()], [one for one in running if not one.done()]
            for future in done:
                tally = future.result()
                failed = failed or tally.found is not None
                yield tally

"""The fuzz as a command; a disagreement is printed with the command that shows it again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.wire.frame_fuzz.campaign import VERDICTS, Tally, reader_named, run_parts
from tests.wire.frame_fuzz.case import Case, Limits
from tests.wire.frame_fuzz.compare import compare
from tests.wire.frame_fuzz.mutants import MUTANTS

# From here on a run is long enough to have met everything.
_LONG = 20_000
_COMMAND = "python -m tests.wire.frame_fuzz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 1 says that there was a disagreement, or that something was never met."""
    options = _parser().parse_args(arguments)
    if options.replay is not None:
        limits, cuts = Limits(*options.limits), tuple(options.cuts)
        return _show(Case(options.replay, cuts, limits), options.mutant)
    total, shown = Tally(), 0
    for tally in run_parts(options.seed, options.sequences, options.jobs, options.mutant):
        total.add(tally)
        if total.sequences - shown >= options.sequences / 20:
            shown = total.sequences
            _say(f"{total.sequences:,} of {options.sequences:,} sequences, {total.frames:,} frames")
    return _summary(total, options.seed, options.mutant)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--sequences", type=int, default=20_000, help="how many sequences of frames")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from")
    parser.add_argument("--jobs", type=int, default=1, help="in how many processes")
    parser.add_argument("--mutant", choices=[mutant.name for mutant in MUTANTS], help="plant a bug")
    parser.add_argument("--replay", type=bytes.fromhex, metavar="HEX", help="read these bytes alone")
    parser.add_argument("--cuts", type=_numbers, default=[], help="where they are cut: 2,7")
    parser.add_argument("--limits", type=_numbers, default=[1024, 64], help="bytes and fragments: 1024,64")
    return parser


def _numbers(given: str) -> list[int]:
    return [int(number) for number in given.split(",") if number]


def _show(case: Case, mutant: str | None) -> int:
    account = compare(case, reader_named(mutant))
    for disagreement in account.disagreements:
        _say(disagreement)
    _say(f"{account.verdict or 'no end'}; {len(account.disagreements)} disagreement(s)")
    return 1 if account.disagreements else 0


def _summary(total: Tally, seed: int, mutant: str | None) -> int:
    verdicts = ", ".join(f"{verdict} {total.verdicts[verdict]:,}" for verdict in VERDICTS)
    _say(f"seed {seed}: {total.sequences:,} sequences, {total.frames:,} frames; {verdicts}")
    _say("where a library differs, as the table has it:")
    for (library, name), times in sorted(total.known.items()):
        _say(f"  {times:>9,}  {library}: {name}")
    if (found := total.found) is not None:
        _say(f"sequence {found.number} of seed {seed}, made small: {found.case.data.hex()}")
        for disagreement in found.disagreements:
            _say(f"  {disagreement}")
        _say(f"again: {_again(found.case, mutant)}")
        return 1
    missing = total.never_met if total.sequences >= _LONG else []
    for what in missing:
        _say(f"never met: {what}")
    return 1 if missing else 0


def _again(case: Case, mutant: str | None) -> str:
    limits = f"{case.limits.max_bytes},{case.limits.max_fragments}"
    command = f"{_COMMAND} --limits {limits} --replay {case.data.hex()}"
    if case.cuts:
        command += f" --cuts {','.join(map(str, case.cuts))}"
    return command if mutant is None else f"{command} --mutant {mutant}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

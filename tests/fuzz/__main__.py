"""The fuzz as a command: a target for so many executions, or one input again.

It prints one line: how many inputs were run, what of the package they reached, and the slowest. An input for
which a property does not hold is left in .build/fuzz, with the command that runs it alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from attrs import frozen

from tests.fuzz.engine import target_named
from tests.fuzz.target import Meter, Target, numbered

TARGETS = ("decoder", "head", "frames", "v1", "offers")
ROOT = Path(__file__).parents[2]
LEFT = ROOT / ".build" / "fuzz"
NEEDS = "needs: atheris (requirements/fuzz.txt), whose wheels are for CPython 3.11 to 3.14 on Linux, x86-64"
_COMMAND = "python -m tests.fuzz"
# Seconds of the clock; an input that takes so long is not measured any more, it hangs.
_HANGS = 20
_LAST = re.compile(rb"^#(\d+)\s+\w+\s.*?cov: (\d+) ft: (\d+)", re.MULTILINE)
_SLOWEST = re.compile(rb"^slowest ([0-9.]+)$", re.MULTILINE)


@frozen
class Outcome:
    """Be what came of a run.

    Args:
      status: libFuzzer's; not 0 when it has found something.
      executions: how many inputs were run.
      edges: how many branches of the package they reached.
      features: the same, with how often each was taken.
      slowest: the milliseconds that the slowest reading took.
      said: what the run has said.
    """

    status: int
    executions: int
    edges: int
    features: int
    slowest: float
    said: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 1 says that a property does not hold, 2 that there is no atheris."""
    options = _parser().parse_args(arguments)
    if options.replay is not None:
        return replay(options.target, options.replay, options.mutant)
    if importlib.util.find_spec("atheris") is None:
        _say(NEEDS)
        return 2
    left = LEFT / f"{options.target}.input"
    outcome = run(options.target, options.executions, options.seed, left, options.mutant)
    _say(
        f"{options.target}: {outcome.executions:,} executions, {outcome.edges:,} edges and "
        f"{outcome.features:,} features covered, slowest input {outcome.slowest:.1f} ms"
    )
    if outcome.status == 0 and outcome.executions >= options.executions:
        return 0
    _say(outcome.said)
    if left.exists():
        mutant = "" if options.mutant is None else f" --mutant {options.mutant}"
        _say(f"again: {_COMMAND} {options.target} --replay {os.path.relpath(left)}{mutant}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--executions", type=int, default=200_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn from; not 0")
    parser.add_argument("--mutant", help="plant a bug, by its name in the target")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run this input alone")
    return parser


def run(name: str, executions: int, seed: int, left: Path, mutant: str | None = None) -> Outcome:
    """Run a target in a process of its own.

    Args:
      name: the target's.
      executions: how many inputs, the seeds among them.
      seed: what libFuzzer draws from.
      left: where the input goes for which a property does not hold.
      mutant: the bug that is planted, if one is.
    """
    target = target_named(name)
    left.parent.mkdir(parents=True, exist_ok=True)
    left.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        corpus, words = Path(directory, "corpus"), Path(directory, "words")
        write_seeds(target, corpus, words)
        command = [
            *(sys.executable, "-m", "tests.fuzz.engine", name),
            *([] if mutant is None else ["--mutant", mutant]),
            *(f"-runs={executions}", f"-seed={seed}", f"-max_len={target.longest}", f"-dict={words}"),
            *(f"-timeout={_HANGS}", "-rss_limit_mb=2048", f"-exact_artifact_path={left}", "-len_control=0"),
            # Without entropic schedules, for they make two runs of one seed differ.
            *("-entropic=0", "-reload=0", str(corpus)),
        ]
        # Where a hash decides an order it is the same in every run.
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    return _outcome(done)


def _outcome(done: subprocess.CompletedProcess[bytes]) -> Outcome:
    lines, slowest = _LAST.findall(done.stderr), _SLOWEST.findall(done.stdout)
    executions, edges, features = map(int, lines[-1]) if lines else (0, 0, 0)
    # What a check raises is told on stdout; what keeps a run from beginning, on stderr.
    said = _SLOWEST.sub(b"", done.stdout).decode(errors="replace").strip()[-4000:]
    log = done.stderr.decode(errors="replace")
    ended = "\n".join(line for line in log.splitlines() if "ERROR" in line) if lines else log[-4000:].strip()
    time = float(slowest[-1]) if slowest else 0.0
    return Outcome(done.returncode, executions, edges, features, time, f"{said}\n{ended}".strip())


def write_seeds(target: Target, corpus: Path, words: Path) -> None:
    """Write what a run begins with: a file for each seed, and the dictionary."""
    corpus.mkdir()
    for name, seed in numbered(target.seeds):
        (corpus / name).write_bytes(seed)
    # A word has at most 64 bytes there.
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word[:64]) + '"\n' for word in target.words)
    words.write_text("".join(lines), encoding="ascii")


def replay(name: str, file: Path, mutant: str | None = None) -> int:
    """Run one input, without the fuzzer; 1 says that something is wrong with it."""
    target, meter = target_named(name), Meter()
    with ExitStack() as stack:
        if mutant is not None:
            stack.enter_context(target.mutants[mutant]())
        try:
            target.check(file.read_bytes(), meter)
        except Exception:  # noqa: BLE001 - whatever it raises is what is to be shown
            _say(traceback.format_exc().rstrip())
            return 1
    _say(f"{name}: nothing is wrong with it; {meter.slowest * 1000:.1f} ms")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""The commands of `focus-signal sim` that lay two runs side by side: check-determinism and diff."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import msgspec
from attrs import frozen

from focus_signal.cli.output import say
from focus_signal.cli.sim_source import WrongArgument, arguments_for, conditions, load, source_of, whole_file
from focus_signal.cli.sim_twin import Twin
from focus_signal.testing.trace import first_difference

# Neither is 0, which would switch the mixing of hashes off.
_HASH_SEEDS = ("1", "20011")


def check_determinism(options: argparse.Namespace) -> int:
    """Run twice, in processes that differ in hashes and in memory; 1 if the runs are not the same."""
    # Here already, so that what is wrong with the arguments is said once.
    source_of(options)
    arguments = _arguments(options)
    processes = [_start(noise, arguments) for noise in _HASH_SEEDS]
    try:
        first, second = (_twin(process) for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    said = _unlike(first, second)
    say(f"identical: {first.digest}" if said is None else said)
    return 0 if said is None else 1


def diff(options: argparse.Namespace) -> int:
    """Compare two traces; 1 if they differ."""
    a, b = _read(options.a, "A"), _read(options.b, "B")
    difference = first_difference(a.lines, b.lines, options.context)
    if difference is not None:
        say(difference.describe(str(options.a), str(options.b)))
        return 1
    events = f"{len(a.lines) - a.header} events"
    if a.digest != b.digest and "" not in {a.digest, b.digest}:
        say(f"the same {events}, but in another schedule or with other bytes: {a.digest} and {b.digest}")
        return 1
    say(f"identical: {events}")
    return 0


@frozen
class _Side:
    """Be one of two runs that are compared: its lines, whether the first is a header, its digest if known."""

    lines: list[str]
    header: bool
    digest: str = ""


def _read(path: Path, name: str) -> _Side:
    first = _first_line(path)
    if isinstance(first, dict) and ("trace" in first or "event" in first):
        try:
            return _Side(path.read_text("utf-8").splitlines(), "trace" in first)
        except UnicodeDecodeError as error:  # whoever named the file wants to know
            raise WrongArgument(f"argument {name}: {path} must be text in UTF-8: {error.reason}") from error
    ran = whole_file(path, load(path, name)).run()
    return _Side(ran.trace.lines, header=True, digest=ran.digest)


def _first_line(path: Path) -> object:
    """Read the first line as JSON; None if it is none, or if there is no such file."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.readline())
    except (OSError, msgspec.DecodeError):  # it is no trace; who reads it as a failure says what it is not
        return None


def _unlike(first: Twin, second: Twin) -> str | None:
    """Say what differs between two runs of the same."""
    difference = first_difference(first.trace, second.trace)
    if difference is not None:
        return difference.describe("the first run", "the second run")
    for at, (a, b) in enumerate(zip(first.choices, second.choices, strict=False)):
        if a != b:
            where = f"at choice {at} of the schedule"
            return f"the same events, but {a} {where} in the first run and {b} in the second"
    if first.digest != second.digest:
        return f"the same events, but other tasks or bytes behind them: {first.digest} and {second.digest}"
    return None


def _arguments(options: argparse.Namespace) -> list[str]:
    """Write the arguments again for another process."""
    if options.file is None:
        return arguments_for(options.seed, options).split()
    return [*" ".join(conditions(options)).split(), "--", str(options.file)]


def _start(noise: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this Python, a module of ours, and arguments that were read
        [sys.executable, "-P", "-m", "focus_signal.cli.sim_twin", noise, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": noise, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _twin(process: subprocess.Popen[bytes]) -> Twin:
    told, complaints = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(
            f"a run ended with status {process.returncode}:\n{complaints.decode(errors='replace')}"
        )
    return msgspec.json.decode(told, type=Twin)

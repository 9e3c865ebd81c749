"""Measure matching while 10,000 people wait: the cost of a command, and how soon those who meet know of it.

    python benchmarks/matching.py [--quick] [--rounds N] [--json FILE] [--write-docs]

On the wire there are three processes: the server, as `focus-signal serve` runs it, on one processor; the
crowd that waits, and those who are measured, on another. In each round a fresh server first has nobody
waiting, then the crowd. The tables go to stdout, a line per round to stderr. Status 0: measured, and the
goals are reached (with --quick they are not looked at). 1: they are not, or something went wrong (then
there is no table). docs/performance.md says what each figure means.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[0] = str(REPOSITORY)  # the package `benchmarks`, from wherever this was started

from benchmarks.frames import BadFrame  # noqa: E402
from benchmarks.idle import SPARE_DESCRIPTORS  # noqa: E402
from benchmarks.load import Load, WrongResult, raise_soft_limit  # noqa: E402
from benchmarks.matching_commands import average_of_kinds, measure_commands, table  # noqa: E402
from benchmarks.matching_crowd import CrowdProcess, run_crowd  # noqa: E402
from benchmarks.matching_house import House  # noqa: E402
from benchmarks.matching_wire import Game, nearest_rank  # noqa: E402
from benchmarks.meter import Result  # noqa: E402
from benchmarks.report import machine, number_text, percent, spread, write_between_markers  # noqa: E402
from benchmarks.rounds import ONE_PROCESSOR, say  # noqa: E402
from benchmarks.servers import Running, processors, ready_port, run_process  # noqa: E402
from benchmarks.waiting import HUGE  # noqa: E402

BEGIN, END = "<!-- begin: matching -->", "<!-- end: matching -->"
# Every limit is where it is by default; to a server on loopback none is on the connections of one address.
OPTIONS = ["--host", "127.0.0.1", "--max-match-size", str(HUGE), "--max-connections-per-address", "0"]
SIZES = {2: "pairs", 4: "fours"}
NOBODY, CROWD = "nobody", "crowd"
# The goals: microseconds of processor time a command, milliseconds from the last join to `room-found`.
MOST_MICROSECONDS, MOST_MILLISECONDS = 50.0, 10.0
# Everyone is told every five seconds where they stand: in this time somebody must have been.
_SOMEBODY_WAS_TOLD = 6.0


# Matches that are not counted.
_WARM_UP = 20


@attrs.frozen
class Scale:
    """How much of everything.

    Args:
        people: how many wait.
        matches: the sizes, and how many matches are made of each.
        every: seconds between two joins.
        goes: how often each command is carried out in the core.
        yielding: whether the crowd's process goes behind all others, which takes a core that is not in use.
    """

    people: int = 10_000
    matches: tuple[tuple[int, int], ...] = ((2, 400), (4, 200))
    every: float = 0.02
    goes: int = 500
    yielding: bool = True


QUICK = Scale(people=100, matches=((2, 20), (4, 10)), every=0.01, goes=10, yielding=False)


@attrs.frozen
class Figure:
    """A line of the table: a figure, and what it says."""

    name: str
    says: str


FIGURES = (
    Figure("p50", "last join to `room-found`, ms, median"),
    Figure("p99", "the same, 99 of 100"),
    Figure("max", "the same, the longest"),
)
SHARES = (
    ("the server's share of its core", "server"),
    ("others on its core", "other"),
    ("those who meet waited for their core", "delay"),
)
Rounds = dict[tuple[str, int], list[Result]]
"""By who waits, and the size of the rooms: a result of each round."""


@contextmanager
def _no_collections() -> Generator[None]:
    """Let no collection of this process's garbage be taken for the server's time."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def play(game: Game, running: Running, size: int, scale: Scale, crowd: CrowdProcess | None = None) -> Result:
    """Measure the matches of one size."""
    matches = dict(scale.matches)[size]
    notices = 0 if crowd is None else crowd.notices()
    times, span = game.play(size, matches, scale.every, running.pid)
    if crowd is not None:
        notices = crowd.notices() - notices
        if not notices and span.wall > _SOMEBODY_WAS_TOLD:
            raise WrongResult(f"nobody who waits was told so in {span.wall:.1f} s")
    milliseconds = [seconds * 1000 for seconds in times]
    return Result.of(
        span,
        p50=statistics.median(milliseconds),
        p99=nearest_rank(milliseconds, 0.99),
        max=max(milliseconds),
        notices=notices / span.wall,
    )


def measure_round(cpu: int | None, scale: Scale, rounds: Rounds) -> None:
    """Let them meet with nobody waiting, then with the crowd."""
    command = [sys.executable, "-m", "focus_signal", "serve", "--port", "0", "--ready-json", *OPTIONS]
    with run_process(command, cpu, ready_port) as running, _no_collections():
        load = Load(running.port)
        try:
            game = Game(load)
            game.play(2, _WARM_UP, scale.every, running.pid)
            for size, _ in scale.matches:
                rounds.setdefault((NOBODY, size), []).append(play(game, running, size, scale))
            with run_crowd(running.port, scale.people, load, yielding=scale.yielding) as crowd:
                for size, _ in scale.matches:
                    rounds.setdefault((CROWD, size), []).append(play(game, running, size, scale, crowd))
            load.leave(list(load.connections.values()))
        finally:
            load.close()


def wire_table(rounds: Rounds, scale: Scale) -> str:
    """Return the figures of the wire in markdown."""
    lines = [f"| | nobody waits | {scale.people:,} wait | ratio |", "|---|---:|---:|---:|"]
    for size, matches in scale.matches:
        nobody, crowd = rounds[NOBODY, size], rounds[CROWD, size]
        for figure in FIGURES:
            before, after = ([each.figures[figure.name] for each in some] for some in (nobody, crowd))
            ratios = [one / other for one, other in zip(after, before, strict=True)]
            says = f"{SIZES[size]}, {matches}: {figure.says}"
            lines.append(f"| {says} | {spread(before)} | {spread(after)} | {spread(ratios)} |")
        for says, name in SHARES:
            shares = [percent([getattr(each, name) for each in some]) for some in (nobody, crowd)]
            lines.append(f"| {SIZES[size]}: {says} | {shares[0]} | {shares[1]} | |")
        told = spread([each.figures["notices"] for each in crowd])
        lines.append(f"| {SIZES[size]}: `queued` a second to those who wait | - | {told} | |")
    return "\n".join(lines)


def verdict(rounds: Rounds, scale: Scale, house: House) -> tuple[bool, str]:
    """Return whether the goals are reached, and lines that say so."""
    average = average_of_kinds(house.costs)
    fine = average <= MOST_MICROSECONDS
    lines = [f"a command in the core takes {average:.1f} µs (goal: at most {MOST_MICROSECONDS:g})"]
    for size, _ in scale.matches:
        p99 = statistics.median(each.figures["p99"] for each in rounds[CROWD, size])
        fine = fine and p99 <= MOST_MILLISECONDS
        lines.append(f"99 of 100 {SIZES[size]} know within {p99:.2f} ms (goal: {MOST_MILLISECONDS:g})")
    return fine, "\n".join(lines)


def document(rounds: Rounds, scale: Scale, house: House, notes: list[str]) -> str:
    """Return both tables with what they were measured on, in markdown."""
    facts = machine()
    count = len(next(iter(rounds.values())))
    head = (
        f"Measured on {facts['date']}: {facts['processor']}, {facts['kernel']}; {facts['python']}, "
        f"trio {facts['trio']}. Rounds: {count}; the median (smallest to largest). "
        f"Options: `{' '.join(OPTIONS)}`."
    )
    return "\n\n".join([head, wire_table(rounds, scale), table(house, scale.people), *notes])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure matching while 10,000 people wait.")
    parser.add_argument("--rounds", type=int, help="servers that are measured (3; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a hundred wait: to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result of every round there")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()
    if arguments.write_docs and arguments.quick:
        parser.error("--write-docs needs a full run, not --quick")
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


def _record(rounds: Rounds, house: House) -> dict[str, object]:
    results = [
        {"waiting": who, "size": size, **attrs.asdict(result)}
        for (who, size), some in rounds.items()
        for result in some
    ]
    costs = {kind: attrs.asdict(cost) for kind, cost in house.costs.items()}
    return {"machine": machine(), "wire": results, "core": costs}


def main() -> int:
    """Measure, and print what was measured."""
    arguments = _arguments()
    scale = QUICK if arguments.quick else Scale()
    server_cpu, generator_cpu = processors()
    notes = [] if generator_cpu is not None else [ONE_PROCESSOR]
    if generator_cpu is not None:
        os.sched_setaffinity(0, {generator_cpu})
    needed, limit = scale.people + SPARE_DESCRIPTORS, raise_soft_limit()
    if limit < needed:
        say(f"error: {needed} open files are needed, the hard limit is {limit}")
        return 1
    rounds: Rounds = {}
    try:
        for number in range(1, arguments.rounds + 1):
            began = time.monotonic()
            measure_round(server_cpu, scale, rounds)
            p99 = [number_text(some[-1].figures["p99"]) for some in rounds.values()]
            took = time.monotonic() - began
            say(f"round {number}/{arguments.rounds} p99 {' : '.join(p99)} ms; {took:.0f} s")
    except (WrongResult, BadFrame) as error:
        say("\n".join([f"error: {error}", *getattr(error, "__notes__", [])]))
        return 1
    house = measure_commands(scale.people, scale.goes)
    text = document(rounds, scale, house, notes)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(_record(rounds, house), indent=1) + "\n", encoding="utf-8")
    if arguments.write_docs:
        write_between_markers(REPOSITORY / "docs" / "performance.md", text, BEGIN, END)
    if arguments.quick:
        return 0
    fine, says = verdict(rounds, scale, house)
    print(f"\n{says}")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())

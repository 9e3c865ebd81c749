"""Measure this server and the one that it replaces, in one run, in turns, on one processor each.

    python benchmarks/run.py [--quick] [--rounds N] [--only relay,joins] [--servers seed]
                             [--json FILE] [--write-docs]

The table goes to stdout, a line per round to stderr. Status 0: measured, and our disconnects cost the same
however long the queue is. 1: they do not, or something went wrong in a phase (then there is no table).
docs/performance.md says what each figure means.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[0] = str(REPOSITORY)  # the packages `benchmarks` and `scripts`, from wherever this was started

from benchmarks.disconnect import measure_disconnect  # noqa: E402
from benchmarks.frames import BadFrame  # noqa: E402
from benchmarks.handshakes import measure_handshakes  # noqa: E402
from benchmarks.joins import measure_joins  # noqa: E402
from benchmarks.load import Load, WrongResult, raise_descriptor_limit  # noqa: E402
from benchmarks.memory import measure_memory  # noqa: E402
from benchmarks.meter import QUICK, Result, Scale  # noqa: E402
from benchmarks.relay import measure_relay  # noqa: E402
from benchmarks.report import ROWS, Rounds, document, machine, verdict, write_between_markers  # noqa: E402
from benchmarks.servers import OURS, SEED, Server, processors, why_no_seed  # noqa: E402

PHASES: dict[str, Callable[[int, Load, Scale], Result]] = {
    "relay": measure_relay,
    "joins": measure_joins,
    "handshakes": measure_handshakes,
    "memory": measure_memory,
}
# This one starts several servers.
DISCONNECT = "disconnect"
NAMES = [*PHASES, DISCONNECT]

SERVERS = {OURS.name: OURS, SEED.name: SEED}


def _phases(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in NAMES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(NAMES)}")
    return names


def _servers(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SERVERS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SERVERS)}")
    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure focus-signal beside the seed.")
    parser.add_argument("--rounds", type=int, help="runs of each phase on each server (5; 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer: to see that it works")
    parser.add_argument("--only", type=_phases, default=NAMES, metavar="A,B", help=", ".join(NAMES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result of every round there")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument(
        "--servers", type=_servers, default=list(SERVERS), metavar="A,B", help=", ".join(SERVERS)
    )
    arguments = parser.parse_args()
    if arguments.write_docs and (arguments.quick or arguments.only != NAMES):
        parser.error("--write-docs needs a full run: neither --quick nor --only")
    return arguments


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _open(server: Server, cpu: int | None) -> Generator[tuple[int, Load]]:
    with server.run(cpu) as running:
        load = Load(running.port)
        # What a collection takes would be the generator's time, at random.
        gc.collect()
        gc.disable()
        try:
            yield running.pid, load
        finally:
            gc.enable()
            load.close()


def measure(server: Server, phase: str, cpu: int | None, scale: Scale) -> Result:
    """Run one phase against servers that are started for it alone."""
    if phase == DISCONNECT:
        return measure_disconnect(partial(_open, server, cpu), scale)
    with _open(server, cpu) as (pid, load):
        return PHASES[phase](pid, load, scale)


def run_rounds(servers: list[Server], phases: list[str], count: int, scale: Scale, cpu: int | None) -> Rounds:
    """Run every phase on every server `count` times; who goes first changes every round."""
    rounds = Rounds()
    for number in range(1, count + 1):
        started = time.monotonic()
        line: list[str] = []
        for phase in phases:
            shown = next(row.figure for row in ROWS if row.phase == phase)
            results: dict[str, float] = {}
            for server in servers if number % 2 else reversed(servers):
                result = measure(server, phase, cpu, scale)
                rounds.add(server.name, phase, result)
                results[server.name] = result.figures[shown]
            line.append(f"{shown} " + " : ".join(f"{results[server.name]:,.0f}" for server in servers))
        names = " : ".join(server.name for server in servers)
        _say(f"round {number}/{count} ({names}) {', '.join(line)}; {time.monotonic() - started:.0f} s")
    return rounds


def main() -> int:
    """Measure, and print what was measured."""
    arguments = _arguments()
    scale = QUICK if arguments.quick else Scale()
    count = arguments.rounds or (2 if arguments.quick else 5)
    notes: list[str] = []
    servers = [SERVERS[name] for name in arguments.servers]
    if SEED in servers and (missing := why_no_seed()) is not None:
        servers.remove(SEED)
        notes.append(f"Without the seed: {missing}.")
        _say(notes[-1])
    server_cpu, generator_cpu = processors()
    if generator_cpu is None:
        notes.append(
            "One processor only, shared by the server and the load generator: these figures mean little."
        )
    else:
        os.sched_setaffinity(0, {generator_cpu})
    needed, limit = scale.waiting + scale.leavers + 200, raise_descriptor_limit()
    if limit < needed and "disconnect" in arguments.only:
        _say(f"error: {needed} open files are needed, the hard limit is {limit}")
        return 1
    try:
        rounds = run_rounds(servers, arguments.only, count, scale, server_cpu)
    except (WrongResult, BadFrame) as error:
        _say("\n".join([f"error: {error}", *getattr(error, "__notes__", [])]))
        return 1
    text = document(rounds, scale, count, notes)
    print(text)
    if arguments.json:
        record = {"machine": machine(), "rounds": count, "servers": rounds.as_json()}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if arguments.write_docs:
        write_between_markers(REPOSITORY / "docs" / "performance.md", text)
    judged = verdict(rounds)
    if judged is None:
        return 0
    fine, says = judged
    print(f"\n{says}")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())

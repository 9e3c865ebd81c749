"""Measure this server and the one that it replaces, in one run, in turns, on one processor each.

    python benchmarks/run.py [--quick] [--rounds N] [--only relay,joins] [--servers seed]
                             [--json FILE] [--write-docs]

The table goes to stdout, a line per round to stderr. Status 0: measured, and our disconnects cost the same
however long the queue is. 1: they do not, or something went wrong in a phase (then there is no table).
docs/performance.md says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[0] = str(REPOSITORY)  # the packages `benchmarks` and `scripts`, from wherever this was started

from benchmarks.disconnect import measure_disconnect  # noqa: E402
from benchmarks.frames import BadFrame  # noqa: E402
from benchmarks.handshakes import measure_handshakes  # noqa: E402
from benchmarks.idle import SPARE_DESCRIPTORS, measure_idle  # noqa: E402
from benchmarks.joins import measure_joins  # noqa: E402
from benchmarks.load import Load, WrongResult, raise_soft_limit  # noqa: E402
from benchmarks.memory import measure_memory  # noqa: E402
from benchmarks.meter import QUICK, Result, Scale  # noqa: E402
from benchmarks.pingpong import measure_pingpong  # noqa: E402
from benchmarks.relay import measure_relay  # noqa: E402
from benchmarks.report import document, machine, verdict, write_between_markers  # noqa: E402
from benchmarks.rounds import ONE_PROCESSOR, open_server, run_rounds, say  # noqa: E402
from benchmarks.servers import OURS, SEED, Server, processors, why_no_seed  # noqa: E402
from benchmarks.start import measure_start  # noqa: E402

PHASES: dict[str, Callable[[int, Load, Scale], Result]] = {
    "relay": measure_relay,
    "pingpong": measure_pingpong,
    "joins": measure_joins,
    "handshakes": measure_handshakes,
    "memory": measure_memory,
    "idle": measure_idle,
}
# These start several servers.
START, DISCONNECT = "start", "disconnect"
NAMES = [*PHASES, START, DISCONNECT]
# Too long for every round, and for --quick.
ONCE = ("idle",)

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
    parser.add_argument("--only", type=_phases, metavar="A,B", help=f"{', '.join(NAMES)} (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result of every round there")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument(
        "--servers", type=_servers, default=list(SERVERS), metavar="A,B", help=", ".join(SERVERS)
    )
    arguments = parser.parse_args()
    if arguments.write_docs and (arguments.quick or arguments.only):
        parser.error("--write-docs needs a full run: neither --quick nor --only")
    arguments.only = arguments.only or [name for name in NAMES if not (arguments.quick and name in ONCE)]
    if arguments.quick and "idle" in arguments.only:
        parser.error("--quick leaves out idle, which takes half a minute however small it is")
    if arguments.only == ["idle"] and arguments.rounds is None:
        arguments.rounds = 1
    return arguments


def measure(server: Server, phase: str, cpu: int | None, scale: Scale) -> Result:
    """Run one phase against servers that are started for it alone."""
    if phase == START:
        return measure_start(partial(server.run, cpu), cpu, scale)
    if phase == DISCONNECT:
        return measure_disconnect(partial(open_server, server, cpu), scale)
    with open_server(server, cpu) as (pid, load):
        return PHASES[phase](pid, load, scale)


def descriptors_needed(phases: list[str], scale: Scale) -> int:
    """Return how many files a process must be able to open for these phases, ours or the server's."""
    needed = {"disconnect": scale.waiting + scale.leavers, "idle": scale.many}
    return max((needed.get(phase, 0) for phase in phases), default=0) + SPARE_DESCRIPTORS


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
        say(notes[-1])
    server_cpu, generator_cpu = processors()
    if generator_cpu is None:
        notes.append(ONE_PROCESSOR)
    else:
        os.sched_setaffinity(0, {generator_cpu})
    needed, limit = descriptors_needed(arguments.only, scale), raise_soft_limit()
    if limit < needed:
        say(f"error: {needed} open files are needed, the hard limit is {limit}")
        return 1
    try:
        rounds = run_rounds(
            servers,
            arguments.only,
            count,
            lambda server, phase: measure(server, phase, server_cpu, scale),
            once=ONCE if len(arguments.only) > 1 else (),
        )
    except (WrongResult, BadFrame) as error:
        say("\n".join([f"error: {error}", *getattr(error, "__notes__", [])]))
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

"""Measure this server beside others that do the same work, in one run, in turns, on one processor each.

    python benchmarks/peers/run.py [--quick] [--rounds N] [--only relay,joins] [--servers seed,ws]
                                   [--json FILE] [--svg FILE] [--write-docs]

The tables go to stdout, a line per round to stderr. Who is not installed is left out, and the document says
so. Status 1: something went wrong in a phase (then there is no table). docs/peers.md says what each figure
means.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(REPOSITORY)  # the packages `benchmarks` and `scripts`, from wherever this was started

from benchmarks.frames import BadFrame  # noqa: E402
from benchmarks.load import WrongResult, raise_soft_limit  # noqa: E402
from benchmarks.memory import WARM  # noqa: E402
from benchmarks.meter import PEERS, PEERS_QUICK, Result, Scale  # noqa: E402
from benchmarks.peers.contenders import CONTENDERS, PHASES, Contender  # noqa: E402
from benchmarks.peers.probe import check_upgrade  # noqa: E402
from benchmarks.peers.report import BEGIN, END, chart, document  # noqa: E402
from benchmarks.report import machine, write_between_markers  # noqa: E402
from benchmarks.rounds import ONE_PROCESSOR, open_server, run_rounds, say  # noqa: E402
from benchmarks.servers import Server, processors  # noqa: E402

BY_NAME = {contender.server.name: contender for contender in CONTENDERS}
# Beside the idle connections: those of the warm-up, and what each process has open anyway.
_SPARE_DESCRIPTORS = 2 * WARM + 100


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names

    return parse


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure focus-signal beside its peers.")
    parser.add_argument("--rounds", type=int, help="runs of each phase on each server (5; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer: to see that it works")
    for flag, known in (("--only", PHASES), ("--servers", list(BY_NAME))):
        parser.add_argument(
            flag, type=_some_of(known), default=list(known), metavar="A,B", help=", ".join(known)
        )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result of every round there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the chart there")
    parser.add_argument(
        "--write-docs", action="store_true", help="put the tables into docs/peers.md, and the chart beside it"
    )
    arguments = parser.parse_args()
    full = not arguments.quick and arguments.only == list(PHASES) and arguments.servers == list(BY_NAME)
    if arguments.write_docs and not full:
        parser.error("--write-docs needs a full run: neither --quick nor --only nor --servers")
    return arguments


def measure(contender: Contender, phase: str, cpu: int | None, scale: Scale) -> Result | None:
    """Run one phase against a server that is started for it alone; None when it has no such phase."""
    if phase not in contender.phases:
        return None
    with open_server(contender.server, cpu) as (pid, load):
        check_upgrade(load.port, contender.path)
        return contender.phases[phase](pid, load, scale)


def main() -> int:
    """Measure, and print what was measured."""
    arguments = _arguments()
    scale = PEERS_QUICK if arguments.quick else PEERS
    count = arguments.rounds or (1 if arguments.quick else 5)
    notes: list[str] = []
    contenders: list[Contender] = []
    for contender in (BY_NAME[name] for name in arguments.servers):
        missing = contender.missing()
        if missing is None:
            contenders.append(contender)
        else:
            notes.append(f"Without {contender.title}: {missing}.")
            say(notes[-1])
    server_cpu, generator_cpu = processors()
    if generator_cpu is None:
        notes.append(ONE_PROCESSOR)
    else:
        os.sched_setaffinity(0, {generator_cpu})
    needed, limit = scale.idle + _SPARE_DESCRIPTORS, raise_soft_limit()
    if limit < needed:
        say(f"error: {needed} open files are needed, the hard limit is {limit}")
        return 1

    def measure_one(server: Server, phase: str) -> Result | None:
        return measure(BY_NAME[server.name], phase, server_cpu, scale)

    try:
        rounds = run_rounds([one.server for one in contenders], arguments.only, count, measure_one)
    except (WrongResult, BadFrame) as error:
        say("\n".join([f"error: {error}", *getattr(error, "__notes__", [])]))
        return 1
    text = document(rounds, scale, count, contenders, notes)
    print(text)
    if arguments.json:
        record = {"machine": machine(), "rounds": count, "servers": rounds.as_json()}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    picture = arguments.svg
    if arguments.write_docs:
        write_between_markers(REPOSITORY / "docs" / "peers.md", text, BEGIN, END)
        picture = picture or REPOSITORY / "docs" / "peers.svg"
    if picture:
        picture.write_text(chart(rounds, contenders), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

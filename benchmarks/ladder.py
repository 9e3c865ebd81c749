"""Measure revisions of this server against each other: what each step gave.

    python benchmarks/ladder.py [--rounds N] [--only relay,pingpong] REVISION[=NAME] ...

Each revision is checked out of git beside this tree and served from there with this tree's environment; the
load generator is this tree's for all of them, and so is the seed, which is measured too where it can be run.
The table shows the median of the server's processor time for one message, join or handshake, and in brackets
the median ratio to the seed within a round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[0] = str(REPOSITORY)  # the packages `benchmarks` and `scripts`, from wherever this was started

from benchmarks.handshakes import measure_handshakes  # noqa: E402
from benchmarks.joins import measure_joins  # noqa: E402
from benchmarks.load import raise_soft_limit  # noqa: E402
from benchmarks.meter import PEERS, Result  # noqa: E402
from benchmarks.pingpong import measure_pingpong  # noqa: E402
from benchmarks.relay import measure_relay  # noqa: E402
from benchmarks.report import Rounds, number_text  # noqa: E402
from benchmarks.rounds import open_server, run_rounds, say  # noqa: E402
from benchmarks.servers import (  # noqa: E402
    OPTIONS,
    RATES,
    SEED,
    Server,
    processors,
    ready_port,
    run_process,
    why_no_seed,
)

PHASES = {
    "relay": (measure_relay, "relay_us", "µs a message, bursts of 20"),
    "pingpong": (measure_pingpong, "single_us", "µs a message, one in flight"),
    "joins": (measure_joins, "join_us", "µs a join"),
    "handshakes": (measure_handshakes, "handshake_us", "µs a handshake and close"),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure revisions of focus-signal against each other.")
    parser.add_argument("revisions", nargs="+", metavar="REVISION[=NAME]", help="of git; `.` is this tree")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each phase on each revision (5)")
    parser.add_argument("--only", default=",".join(PHASES), metavar="A,B", help=", ".join(PHASES))
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if wrong := [phase for phase in arguments.only if phase not in PHASES]:
        parser.error(f"--only: {wrong[0]!r} is none of {', '.join(PHASES)}")
    return arguments


@contextmanager
def _checked_out(revision: str, home: Path) -> Generator[Path]:
    """Give the sources of a revision, in a work tree of its own that is removed again."""
    if revision == ".":
        yield REPOSITORY / "src"
        return
    tree = home / revision.replace("/", "-")
    git = ["git", "-C", str(REPOSITORY), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
    try:
        yield tree / "src"
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _server(name: str, sources: Path) -> Server:
    program = [sys.executable, "-m", "focus_signal", "serve"]
    environment = {"PYTHONPATH": str(sources)}
    known = subprocess.run(
        [*program, "--help"], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    # A revision from before there were limits knows no flags for them.
    rates = RATES if "--message-rate" in known.stdout else ()
    command = [*program, "--port", "0", "--ready-json", *OPTIONS, *rates]
    return Server(name, lambda cpu: run_process(command, cpu, ready_port, environment))


def _measure(cpu: int | None, server: Server, phase: str) -> Result:
    with open_server(server, cpu) as (pid, load):
        return PHASES[phase][0](pid, load, PEERS)


def _table(rounds: Rounds, names: Sequence[str], phases: Sequence[str]) -> str:
    lines = [
        f"| | {' | '.join(PHASES[phase][2] for phase in phases)} |",
        f"|---|{'---:|' * len(phases)}",
    ]
    for name in names:
        cells: list[str] = []
        for phase in phases:
            figure = PHASES[phase][1]
            ours = [result.figures[figure] for result in rounds.of(name, phase)]
            seed = [result.figures[figure] for result in rounds.of(SEED.name, phase)]
            cell = number_text(statistics.median(ours))
            if seed and name != SEED.name:
                ratios = [mine / theirs for mine, theirs in zip(ours, seed, strict=True)]
                cell += f" ({statistics.median(ratios):.2f})"
            cells.append(cell)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(home: Path) -> int:
    """Measure, and print the table."""
    arguments = _arguments()
    raise_soft_limit()
    server_cpu, generator_cpu = processors()
    if generator_cpu is not None:
        os.sched_setaffinity(0, {generator_cpu})
    with ExitStack() as trees:
        servers: list[Server] = []
        for given in arguments.revisions:
            revision, _, name = given.partition("=")
            servers.append(_server(name or revision, trees.enter_context(_checked_out(revision, home))))
        if (missing := why_no_seed()) is None:
            servers.append(SEED)
        else:
            say(f"Without the seed: {missing}.")
        rounds = run_rounds(servers, arguments.only, arguments.rounds, partial(_measure, server_cpu))
    print(_table(rounds, [server.name for server in servers], arguments.only))
    return 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ladder-") as directory:
        raise SystemExit(main(Path(directory)))

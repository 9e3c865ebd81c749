"""Measure the simulations: how many a second at each level, and what the points cost that they meddle at.

    python benchmarks/simulations.py [--quick] [--write-docs]

The table goes to stdout. Everything runs in this process, on one processor; what is compared takes turns in
one run. docs/performance.md says what each figure means.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from unittest import mock

import attrs
import trio

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[0] = str(REPOSITORY)  # the packages `benchmarks` and `scripts`, from wherever this was started

from benchmarks.report import machine, write_between_markers  # noqa: E402
from focus_signal.core.commands import Connect, Relay, RequestMatch  # noqa: E402
from focus_signal.server import connection as connection_module  # noqa: E402
from focus_signal.server import owner as owner_module  # noqa: E402
from focus_signal.server.config import Config  # noqa: E402
from focus_signal.server.logic import build_logic  # noqa: E402
from focus_signal.server.outbox import Backlog, Outbox  # noqa: E402
from focus_signal.server.owner import Owner  # noqa: E402
from focus_signal.server.settings import NO_LIMIT  # noqa: E402
from focus_signal.testing.plan import LEVELS, Level  # noqa: E402
from focus_signal.testing.run import run_plan, run_simulation  # noqa: E402
from focus_signal.testing.workload.swarm import swarm  # noqa: E402

BEGIN, END = "<!-- begin: simulations -->", "<!-- end: simulations -->"
AIMS: dict[Level, int] = {"core": 2_000, "message": 25, "full": 10}
# The invariant that a run of the seed's own logic is shrunk for, by the seed of the run that breaks it.
_BATCHES = 2_000
_IN_A_BATCH = 20
_BATCHES_OF_RUNS = 5


@attrs.frozen
class Scale:
    """How much of each is measured."""

    core: int = 3_000
    message: int = 90
    full: int = 45
    schedules: int = 30
    rounds: int = 7
    shrunk: int = 30


QUICK = Scale(core=500, message=15, full=8, schedules=6, rounds=3, shrunk=5)


def timed(action: Callable[[], object]) -> float:
    """Return the processor seconds that something takes."""
    began = time.process_time()
    action()
    return time.process_time() - began


def simulations_per_second(level: Level, runs: int, clients: int, operations: int) -> list[float]:
    """Return how many runs of the default swarm one processor makes in a second, plan and check included.

    One figure for each batch of them: the machine is not the same from one second to the next.
    """
    workload = swarm(clients=clients, operations=operations)
    run_simulation(seed=0, workload=workload, level=level)  # what is loaded or compiled once
    size = runs // _BATCHES_OF_RUNS

    def run(first: int) -> None:
        for seed in range(first, first + size):
            ran = run_simulation(seed=seed, workload=workload, level=level)
            assert not ran.violations, ran.violations

    return [size / timed(partial(run, batch * size)) for batch in range(_BATCHES_OF_RUNS)]


def distinct_schedules(level: Level, seeds: int) -> float:
    """Return which part of the schedules is like no other, when seeds run one plan."""
    plan = swarm().plan(0)
    from focus_signal.testing.determinism.policies import shuffle  # noqa: PLC0415 - beside its one use

    digests: dict[str, None] = {}
    for seed in range(seeds):
        schedule = run_plan(plan, level=level, policy=shuffle(seed)).schedule
        assert schedule is not None
        digests[schedule.digest()] = None
    return len(digests) / seeds


def shrinking(number: int) -> tuple[list[float], list[int]]:
    """Return milliseconds from a failure to its shrunk plan, and the operations left; at the core level."""
    milliseconds: list[float] = []
    left: list[int] = []
    for seed in count():
        ran = run_simulation(seed=seed, subject="seed")
        if ran.violations:
            began = time.perf_counter()
            left.append(len(ran.shrink().plan.operations))
            milliseconds.append((time.perf_counter() - began) * 1_000)
        if len(left) == number:
            break
    return milliseconds, left


async def _relay_batches() -> None:
    """Send many batches of relays through an owner to two outboxes that are emptied at once."""
    logic = build_logic(Config(), lambda: "room")
    owner = Owner(logic.decider, logic.dialect, trio.current_time, 64, NO_LIMIT, Backlog(NO_LIMIT))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(owner.run)
        inboxes = []
        for number, user in enumerate(("ana", "bo"), 1):
            outbox = Outbox(1 << 20, 4096, lambda: None, number, Backlog(NO_LIMIT))
            outbox.flush = outbox.take  # type: ignore[assignment]
            inbox = owner.inbox
            await inbox.open(number, outbox, [Connect(number, user), RequestMatch(number, 2)])
            inboxes.append(inbox)
        batch = [Relay(1, "bo", "offer", b',"sdp":1')] * _IN_A_BATCH
        for _ in range(_BATCHES):
            await inboxes[0].send(batch)
        nursery.cancel_scope.cancel()


async def _no_pause(name: str) -> None:
    del name


def _no_meddling(name: str) -> bool:
    del name
    return False


def points_ratio(rounds: int) -> list[float]:
    """Return what the owner's work costs with the points in it, as a multiple of what it costs without."""
    ratios: list[float] = []
    for _ in range(rounds):
        with_points = timed(lambda: trio.run(_relay_batches))
        with ExitStack() as patches:
            for module in (owner_module, connection_module):
                patches.enter_context(mock.patch.object(module, "buggify", _no_meddling))
            patches.enter_context(mock.patch.object(owner_module, "pause", _no_pause))
            without = timed(lambda: trio.run(_relay_batches))
        ratios.append(with_points / without)
    return ratios


def point_nanoseconds(rounds: int) -> list[float]:
    """Return what one look at a point takes outside of a simulation, in nanoseconds."""
    from focus_signal.observe.buggify import buggify  # noqa: PLC0415 - beside its one use

    times = range(200_000)

    def empty() -> None:
        for _ in times:
            pass

    def looking() -> None:
        for _ in times:
            buggify("owner.short-turn")

    return [(timed(looking) - timed(empty)) / len(times) * 1e9 for _ in range(rounds)]


def plugin_milliseconds(rounds: int) -> list[float]:
    """Return what importing the pytest plugin adds to a process that has pytest, in milliseconds."""
    code = "import pytest, time; t = time.process_time(); import focus_signal.pytest_plugin; "
    code += "print((time.process_time() - t) * 1e3)"
    command = [sys.executable, "-c", code]
    return [
        float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
        for _ in range(rounds)
    ]


def _spread(values: Sequence[float], form: str = ".0f") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def table(scale: Scale) -> str:
    """Measure everything and return it in markdown."""
    facts = machine()
    head = (
        f"Measured on {facts['date']}: {facts['processor']}, {facts['kernel']}; {facts['python']}, "
        f"trio {facts['trio']}, trio-websocket {facts['trio-websocket']}. Processor time of one process."
    )
    lines = [
        head,
        "",
        "| | core | message | full |",
        "|---|---:|---:|---:|",
    ]
    runs = {"core": scale.core, "message": scale.message, "full": scale.full}
    for clients, operations in ((6, 45), (20, 115)):
        rates = [simulations_per_second(level, runs[level], clients, operations) for level in LEVELS]
        shown = " | ".join(_spread(rate, ",.0f" if rate[0] > 100 else ".1f") for rate in rates)
        lines.append(f"| simulations a second, {clients} clients, {operations} operations | {shown} |")
    lines.append("| the aim | " + " | ".join(f"{AIMS[level]:,}" for level in LEVELS) + " |")
    shares = [f"{distinct_schedules(level, scale.schedules):.0%}" for level in LEVELS[1:]]
    lines.append(f"| distinct schedules per seed, one plan | - | {' | '.join(shares)} |")
    milliseconds, left = shrinking(scale.shrunk)
    lines += [
        "",
        "| | median (smallest to largest) |",
        "|---|---:|",
        f"| from a failure to its shrunk plan, core, ms | {_spread(milliseconds, '.1f')} |",
        f"| operations left of 45 or so | {_spread(left)} |",
        f"| importing the pytest plugin, ms | {_spread(plugin_milliseconds(scale.rounds), '.1f')} |",
        f"| one point outside of a simulation, ns | {_spread(point_nanoseconds(scale.rounds))} |",
        f"| the owner's work with its points, as a multiple | {_spread(points_ratio(scale.rounds), '.3f')} |",
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description="Measure the simulations.")
    parser.add_argument("--quick", action="store_true", help="less of each: to see that it works")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()
    gc.collect()
    text = table(QUICK if arguments.quick else Scale())
    print(text)
    if arguments.write_docs:
        write_between_markers(REPOSITORY / "docs" / "performance.md", text, BEGIN, END)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""From the results of all rounds to tables: medians, the ratio within a round, and how far both spread."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from benchmarks.meter import Result, Scale
from benchmarks.servers import OPTIONS, RATES
from scripts.seed_program import SeedUnavailable, deno_version

OURS, SEED = "focus-signal", "seed"
BEGIN, END = "<!-- begin: make bench -->", "<!-- end: make bench -->"
# The cost of a disconnect may not grow with the queue; this much is noise.
GROWTH_ALLOWED = 1.5


@attrs.frozen
class Row:
    """One line of the table: a figure, the phase that measures it, and what it says."""

    figure: str
    phase: str
    says: str


ROWS = (
    Row("relayed", "relay", "relayed messages per second"),
    Row("relay_us", "relay", "server CPU per relayed message, µs (less is better)"),
    Row("single_us", "pingpong", "server CPU per message, one in flight per pair, µs (less is better)"),
    Row("singles", "pingpong", "relayed messages per second, one in flight per pair"),
    Row("joins", "joins", "joins per second"),
    Row("join_us", "joins", "server CPU per join, µs (less is better)"),
    Row("handshakes", "handshakes", "handshakes per second"),
    Row("handshake_us", "handshakes", "server CPU per handshake and close, µs (less is better)"),
    Row("idle_kib", "memory", "KiB per idle connection (less is better)"),
    Row("many_kib", "idle", "KiB per connection, {many:,} idle with heartbeats (less is better)"),
    Row("many_percent", "idle", "server CPU that their heartbeats take, % of a core (less is better)"),
    Row("many_pings", "idle", "pings that each of them had in {hold:g} s"),
    Row("start_s", "start", "seconds from start to ready (less is better)"),
    Row("rest_mib", "start", "memory at rest, MiB (less is better)"),
    Row("leave_us_none", "disconnect", "server CPU per disconnect, nobody waiting, µs (less is better)"),
    Row("leave_us_others", "disconnect", "the same with {waiting:,} waiting in one queue"),
    Row("leave_us_all", "disconnect", "the same when who leaves waits there too"),
    Row(
        "leave_mean_us_none",
        "disconnect",
        "mean with its share of garbage collection, nobody waiting, µs",
    ),
    Row("leave_mean_us_others", "disconnect", "the same with {waiting:,} waiting in one queue"),
    Row("leave_growth", "disconnect", "growth with the queue, factor (1 is right)"),
    Row("leave_growth_all", "disconnect", "growth when who leaves waits there too, factor"),
)


@attrs.define
class Rounds:
    """What was measured: for each server, phase and round one result (rounds in the same order for both)."""

    results: dict[str, dict[str, list[Result]]] = attrs.field(factory=dict[str, dict[str, list[Result]]])

    def add(self, server: str, phase: str, result: Result) -> None:
        self.results.setdefault(server, {}).setdefault(phase, []).append(result)

    def of(self, server: str, phase: str) -> list[Result]:
        return self.results.get(server, {}).get(phase, [])

    def values(self, server: str, row: Row) -> list[float]:
        return [result.figures[row.figure] for result in self.of(server, row.phase)]

    def as_json(self) -> dict[str, dict[str, list[dict[str, object]]]]:
        return {
            server: {phase: [attrs.asdict(result) for result in results] for phase, results in phases.items()}
            for server, phases in self.results.items()
        }


def machine() -> dict[str, str]:
    """Return on what, and with what, was measured."""
    cpu = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    try:
        deno = deno_version()
    except SeedUnavailable:
        deno = "none"
    versions = {name: importlib.metadata.version(name) for name in ("focus-signal", "trio", "trio-websocket")}
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": f"{os.cpu_count()} x {cpu}",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "deno": deno,
        **versions,
    }


def number_text(value: float) -> str:
    """Return a figure with as many digits as it is worth."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values: Sequence[float]) -> str:
    """Return the median with the smallest and the largest, or a dash for none."""
    if not values:
        return "-"
    median = number_text(statistics.median(values))
    return f"{median} ({number_text(min(values))} to {number_text(max(values))})"


def percent(shares: Sequence[float]) -> str:
    """Return the median of some shares."""
    return f"{statistics.median(shares):.0%}" if shares else "-"


def ratios(rounds: Rounds, row: Row, server: str = OURS) -> list[float]:
    """Return a server's figure / the seed's, round by round; none when the seed was not run."""
    both = zip(rounds.values(server, row), rounds.values(SEED, row), strict=False)
    return [value / of_seed for value, of_seed in both if of_seed > 0]


def figures_table(rounds: Rounds, scale: Scale) -> str:
    """Return the figures as a markdown table."""
    lines = ["| | focus-signal | the seed on Deno | ours / seed |", "|---|---:|---:|---:|"]
    for row in ROWS:
        ours, seed = rounds.values(OURS, row), rounds.values(SEED, row)
        if ours or seed:
            says = row.says.format(waiting=scale.waiting, many=scale.many, hold=scale.hold_seconds)
            # A quotient of two growth factors would say nothing, nor one of how often two servers ping.
            alone = row.figure.startswith(("leave_growth", "many_pings"))
            ratio = "" if alone else spread(ratios(rounds, row))
            lines.append(f"| {says} | {spread(ours)} | {spread(seed)} | {ratio} |")
    return "\n".join(lines)


def load_table(rounds: Rounds) -> str:
    """Return who was busy in each phase as a markdown table."""
    lines = [
        "| share of time (ours / seed) | server | others on its core | generator | waiting for its core |",
        "|---|---:|---:|---:|---:|",
    ]
    for phase in dict.fromkeys(row.phase for row in ROWS):
        ours, seed = rounds.of(OURS, phase), rounds.of(SEED, phase)
        if ours or seed:
            cells = [
                " / ".join(percent([getattr(one, side) for one in results]) for results in (ours, seed))
                for side in ("server", "other", "generator", "delay")
            ]
            lines.append(f"| {phase} | {' | '.join(cells)} |")
    return "\n".join(lines)


def document(rounds: Rounds, scale: Scale, count: int, notes: Sequence[str]) -> str:
    """Return both tables with what they were measured on, in markdown."""
    facts = machine()
    head = (
        f"Measured on {facts['date']}: {facts['processor']}, {facts['kernel']}; {facts['python']}, "
        f"trio {facts['trio']}, trio-websocket {facts['trio-websocket']}, Deno {facts['deno']}. "
        f"{count} rounds; the median (smallest to largest). Our options: `{' '.join([*OPTIONS, *RATES])}`."
    )
    return "\n\n".join([head, figures_table(rounds, scale), load_table(rounds), *notes])


def write_between_markers(path: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace what stands between two marker comments of a document.

    Raises:
        ValueError: the document does not hold each marker once, in order.
    """
    whole = path.read_text(encoding="utf-8")
    if whole.count(begin) != 1 or whole.count(end) != 1 or whole.index(begin) > whole.index(end):
        raise ValueError(f"{path} needs {begin} and then {end}, each once")
    before, rest = whole.split(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def verdict(rounds: Rounds) -> tuple[bool, str] | None:
    """Return whether our disconnects stay as cheap however long the queue is, and a line that says it."""
    growth = [row for row in ROWS if row.figure.startswith("leave_growth")]
    medians = [statistics.median(values) for row in growth if (values := rounds.values(OURS, row))]
    if not medians:
        return None
    worst = max(medians)
    fine = worst <= GROWTH_ALLOWED
    word = "does not grow" if fine else "GROWS"
    return (
        fine,
        f"the cost of a disconnect {word} with the queue: {worst:.2f} times (allowed: {GROWTH_ALLOWED})",
    )

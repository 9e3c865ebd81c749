"""From the rounds of all servers to tables: processor time first, then ratios within a round, then rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from benchmarks.meter import Scale
from benchmarks.peers.chart import Bar, Panel, draw
from benchmarks.peers.contenders import Contender
from benchmarks.report import OURS, SEED, Rounds, Row, machine, percent, ratios, spread

BEGIN, END = "<!-- begin: make bench-peers -->", "<!-- end: make bench-peers -->"


@attrs.frozen
class Table:
    """Figures of one kind, a column each."""

    says: str
    columns: Sequence[Row]


COSTS = Table(
    "server CPU for each, µs (less is better)",
    (
        Row("relay_us", "relay", "messages in bursts"),
        Row("single_us", "pingpong", "messages, one in flight"),
        Row("join_us", "joins", "joins"),
        Row("handshake_us", "handshakes", "handshakes and closes"),
        Row("idle_kib", "memory", "KiB per idle connection"),
    ),
)
RATES = Table(
    "how many a second (more is better)",
    (
        Row("relayed", "relay", "messages in bursts"),
        Row("singles", "pingpong", "messages, one in flight"),
        Row("joins", "joins", "joins"),
        Row("handshakes", "handshakes", "handshakes and closes"),
    ),
)


def _markdown(says: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    lines = [f"| {says} | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    lines += [f"| {title} | {' | '.join(cells)} |" for title, cells in rows]
    return "\n".join(lines)


def table(contenders: Sequence[Contender], which: Table, cell: Callable[[str, Row], str], says: str) -> str:
    """Return a table with a line for each server and a cell for each figure."""
    rows = [(one.title, [cell(one.server.name, row) for row in which.columns]) for one in contenders]
    return _markdown(says, [row.says for row in which.columns], rows)


def load_table(rounds: Rounds, contenders: Sequence[Contender]) -> str:
    """Return who was busy in each phase: the server, the generator, and what was in the way of either."""

    def cell(name: str, row: Row) -> str:
        results = rounds.of(name, row.phase)
        shares = [(one.server, one.generator, one.other + one.delay) for one in results]
        return " / ".join(percent(side) for side in zip(*shares, strict=True)) or "-"

    columns = tuple(attrs.evolve(row, says=row.phase) for row in COSTS.columns)
    return table(contenders, Table("", columns), cell, "share of time: server / generator / others")


def document(
    rounds: Rounds, scale: Scale, count: int, contenders: Sequence[Contender], notes: Sequence[str]
) -> str:
    """Return all tables with what they were measured on, in markdown."""
    facts = machine()
    versions: dict[str, str] = {}
    for one in contenders:
        versions |= one.versions()
    made_of = ", ".join(f"{name} {version}" for name, version in versions.items())
    head = (
        f"Measured on {facts['date']}: {facts['processor']}, {facts['kernel']}; {facts['python']}, "
        f"trio {facts['trio']}, trio-websocket {facts['trio-websocket']}, Deno {facts['deno']}, "
        f"{made_of}. {count} rounds; the median (smallest to largest). "
        f"{scale.joiners:,} clients join, {scale.idle:,} connections are idle."
    )

    def value(name: str, row: Row) -> str:
        return spread(rounds.values(name, row))

    def ratio(name: str, row: Row) -> str:
        return "1" if name == SEED else spread(ratios(rounds, row, name))

    return "\n\n".join(
        [
            head,
            table(contenders, COSTS, value, COSTS.says),
            table(contenders, COSTS, ratio, "as a multiple of the seed's (less is better)"),
            table(contenders, RATES, value, RATES.says),
            load_table(rounds, contenders),
            *notes,
        ]
    )


def chart(rounds: Rounds, contenders: Sequence[Contender]) -> str:
    """Return the processor time of a relayed message as a picture: in bursts, and one in flight."""
    panels = [
        Panel(
            f"Server CPU per relayed message, {says}, µs (less is better)",
            [Bar(one.title, rounds.values(one.server.name, row), _style(one)) for one in contenders],
        )
        for row, says in zip(COSTS.columns[:2], ("in bursts of 20", "one in flight per pair"), strict=True)
    ]
    return draw("What a relayed message costs the server", panels)


def _style(contender: Contender) -> str:
    if contender.server.name == SEED:
        return "seed"
    return "ours" if contender.server.name.startswith(OURS) else "bar"

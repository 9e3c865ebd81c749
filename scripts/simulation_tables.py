"""Write docs/simulations.md: what simulations find in the seed's own logic, and in planted bugs.

    python scripts/simulation_tables.py [--part seed|mutants]

Prints the tables, or with no part writes the document. Everything follows from the code and from nothing
else, so that a test can say whether the document still tells the truth.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import attrs

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[0] = str(REPOSITORY)

from focus_signal.testing.diagram.chart import Chart  # noqa: E402
from focus_signal.testing.diagram.lanes import chart_of, only_about  # noqa: E402
from focus_signal.testing.diagram.mermaid import to_mermaid  # noqa: E402
from focus_signal.testing.diagram.svg import to_svg  # noqa: E402
from focus_signal.testing.invariants.names import INVARIANTS  # noqa: E402
from focus_signal.testing.plan import Level, Plan  # noqa: E402
from focus_signal.testing.run import Run, run_plan, run_simulation  # noqa: E402
from focus_signal.testing.shrink import shrink  # noqa: E402
from focus_signal.testing.subject import Subject  # noqa: E402
from focus_signal.testing.subjects.mutants_bounds import BOUND_MUTANTS  # noqa: E402
from focus_signal.testing.subjects.mutants_guards import GUARD_MUTANTS  # noqa: E402
from focus_signal.testing.subjects.registry import SUBJECTS  # noqa: E402
from focus_signal.testing.v1.checks.names import V1_INVARIANTS  # noqa: E402
from focus_signal.testing.v1.mutants import V1_MUTANTS  # noqa: E402
from focus_signal.testing.v1.run import run_v1  # noqa: E402
from focus_signal.testing.workload.swarm import Workload, siege, swarm  # noqa: E402
from focus_signal.testing.workload.vocabulary import VERBS  # noqa: E402

DOCUMENT = REPOSITORY / "docs" / "simulations.md"
PICTURE = REPOSITORY / "docs" / "simulations.svg"
DEFECTS = (
    "self-match",
    "two-rooms",
    "silent-loss",
    "spoofed-sender",
    "takeover-unreachable",
    "dead-match",
    "starved-queue",
)
"""The defects of the seed that have a name among the invariants; it breaks others besides."""
SEEDS = 400
DRAWN = "takeover-unreachable"
MOST_SEEDS = 2_000
MOST_ABOVE_CORE: dict[Level, int] = {"message": 60, "full": 500}
MOST_SIEGES = 100
BESIEGED = (*BOUND_MUTANTS, *GUARD_MUTANTS)
"""What strangers find."""


def breaks(ran: Run, invariant: str) -> bool:
    """Tell whether a run breaks an invariant."""
    return any(violation.invariant == invariant for violation in ran.violations)


def shrunk_for(plan: Plan, invariant: str, subject: Subject) -> Run:
    """Shrink a plan that breaks an invariant at the core level, and give the run of what is left."""
    smaller = shrink(plan, lambda tried: breaks(run_plan(tried, subject=subject), invariant)).plan
    return run_plan(smaller, subject=subject)


@attrs.define
class Found:
    """Hold how often an invariant was broken, and the first run that did."""

    times: int
    first: Run


def runs_of_the_seed() -> dict[str, Found]:
    """Run the seed's own logic, and give by invariant what was broken."""
    found: dict[str, Found] = {}
    for seed in range(SEEDS):
        ran = run_simulation(seed=seed, subject="seed")
        for name in Counter(violation.invariant for violation in ran.violations):
            if name in found:
                found[name].times += 1
            else:
                found[name] = Found(1, ran)
    return found


def seed_table(found: dict[str, Found]) -> str:
    """Give the table of the seed's defects."""
    lines = [
        f"| invariant | share of the seeds 0 to {SEEDS - 1} | first seed | operations, shrunk |",
        "|---|---:|---:|---:|",
    ]
    for name in (*DEFECTS, *sorted(set(found) - set(DEFECTS))):
        row = found[name]
        smaller = shrunk_for(row.first.plan, name, SUBJECTS["seed"])
        left, whole = len(smaller.plan.operations), len(row.first.plan.operations)
        lines.append(f"| `{name}` | {row.times / SEEDS:.1%} | {row.first.seed} | {left} of {whole} |")
    return "\n".join(lines)


def drawn(found: dict[str, Found]) -> Chart:
    """Give what is drawn: the shrunk run of one defect."""
    ran = shrunk_for(found[DRAWN].first.plan, DRAWN, SUBJECTS["seed"])
    named = tuple(violation for violation in ran.violations if violation.invariant == DRAWN)[:1]
    return chart_of(ran.plan, ran.history, named, only=only_about(ran.plan, ran.violations))


def first_found(subject: Subject, level: Level, most: int, workload: Workload) -> int | None:
    """Give the first seed that finds a mutant out at a level."""
    assert subject.breaks is not None
    for seed in range(most):
        ran = run_simulation(seed=seed, level=level, subject=subject, workload=workload)
        if breaks(ran, subject.breaks):
            return seed
    return None


def mutant_row(subject: Subject) -> str:
    """Give a mutant's row: which seed finds it out first, and at which level."""
    tries: dict[Level, int] = {"core": MOST_SEEDS}
    if subject.above_core:
        tries = MOST_ABOVE_CORE
    shown = "a plan of its own"
    if subject in BESIEGED:
        first = first_found(subject, "full", MOST_SIEGES, siege())
        found = shown if first is None else f"siege {first}"
        return f"| `{subject.name}` | {subject.about} | `{subject.breaks}` | {found} |"
    # Drains and restarts are no part of the usual workload.
    workload = swarm(verbs=VERBS) if subject.breaks == "drained" else swarm()
    for level, most in tries.items():
        first = first_found(subject, level, most, workload)
        if first is not None:
            shown = f"{level} {first}"
            break
    return f"| `{subject.name}` | {subject.about} | `{subject.breaks}` | {shown} |"


def mutants_table() -> str:
    """Give the table of the mutants."""
    lines = ["| mutant | what is wrong with it | found by | level and first seed |", "|---|---|---|---|"]
    lines += [mutant_row(subject) for subject in SUBJECTS.values() if subject.breaks is not None]
    return "\n".join(lines)


def v1_table() -> str:
    """Give the table of the mistakes that are planted in the workload v1."""
    lines = ["| mutant | what is wrong with it | found by | first seed |", "|---|---|---|---:|"]
    for mutant in V1_MUTANTS:
        assert mutant.breaks is not None
        first = next(
            seed for seed in range(mutant.within) if run_v1(seed, subject=mutant).breaks(mutant.breaks)
        )
        lines.append(f"| `{mutant.name}` | {mutant.about} | `{mutant.breaks}` | {first} |")
    return "\n".join(lines)


def v1_section() -> str:
    """Give what is said of the workload v1."""
    invariants = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in V1_INVARIANTS.items())
    return f"""## In `focus-signal.v1`

The workload `v1` has invariants of its own, since its sessions outlive their connections
(`focus-signal sim run --workload v1`; see [testing.md](testing.md)).

| name | what must hold |
|---|---|
{invariants}

The server breaks none of them. These mistakes, planted in the server or in the client, do; the first seed is
that of the core level.

{v1_table()}
"""


def document(found: dict[str, Found]) -> str:
    """Give the whole document."""
    invariants = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in INVARIANTS.items())
    return f"""# What simulations find

Made by `python scripts/simulation_tables.py`; tests compare it with what the code gives. How to use
simulations is told in [testing.md](testing.md).

## The invariants

| name | what must hold |
|---|---|
{invariants}

## In the program that this server replaces

Its logic, ported as the subject `seed`, at the core level:
`focus-signal sim run --seeds 0:{SEEDS} --subject seed`. The first seven are its known defects; the others
name the same faults from another side, or what this server does better on purpose.

{seed_table(found)}

One of them, shrunk: `{DRAWN}`. The end of a user's older connection removes the newer one,
and who sends to that user gets neither through nor an error.

![the shrunk run as a sequence diagram]({PICTURE.name})

The same as Mermaid (`focus-signal sim diagram FILE --format mermaid`; `ascii` is there as well):

```mermaid
{to_mermaid(drawn(found)).rstrip()}
```

## In planted bugs

Each mutant is the real server with one bug. Every invariant has at least one that it must find. The real
server itself, with none planted, breaks nothing.

The last ones keep one limit, one deadline or one guard less than the real server. They are found at the
full level in a *siege*: a few users who do nothing wrong, and strangers who go beyond every limit of a server
whose limits are small. What a guard keeps in its place is planted as well; with the guard there, nobody else
notices.

{mutants_table()}

{v1_section()}"""


def main() -> int:
    """Write the document, or print a part of it."""
    parser = argparse.ArgumentParser(description="Show what simulations find.")
    parser.add_argument("--part", choices=("seed", "mutants", "v1"), help="print this table only")
    arguments = parser.parse_args()
    match arguments.part:
        case "seed":
            print(seed_table(runs_of_the_seed()))
        case "mutants":
            print(mutants_table())
        case "v1":
            print(v1_section())
        case _:
            found = runs_of_the_seed()
            DOCUMENT.write_text(document(found), encoding="utf-8")
            PICTURE.write_text(to_svg(drawn(found)), encoding="utf-8")
            print(f"written: {DOCUMENT.relative_to(REPOSITORY)}, {PICTURE.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

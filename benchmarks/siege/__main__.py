"""Besiege a server: floods, slow handshakes, slow readers, too few descriptors, drains, a soak.

    python -m benchmarks.siege [NAME ...] [--small] [--transport trio-websocket] [--cycles N] [--write-docs]

Each scenario starts a server of its own on one processor and attacks it from another, over loopback. Status 1
if a goal is missed. docs/siege.md has the figures of the last full run.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

import attrs

from benchmarks.load import WrongResult, raise_soft_limit
from benchmarks.report import machine, write_between_markers
from benchmarks.servers import TRANSPORTS, processors
from benchmarks.siege import descriptors, drain, floods, slow_handshakes, slow_readers, soak
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import REPOSITORY, Start, run_subject
from focus_signal.load.limits import check_descriptors

DOCUMENT = REPOSITORY / "docs" / "siege.md"


@attrs.frozen
class Scenario:
    """Runs one scenario in full, or small."""

    full: Callable[[Start], Outcome]
    small: Callable[[Start], Outcome]


def scenarios(cycles: int) -> dict[str, Scenario]:
    """Return the scenarios by name."""
    return {
        "floods": Scenario(floods.run, partial(floods.run, size=floods.SMALL)),
        "slow-handshakes": Scenario(
            slow_handshakes.run, partial(slow_handshakes.run, size=slow_handshakes.SMALL)
        ),
        "slow-readers": Scenario(slow_readers.run, partial(slow_readers.run, size=slow_readers.SMALL)),
        "descriptors": Scenario(descriptors.run, partial(descriptors.run, size=descriptors.SMALL)),
        "drain": Scenario(drain.run, partial(drain.run, size=drain.SMALL)),
        "soak": Scenario(
            partial(soak.run, size=soak.Size(cycles=cycles)), partial(soak.run, size=soak.SMALL)
        ),
    }


def besiege(name: str, run: Callable[[Start], Outcome], start: Start) -> Outcome:
    """Run a scenario and print what it found; what ends it early is a goal that was missed."""
    print(f"{name} ...", flush=True)
    began = time.monotonic()
    outcome = Outcome()
    try:
        outcome = run(start)
    except WrongResult as error:
        outcome.equal("went wrong", str(error), "nothing")
        print("\n".join(getattr(error, "__notes__", [])))
    print(outcome.lines())
    print(f"{name}: {len(outcome.missed)} missed, {time.monotonic() - began:.0f} s\n", flush=True)
    return outcome


def write(name: str, outcome: Outcome) -> None:
    """Put the findings of a scenario into the document."""
    facts = machine()
    said = (
        f"`make siege ARGS={name}`, {facts['date']}: {facts['processor']}, {facts['kernel']}; "
        f"{facts['python']}, trio {facts['trio']}; the server on one core, the clients on another.\n\n"
    )
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    write_between_markers(DOCUMENT, said + outcome.table(), begin, end)


def main() -> int:
    """Run what was asked for; return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.siege", description="Besiege a server.")
    names = list(scenarios(0))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names)} (all)")
    parser.add_argument("--small", action="store_true", help="some hundred connections: to see that it works")
    parser.add_argument("--transport", choices=TRANSPORTS, default=TRANSPORTS[0])
    parser.add_argument("--cycles", type=int, default=soak.Size().cycles, help="connections of the soak")
    parser.add_argument("--write-docs", action="store_true", help="put the figures into docs/siege.md")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in names:
            parser.error(f"there is no {name}; there are {', '.join(names)}")
    if arguments.cycles < 1:
        parser.error("--cycles is 1 at the least")
    raise_soft_limit()
    check_descriptors(drain.Size().clients)
    of_server, mine = processors()
    start = partial(run_subject, transport=arguments.transport, cpu=of_server)
    missed = 0
    for name, scenario in scenarios(arguments.cycles).items():
        if not arguments.names or name in arguments.names:
            if mine is not None:
                os.sched_setaffinity(0, {mine})
            outcome = besiege(name, scenario.small if arguments.small else scenario.full, start)
            missed += len(outcome.missed)
            if arguments.write_docs:
                write(name, outcome)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())

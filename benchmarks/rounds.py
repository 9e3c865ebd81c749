"""A run: every phase on every server, in turns, a number of times; who goes first changes every round."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from benchmarks.load import Load
from benchmarks.meter import Result
from benchmarks.report import Rounds, number_text
from benchmarks.servers import Server

ONE_PROCESSOR = "One processor only, shared by the server and the load generator: these figures mean little."


def say(text: str) -> None:
    """Tell on stderr how far it is."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def open_server(server: Server, cpu: int | None) -> Generator[tuple[int, Load]]:
    """Run a server and a generator beside it; give the server's process and the generator."""
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


def in_turn(servers: Sequence[Server], number: int) -> list[Server]:
    """Return the order of a round (the first is 1): each of the servers goes first once, then again."""
    first = (number - 1) % len(servers)
    return [*servers[first:], *servers[:first]]


def run_rounds(
    servers: Sequence[Server],
    phases: Sequence[str],
    count: int,
    measure: Callable[[Server, str], Result | None],
    once: Sequence[str] = (),
) -> Rounds:
    """Measure, and say a line for each round: the first figure of each phase.

    Args:
        servers: in the order of the first round.
        phases: their names.
        count: the number of rounds.
        measure: runs one phase on one server; None when that server has no such phase.
        once: phases that only the first round has.
    """
    rounds = Rounds()
    for number in range(1, count + 1):
        started = time.monotonic()
        line: list[str] = []
        for phase in phases:
            if phase in once and number > 1:
                continue
            shown: dict[str, str] = {}
            for server in in_turn(servers, number):
                result = measure(server, phase)
                if result is None:
                    shown[server.name] = "-"
                else:
                    rounds.add(server.name, phase, result)
                    shown[server.name] = number_text(next(iter(result.figures.values())))
            line.append(f"{phase} " + " : ".join(shown[server.name] for server in servers))
        names = " : ".join(server.name for server in servers)
        say(f"round {number}/{count} ({names}) {'; '.join(line)}; {time.monotonic() - started:.0f} s")
    return rounds

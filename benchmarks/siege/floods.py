"""Floods: thousands who connect and end at once, say garbage, or reset; all that they took is given back.

Each flood of 5,000 has at most 200 there at a time. Within a second of its end the server has as many tasks,
descriptors and entries in its maps as before it, and serves an honest pair.
"""

from __future__ import annotations

import attrs

from benchmarks.load import Load
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import UNLIMITED, Start, Subject
from benchmarks.siege.visits import Garbage, HalfClosed, Make, Vanishing, Visit, check_relay, visit_all

FLOODS: dict[str, Make] = {"FIN": HalfClosed, "garbage": Garbage, "RST": Vanishing}


@attrs.frozen
class Size:
    """How much of it; `base_seconds` is the goal."""

    visits: int = 5_000
    at_once: int = 200
    warm: int = 200
    base_seconds: float = 1.0


SMALL = Size(visits=150, at_once=50, warm=50, base_seconds=5.0)
"""To see that it works."""


def run(start: Start, size: Size = Size()) -> Outcome:
    """Flood a server."""
    outcome = Outcome()
    with start(settings=UNLIMITED) as subject:
        load = Load(subject.port)
        try:
            for name, kind in FLOODS.items():
                visit_all(load, [kind], _users(f"warm-{name}", size.warm), size.at_once)
            check_relay(load, "warm")
            base = subject.base()
            outcome.figure("tasks at base", base.tasks)
            outcome.figure("descriptors at base", base.descriptors)
            for name, kind in FLOODS.items():
                _flood(outcome, subject, load, name, kind, size)
        finally:
            load.close()
    return outcome


def _flood(outcome: Outcome, subject: Subject, load: Load, name: str, kind: Make, size: Size) -> None:
    base = subject.base()
    began, busy = load.clock(), subject.processor_seconds()
    visits = visit_all(load, [kind], _users(name, size.visits), size.at_once)
    wall = load.clock() - began
    passed, after = subject.wait_base(base, size.base_seconds)
    outcome.equal(f"{name}: visits", len(visits), size.visits)
    outcome.figure(f"{name}: took", wall, "s")
    outcome.figure(
        f"{name}: server CPU", (subject.processor_seconds() - busy) / size.visits * 1e6, "us a visit"
    )
    outcome.equal(f"{name}: above base then", after.above(base), {})
    outcome.figure(f"{name}: at base after", passed, "s")
    if kind is Garbage:
        answered = sum(
            isinstance(visit, Visit) and visit.heard.startswith(b"HTTP/1.1 400 ") for visit in visits
        )
        outcome.equal(f"{name}: answered with 400", answered, size.visits)
    outcome.at_least(f"{name}: an honest pair relays then", check_relay(load, f"after-{name}"), 1, "messages")


def _users(name: str, number: int) -> list[str]:
    return [f"{name}-{each:06}" for each in range(number)]

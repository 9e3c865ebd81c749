"""Descriptors: a server that may open 256 files, and 300 visitors who come and stay.

Three kinds of visitors: who sends a FIN and stays, who says nothing, and who is seated (asks rightly for a
WebSocket). While they are there, whoever is turned away is told so (503, Retry-After), an established pair
relays, the server does not spin and logs at most one line a second; within a second after they have left (of
those who sent a FIN, within a second after they came) honest clients are served. And where only the soft
limit is that low, the server raises it at its start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from benchmarks.load import Load
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import UNLIMITED, Start, Subject
from benchmarks.siege.visits import PATIENCE, Attempt, HalfClosed, Pairs, Silent, Visit, check_relay, reset

KINDS: dict[str, type[Visit]] = {"FIN": HalfClosed, "silent": Silent, "seated": Attempt}
_BETWEEN_ATTEMPTS = 0.1
_AT_ONCE = 8


@attrs.frozen
class Size:
    """How much of it; `served_within` (seconds), `busy` (cores) and `lines_a_second` are goals."""

    limit: int = 256
    visits: int = 300
    hold_seconds: float = 3.0
    served_within: float = 1.0
    busy: float = 0.1
    lines_a_second: float = 1.0
    hard: int = 1024
    kinds: tuple[str, ...] = ("FIN", "silent", "seated", "soft limit")


SMALL = Size(limit=128, visits=120, hold_seconds=0.2)
"""To see that it works."""


def run(start: Start, size: Size = Size()) -> Outcome:
    """Take the descriptors away."""
    outcome = Outcome()
    limits = (size.limit, size.limit)
    for name, kind in KINDS.items():
        if name not in size.kinds:
            continue
        with start(settings=UNLIMITED, limits=limits) as subject:
            load = Load(subject.port)
            try:
                _crowd(outcome, subject, load, name, kind, size)
            finally:
                load.close()
    if "soft limit" in size.kinds:
        _raise_soft_limit(outcome, start, size)
    return outcome


def _crowd(outcome: Outcome, subject: Subject, load: Load, name: str, kind: type[Visit], size: Size) -> None:
    check_relay(load, "warm")
    established = Pairs(load, "established", 1)
    lines, busy = len(subject.log()), subject.processor_seconds()
    began = load.clock()
    crowd = _come(load, kind, [f"{name}-{number:06}" for number in range(size.visits)])
    attempts: list[Attempt] = []
    if kind is HalfClosed:
        outcome.at_most(f"{name}: served after", _serve(load, attempts, size), size.served_within, "s")
    while load.clock() < began + size.hold_seconds:
        attempts.append(load.start(Attempt, f"late-{len(attempts):06}"))
        load.rest(_BETWEEN_ATTEMPTS)
        if attempts[-1].status == 101:
            _leave([attempts[-1]])
    wall = load.clock() - began
    outcome.at_most(
        f"{name}: server CPU meanwhile", (subject.processor_seconds() - busy) / wall, size.busy, "cores"
    )
    logged = len(subject.log()) - lines
    outcome.at_most(f"{name}: lines logged a second", logged / wall, size.lines_a_second)
    established.begin()
    load.rest(0.2)
    outcome.at_least(f"{name}: an established pair relays meanwhile", established.arrived, 1, "messages")
    if kind is not HalfClosed:
        _leave(crowd)
        outcome.at_most(f"{name}: served again after", _serve(load, attempts, size), size.served_within, "s")
    load.run(lambda: not _unanswered(attempts), PATIENCE, "answers to upgrades")
    _judge(outcome, name, [*attempts, *(visit for visit in crowd if isinstance(visit, Attempt))])
    _leave([*crowd, *attempts])
    established.finish()
    outcome.at_least(f"{name}: a new pair relays then", check_relay(load, "then"), 1, "messages")


def _come(load: Load, kind: type[Visit], users: Iterable[str]) -> list[Visit]:
    """Let all of them come, and wait for the answers of those who ask; of these at most some at a time.

    More would not fit into what a server of so few descriptors leaves for handshakes: it cuts the oldest.
    """
    crowd: list[Visit] = []
    for user in users:
        load.run(lambda: _unanswered(crowd) < _AT_ONCE, PATIENCE, "answers to upgrades")
        crowd.append(load.start(kind, user))
    load.run(lambda: not _unanswered(crowd), PATIENCE, "answers to upgrades")
    load.rest(0.05)
    return crowd


def _unanswered(crowd: Iterable[Visit]) -> int:
    return sum(isinstance(each, Attempt) and each.status is None and each.ended is None for each in crowd)


def _judge(outcome: Outcome, name: str, attempts: Sequence[Attempt]) -> None:
    """See that everybody who asked rightly was let in, or told when to come back; nobody else was cut."""
    told = Counter(_told(attempt) for attempt in attempts)
    outcome.figure(f"{name}: who asked rightly was told", dict(sorted(told.items())))
    turned_away = [attempt for attempt in attempts if attempt.status != 101]
    rightly = sum(attempt.status == 503 and attempt.retry_after for attempt in turned_away)
    outcome.equal(f"{name}: turned away without 503 and Retry-After", len(turned_away) - rightly, 0)
    if name == "seated":
        outcome.at_least(f"{name}: turned away", len(turned_away), 1)


def _told(attempt: Attempt) -> str:
    if attempt.status is not None:
        return str(attempt.status)
    if attempt.ended is None:
        return "nothing yet"
    return "reset" if attempt.by_reset else "just the end"


def _serve(load: Load, attempts: list[Attempt], size: Size) -> float:
    """Ask until somebody is let in; return how long that took."""
    began = load.clock()
    while load.clock() < began + 10 * size.served_within:
        attempt = load.start(Attempt, f"again-{len(attempts):06}")
        attempts.append(attempt)
        until = load.clock() + _BETWEEN_ATTEMPTS
        # A patient one at first: whoever was not answered yet may be in a minute.
        while attempt.status is None and attempt.ended is None and load.clock() < until:
            load.step()
        if any(each.status == 101 for each in attempts[-20:] if not each.forgotten):
            break
    return load.clock() - began


def _leave(visits: Sequence[Visit]) -> None:
    for visit in visits:
        if not visit.forgotten:
            reset(visit)


def _raise_soft_limit(outcome: Outcome, start: Start, size: Size) -> None:
    with start(settings=UNLIMITED, limits=(size.limit, size.hard)) as subject:
        load = Load(subject.port)
        try:
            outcome.at_least("a low soft limit: raised to", soft_limit(subject.pid), size.hard)
            crowd = _come(load, Attempt, [f"seated-{number:06}" for number in range(size.visits)])
            seated = sum(isinstance(each, Attempt) and each.status == 101 for each in crowd)
            outcome.equal("a low soft limit: let in", seated, size.visits)
            _leave(crowd)
        finally:
            load.close()


def soft_limit(pid: int) -> int:
    """Return how many files a process may open."""
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max open files"):
            return int(line.split()[3])
    raise AssertionError("the kernel tells no limit of open files")

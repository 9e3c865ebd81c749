"""Slow handshakes: 2,000 connections that send a byte of their request a second, beside an honest pair.

All of them are cut by 6 s after they connected (the deadline of a handshake is 5 s after its accept), and the
pair, which has one message under way in each direction all along, does not notice.
"""

from __future__ import annotations

from collections import deque

import attrs

from benchmarks.load import Load
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import UNLIMITED, Start
from benchmarks.siege.visits import Pairs, Visit, check_relay
from focus_signal.load import generator


@attrs.frozen
class Size:
    """How much of it; `cut_by` and `p99_ms` are goals, in seconds and milliseconds.

    `patience` is how many seconds after `cut_by` one looks at those who are not cut, to count them.
    """

    visits: int = 2_000
    pause: float = 1.0
    handshake_timeout: float = 5.0
    cut_by: float = 6.0
    base_seconds: float = 1.0
    p99_ms: float = 50.0
    patience: float = 20.0


SMALL = Size(visits=150, pause=0.1, handshake_timeout=0.3, cut_by=1.3, base_seconds=5.0)
"""To see that it works."""


class Dribbler(Visit):
    """Sends its request byte by byte; `since` is when its connection stood."""

    def __init__(self, load: generator.Load, user: str) -> None:
        super().__init__(load, user)
        self.since = 0.0
        self.said = 0

    def on_connected(self) -> None:
        self.since = self.load.clock()

    def dribble(self) -> None:
        """Say one byte more."""
        if self.connected and not self.forgotten:
            self.send(self.request[self.said : self.said + 1])
            self.said += 1


def run(start: Start, size: Size = Size()) -> Outcome:
    """Dribble."""
    outcome = Outcome()
    with start(settings={**UNLIMITED, "handshake_timeout": size.handshake_timeout}) as subject:
        load = Load(subject.port)
        try:
            check_relay(load, "warm")
            honest = Pairs(load, "honest", 1)
            base = subject.base(len(honest.talkers))
            honest.begin()
            visits = _dribble_all(load, size)
            times = sorted(visit.ended - visit.since for visit in visits if visit.ended is not None)
            latency = honest.latency.latency()
            assert latency is not None, "the honest pair relayed nothing"
            honest_arrived = honest.arrived
            # The pair is still there, as it was at the base; so is nobody else.
            _, after = subject.wait_base(base, size.base_seconds, load)
            honest.finish()
        finally:
            load.close()
    outcome.equal("slow visits that were cut", len(times), size.visits)
    outcome.figure("the first of them after", times[0] if times else 0.0, "s")
    outcome.at_most("the last of them after", times[-1] if times else 0.0, size.cut_by, "s")
    answered = sum(visit.heard.startswith(b"HTTP/1.1 408 ") for visit in visits)
    outcome.figure("told why (408) ahead of it", answered)
    outcome.figure("the honest pair relayed meanwhile", honest_arrived, "messages")
    outcome.figure("their latency, median", latency.p50, "ms")
    outcome.at_most("their latency, 99 %", latency.p99, size.p99_ms, "ms")
    outcome.figure("their latency, most", latency.max, "ms")
    outcome.equal("above base after it", after.above(base), {})
    return outcome


def _dribble_all(load: Load, size: Size) -> list[Dribbler]:
    """Connect them all within one pause, keep each dribbling, and wait until all were cut."""
    staying = len(load.connections)
    visits: list[Dribbler] = []
    due: deque[tuple[float, Dribbler]] = deque()
    began = load.clock()
    while len(visits) < size.visits or len(load.connections) > staying:
        now = load.clock()
        wanted = int((now - began) / size.pause * size.visits) + 1
        for number in range(len(visits), min(wanted, size.visits)):
            visits.append(load.start(Dribbler, f"slow-{number:06}"))
            due.append((now, visits[-1]))
        while due and due[0][0] <= now:
            then, visit = due.popleft()
            visit.dribble()
            if not visit.forgotten:
                due.append((then + size.pause, visit))
        load.step()
        if now > began + size.pause + size.cut_by + size.patience:
            break  # those who were not cut are counted
    for visit in visits:
        if not visit.forgotten:
            load.forget(visit)
    return visits

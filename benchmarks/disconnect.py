"""The cost of a disconnect, with nobody and with 8,000 waiting in one queue: it must not grow with the queue.

The same 8,000 clients are connected in each situation; only what they asked for differs. Then 500 others
connect, the server comes to rest, and they leave all at once; the server's processor time until it has ended
all of them, per leaver, is the figure. That the crowd is connected in every situation matters: what 8,000
connections cost by themselves (caches, garbage collection) is then the same on both sides. Each situation is
measured a few times and the median taken, because now and then some of the crowd is pinged meanwhile.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial

from benchmarks.frames import TEXT, masked
from benchmarks.joins import new_users
from benchmarks.load import Connection, Load
from benchmarks.meter import NOTHING, Meter, Result, Scale, Span, settle

# Larger than any crowd here: who asks for it waits. The server must allow it (`--max-match-size`).
NEVER_MET = 1_000_000
_ASK = masked(TEXT, b'{"type":"matchmaking","matchSize":%d}' % NEVER_MET)
# Nobody waits; the crowd waits; the crowd and the leavers wait. In this order: a queue never empties again.
SITUATIONS = ("none", "others", "all")
_LIMIT = 60.0


class Waiter(Connection):
    """Counts the answers to its probe."""

    __slots__ = ("answers",)

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.answers = 0

    def probe(self) -> None:
        """Send a candidate to itself: one answer (it, or a refusal), behind all that was sent before."""
        me = self.user.encode()
        self.send(masked(TEXT, b'{"type":"ice-candidate","to":"%s","from":"%s","candidate":null}' % (me, me)))

    def on_text(self, payload: bytes) -> None:
        if self.answers:
            super().on_text(payload)
        self.answers += 1


def _all_answered(waiters: Sequence[Waiter]) -> bool:
    return all(waiter.answers for waiter in waiters)


def _ask_all(load: Load, waiters: Sequence[Waiter], *, queue: bool) -> None:
    """Let everyone ask (or not), and make sure that the server has handled it."""
    for start in range(0, len(waiters), 100):
        some = waiters[start : start + 100]
        for waiter in some:
            waiter.answers = 0
            if queue:
                waiter.send(_ASK)
            waiter.probe()
        load.run(partial(_all_answered, some), _LIMIT, "answers to probes")


def _leave(pid: int, load: Load, scale: Scale, witness: Waiter, *, queue: bool) -> Span:
    """Connect the leavers; return what passes until all have left and the witness is answered then."""
    leavers = load.open(Waiter, new_users(scale.leavers))
    _ask_all(load, leavers, queue=queue)
    settle(load, pid)
    meter = Meter(pid)
    load.leave(leavers)
    _ask_all(load, [witness], queue=False)
    return meter.read()


def measure_disconnect(pid: int, load: Load, scale: Scale) -> Result:
    """Measure with one crowd: nobody waits; all wait; all wait and so does everyone who leaves."""
    crowd = load.open(Waiter, new_users(scale.waiting))
    _ask_all(load, crowd, queue=False)
    _leave(pid, load, scale, crowd[0], queue=False)  # warm-up
    everything = NOTHING
    figures: dict[str, float] = {}
    for name in SITUATIONS:
        if name == "others":
            _ask_all(load, crowd, queue=True)
        walls: list[float] = []
        servers: list[float] = []
        for _ in range(scale.batches):
            span = _leave(pid, load, scale, crowd[0], queue=name == "all")
            everything += span
            walls.append(span.wall / scale.leavers * 1e6)
            servers.append(span.server / scale.leavers * 1e6)
        figures[f"leave_us_{name}"] = statistics.median(servers)
        figures[f"leave_wall_us_{name}"] = statistics.median(walls)
    figures["leave_growth"] = figures["leave_us_others"] / figures["leave_us_none"]
    figures["leave_growth_all"] = figures["leave_us_all"] / figures["leave_us_none"]
    return Result.of(everything, **figures)

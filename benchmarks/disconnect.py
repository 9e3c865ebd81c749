"""The cost of a disconnect, with nobody and with 8,000 waiting in one queue: it must not grow with the queue.

In each situation 8,000 clients are connected; only what they asked for differs. Then others connect, a
hundred at a time, the server comes to rest, and they leave all at once; the server's processor time until it
has ended all of them, per leaver, is the figure. Each situation has a fresh server with the same history.

What 8,000 connections cost by themselves comes in lumps: a collection of all garbage walks over everything
that they hold, every few thousand connections, and takes as long as thousands of disconnects. It meets one go
in many, so the median of the goes is what a disconnect costs; the mean is what it costs with its share of
that walk.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

from benchmarks.frames import TEXT, masked
from benchmarks.joins import new_users
from benchmarks.load import Connection, Load
from benchmarks.meter import NOTHING, Meter, Result, Scale, Span, settle

# Larger than any crowd here: who asks for it waits. The server must allow it (`--max-match-size`).
NEVER_MET = 1_000_000
_ASK = masked(TEXT, b'{"type":"matchmaking","matchSize":%d}' % NEVER_MET)
# Nobody waits; the crowd waits; the crowd and the leavers wait.
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


def _measure_situation(pid: int, load: Load, scale: Scale, name: str) -> list[Span]:
    crowd = load.open(Waiter, new_users(scale.waiting))
    _ask_all(load, crowd, queue=name != "none")
    queue = name == "all"
    _leave(pid, load, scale, crowd[0], queue=queue)  # warm-up
    return [_leave(pid, load, scale, crowd[0], queue=queue) for _ in range(scale.batches)]


def measure_disconnect(
    open_server: Callable[[], AbstractContextManager[tuple[int, Load]]], scale: Scale
) -> Result:
    """Measure each situation against a server of its own: nobody waits, the crowd waits, everybody waits."""
    everything = NOTHING
    figures: dict[str, float] = {}
    for name in SITUATIONS:
        with open_server() as (pid, load):
            spans = _measure_situation(pid, load, scale, name)
        for span in spans:
            everything += span
        each = [span.server / scale.leavers * 1e6 for span in spans]
        figures[f"leave_us_{name}"] = statistics.median(each)
        figures[f"leave_mean_us_{name}"] = statistics.mean(each)
    figures["leave_growth"] = figures["leave_us_others"] / figures["leave_us_none"]
    figures["leave_growth_all"] = figures["leave_us_all"] / figures["leave_us_none"]
    return Result.of(everything, **figures)

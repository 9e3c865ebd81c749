"""The core by itself, as those are who measure what its commands cost: a `Matchmaker`, a clock, and guests.

Every command is timed by the processor time that it takes, collections of garbage taken out of it. Those
come when they do in `focus-signal serve`, and are counted by themselves.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Literal

import attrs

from benchmarks.waiting import HUGE
from focus_signal.cli import garbage
from focus_signal.core.commands import (
    Begin,
    Command,
    Disconnect,
    Numbered,
    OpenSession,
    Request,
    RequestTicket,
    Terms,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import DeliverNumbered, Effect, RoomEntered, SessionIssued, Welcome
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.core.tokens import SessionToken

STEP = 0.005
NOTICES_EVERY = 5.0
_LOOK_EVERY = 0.1
NOTICES = "time passes, each notice that is due"


@attrs.define
class Cost:
    """Processor time of the commands of one kind, in microseconds."""

    commands: int = 0
    total: float = 0.0
    worst: float = 0.0

    @property
    def average(self) -> float:
        return self.total / self.commands

    def add(self, microseconds: float, commands: int = 1) -> None:
        """Count one call, which may be worth several commands."""
        self.commands += commands
        self.total += microseconds
        self.worst = max(self.worst, microseconds)


@attrs.define(eq=False)
class Guest:
    """Somebody who is connected."""

    user: str
    connection: int
    asked: int = 0
    seen: int = 0
    token: SessionToken | None = None


@attrs.define(eq=False)
class House:
    """A matchmaker, its clock, and what its commands have cost."""

    costs: dict[str, Cost] = attrs.field(factory=dict[str, Cost], init=False)
    collections: Cost = attrs.field(factory=Cost, init=False)
    in_rooms: dict[int, int] = attrs.field(factory=dict[int, int], init=False)
    now: float = attrs.field(default=1000.0, init=False)
    _collector: garbage.Collector | None = attrs.field(default=None, init=False)
    _next_look: float = attrs.field(default=0.0, init=False)
    _collecting: float = attrs.field(default=0.0, init=False)
    _collected: float = attrs.field(default=0.0, init=False)
    _guests: dict[int, Guest] = attrs.field(factory=dict[int, Guest], init=False)
    _numbers: count[int] = attrs.field(factory=lambda: count(1), init=False)
    matchmaker: Matchmaker = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        ids = count(1)
        self.matchmaker = Matchmaker(Rules(max_match_size=HUGE), lambda: f"{next(ids):036}")
        self.matchmaker.handle(Begin(1_000_000_000.0), self.now)

    def handle(self, command: Command, kind: str | None = None) -> list[Effect]:
        """Carry out a command, and count what it costs if it is of a kind."""
        before, collected = time.thread_time_ns(), self._collected
        effects = self.matchmaker.handle(command, self.now)
        taken = (time.thread_time_ns() - before) / 1000 - (self._collected - collected)
        if kind is not None:
            self.costs.setdefault(kind, Cost()).add(taken)
        for effect in effects:
            guest = self._guests.get(effect.connection)
            if guest is not None and isinstance(effect, DeliverNumbered):
                self._hear(guest, effect)
        return effects

    def pass_time(self, seconds: float, kind: str | None = NOTICES) -> None:
        """Let time pass, and have done what is due by then."""
        self.now += seconds
        if self._collector is not None and self.now >= self._next_look:
            self._next_look = self.now + _LOOK_EVERY
            self._collector.turn()
        deadline = self.matchmaker.next_deadline()
        if deadline is not None and deadline <= self.now:
            looks = round(seconds / NOTICES_EVERY * self.matchmaker.statistics().waiting)
            before = self.costs.get(NOTICES, Cost()).commands
            self.handle(TimePassed(), kind)
            if kind == NOTICES:
                self.costs[NOTICES].commands = before + max(1, looks)

    def open(self, user: str, kind: str | None = None) -> Guest:
        """Let somebody connect who has read all that it was sent."""
        guest = Guest(user, next(self._numbers))
        self._guests[guest.connection] = guest
        self.handle(OpenSession(guest.connection, user), kind)
        return guest

    def resume(self, guest: Guest, kind: str) -> None:
        """Let somebody come back."""
        del self._guests[guest.connection]
        guest.connection = next(self._numbers)
        self._guests[guest.connection] = guest
        self.handle(OpenSession(guest.connection, guest.user, guest.token, guest.seen), kind)

    def ask(self, guest: Guest, request: Request, kind: str | None = None) -> None:
        """Carry out somebody's request; a little time passes before, unless it is not counted."""
        if kind is not None:
            self.pass_time(STEP)
        guest.asked += 1
        self.handle(Numbered(guest.connection, request, guest.asked, guest.seen), kind)

    def join(self, guest: Guest, terms: Terms, kind: str | None = None) -> None:
        self.ask(guest, RequestTicket(guest.connection, terms), kind)

    def leave(self, guest: Guest, kind: str | None = None, *, finished: bool = True) -> None:
        """Let a connection end, in its two steps."""
        self.handle(Withdraw(guest.connection), None if kind is None else f"{kind}: seen")
        self.handle(Disconnect(guest.connection, finished), None if kind is None else f"{kind}: carried out")

    @contextmanager
    def as_served(self) -> Generator[None]:
        """Look for garbage when a server does, and count that apart."""
        thresholds = gc.get_threshold()
        garbage.take_over()
        self._collector = garbage.Collector(sys.getallocatedblocks, gc.collect)
        gc.callbacks.append(self._collect)
        try:
            yield
        finally:
            self._collector = None
            gc.callbacks.remove(self._collect)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    def _collect(self, phase: Literal["start", "stop"], _: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time_ns()
            return
        taken = (time.thread_time_ns() - self._collecting) / 1000
        self._collected += taken
        self.collections.add(taken)

    def _hear(self, guest: Guest, effect: DeliverNumbered) -> None:
        guest.seen = max(guest.seen, effect.seq)
        match effect.message:
            case SessionIssued(token):
                guest.token = token
            case RoomEntered():
                self.in_rooms[guest.connection] = self.in_rooms.get(guest.connection, 0) + 1
            case Welcome(_, resumed):
                assert resumed == (guest.seen > 0), "only a session that was there is resumed"
            case _:
                pass

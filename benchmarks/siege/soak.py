"""Soak: 100,000 connections of all kinds come and go, and the server holds afterwards what it held before.

Clients of the seed's dialect and of `focus-signal.v1` are among them.
After each fifth everyone leaves and the server is looked at. The first is the warm-up: what the server holds
then is the base. In the end its memory is within 1 MiB of that, and its descriptors, tasks and every map are
where they were. Two maps hold what they do for some minutes on purpose, so what leads to that comes last, and
they alone may have grown by it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from itertools import count

import attrs

from benchmarks.frames import CLOSE, PING, TEXT, masked
from benchmarks.load import Load
from benchmarks.siege.goals import Outcome
from benchmarks.siege.soak_v1 import REMEMBERED, Host, Lost, Resumed, Unheld, V1Client
from benchmarks.siege.subject import UNLIMITED, Look, Start, Subject
from benchmarks.siege.visits import Garbage, HalfClosed, Make, Refused, Vanishing, check_relay, reset
from focus_signal.load import generator
from focus_signal.load.asking import ASK_FOR_TWO

REPLACED = 4501
_PARTS = 5
_OF_WHOM = 20


@attrs.frozen
class Size:
    """How much of it; `grown_mib` is the goal.

    `seat_grace` is that of the server, `settle_seconds` how long it may take to be at its base.
    """

    cycles: int = 100_000
    at_once: int = 100
    grown_mib: float = 1.0
    seat_grace: float = 2.0
    settle_seconds: float = 20.0


SMALL = Size(cycles=2_000, seat_grace=0.1)
"""To see that it works."""


class Clean(generator.Connection):
    """Comes, and leaves as it should."""

    def on_opened(self) -> None:
        super().on_opened()
        self.leave()


class Reset(generator.Connection):
    """Comes, and is gone."""

    def on_opened(self) -> None:
        super().on_opened()
        reset(self)


class Fin(generator.Connection):
    """Comes, sends a FIN without a close frame, some of them in the middle of a frame, and stays."""

    def on_opened(self) -> None:
        super().on_opened()
        if self.fd % 2:
            self.send(masked(TEXT, b"x" * 100)[:50])
        self.socket.shutdown(socket.SHUT_WR)

    def on_lost(self, why: str) -> None:
        del why
        self.load.forget(self)

    def on_frame(self, opcode: int, payload: bytes) -> None:
        """Answer nothing: there is no way to."""
        if opcode not in {CLOSE, PING}:
            super().on_frame(opcode, payload)


class Rude(generator.Connection):
    """Comes, and sends a frame that may not be sent."""

    def on_opened(self) -> None:
        super().on_opened()
        self.send(b"\xf1\x80\x00\x00\x00\x00")

    def on_lost(self, why: str) -> None:
        if not self.forgotten:
            if "1002" in why:
                self.leaving = True  # and the end of the stream follows
            else:
                self.load.forget(self)


class Replaced(generator.Connection):
    """Comes, and is taken over by another connection of its user, which then leaves."""

    def on_opened(self) -> None:
        super().on_opened()
        self.load.start(Clean, self.user)

    def on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE and payload[:2] == REPLACED.to_bytes(2, "big"):
            self.leaving = True
            self.send(masked(CLOSE, payload[:2]))
        else:
            super().on_frame(opcode, payload)


class Matched(generator.Connection):
    """Comes, brings another, is matched with whoever waits, relays, leaves when it has been relayed to."""

    brings = True

    def on_opened(self) -> None:
        super().on_opened()
        if self.brings:
            self.load.start(Brought, f"{self.user}-b")
        self.send(ASK_FOR_TWO)

    def on_text(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"room-found"'):
            for peer in payload[payload.index(b'"peers":[') + 9 : -2].replace(b'"', b"").split(b","):
                if peer != self.user.encode():
                    names = (peer, self.user.encode())
                    self.send(masked(TEXT, b'{"type":"offer","to":"%s","from":"%s","sdp":"v=0"}' % names))
        elif payload.startswith(b'{"type":"offer"'):
            self.leave()
        else:
            super().on_text(payload)


class Brought(Matched):
    """Is brought."""

    brings = False


KINDS: tuple[Make, ...] = (
    Clean,
    Reset,
    Fin,
    Garbage,
    Refused,
    Rude,
    Vanishing,
    HalfClosed,
    Replaced,
    Matched,
    V1Client,
    Unheld,
    Lost,
    Resumed,
    Host,
)
# Of these, each brings another connection.
_TWICE = (Replaced, Matched, Resumed, Host)


def run(start: Start, size: Size = Size()) -> Outcome:
    """Let them come and go."""
    outcome = Outcome()
    with start(settings={**UNLIMITED, "seat_grace": size.seat_grace}) as subject:
        load = Load(subject.port)
        try:
            check_relay(load, "warm")
            subject.base()
            fresh = subject.look(collect=True)
            users = (f"user-{number:07}" for number in count())
            wall, busy = load.clock(), subject.processor_seconds()
            cycles, looks = 0, [fresh]
            for _ in range(_PARTS):
                cycles += come_and_go(load, users, size.cycles // _PARTS, size.at_once)
                subject.wait_base(looks[-1], size.settle_seconds)
                looks.append(subject.look(collect=True))
            base, after = looks[1], looks[-1]
            wall, busy = load.clock() - wall, subject.processor_seconds() - busy
            outcome.at_least("connections that came and went", cycles, size.cycles)
            outcome.figure("all of it took", wall, "s")
            outcome.figure("server CPU", busy / cycles * 1e6, "us a connection")
            outcome.figure("memory before, and after each fifth", _memories(looks), "MiB")
            outcome.figure("Python's pieces of memory then", ", ".join(f"{look.blocks:,}" for look in looks))
            grown = (after.rss_kib - base.rss_kib) / 1024
            outcome.at_most("memory above the base", grown, size.grown_mib, "MiB")
            outcome.equal("maps, tasks, descriptors above those of a fresh server", base.above(fresh), {})
            outcome.equal("maps, tasks, descriptors above the base", after.above(base), {})
            outcome.figure("maps that were looked at", len(after.maps))
            others = _remembered(load, subject, users, after, size.settle_seconds, outcome)
            outcome.equal("maps above that, but for what is remembered on purpose", others, {})
            outcome.at_least("an honest pair relays then", check_relay(load, "then"), 1, "messages")
        finally:
            load.close()
    return outcome


def come_and_go(load: Load, users: Iterator[str], cycles: int, at_once: int) -> int:
    """Have at least so many connections come and go, all kinds in turn; return how many it were."""
    came = 0
    turn = 0
    while came < cycles:
        load.run(lambda: len(load.connections) < at_once, 60, "room for one more connection")
        kind = KINDS[turn % len(KINDS)]
        load.start(kind, next(users))
        turn += 1
        came += 2 if kind in _TWICE else 1
        if turn % at_once == 0:
            load.step()
    load.run(lambda: not load.connections, 60, lambda: f"the end of {_left(load)}")
    return came


def _remembered(
    load: Load, subject: Subject, users: Iterator[str], base: Look, seconds: float, outcome: Outcome
) -> dict[str, tuple[int, int]]:
    """Let those come of whom something is remembered; note of how many, and return what else has grown."""
    for kind in REMEMBERED.values():
        for _ in range(_OF_WHOM):
            load.start(kind, next(users))
    load.run(lambda: not load.connections, 60, lambda: f"the end of {_left(load)}")
    subject.wait_base(base, min(seconds, 1.0))
    above = subject.look(collect=True).above(base)
    for name, kind in REMEMBERED.items():
        [path] = [each for each in base.maps if each.endswith(name)] or [name]
        before, now = above.pop(path, (0, 0))
        outcome.equal(f"{kind.__name__}s who are remembered", now - before, _OF_WHOM)
        above = {each: sizes for each, sizes in above.items() if not each.startswith(f"{path}[*]")}
    return above


def _left(load: Load) -> str:
    return ", ".join(sorted({type(each).__name__ for each in load.connections.values()}))


def _memories(looks: Iterable[Look]) -> str:
    return ", ".join(f"{look.rss_kib / 1024:.1f}" for look in looks)

"""Slow readers: 100 members of rooms who never read, while their partners send to them as fast as they can.

Each non-reader is given up (4001) within 10 s, the server's memory grows by 32 MiB at most, and healthy
pairs, whose every message is compared byte for byte, lose nothing. Every limit of what one peer may send is
off, so that the flood reaches the outboxes. Then some whose partners send less than an outbox holds, once:
who takes nothing of it for 10 s is given up as well.
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterable

import attrs

from benchmarks.frames import TEXT, masked
from benchmarks.load import Load
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import UNLIMITED, Start, Subject
from benchmarks.siege.visits import Pairs, check_relay, match_all, reset
from focus_signal.load import generator
from focus_signal.load.asking import Asker
from focus_signal.load.rooms import Hall

_RECEIVE_BUFFER = 2048
_SDP_BYTES = 4000
_CANDIDATES = 12
_CHUNK = 1 << 16
_LOOK_EVERY = 0.05
# Fits into what the kernel takes and an outbox of 1 MiB, and not into the first of these alone.
_ROUNDS = 14


@attrs.frozen
class Size:
    """How much of it; `gone_by` and `stalled_gone_by` (seconds) and `grown_mib` are goals."""

    deaf: int = 100
    healthy: int = 10
    seconds: float = 15.0
    write_timeout: float = 10.0
    close_timeout: float = 2.0
    stalled: int = 20
    stalled_gone_by: float = 13.0
    gone_by: float = 10.0
    grown_mib: float = 32.0


SMALL = Size(deaf=10, healthy=2, seconds=0.5, write_timeout=0.5, close_timeout=0.3, stalled=5)
"""To see that it works."""


class Deaf(Asker):
    """Reads until it is in a room, and then nothing any more; `gone` is when the server ended it."""

    def __init__(self, load: generator.Load, user: str) -> None:
        super().__init__(load, user)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self.gone: float | None = None
        self._listens = True

    def on_room(self, began: float) -> None:
        del began
        self._listens = False
        self.load.epoll.modify(self.fd, select.EPOLLRDHUP)

    def readable(self) -> None:
        if self._listens:
            super().readable()
            return
        self.gone = self.load.clock()
        self.load.forget(self)


class Shouter(Asker):
    """Sends all that the server takes; `refused` is when it was first told that its partner is gone."""

    def __init__(self, load: generator.Load, user: str) -> None:
        super().__init__(load, user)
        self.refused: float | None = None
        self.sent = 0
        self._shout = b""
        self._at = 0
        self._most: int | None = None

    def begin(self, most: int | None = None) -> None:
        """Start to shout, and stop after so many whole rounds; None goes on for ever."""
        (deaf,) = (peer for peer in self.peers if peer != self.user)
        self._shout = shout(self.user, deaf)
        self._most = None if most is None else most * len(self._shout)
        self.load.epoll.modify(self.fd, select.EPOLLIN | select.EPOLLOUT)

    def writable(self) -> None:
        if not self._shout:
            super().writable()
            return
        try:
            left = len(self._shout) if self._most is None else self._most - self.sent
            sent = self.socket.send(memoryview(self._shout)[self._at : self._at + left])
        except BlockingIOError:
            return
        except ConnectionError as error:
            self.on_lost(f"the server ended a connection that only sends: {error.strerror}")
            return
        self.sent += sent
        self._at = (self._at + sent) % len(self._shout)
        if self.sent == self._most:
            self.load.epoll.modify(self.fd, select.EPOLLIN)

    def send(self, data: bytes) -> None:
        # A pong in the middle of a frame would be no pong.
        if not self._shout:
            super().send(data)

    def on_text(self, payload: bytes) -> None:
        if not self._shout:
            super().on_text(payload)
        elif b'"peer-unavailable"' in payload:
            self.refused = self.refused or self.load.clock()
        else:
            self.on_lost(f"a message that nobody asked for: {payload[:200]!r}")


def shout(sender: str, receiver: str) -> bytes:
    """Return many frames: an offer as large as offers are, a dozen candidates, and so on."""
    candidate = {"candidate": "candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host", "sdpMid": "0"}
    both = ({"type": "offer", "sdp": {"type": "offer", "sdp": "v=0\r\n" + "a" * _SDP_BYTES}},) + (
        {"type": "ice-candidate", "candidate": candidate},
    ) * _CANDIDATES
    made = b"".join(
        masked(TEXT, json.dumps({**message, "to": receiver, "from": sender}).encode()) for message in both
    )
    return made * (_CHUNK // len(made))


def run(start: Start, size: Size = Size()) -> Outcome:
    """Shout at the deaf."""
    outcome = Outcome()
    # A shouter cannot answer a ping between its frames.
    settings = {
        "ping_interval": 3600.0,
        "write_timeout": size.write_timeout,
        "close_timeout": size.close_timeout,
    }
    with start(settings={**UNLIMITED, **settings}) as subject:
        load = Load(subject.port)
        try:
            _besiege(outcome, subject, load, size)
            _stall(outcome, load, size)
        finally:
            load.close()
        _count_closes(outcome, subject, size)
    return outcome


def _besiege(outcome: Outcome, subject: Subject, load: Load, size: Size) -> None:
    check_relay(load, "warm")
    healthy = Pairs(load, "healthy", size.healthy, window=4)
    deaf, shouters = _rooms(load, "deaf", size.deaf)
    before = subject.resident_kib()
    healthy.begin()
    for shouter in shouters:
        shouter.begin()
    began, peak = load.clock(), before
    most = began + max(size.seconds, size.gone_by)
    while (now := load.clock()) < began + size.seconds or (now < most and not _all_over(deaf, shouters)):
        load.run(lambda until=now + _LOOK_EVERY: load.clock() >= until, 60, "time to pass")  # type: ignore[misc]
        peak = max(peak, subject.resident_kib())
    for shouter in shouters:
        reset(shouter)
    healthy.finish()
    outcome.figure("sent to those who never read", sum(shouter.sent for shouter in shouters) / 2**20, "MiB")
    told = [shouter.refused - began for shouter in shouters if shouter.refused is not None]
    gone = [each.gone - began for each in deaf if each.gone is not None]
    outcome.equal("partners who were told", len(told), size.deaf)
    outcome.at_most("the last of them after", max(told, default=0.0), size.gone_by, "s")
    outcome.equal("non-readers who were ended", len(gone), size.deaf)
    outcome.at_most("the last of them after", max(gone, default=0.0), size.gone_by, "s")
    outcome.at_most("the server's memory grew by", (peak - before) / 1024, size.grown_mib, "MiB")
    latency = healthy.latency.latency()
    assert latency is not None, "the healthy pairs relayed nothing"
    outcome.figure("healthy pairs relayed, nothing lost", healthy.arrived, "messages")
    outcome.figure("their latency, median", latency.p50, "ms")
    outcome.figure("their latency, 99 %", latency.p99, "ms")


def _all_over(deaf: Iterable[Deaf], shouters: Iterable[Shouter]) -> bool:
    return all(each.gone for each in deaf) and all(each.refused for each in shouters)


def _stall(outcome: Outcome, load: Load, size: Size) -> None:
    deaf, shouters = _rooms(load, "stalled", size.stalled)
    began = load.clock()
    for shouter in shouters:
        shouter.begin(_ROUNDS)
    until = began + size.stalled_gone_by
    load.run(lambda: all(each.gone for each in deaf) or load.clock() >= until, 60, "time to pass")
    for shouter in shouters:
        reset(shouter)
    gone = [each.gone - began for each in deaf if each.gone is not None]
    outcome.equal("sent less than an outbox holds: ended", len(gone), size.stalled)
    outcome.figure("the first of them after", min(gone, default=0.0), "s")
    outcome.at_most("the last of them after", max(gone, default=0.0), size.stalled_gone_by, "s")


def _rooms(load: Load, name: str, number: int) -> tuple[list[Deaf], list[Shouter]]:
    deaf_users, shouter_users = _users(name, number), _users(f"to-{name}", number)
    deaf, shouters = load.open(Deaf, deaf_users), load.open(Shouter, shouter_users)
    hall = Hall([*deaf_users, *shouter_users], 2)
    # One pair after the other, so that no two of a kind meet.
    for pair in zip(deaf, shouters, strict=True):
        match_all(load, pair, hall)
    return deaf, shouters


def _users(name: str, number: int) -> Iterable[str]:
    return [f"{name}-{each:06}" for each in range(number)]


def _count_closes(outcome: Outcome, subject: Subject, size: Size) -> None:
    closed = subject.base().statistics["closed"]
    outcome.equal(
        "closes that the server counts as too-slow", closed.get("too-slow", 0), size.deaf + size.stalled
    )
    outcome.figure("closes that it counts in all", closed)
    lines = sum("too-slow" in line for line in subject.log())
    outcome.figure("lines of the log that say so", lines)

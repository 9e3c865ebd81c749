"""Joins per second: connected clients ask for rooms of two, all of them at once, wave after wave."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence

from benchmarks.frames import TEXT, masked
from benchmarks.load import Connection, Load, WrongResult
from benchmarks.meter import NOTHING, Meter, Result, Scale

ASK_FOR_TWO = masked(TEXT, b'{"type":"matchmaking","matchSize":2}')
_LIMIT = 30.0


def new_users(count: int) -> list[str]:
    """Return user ids that no one has used, as a browser's crypto.randomUUID() makes them."""
    return [str(uuid.uuid4()) for _ in range(count)]


class Joiner(Connection):
    """A client that keeps what it was told and says so to its wave."""

    __slots__ = ("answers", "wave")

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.answers: list[bytes] = []
        self.wave: Wave | None = None

    def on_text(self, payload: bytes) -> None:
        if self.wave is None:
            raise WrongResult(f"a message between two waves: {payload[:200]!r}")
        self.answers.append(payload)
        self.wave.missing -= 1


class Wave:
    """One request from everybody."""

    def __init__(self, load: Load, joiners: Sequence[Joiner]) -> None:
        self._load = load
        self._joiners = joiners
        self.missing = len(joiners)

    def run(self) -> None:
        """Send every request and wait until every answer is in."""
        for joiner in self._joiners:
            joiner.answers.clear()
            joiner.wave = self
        for joiner in self._joiners:
            joiner.send(ASK_FOR_TWO)
        self._load.run(lambda: self.missing <= 0, _LIMIT, f"{self.missing} room-found")
        for joiner in self._joiners:
            joiner.wave = None

    def pairs(self) -> dict[str, str]:
        """Check every answer of the wave, and return who is whose partner.

        Raises:
            WrongResult: not exactly one `room-found` each, or not exactly two that agree on each room.
        """
        rooms: dict[str, list[str]] = {}
        seen: dict[str, int] = {}
        partners: dict[str, str] = {}
        for joiner in self._joiners:
            if len(joiner.answers) != 1:
                raise WrongResult(f"{len(joiner.answers)} answers to one request")
            found = json.loads(joiner.answers[0])
            room, peers = found["roomId"], found["peers"]
            if found["type"] != "room-found" or len(peers) != 2 or joiner.user not in peers:
                raise WrongResult(f"no room of two with the receiver in it: {joiner.answers[0]!r}")
            if rooms.setdefault(room, peers) != peers:
                raise WrongResult(f"two members were told different things about room {room}")
            seen[room] = seen.get(room, 0) + 1
            partners[joiner.user] = peers[1] if peers[0] == joiner.user else peers[0]
        if any(count != 2 for count in seen.values()):
            raise WrongResult("a room whose second member was told nothing, or something else")
        return partners


def measure_joins(pid: int, load: Load, scale: Scale) -> Result:
    """Measure from a wave's first request to its last answer; check the answers off the clock."""
    joiners = load.open(Joiner, new_users(scale.joiners))
    warm = time.monotonic() + scale.warm_seconds
    while time.monotonic() < warm:
        wave = Wave(load, joiners)
        wave.run()
        wave.pairs()
    total, waves = NOTHING, 0
    while total.wall < scale.seconds / 2:
        wave = Wave(load, joiners)
        meter = Meter(pid)
        wave.run()
        total += meter.read()
        waves += 1
        wave.pairs()
    joins = waves * len(joiners)
    return Result.of(total, joins=joins / total.wall, join_us=total.server / joins * 1e6)

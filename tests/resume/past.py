"""A server's past, drawn from a seed, of which nothing is left but the tokens that its clients were given."""

from __future__ import annotations

import json
import random
from typing import Any

from attrs import Factory, define

from tests.resume.house import Ear, House, Line

V1_USERS = ("ana", "bo", "cy", "dee", "eve")
SEED_USERS = ("sam", "sue")
CODES = ("GREEN1", "BLUE22")
_DEEDS = ("match",) * 6 + ("create", "join", "join", "leave", "leave", "away", "bye")


@define(eq=False)
class Past:
    """Be the server before, and who has which tokens of it.

    Args:
      seed: decides what has happened.
    """

    seed: int
    now: float = 0.0
    tokens: dict[str, list[str]] = Factory(dict)
    """What each user was given, the newest last."""
    house: House = Factory(lambda self: House(2 * self.seed, lambda: self.now), takes_self=True)
    _lines: dict[str, Line] = Factory(dict)
    _ears: dict[str, Ear] = Factory(dict)
    _resume: dict[str, str] = Factory(dict)
    _ids: dict[str, int] = Factory(dict)

    def live(self) -> None:
        """Let it all happen."""
        chance = random.Random(self.seed)
        self.now = 100.0
        for user in (*V1_USERS, *SEED_USERS):
            self._connect(user)
        for _ in range(chance.choice((6, 15, 30))):
            self.now += chance.choice((0.0, 0.5, 2.0, 2.0, 40.0))
            if chance.random() < 0.03:
                self.now += 400.0
            self.house.pass_time()
            self._listen()
            self._do(chance.choice((*V1_USERS, *V1_USERS, *SEED_USERS)), chance)
            self._listen()

    def _do(self, user: str, chance: random.Random) -> None:
        line = self._lines.get(user)
        if line is None:
            self._connect(user)
            return
        deed = chance.choice(_DEEDS)
        if deed in {"away", "bye"}:
            self.house.end(line, finished=deed == "bye")
            del self._lines[user]
            if deed == "bye":
                self._resume.pop(user, None)
        elif user in SEED_USERS or deed == "match":
            self._say(user, {"type": "matchmaking", "matchSize": chance.choice((2, 3))})
        elif deed == "create":
            self._say(user, {"type": "room-create", "maxSize": 4, "code": chance.choice(CODES)})
        elif deed == "join":
            self._say(user, {"type": "room-join", "code": chance.choice(CODES)})
        else:
            self._say(user, {"type": "room-leave"})

    def _connect(self, user: str) -> None:
        if user in SEED_USERS:
            protocols: tuple[str, ...] = ()
        elif user in self._resume:
            # What it has seen matters not here; a number that was surely sent.
            protocols = ("focus-signal.v1", f"resume.{self._resume[user]}.0")
        else:
            protocols = ("focus-signal.v1",)
        self._lines[user], self._ears[user] = self.house.connect(user, protocols), Ear()
        self._listen()
        if user in V1_USERS and user in self._lines:
            self._say(user, {"type": "ping", "seen": 1}, numbered=False)

    def _say(self, user: str, frame: dict[str, Any], *, numbered: bool = True) -> None:
        line = self._lines[user]
        if user in V1_USERS and numbered:
            frame["id"] = self._ids[user] = self._ids.get(user, 0) + 1
        self.house.take(line, framed(json.dumps(frame).encode()))

    def _listen(self) -> None:
        """Let everything arrive."""
        for user, line in list(self._lines.items()):
            data = bytes(line.down)
            line.down.clear()
            for came in self._ears[user].take(data):
                if isinstance(came, int):
                    self._lines.pop(user, None)
                    self.house.end(line)
                    continue
                frame = json.loads(came)
                if frame["type"] == "session":
                    self.tokens.setdefault(user, []).append(frame["session"])
                    self._resume[user] = frame["session"]


def framed(text: bytes) -> bytes:
    """Make a frame of the client's."""
    line = Line(0, "", speaks_v1=True)
    line.say(text)
    return bytes(line.up)

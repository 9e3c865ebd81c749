"""A server and people, driven by hand: who says what, who listens when, who is cut."""

from __future__ import annotations

import json
from typing import Any

from attrs import Factory, define

from focus_signal.access.keys import Keys
from focus_signal.core.matchmaker import Rules
from tests.resume.cutting import next_piece
from tests.resume.house import KEYS, Ear, House, Line

AFTER_THE_WINDOW = 100.0
Frame = dict[str, Any]


@define(eq=False)
class Stage:
    """Be a server at a time of its own, and what comes after it."""

    rules: Rules = Factory(Rules)
    seed: int = 1
    keys: Keys = KEYS
    now: float = 0.0
    house: House = Factory(
        lambda self: House(self.seed, lambda: self.now, self.rules, self.keys), takes_self=True
    )

    def __attrs_post_init__(self) -> None:
        self.pass_time(AFTER_THE_WINDOW)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what is due by then be done when it is."""
        until = self.now + seconds
        while (due := self.house.core.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.house.pass_time()
        self.now = until

    def restart(self, after: float = 1.0, keys: Keys | None = None) -> None:
        """Put a new server in the place of the one that was there."""
        self.now += after
        self.seed += 1
        self.house = House(self.seed, lambda: self.now, self.rules, self.keys if keys is None else keys)

    def person(self, user: str, *, proved: bool = True) -> Person:
        """Let somebody come who speaks `focus-signal.v1`; usually it is then known to have its token."""
        person = Person(self, user)
        person.come()
        if proved:
            person.listen()
            person.ping()
            person.listen()
        return person

    def seed_person(self, user: str) -> Person:
        """Let somebody come who speaks the seed's dialect."""
        person = Person(self, user, speaks_v1=False)
        person.come()
        return person

    def room(self, *people: Person) -> str:
        """Put people into a room, in this order, and give its id."""
        host, *others = people
        host.say("room-create", maxSize=8, code="MEETING")
        for other in others:
            other.say("room-join", code="MEETING")
        found = [frame for frame in host.listen() if frame["type"] == "room-found"]
        for other in others:
            assert [frame["roomId"] for frame in other.listen() if frame["type"] == "room-found"]
        return str(found[0]["roomId"])

    def members(self) -> dict[str, list[str]]:
        """Give who is in which room, as the server has it."""
        rooms = self.house.core._rooms.by_id.values()
        return {room.id: [member.user for member in room.members] for room in rooms}


@define(eq=False)
class Person:
    """Be a client whose every step a test takes; it remembers what it has heard."""

    stage: Stage
    user: str
    speaks_v1: bool = True
    token: str | None = None
    tokens: list[str] = Factory(list)
    seen: int = 0
    id: int = 0
    closed: int | None = None
    line: Line = Factory(lambda: Line(0, "", speaks_v1=True))
    _ear: Ear = Factory(Ear)

    def come(self, token: str | None = None, seen: int | None = None, *, resume: bool = True) -> Line:
        """Connect, with the last token and what was seen, or others.

        Returns:
          the line that was there before.
        """
        protocols = ["focus-signal.v1"] if self.speaks_v1 else []
        token = token or self.token
        if token is not None and resume:
            protocols.append(f"resume.{token}.{self.seen if seen is None else seen}")
        before = self.line
        self.line, self._ear, self.closed = self.stage.house.connect(self.user, tuple(protocols)), Ear(), None
        return before

    def listen(self, most: int | None = None) -> list[Frame]:
        """Hear what has come, or so many frames of it."""
        frames: list[Frame] = []
        while self.line.down and (most is None or len(frames) < most):
            (came,) = self._ear.take(self._next())
            if isinstance(came, int):
                self.closed = came
                self.stage.house.end(self.line)
                break
            frame: Frame = json.loads(came)
            frames.append(frame)
            if frame["type"] == "welcome" and not frame["resumed"]:
                self.seen = frame["seq"]
                self.id = self.id if "lastId" not in frame else max(self.id, frame["lastId"])
            elif frame["type"] == "session":
                self.token = frame["session"]
                self.tokens.append(frame["session"])
            self.seen = frame.get("seq", self.seen)
        return frames

    def hear(self) -> list[str]:
        """Hear what has come, by the types alone."""
        return [frame["type"] for frame in self.listen()]

    def say(self, kind: str, line: Line | None = None, **fields: Any) -> int:
        """Say something with a number, and give that."""
        self.id += 1
        numbers = {"id": self.id, "seen": self.seen} if self.speaks_v1 else {}
        self._send({"type": kind, **numbers, **fields}, line)
        return self.id

    def ping(self) -> None:
        self._send({"type": "ping", "seen": self.seen}, None)

    def cut(self) -> None:
        """Be cut off: the server sees the end, and nothing more is heard."""
        self.line.down.clear()
        self.stage.house.end(self.line)

    def leave(self) -> None:
        self.stage.house.end(self.line, finished=True)

    def _send(self, frame: Frame, line: Line | None) -> None:
        way = self.line if line is None else line
        way.say(json.dumps(frame).encode())
        data = bytes(way.up)
        way.up.clear()
        self.stage.house.take(way, data)

    def _next(self) -> bytes:
        piece = next_piece(self.line.down, 0)
        assert piece is not None
        data = bytes(self.line.down[: piece.stop])
        del self.line.down[: piece.stop]
        return data

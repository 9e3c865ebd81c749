"""The matchmaker once more, as plain and as slow as can be: what the contract says, in lists and loops.

There is one list of open lines, one of all who wait, one of rooms and one of empty seats, and every question
is answered by reading a list from its start. Nothing is shared with the real one but the values that go in
and come out, so that a mistake has to be made twice, in two shapes, to go unseen.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from focus_signal.core.commands import (
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Close, Deliver, Effect, Refused, Relayed, RoomFound
from focus_signal.core.matchmaker import MatchmakerStatistics, Rules

SeedCommand = Connect | RequestMatch | Relay | Invalid | Withdraw | Disconnect | TimePassed | Drain
"""What comes in where all clients speak the seed's dialect."""


@attrs.define
class Line:
    """Be one open connection that speaks for a user."""

    number: int
    name: str
    ended: bool = False


@attrs.define
class Empty:
    """Be one empty seat: whose it is and until when it is kept."""

    name: str
    until: float


@attrs.define
class Naive:
    """Decide like the matchmaker, by the contract alone; users are their names."""

    rules: Rules
    new_id: Callable[[], str]
    clock: float = float("-inf")
    closing: bool = False
    lines: list[Line] = attrs.field(factory=list[Line])
    waiting: list[tuple[str, int]] = attrs.field(factory=list[tuple[str, int]])
    rooms: list[tuple[str, list[str]]] = attrs.field(factory=list[tuple[str, list[str]]])
    empty: list[Empty] = attrs.field(factory=list[Empty])
    totals: list[str] = attrs.field(factory=list[str])

    def handle(self, command: SeedCommand, now: float) -> list[Effect]:
        self.clock = max(self.clock, now)
        if isinstance(command, TimePassed):
            self.empty_seats_end()
            return []
        if isinstance(command, Drain):
            self.closing, self.waiting = True, []
            return [Close(line.number, "restart") for line in self.lines]
        line = self.line(command.connection)
        if isinstance(command, Connect):
            return [] if line else self.connect(command.connection, command.user)
        if line is None:
            return []
        if isinstance(command, Withdraw):
            line.ended = True
            self.stop_waiting(line.name)
            return []
        if isinstance(command, Disconnect):
            self.stop_waiting(line.name)
            self.lines.remove(line)
            if self.room_of(line.name):
                self.empty.append(Empty(line.name, self.clock + self.rules.seat_grace))
            return []
        if isinstance(command, Invalid):
            return self.refuse(line, command.code, command.message, command.to)
        if isinstance(command, RequestMatch):
            return [] if line.ended else self.match(line, command.size)
        return self.relay(line, command)

    def next_deadline(self) -> float | None:
        return min((seat.until for seat in self.empty), default=None)

    def statistics(self) -> MatchmakerStatistics:
        return MatchmakerStatistics(
            connections=len(self.lines),
            users=len(self.lines) + len(self.empty),
            waiting=len(self.waiting),
            rooms=len(self.rooms),
            matches=self.totals.count("match"),
            relayed=self.totals.count("relay"),
            refused=self.totals.count("refusal"),
        )

    def line(self, number: int) -> Line | None:
        for line in self.lines:
            if line.number == number:
                return line
        return None

    def line_of(self, name: str) -> Line | None:
        for line in self.lines:
            if line.name == name:
                return line
        return None

    def room_of(self, name: str) -> str | None:
        for room, names in self.rooms:
            if name in names:
                return room
        return None

    def stop_waiting(self, name: str) -> None:
        self.waiting = [(other, size) for other, size in self.waiting if other != name]

    def leave_room(self, name: str) -> None:
        left = [(room, [other for other in names if other != name]) for room, names in self.rooms]
        self.rooms = [(room, names) for room, names in left if names]

    def empty_seats_end(self) -> None:
        for seat in self.empty:
            if seat.until <= self.clock:
                self.leave_room(seat.name)
        self.empty = [seat for seat in self.empty if seat.until > self.clock]

    def connect(self, number: int, name: str) -> list[Effect]:
        effects: list[Effect] = []
        older = self.line_of(name)
        if older:
            self.lines.remove(older)
            self.stop_waiting(name)
            effects.append(Close(older.number, "replaced"))
        self.empty = [seat for seat in self.empty if seat.name != name]
        self.lines.append(Line(number, name))
        if self.closing:
            effects.append(Close(number, "restart"))
        return effects

    def match(self, line: Line, size: int) -> list[Effect]:
        if size < 1 or size > self.rules.max_match_size:
            shown = "a number beyond all sizes" if size <= -(2**53) or size >= 2**53 else f"{size}"
            allowed = f"a whole number from 1 to {self.rules.max_match_size}"
            return self.refuse(line, "bad-match-size", f"matchSize must be {allowed}, not {shown}")
        if (line.name, size) not in self.waiting:
            self.stop_waiting(line.name)
            self.waiting.append((line.name, size))
        met = [name for name, other in self.waiting if other == size]
        if len(met) < size:
            return []
        room = self.new_id()
        self.totals.append("match")
        effects: list[Effect] = []
        for name in met:
            self.stop_waiting(name)
            self.leave_room(name)
            member = self.line_of(name)
            assert member
            effects.append(Deliver(member.number, RoomFound(room, tuple(met))))
        self.rooms.append((room, met))
        return effects

    def relay(self, line: Line, command: Relay) -> list[Effect]:
        target = self.line_of(command.to)
        room = self.room_of(line.name)
        together = room is not None and room == self.room_of(command.to)
        if target and not target.ended and (together or self.rules.relay_scope == "any"):
            self.totals.append("relay")
            return [Deliver(target.number, Relayed(line.name, command.kind, command.payload))]
        message = "no peer of this user id can be reached from here"
        return self.refuse(line, "peer-unavailable", message, command.to)

    def refuse(self, line: Line, code: str, message: str, to: str | None = None) -> list[Effect]:
        self.totals.append("refusal")
        return [Deliver(line.number, Refused(code, message, to))]

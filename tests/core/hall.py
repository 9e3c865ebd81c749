"""What the cost of a step is measured on: a hall with a crowd in it, and the steps.

Sessions, user ids, rooms' ids, the numbers of connections and times compare and hash in Python here. That
takes instructions; so a search in C (`in` a list, `list.remove`, `deque.index`) is counted too, one
comparison for each thing that it passes.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Invalid,
    Relay,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.core.state import Session
from tests.core.effort import instructions_of

LARGEST = 20_000
GRACE = 30.0


class Name(str):
    """A user id, or a room's, that takes an instruction to compare and to hash."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        return str.__hash__(self)


class Number(int):
    """A connection's number of the same kind."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return int.__eq__(self, other)

    def __hash__(self) -> int:
        return int.__hash__(self)


class Time(float):
    """A time of the same kind."""

    __slots__ = ()

    def __add__(self, other: float) -> Time:
        return Time(float.__add__(self, other))

    def __eq__(self, other: object) -> bool:
        return float.__eq__(self, other)

    def __lt__(self, other: float) -> bool:
        return float.__lt__(self, other)

    def __hash__(self) -> int:
        return float.__hash__(self)


def let_comparisons_show(patch: pytest.MonkeyPatch) -> None:
    """Make the comparison and the hash of a session take instructions."""

    def equal(self: Session, other: object) -> bool:
        return self is other

    def hashed(self: Session) -> int:
        return object.__hash__(self)

    patch.setattr(Session, "__eq__", equal)
    patch.setattr(Session, "__hash__", hashed)


@attrs.define(eq=False)
class Hall:
    """A matchmaker with a crowd: half of it in the one queue that matters, half in queues of their own."""

    crowd: int
    now: float = Time(0.0)
    connections: int = 0
    rooms: int = 0
    core: Matchmaker = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.core = Matchmaker(Rules(LARGEST, seat_grace=GRACE), self._room)
        # One who waits is always there: an empty queue is made and taken away, at a cost of its own.
        self.ask(self.enter(), LARGEST)
        self.ask(self.enter(), LARGEST - 1)
        for number in range(self.crowd // 2):
            self.ask(self.enter(), LARGEST)
            self.ask(self.enter(), 1_000 + number)

    def _room(self) -> str:
        self.rooms += 1
        return Name(f"room-{self.rooms}")

    def do(self, command: Command) -> None:
        self.core.handle(command, self.now)

    def enter(self) -> int:
        self.connections += 1
        connection = Number(self.connections)
        self.do(Connect(connection, self.user(connection)))
        return connection

    def ask(self, connection: int, size: int) -> None:
        self.do(RequestMatch(connection, Number(size)))

    @staticmethod
    def user(connection: int) -> str:
        return Name(f"user-{connection}")

    def pair(self) -> tuple[int, int]:
        """Put two new users into a room of their own."""
        first, second = self.enter(), self.enter()
        self.ask(first, 2)
        self.ask(second, 2)
        return first, second

    def cost(self, command: Command) -> int:
        return instructions_of(lambda: self.do(command))


def joining(hall: Hall) -> int:
    return hall.cost(RequestMatch(hall.enter(), LARGEST))


def asking_again(hall: Hall) -> int:
    connection = hall.enter()
    hall.ask(connection, LARGEST)
    return hall.cost(RequestMatch(connection, Number(LARGEST)))


def moving(hall: Hall) -> int:
    connection = hall.enter()
    hall.ask(connection, LARGEST)
    return hall.cost(RequestMatch(connection, LARGEST - 1))


def leaving_as_the_last(hall: Hall) -> int:
    connection = hall.enter()
    hall.ask(connection, LARGEST)
    return hall.cost(Withdraw(connection))


def leaving_from_the_middle(hall: Hall) -> int:
    connection = hall.enter()
    hall.ask(connection, LARGEST)
    for _ in range(hall.crowd // 2):
        hall.ask(hall.enter(), LARGEST)
    return hall.cost(Withdraw(connection))


def disconnecting_while_waiting(hall: Hall) -> int:
    connection = hall.enter()
    hall.ask(connection, LARGEST)
    return hall.cost(Disconnect(connection))


def disconnecting_from_a_room(hall: Hall) -> int:
    first, _ = hall.pair()
    return hall.cost(Disconnect(first))


def connecting(hall: Hall) -> int:
    connection = Number(LARGEST)
    return hall.cost(Connect(connection, hall.user(connection)))


def taking_over(hall: Hall) -> int:
    first, _ = hall.pair()
    return hall.cost(Connect(Number(LARGEST), hall.user(first)))


def coming_back(hall: Hall) -> int:
    first, _ = hall.pair()
    hall.do(Disconnect(first))
    return hall.cost(Connect(Number(LARGEST), hall.user(first)))


def matching(hall: Hall) -> int:
    hall.ask(hall.enter(), 2)
    return hall.cost(RequestMatch(hall.enter(), Number(2)))


def relaying(hall: Hall) -> int:
    first, second = hall.pair()
    return hall.cost(Relay(first, hall.user(second), "offer", b""))


def relaying_to_nobody(hall: Hall) -> int:
    first, _ = hall.pair()
    return hall.cost(Relay(first, Name("nobody"), "offer", b""))


def refusing(hall: Hall) -> int:
    return hall.cost(Invalid(hall.enter(), "bad-json", "no"))


def time_that_ends_nothing(hall: Hall) -> int:
    return hall.cost(TimePassed())


def asking_for_the_deadline(hall: Hall) -> int:
    return instructions_of(hall.core.next_deadline)


def looking_at_the_statistics(hall: Hall) -> int:
    return instructions_of(hall.core.statistics)


STEPS: tuple[Callable[[Hall], int], ...] = (
    joining,
    asking_again,
    moving,
    leaving_as_the_last,
    leaving_from_the_middle,
    disconnecting_while_waiting,
    disconnecting_from_a_room,
    connecting,
    taking_over,
    coming_back,
    matching,
    relaying,
    relaying_to_nobody,
    refusing,
    time_that_ends_nothing,
    asking_for_the_deadline,
    looking_at_the_statistics,
)

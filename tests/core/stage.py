"""A matchmaker with a clock and ids that a test can read, and one method for each thing that can happen."""

from __future__ import annotations

from collections.abc import Callable, Sized
from itertools import count

import attrs

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Deliver, Effect, Refused, Relayed, RoomFound
from focus_signal.core.matchmaker import Matchmaker, Rules

PAYLOAD = b',"sdp":{"any": [1e999]}'


@attrs.define(eq=False)
class Stage:
    """Be a matchmaker at a time of its own; rooms are called room-1, room-2 and so on."""

    rules: Rules = attrs.field(factory=Rules)
    now: float = 1_000.0
    new_id: Callable[[], str] = attrs.field(factory=lambda: map("room-{}".format, count(1)).__next__)
    matchmaker: Matchmaker = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.matchmaker = Matchmaker(self.rules, self.new_id)

    def do(self, command: Command) -> list[Effect]:
        return self.matchmaker.handle(command, self.now)

    def connect(self, connection: int, user: str) -> list[Effect]:
        return self.do(Connect(connection, user))

    def ask(self, connection: int, size: int) -> list[Effect]:
        return self.do(RequestMatch(connection, size))

    def relay(self, connection: int, to: str, kind: str = "offer", payload: bytes = PAYLOAD) -> list[Effect]:
        return self.do(Relay(connection, to, kind, payload))

    def invalid(self, connection: int, code: str, message: str, to: str | None = None) -> list[Effect]:
        return self.do(Invalid(connection, code, message, to))

    def withdraw(self, connection: int) -> list[Effect]:
        return self.do(Withdraw(connection))

    def disconnect(self, connection: int) -> list[Effect]:
        return self.do(Disconnect(connection))

    def drain(self) -> list[Effect]:
        return self.do(Drain())

    def pass_time(self, seconds: float) -> list[Effect]:
        self.now += seconds
        return self.do(TimePassed())

    def connect_all(self, *users: str) -> None:
        """Give each user a connection: the first one 1, the second one 2, and so on."""
        for connection, user in enumerate(users, 1):
            assert self.connect(connection, user) == []

    def meet(self, *connections: int) -> str:
        """Put those behind the connections into one room and return its id; nobody else may be waiting."""
        effects: list[Effect] = []
        for connection in connections:
            assert effects == [], "somebody else was waiting"
            effects = self.ask(connection, len(connections))
        rooms = {message.room for message in messages(effects) if isinstance(message, RoomFound)}
        (room,) = rooms
        return room


def messages(effects: list[Effect]) -> list[object]:
    """List what is delivered to whomever."""
    return [effect.message for effect in effects if isinstance(effect, Deliver)]


def short(number: int) -> str:
    """Name a number in a test's id; Python refuses to write a very long one as a decimal."""
    return f"{number:#x}"[:12]


def found(room: str, **members: int) -> list[Effect]:
    """Make the effects of a match: `found("room-1", a=1, b=2)` is a on connection 1 and b on connection 2."""
    message = RoomFound(room, tuple(members))
    return [Deliver(connection, message) for connection in members.values()]


def relayed(to: int, sender: str, kind: str = "offer", payload: bytes = PAYLOAD) -> list[Effect]:
    """Make the effect of a relay that arrives."""
    return [Deliver(to, Relayed(sender, kind, payload))]


def code_of(effects: list[Effect], connection: int) -> str:
    """Check that there is nothing but one refusal, to this connection, and return its code."""
    (effect,) = effects
    assert isinstance(effect, Deliver)
    assert isinstance(effect.message, Refused)
    assert effect.connection == connection
    return effect.message.code


def is_unavailable(effects: list[Effect], connection: int, to: str) -> bool:
    """Check that a relay was refused since nobody of that name can be reached."""
    (effect,) = effects
    assert isinstance(effect, Deliver)
    refused = effect.message
    return (
        effect.connection == connection
        and isinstance(refused, Refused)
        and (refused.code, refused.to) == ("peer-unavailable", to)
        and len(refused.message) > 0
    )


def held(matchmaker: Matchmaker) -> dict[str, int]:
    """Count what every container anywhere inside the matchmaker holds, by its attribute's path."""
    sizes: dict[str, int] = {}
    parts: list[tuple[str, object]] = [("matchmaker", matchmaker)]
    while parts:
        path, part = parts.pop()
        inside = getattr(part, "__attrs_attrs__", ())
        parts.extend((f"{path}.{attribute.name}", getattr(part, attribute.name)) for attribute in inside)
        if isinstance(part, Sized) and not inside and not isinstance(part, str):
            sizes[path] = len(part)
    assert len(sizes) >= 5, f"the walk no longer finds the maps: {sizes}"
    return sizes


def is_empty(matchmaker: Matchmaker) -> bool:
    """Tell whether nothing is kept, by the statistics and by every container inside."""
    seen = matchmaker.statistics()
    counts = (seen.connections, seen.users, seen.waiting, seen.rooms)
    return (
        counts == (0, 0, 0, 0) and not any(held(matchmaker).values()) and matchmaker.next_deadline() is None
    )

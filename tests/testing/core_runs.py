"""Small plans for the core level, where every way takes the same time, and what came of them."""

from __future__ import annotations

from typing import Any, TypeVar

from focus_signal.core.commands import Command, Relay
from focus_signal.core.effects import Relayed
from focus_signal.testing import history as h
from focus_signal.testing.core_level import run_core
from focus_signal.testing.plan import Join, Open, Operation, Plan, RunConfig, Signal
from focus_signal.testing.subject import SERVER, Subject

TRIP = 0.125
"""What every way takes here."""
HEALED = 20.0
SETTLED = 25.0

E = TypeVar("E", bound=h.Event)


def run(*operations: Operation, subject: Subject = SERVER, **options: Any) -> list[h.Event]:
    config = RunConfig(
        **{
            "latency": (TRIP, TRIP),
            "seconds": HEALED,
            "settle": SETTLED - HEALED,
            "seat_grace": 2.0,
            **options,
        }
    )
    return run_core(Plan(seed=1, config=config, operations=operations), subject)


def of(history: list[h.Event], kind: type[E], **fields: object) -> list[E]:
    """Take the events of a kind which have these values."""
    return [
        event
        for event in history
        if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items())
    ]


def decided(history: list[h.Event], what: type[Command]) -> list[tuple[float, Command]]:
    return [(event.t, event.command) for event in of(history, h.Decided, what=what.__name__)]


def opened(conn: int, user: str, at: float = 0.0) -> Open:
    return Open(id=100 + conn, at=at, conn=conn, user=user)


def met(*, at: float = 0.0) -> tuple[Operation, ...]:
    """Let two users meet, a and b, on the connections 1 and 2."""
    return (
        opened(1, "a", at),
        opened(2, "b", at),
        Join(id=111, at=at, conn=1, size=2),
        Join(id=112, at=at, conn=2, size=2),
    )


def relays(history: list[h.Event]) -> list[tuple[float, int | None]]:
    """Tell when each relay was decided, and which it was."""
    return [
        (event.t, h.mark_of(event.command.payload))
        for event in of(history, h.Decided)
        if isinstance(event.command, Relay)
    ]


def relayed(history: list[h.Event], conn: int) -> list[tuple[float, int | None]]:
    """Tell when a client got each message of another, and which it was."""
    return [
        (event.t, h.mark_of(event.message.payload))
        for event in of(history, h.Got, conn=conn)
        if isinstance(event.message, Relayed)
    ]


def offer(number: int, at: float, *, conn: int = 1, to: str = "b", **fields: Any) -> Signal:
    return Signal(id=number, at=at, conn=conn, kind="offer", to=to, **fields)

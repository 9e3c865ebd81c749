"""The seed dialect with its default limits, and the few questions that every test asks it."""

from __future__ import annotations

import json
from typing import Any

from focus_signal.core.commands import Command, Invalid, Relay, RequestMatch
from focus_signal.core.effects import Relayed
from focus_signal.wire.seed_dialect import SeedDialect

CONNECTION = 7
USER = "ada"
LARGEST = 16
USER_BYTES = 128
NESTING = 32
DIALECT = SeedDialect(max_match_size=LARGEST, max_user_bytes=USER_BYTES, max_nesting=NESTING)
TYPES = ("matchmaking", "offer", "answer", "ice-candidate")
RELAYED = TYPES[1:]


def decode(frame: str | bytes, user: str = USER) -> Command:
    data = frame.encode() if isinstance(frame, str) else frame
    command = DIALECT.decode(data, CONNECTION, user)
    assert isinstance(command, Relay | RequestMatch | Invalid)
    assert command.connection == CONNECTION
    return command


def relay_of(frame: str | bytes, user: str = USER) -> Relay:
    command = decode(frame, user)
    assert isinstance(command, Relay), command
    return command


def passed_on(frame: str | bytes, user: str = USER) -> bytes:
    """Return what the receiver of a relayed frame gets."""
    relay = relay_of(frame, user)
    sent = DIALECT.encode(Relayed(user, relay.kind, relay.payload))
    assert sent is not None
    return sent


def size_of(frame: str | bytes) -> int:
    command = decode(frame)
    assert isinstance(command, RequestMatch), command
    return command.size


def refusal_of(frame: str | bytes, code: str) -> Invalid:
    """Check that a frame is refused with this code, in a few words, and return the refusal."""
    command = decode(frame)
    assert isinstance(command, Invalid), command
    assert command.code == code, command
    assert 0 < len(command.message) <= 250
    assert "\n" not in command.message
    return command


def loads(frame: bytes) -> Any:
    """Read strict JSON: no NaN, no Infinity, and integers of any length as their text."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(frame.decode(), parse_constant=refuse, parse_int=str)

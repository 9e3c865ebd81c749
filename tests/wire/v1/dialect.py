"""The dialect of `focus-signal.v1` with its default limits, and the few questions that every test asks it."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from focus_signal.core.commands import Command, Invalid, Numbered, Relay, RelayClump, Request, RequestMatch
from focus_signal.core.tokens import SessionToken
from focus_signal.wire.v1 import V1Dialect, V1Settings

CONNECTION = 7
USER = "ada"
LARGEST = 16
USER_BYTES = 128
NESTING = 32
# A code, perhaps; what came, shortened; what is allowed; and the longest path: nothing that came adds to it.
LONGEST_MESSAGE = 250

SETTINGS = V1Settings(
    max_match_size=LARGEST,
    max_user_bytes=USER_BYTES,
    max_nesting=NESTING,
    frame_bytes=262_144,
    grace=30,
    replay_bytes=262_144,
    message_rate=100,
    message_burst=2000,
    byte_rate=32_768,
    byte_burst=786_432,
    heartbeat=20,
)
WIDE = evolve(SETTINGS, max_match_size=1000)


def seal(token: SessionToken) -> str:
    """Seal as no server does: so that a test can read it."""
    return f"{token.session}.{token.generation}"


DIALECT = V1Dialect(SETTINGS, seal)


def frame_of(fields: dict[str, Any], **more: Any) -> bytes:
    """Write a frame as a browser does."""
    return json.dumps({**fields, **more}, separators=(",", ":"), ensure_ascii=False).encode()


def decode(frame: str | bytes, user: str = USER, dialect: V1Dialect = DIALECT) -> Command:
    data = frame.encode() if isinstance(frame, str) else frame
    command = dialect.decode(data, CONNECTION, user)
    assert not isinstance(command, RequestMatch)
    assert isinstance(command, Numbered | Request)
    assert command.connection == CONNECTION
    if isinstance(command, Numbered):
        assert command.request.connection == CONNECTION
        assert command.id is not None or command.seen is not None
    assert dialect.reader(CONNECTION, user)([data]) == [command]
    return command


def bare(command: Command | RelayClump) -> Command | RelayClump:
    """Take the numbers of a request off."""
    return command.request if isinstance(command, Numbered) else command


def numbers(command: Command) -> tuple[int | None, int | None]:
    """Give the numbers of a request."""
    return (command.id, command.seen) if isinstance(command, Numbered) else (None, None)


def relay_of(frame: str | bytes, user: str = USER) -> Relay:
    relay = bare(decode(frame, user))
    assert isinstance(relay, Relay), relay
    return relay


def refusal_of(frame: str | bytes, code: str, user: str = USER, dialect: V1Dialect = DIALECT) -> Invalid:
    """Check that a frame is refused with this code, in a few words, and return the refusal."""
    refused = bare(decode(frame, user, dialect))
    assert isinstance(refused, Invalid), refused
    assert refused.code == code, refused
    assert 0 < len(refused.message) <= LONGEST_MESSAGE
    assert "\n" not in refused.message
    return refused

"""Short words for what is done to a session by itself."""

from __future__ import annotations

import json
from typing import Any

from focus_signal.client import session as module
from focus_signal.client.unanswered import Request
from focus_signal.wire.messages.from_client import RoomJoin
from tests.client.words import pong, token, welcome

V1 = "focus-signal.v1"


def new_session(request_bytes: int = 100_000) -> module.Session:
    return module.Session(request_bytes)


def frames(session: module.Session) -> list[dict[str, Any]]:
    """Take all that the session has to say."""
    said: list[dict[str, Any]] = []
    while (frame := session.next_frame()) is not None:
        said.append(json.loads(frame))
    return said


def live(request_bytes: int = 100_000) -> module.Session:
    """Give a session whose token has come, and is known to have come."""
    session = new_session(request_bytes)
    assert session.protocols() == (V1,)
    session.receive(welcome())
    session.receive(token(1))
    assert frames(session) == [{"type": "ping", "seen": 1}]
    session.receive(pong())
    return session


def prove(session: module.Session, name: str) -> None:
    """Let the first token come, and the server know it."""
    session.receive(token(1, name))
    assert frames(session) == [{"type": "ping", "seen": 1}]
    session.receive(pong())


def join(session: module.Session, code: str) -> Request:
    return session.send(RoomJoin(code=code))


def cut(session: module.Session, code: int = 1006, reason: str = "") -> tuple[str, ...]:
    """End the connection and begin the next one."""
    assert session.closed(code, reason).back
    return session.protocols()


def codes(said: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(frame["id"], frame["code"]) for frame in said]

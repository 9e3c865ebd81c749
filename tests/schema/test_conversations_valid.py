"""Every frame in a conversation of docs/protocol.md is as the schema has it, or its answer says it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.schema.conversations import PAGE, Connects, Gets, Line, Sends, conversations
from tests.schema.strictly import complaints, is_valid

CONVERSATIONS = conversations(PAGE.read_text())
IDS = [f"line-{lines[0].number}" for lines in CONVERSATIONS]
NO_NUMBER = ("welcome", "pong")
# What the schema sees as well; other mistakes depend on the server or on what was before.
SEEN_BY_THE_SCHEMA = ("bad-json", "bad-message", "unknown-type")


def seeds(lines: list[Line]) -> list[str]:
    return [line.who for line in lines if isinstance(line, Connects) and line.seed]


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=IDS)
def test_what_comes_is_in_the_schema(lines: list[Line]) -> None:
    for line in lines:
        if isinstance(line, Gets) and line.who not in seeds(lines):
            frame = dict(line.frame)
            if frame["type"] not in NO_NUMBER:
                frame.setdefault("seq", 1)
            wrong = complaints("FromServer", frame, known_only=True, partial=line.more)
            assert not wrong, f"line {line.number}: {wrong}"


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=IDS)
def test_what_is_sent_is_in_the_schema_or_gets_an_error(lines: list[Line]) -> None:
    for index, line in enumerate(lines):
        if isinstance(line, Sends) and line.who not in seeds(lines):
            error = answer(lines[index + 1 :], line.who)
            if error in SEEN_BY_THE_SCHEMA:
                assert not is_right(line.frame), f"line {line.number}: the schema finds nothing wrong with it"
            else:
                wrong = complaints("FromClient", json.loads(line.frame), known_only=True)
                assert not wrong, f"line {line.number}: {wrong}"


def answer(after: list[Line], who: str) -> str | None:
    """Give the code of the error that somebody gets next; None if something else comes next."""
    for line in after:
        if isinstance(line, Gets) and line.who == who:
            code: str | None = line.frame.get("code") if line.frame["type"] == "error" else None
            return code
    return None


def is_right(frame: str) -> bool:
    try:
        value: Any = json.loads(frame)
    except ValueError:
        return False
    return is_valid("FromClient", value)

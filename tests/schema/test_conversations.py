"""Every conversation of docs/protocol.md happens as the page has it, with the real core and dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from focus_signal.core.arrivals import Arrivals
from focus_signal.core.lobby import Lobby
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.telling import Telling
from focus_signal.wire.v1_writing import V1Writer
from tests.schema.conversations import LEFT_OUT, PAGE, Gets, Line, conversations
from tests.schema.stage import Stage, Unlike

CONVERSATIONS = conversations(PAGE.read_text())
IDS = [f"line-{lines[0].number}" for lines in CONVERSATIONS]


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=IDS)
def test_it_happens_like_that(lines: list[Line]) -> None:
    Stage().carry_out(lines)


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=IDS)
def test_what_comes_and_is_not_there_is_seen(lines: list[Line]) -> None:
    for index, line in enumerate(lines):
        if isinstance(line, Gets) and line.frame["type"] not in LEFT_OUT:
            with pytest.raises(Unlike):
                Stage().carry_out(lines[:index] + lines[index + 1 :])


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=IDS)
def test_what_is_there_and_does_not_come_is_seen(lines: list[Line]) -> None:
    for index, line in enumerate(lines):
        if isinstance(line, Gets):
            other = Gets(line.number, line.who, line.frame | {"type": "nothing"}, line.more)
            with pytest.raises(Unlike, match=f"line {line.number}: "):
                Stage().carry_out([*lines[:index], other, *lines[index + 1 :]])


SHORT = """\
```conversation
ana connects
ana > {"type":"room-create","id":1,"maxSize":2,"code":"FOCUS-1"}
ana < {"type":"ack","seq":2,"id":1}
ana < {"type":"room-found","roomId":"…","peers":["ana"],"offerTo":[],"code":"FOCUS-1"}
ana is cut
```
"""


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('"seq":2', '"seq":3'),
        ('"peers":["ana"]', '"peers":["ana","bo"]'),
        ('"peers":["ana"]', '"peers":{"ana":1}'),
        ('"offerTo":[]', '"offerTo":{}'),
        ('"offerTo":[],', ""),
        ('"offerTo":[],', '"offerTo":[],"seed":[],'),
        ('"roomId":"…","peers":["ana"]', '"peers":["ana"],"roomId":"…"'),
        ('"seq":2,"id":1', '"seq":2,"id":true'),
        ('"seq":2,"id":1', '"seq":2,"id":"…"'),
        ('ana < {"type":"ack"', 'bo connects\nbo < {"type":"ack"'),
        ("ana is cut", "ana is closed: 4501 replaced"),
        ("ana is cut", "ana resumes, seen 0"),
        ("ana is cut", "another ana connects"),
    ],
)
def test_what_is_otherwise_is_seen(there: str, instead: str) -> None:
    [right] = conversations(SHORT)
    Stage().carry_out(right)
    assert there in SHORT
    [wrong] = conversations(SHORT.replace(there, instead))
    with pytest.raises(Unlike):
        Stage().carry_out(wrong)


def _no_op(*_: object, **__: object) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Telling, "acknowledge"),
        (Rooms, "tell_others"),
        (Lobby, "notice"),
        (Arrivals, "issue_tokens"),
        (Lobby, "_tell_where"),
    ],
)
def test_a_server_that_forgets_something_is_seen(
    owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, _no_op)
    assert failing() > 0


def test_a_server_that_takes_any_number_for_seen_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Sessions.saw
    monkeypatch.setattr(Sessions, "saw", lambda self, session, seen: real(self, session, seen) and False)
    assert failing() > 0


@pytest.mark.parametrize("field", ["offerTo", "grace", "reason", "retryAfter", "seed", "to", "id", "lastId"])
def test_a_server_that_leaves_a_field_out_is_seen(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = V1Writer.encode

    def without(*args: Any) -> bytes:
        frame = json.loads(real(*args))
        frame.pop(field, None)
        return json.dumps(frame).encode()

    monkeypatch.setattr(V1Writer, "encode", without)
    assert failing() > 0


def failing() -> int:
    """Count the conversations that do not happen as the page has them."""
    count = 0
    for lines in CONVERSATIONS:
        try:
            Stage().carry_out(lines)
        except Unlike:
            count += 1
    return count

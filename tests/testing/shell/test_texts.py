"""The server's texts read back are the messages that it had sent, and no other text is one."""

from __future__ import annotations

import pytest

from focus_signal.core.effects import Refused, Relayed, RoomFound, SeedMessage
from focus_signal.testing.shell.texts import read_text
from focus_signal.wire.seed_dialect import SeedDialect

MESSAGES: list[SeedMessage] = [
    RoomFound("room-1", ("ana", "bo")),
    RoomFound("", ()),
    Refused("bad-json", "this is no JSON", None),
    Refused("peer-unavailable", "nobody is there", "bo"),
    Relayed("ana", "offer", b',"sdp":"v=0"'),
    Relayed("ana", "answer", b',"sdp":{"a":[1, 2]}'),
    Relayed("ana", "ice-candidate", b',"candidate":null'),
    Relayed("ana", "ice-candidate", b""),
    Relayed('"\\ü\U0001f600', "offer", b',"sdp":[]'),
]
STRANGE = [
    b"",
    b"{",
    b"[]",
    b'"offer"',
    b"{}",
    b'{"type":"weather"}',
    b'{"type":"room-found","peers":[]}',
    b'{"type":"room-found","roomId":"r"}',
    b'{"type":"room-found","roomId":1,"peers":[]}',
    b'{"type":"room-found","roomId":"r","peers":[1]}',
    b'{"type":"error","code":"c"}',
    b'{"type":"error","message":"m"}',
    b'{"type":"offer","sdp":1}',
    b'{"type":"matchmaking","matchSize":2}',
    b"\xff",
    b'{"type":"error","code":"\xff","message":"m"}',
]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_a_message_is_read_back(message: SeedMessage) -> None:
    text = SeedDialect(max_match_size=16, max_user_bytes=128, max_nesting=32).encode(message)
    assert text is not None
    assert read_text(text) == message


@pytest.mark.parametrize("text", STRANGE, ids=repr)
def test_any_other_text_is_none(text: bytes) -> None:
    assert read_text(text) is None

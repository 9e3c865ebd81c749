"""Message for message: what a client gets does not depend on the transport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from focus_signal.server.transport import native
from focus_signal.server.transport.native import NativeTransport
from focus_signal.wire.frames import close_frame, pong_frame, text_frames
from tests.server.mixed_conversation import Line, draw, play

SEED, LENGTH = 1, 250
# Any of the bugs shows sooner.
ENOUGH = 80


async def test_a_long_mixed_conversation_is_the_same_on_both() -> None:
    acts = draw(SEED, LENGTH)
    lines = await play(acts, "native")
    assert lines == await play(acts, "trio-websocket")
    seen = Counter(line.event for line in lines)
    # So much is in it that being the same says something.
    for often in ("room-found", "offer", "answer", "ice-candidate", "pong", "error peer-unavailable"):
        assert seen[often] >= 10, often
    for some in ("bad-json", "bad-message", "unknown-type", "bad-match-size"):
        assert seen[f"error {some}"] >= 3, some
    for end in ("close 4501 replaced", "close 1003 text-only", "close 1000", "close 4999", "close", "eof"):
        assert seen[end], end
    assert {len(line.payload) >> 16 for line in lines} >= {0, 1, 3}


async def lose_the_second(self: NativeTransport) -> list[bytes]:
    """Give a read without its second message, but always the last one, whose answer is waited for."""
    messages = await RECEIVE(self)
    return messages[:1] + messages[2:] if len(messages) > 2 else messages


RECEIVE = NativeTransport.receive


def swap(messages: Sequence[bytes]) -> list[bytes]:
    return text_frames(messages)[::-1]


def nothing(_: bytes) -> bytes:
    return pong_frame(b"")


def always_1000(_: int, reason: str) -> bytes:
    return close_frame(1000, reason)


@pytest.mark.parametrize(
    ("name", "bug"),
    [("text_frames", swap), ("pong_frame", nothing), ("close_frame", always_1000)],
)
async def test_a_bug_shows(name: str, bug: object, monkeypatch: pytest.MonkeyPatch) -> None:
    acts = draw(SEED, ENOUGH)
    right = await play(acts, "native")
    monkeypatch.setattr(native, name, bug)
    assert await play(acts, "native") != right


async def test_a_message_that_is_lost_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    acts = draw(SEED, ENOUGH)
    right: list[Line] = await play(acts, "native")
    monkeypatch.setattr(NativeTransport, "receive", lose_the_second)
    assert await play(acts, "native") != right

"""The frames that the server writes are read back by wsproto and websockets, as by a client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame as WebsocketsFrame
from websockets.protocol import Protocol, Side
from wsproto.frame_protocol import FrameProtocol

from focus_signal.wire.frames import NO_CODE, close_frame, ping_frame, pong_frame, text_frames
from tests.server.hostile.frames import PING, PONG, TEXT, Received, read_frame

Frames = list[tuple[int, bytes]]
"""The opcode and the payload of each."""

SIZES = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 262_144]


def by_wsproto(data: bytes) -> Frames:
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(data)
    found: Frames = []
    for frame in protocol.received_frames():
        assert frame.frame_finished
        assert frame.message_finished
        payload = frame.payload
        if isinstance(payload, tuple):
            code, reason = payload
            payload = b"" if code == NO_CODE else int(code).to_bytes(2) + (reason or "").encode()
        found.append((int(frame.opcode), payload.encode() if isinstance(payload, str) else payload))
    return found


def by_websockets(data: bytes) -> Frames:
    protocol = Protocol(Side.CLIENT, max_size=262_144)
    protocol.receive_data(data)
    assert protocol.parser_exc is None
    found: Frames = []
    for frame in protocol.events_received():
        assert isinstance(frame, WebsocketsFrame)
        assert frame.fin
        found.append((int(frame.opcode), bytes(frame.data)))
    return found


def by_hand(data: bytes) -> Frames:
    """Read with the reader that holds the server to the RFC in the tests with sockets."""
    buffer, found = bytearray(data), []
    while (received := read_frame(buffer)) is not None:
        assert isinstance(received, Received)
        found.append((received.opcode, received.payload))
    assert not buffer
    return found


READERS = pytest.mark.parametrize("read", [by_wsproto, by_websockets, by_hand])
Read = Callable[[bytes], Frames]


@READERS
@pytest.mark.parametrize("size", SIZES)
def test_a_message_of_any_size(read: Read, size: int) -> None:
    message = ("€" * size).encode()[:size].decode(errors="ignore").encode().ljust(size, b"a")
    assert read(b"".join(text_frames([message]))) == [(TEXT, message)]


@READERS
def test_messages_keep_their_order(read: Read) -> None:
    messages = [str(size).encode().ljust(size, b"-") for size in [*SIZES, *reversed(SIZES)] if size > 5]
    assert read(b"".join(text_frames(messages))) == [(TEXT, message) for message in messages]


def test_no_messages_are_no_frames() -> None:
    assert b"".join(text_frames([])) == b""


@settings(max_examples=100)
@given(st.lists(st.text(max_size=200).map(str.encode), max_size=5))
def test_any_messages(messages: list[bytes]) -> None:
    data = b"".join(text_frames(messages))
    assert (
        by_wsproto(data) == by_websockets(data) == by_hand(data) == [(TEXT, message) for message in messages]
    )


@READERS
@pytest.mark.parametrize("size", [0, 1, 124, 125])
def test_pings_and_pongs(read: Read, size: int) -> None:
    payload = bytes(range(size))
    assert read(ping_frame(payload) + pong_frame(payload)) == [(PING, payload), (PONG, payload)]


@READERS
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 3000, 4001, 4999])
@pytest.mark.parametrize("reason", ["", "why", "r" * 123, "€" * 41])
def test_close_frames(read: Read, code: int, reason: str) -> None:
    assert read(close_frame(code, reason)) == [(8, code.to_bytes(2) + reason.encode())]


@READERS
def test_a_close_frame_without_a_code(read: Read) -> None:
    assert read(close_frame(NO_CODE, "")) == [(8, b"")]


@pytest.mark.parametrize(
    "make", [ping_frame, pong_frame, lambda payload: close_frame(1000, "r" * (len(payload) - 2))]
)
def test_a_control_frame_above_125_bytes_is_not_written(make: Callable[[bytes], bytes]) -> None:
    assert len(make(b"a" * 125)) == 127
    with pytest.raises(ValueError, match="at most 125 bytes, not 126"):
        make(b"a" * 126)


def test_a_frame_that_is_wrong_is_not_read_back() -> None:
    """Its length is one too small, so that a byte is missing, and one is left."""
    wrong = bytearray(b"".join(text_frames([b"a" * 200])))
    wrong[3] -= 1
    assert by_wsproto(bytes(wrong)) == by_websockets(bytes(wrong)) == [(TEXT, b"a" * 199)]
    with pytest.raises(AssertionError):
        by_hand(bytes(wrong))

"""Frames: what is made is what RFC 6455 says, and nothing surprising is taken for a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.load.faults import BadFrame
from focus_signal.load.frames import CLOSE, LARGEST, PING, PONG, TEXT, FrameReader, masked, plain
from tests.load.world import unmasked

SIZES = [0, 1, 3, 4, 125, 126, 127, 65535, 65536, 70001]


@pytest.mark.parametrize("size", SIZES)
def test_a_masked_frame_holds_its_payload(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    frame = masked(TEXT, payload)
    assert unmasked(frame + b"more") == (TEXT, payload, b"more")
    assert size < 4 or payload not in frame


def test_the_example_of_the_standard() -> None:
    assert plain(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert plain(PING, b"Hello") == bytes.fromhex("890548656c6c6f")


FRAMES = st.lists(
    st.tuples(
        st.sampled_from([TEXT, CLOSE, PING, PONG]),
        st.one_of(st.binary(max_size=20), st.sampled_from([b"x" * size for size in SIZES])),
    ),
    max_size=6,
)


@given(FRAMES, st.data())
def test_frames_come_out_however_they_are_cut(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(plain(opcode, payload) for opcode, payload in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = FrameReader()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == frames
    assert reader.rest == b""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x01\x00", "fragment"),
        (b"\x00\x00", "fragment"),
        (b"\xc1\x00", "reserved bit"),
        (b"\x82\x00", "opcode"),
        (b"\x83\x00", "opcode"),
        (b"\x81\x80", "masked"),
        (b"\x81\xff" + bytes(8), "masked"),
        (b"\x81\x7f" + (LARGEST + 1).to_bytes(8, "big"), "huge"),
    ],
)
def test_what_nobody_may_send_is_refused(data: bytes, said: str) -> None:
    reader = FrameReader()
    assert reader.feed(plain(TEXT, b"fine")) == [(TEXT, b"fine")]
    with pytest.raises(BadFrame, match=said):
        reader.feed(data)

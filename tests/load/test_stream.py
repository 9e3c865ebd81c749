"""A pair's messages: what is made ahead is right, and whatever arrives otherwise is found out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.cli.bench_options import LEAST_SIZE, MOST_WINDOW
from focus_signal.load.faults import WrongMessage, WrongResult
from focus_signal.load.frames import PING, TEXT, plain
from focus_signal.load.settings import Settings
from focus_signal.load.stream import LAPS, Arrivals, Ring, explain, number_of, prepared_bytes
from tests.load.world import TARGET, unmasked

RING = Ring("ana", "bo", 3, 250)
WIDTH = RING.expected_width
FRAMES = [RING.expected[at * WIDTH : (at + 1) * WIDTH] for at in range(RING.length)]


def payload_of(frame: bytes) -> bytes:
    return frame[4:]


@pytest.mark.parametrize(("window", "size"), [(1, 250), (3, 200), (7, 150), (2, 70_000)])
def test_a_ring_holds_right_messages(window: int, size: int) -> None:
    ring = Ring("ana", "bo", window, size)
    assert ring.length == LAPS * window
    data, numbers = ring.slice(0, window), []
    for first in range(window, ring.length, window):
        data += ring.slice(first, window)
    expected = ring.expected
    for _ in range(ring.length):
        opcode, payload, data = unmasked(data)
        assert (opcode, len(payload)) == (TEXT, size)
        told = json.loads(payload)
        assert (told["type"], told.pop("to"), told["from"]) == ("ice-candidate", "bo", "ana")
        numbers.append(told["candidate"]["candidate"].split()[0])
        frame = plain(TEXT, json.dumps(told, separators=(",", ":")).encode())
        assert expected.startswith(frame)
        expected = expected[len(frame) :]
    assert data == b""
    assert len(set(numbers)) == ring.length
    # What is left is the first window again, so that a slice may run over the end.
    assert expected == ring.expected[: window * ring.expected_width]
    assert ring.slice(ring.length - 1, window)[: ring.sent_width] == ring.slice(ring.length - 1, 1)
    assert ring.slice(ring.length, window) == ring.slice(0, window)


def test_the_least_size_is_large_enough_and_not_every_size_is() -> None:
    first, second = Settings(TARGET).users()[:2]
    ring = Ring(first, second, MOST_WINDOW, LEAST_SIZE)
    assert ring.sent_width == LEAST_SIZE + 8
    kept = len(ring.sent) + len(ring.expected)
    assert 0.7 * kept < prepared_bytes(MOST_WINDOW, LEAST_SIZE) < 1.3 * kept
    with pytest.raises(ValueError, match=r"50 bytes are .* too few"):
        Ring(first, second, 1, 50)


@given(st.lists(st.integers(1, WIDTH * 3), max_size=60), st.data())
def test_right_messages_are_counted_however_they_are_cut(sizes: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, 40))
    pings = data.draw(st.lists(st.integers(0, total), max_size=5))
    stream = b""
    for number in range(total + 1):
        stream += plain(PING, b"?" * number) * pings.count(number)
        stream += FRAMES[number % RING.length] if number < total else b""
    arrivals, count = Arrivals(RING), 0
    for size in [*sizes, len(stream)]:
        # Never more at a time than may be under way, as it is in a measurement.
        for start in range(0, min(size, len(stream)), WIDTH * 3):
            count += arrivals.feed(stream[start : min(size, start + WIDTH * 3)])
        stream = stream[size:]
    assert count == total
    assert arrivals.between
    assert arrivals.control == [(PING, b"?" * number) for number in sorted(pings)]


@given(st.lists(st.integers(0, RING.length - 1), min_size=1, max_size=30), st.integers(1, 700))
def test_no_other_order_passes(order: list[int], size: int) -> None:
    stream = b"".join(FRAMES[number] for number in order)
    right = next((at for at, number in enumerate(order) if number != at % RING.length), len(order))
    arrivals = Arrivals(RING)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    if right == len(order):
        assert sum(map(arrivals.feed, pieces)) == right
        return
    with pytest.raises(WrongMessage) as caught:
        for piece in pieces:
            arrivals.feed(piece)
    assert caught.value.payload == payload_of(FRAMES[order[right]])


@given(st.integers(0, WIDTH * 3 - 1), st.integers(1, 255), st.integers(1, 700))
def test_no_altered_byte_passes(at: int, change: int, size: int) -> None:
    stream = bytearray(RING.expected[: WIDTH * 4])
    stream[at] ^= change
    arrivals, count = Arrivals(RING), 0
    try:
        for start in range(0, len(stream), size):
            count += arrivals.feed(bytes(stream[start : start + size]))
    except WrongResult:
        return
    # A length can be altered so that its frame never ends, and an opcode so that it is no message any more.
    assert count < 4
    assert arrivals.control or not arrivals.between


def test_what_is_half_there_is_not_between() -> None:
    arrivals = Arrivals(RING)
    steps = [b"", FRAMES[0][:5], FRAMES[0][5:] + b"\x89", b"\x00", FRAMES[1]]
    seen = [(arrivals.feed(data) if data else 0, arrivals.between) for data in steps]
    assert seen == [(0, True), (0, False), (1, False), (0, True), (1, True)]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (payload_of(FRAMES[6]), "message 5 from ana is lost or out of order: message 6 came before it"),
        (payload_of(FRAMES[4]), "message 4 from ana came twice: message 5 was to come"),
        (b'{"type":"error","code":"c","message":"m"}', "the server refused a message: c: m"),
        (b'{"type":"offer","from":"eve"}', "ana has not sent came instead of message 5 from ana: b'{"),
        (b'{"type":"offer"}', "ana has not sent"),
        (b'{"type":"offer","from":"ana"}', "message 5 from ana was altered: b'{"),
        (b"[]", "was altered, or this was never sent"),
        (b'{"type":"\xff"}', "was altered, or this was never sent"),
        (b"[" * 100_000, "was altered, or this was never sent"),
        (b"\xff", "was altered, or this was never sent"),
        (b"", "was altered, or this was never sent"),
    ],
)
def test_it_is_said_what_is_wrong(payload: bytes, said: str) -> None:
    assert said in explain(payload, RING, 5)


def test_a_number_is_found_only_where_a_message_begins() -> None:
    assert [number_of(payload_of(frame), RING) for frame in FRAMES] == list(range(RING.length))
    assert number_of(payload_of(FRAMES[0])[:-1], RING) is None
    assert number_of(b"", RING) is None
    assert number_of(payload_of(FRAMES[0]), Ring("bo", "ana", 3, 250)) is None

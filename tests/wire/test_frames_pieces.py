"""The pieces in which bytes come change nothing, cost nothing, and leave nothing behind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.wire.frames import FrameReader
from tests.server.hostile.frames import close, fragments, text
from tests.wire.frame_fuzz.case import Case
from tests.wire.frame_fuzz.reading import Reading, gathered
from tests.wire.frame_rows import LIMITS, ROWS, Row, new_reader
from tests.wire.frame_sizes import Copied, counted, counting, held_by
from tests.wire.frame_strategies import sequences

SIZE = 20_000


@settings(max_examples=200)
@given(sequences, st.lists(st.integers(0, 3000), max_size=8))
def test_the_pieces_change_nothing(data: bytes, cuts: list[int]) -> None:
    one_by_one = Reading(new_reader())
    one_by_one.read(data, range(len(data)))
    case = Case(data, tuple(sorted(set(cuts))), LIMITS)
    other = Reading(new_reader())
    other.read(data, case.cuts)
    assert (other.events, other.verdict) == (gathered(one_by_one.events, case), one_by_one.verdict)


def test_whether_anything_follows_a_close_frame() -> None:
    for sent in (close(1000, b"bye"), text("a") + close(), text("€" * 100) + close(4000)):
        for behind in (b"", b"\0", text("late"), close(1000)):
            for cut in range(len(sent + behind)):
                reader = new_reader()
                for piece in ((sent + behind)[:cut], b"", (sent + behind)[cut:], b""):
                    reader.feed(piece)
                assert reader.trailing == bool(behind), (sent, behind, cut)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_any_two_pieces_give_the_verdict(row: Row) -> None:
    for cut in {*range(20), *range(len(row.before), len(row.before) + 20), len(row.sent) - 1}:
        reading = Reading(new_reader())
        reading.read(row.sent, (cut,))
        assert reading.verdict == row.code, cut


def one_by_one(reader: FrameReader) -> int:
    """Count the bytes that are copied when a frame comes byte by byte."""
    copied = counting(reader)
    message = b"a" * SIZE
    sent = text(message)
    messages = [found for at in range(len(sent)) for found in reader.feed(sent[at : at + 1])]
    assert messages == [message]
    return copied.count


def test_many_small_pieces_are_copied_once_or_twice() -> None:
    assert SIZE <= one_by_one(FrameReader(SIZE)) <= 2 * SIZE + 100


def test_a_reader_that_looks_at_all_of_it_each_time_is_found() -> None:
    class Forgetful(FrameReader):
        def _wait(self, at: int, stop: int) -> int:
            super()._wait(at, stop)
            self._needed = 0
            return at

    assert one_by_one(Forgetful(SIZE)) > SIZE * SIZE // 4


def in_one_read(reader: FrameReader) -> float:
    """Count how often the bytes are copied, on average, when many messages come at once."""
    copied = Copied()
    messages = [b"a" * 200, b"b", b"c" * 126] * 200
    sent = b"".join(map(text, messages))
    assert reader.feed(counted(sent, copied)) == messages
    return copied.count / len(sent)


def test_many_messages_in_one_read_are_copied_once() -> None:
    assert 0.5 < in_one_read(new_reader()) < 2


def test_a_reader_that_takes_each_message_off_the_read_is_found() -> None:
    class Slicing(FrameReader):
        def feed(self, data: bytes) -> list[bytes]:
            messages: list[bytes] = []
            while data:
                end = (6 if data[1] & 0x7F < 126 else 8) + (
                    data[3] if data[1] & 0x7F == 126 else data[1] & 0x7F
                )
                messages += super().feed(data[:end])
                data = data[end:]
            return messages

    assert in_one_read(Slicing(1024)) > 100


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_nothing_is_held_of_what_is_refused(row: Row) -> None:
    reader = new_reader()
    empty = held_by(reader)
    reader.feed(row.sent + bytes(100_000))
    reader.feed(bytes(100_000))
    assert held_by(reader) <= empty + 200


def test_nothing_is_held_of_messages_that_were_given() -> None:
    reader = FrameReader(262_144)
    empty = held_by(reader)
    sent = text(b"a" * 200_000) + fragments(b"a" * 100_000, b"b" * 100_000) + text(b"a" * 300)
    for end in (len(sent), 1, 150_000, 350_000):
        reader.feed(sent[:end])
        reader.feed(sent[end:])
        assert held_by(reader) <= empty + 200


def test_nothing_is_held_behind_a_close_frame() -> None:
    reader = FrameReader(262_144)
    empty = held_by(reader)
    reader.feed(fragments(b"a" * 1000, b"b")[:-7] + close(1000, b"bye") + text(b"a" * 200_000)[:-1])
    reader.feed(bytes(200_000))
    assert reader.closed == 1000
    assert held_by(reader) <= empty + 200


def test_a_declared_length_takes_no_memory() -> None:
    reader = FrameReader(1 << 40)
    empty = held_by(reader)
    reader.feed(bytes.fromhex("81ff 0000 00ff ffff ffff 00000000") + b"a" * 10)
    assert not reader.over
    assert held_by(reader) <= empty + 200


def test_what_is_held_is_found() -> None:
    """The measure itself: a frame that is not whole, and fragments."""
    half, fragment = FrameReader(SIZE), FrameReader(SIZE)
    half.feed(text(b"a" * SIZE)[:-1])
    fragment.feed(fragments(b"a" * (SIZE - 1), b"b")[:-7])
    assert held_by(half) > SIZE
    assert held_by(fragment) > SIZE - 10

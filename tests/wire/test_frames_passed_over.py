"""Messages that nobody wants any more are passed over; the close frame behind them is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.wire.frames import FrameReader
from tests.server.hostile.frames import BINARY, CONTINUATION, PING, PONG, TEXT, close, fragments, frame, text
from tests.wire.frame_fuzz.mutants import Mutant, planted
from tests.wire.frame_fuzz.reading import Reader, Reading, verdict_of
from tests.wire.frame_rows import ROWS, new_reader
from tests.wire.frame_sizes import held_by
from tests.wire.frame_strategies import contents, valid

passed_over = st.one_of(
    valid,
    contents.map(lambda content: frame(BINARY, content)),
    st.integers(1025, 3000).map(lambda size: text(bytes(size))),
    contents.map(lambda content: text(content + b"\xff")),
    contents.map(lambda content: frame(CONTINUATION, content, fin=False)),
    contents.map(lambda content: frame(TEXT, content, fin=False)),
)


@settings(max_examples=200)
@given(
    st.lists(valid, max_size=3),
    st.lists(passed_over, max_size=4),
    st.data(),
    st.lists(st.integers(0, 9000), max_size=6),
)
def test_messages_are_passed_over_from_any_byte_on(
    first: list[bytes], later: list[bytes], data: st.DataObject, cuts: list[int]
) -> None:
    known = b"".join(first)
    stop = data.draw(st.integers(0, len(known)))
    rest = known[stop:] + b"".join(later) + frame(PING, b"last") + close(4000, b"done") + text("late")
    reading = Reading(new_reader())
    reading.read(known[:stop], ())
    texts = [event for event in reading.events if event[1] == "text"]
    reading.reader.ignore_messages()
    reading.read(rest, cuts, stop)
    assert reading.verdict == "closed 4000"
    assert [event for event in reading.events if event[1] == "text"] == texts
    assert [content for _, kind, content in reading.events if kind == "ping"][-1] == b"last"


def test_more_than_fits_any_memory_is_passed_over() -> None:
    reader = new_reader()
    reader.ignore_messages()
    head = frame(TEXT, declared=1 << 40)
    assert reader.feed(head) == []
    for _ in range(50):
        reader.feed(bytes(10_000))
    assert not reader.over
    assert held_by(reader) < 2_000


def finds_the_close_frame(make: Callable[[int, int], Reader]) -> bool:
    """Tell whether a close frame is found directly behind what is passed over, wherever that is cut."""
    for size in (0, 1, 125, 126, 300, 70_000):
        sent = text(b"\xff" * size) + close(4000)
        for end in {1, 2, 3, 5, 6, 7, 9, len(sent) - 9, len(sent) - 8, len(sent) - 7, len(sent)}:
            reader = make(1024, 64)
            reader.ignore_messages()
            middle = (end + len(sent)) // 2
            for piece in (sent[:end], sent[end:middle], sent[middle:]):
                reader.feed(piece)
            if reader.closed != 4000:
                return False
    return True


def test_a_close_frame_directly_behind_what_is_passed_over_is_found() -> None:
    assert finds_the_close_frame(FrameReader)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("self._skip = max(0, stop - end)", "self._skip = max(0, stop - end - 1)"),
        ("self._skip = max(0, stop - end)", "self._skip = stop - start"),
        ("self._skip -= passed", "self._skip = 0"),
        ("if self._ignoring:", "if self._ignoring and not self._is_too_big(length):"),
    ],
)
def test_a_bug_in_passing_over_is_found(right: str, wrong: str) -> None:
    assert not finds_the_close_frame(planted(Mutant("passing-over", right, wrong)))


ORDER = {
    "a continuation of nothing",
    "a continuation behind a whole message",
    "a text message within another",
    "a binary message within a text message",
    "text within a message, too big",
}


def test_what_is_no_frame_is_refused_all_the_same() -> None:
    """So is what a control frame holds; the order, kind, size and content of messages are not looked at."""
    for row in ROWS:
        reader = new_reader()
        reader.ignore_messages()
        reader.feed(row.sent)
        passed = not row.bad[0] & 0x08 and (row.code != "1002" or row.name in ORDER)
        assert verdict_of(reader) == (None if passed else row.code), row.name


def test_what_had_begun_to_come_is_not_held() -> None:
    reader = FrameReader(262_144)
    empty = held_by(reader)
    message = text(b"a" * 200_000)
    reader.feed(message[:150_000])
    assert held_by(reader) > 150_000
    reader.ignore_messages()
    assert held_by(reader) <= empty + 200
    assert reader.feed(message[150_000:] + close(4000)) == []
    assert reader.closed == 4000


def test_fragments_are_not_held() -> None:
    reader = FrameReader(262_144)
    empty = held_by(reader)
    reader.feed(frame(TEXT, b"a" * 100_000, fin=False) + frame(CONTINUATION, b"a" * 100_000, fin=False))
    assert held_by(reader) > 200_000
    reader.ignore_messages()
    assert held_by(reader) <= empty + 200
    reader.feed(fragments(b"a", b"b") + close(4000))
    assert reader.closed == 4000


def test_after_the_end_there_is_nothing_to_pass_over() -> None:
    for ending in (close(1000), text(b"\xff")):
        reader = new_reader()
        reader.feed(ending)
        verdict = verdict_of(reader)
        reader.ignore_messages()
        assert reader.feed(close(4000)) == []
        assert verdict_of(reader) == verdict


def test_pings_are_answered_and_pongs_count_while_messages_are_passed_over() -> None:
    reader = new_reader()
    reader.awaited_pong = b"mine"
    half = frame(PING, b"half")
    assert reader.feed(text(b"a" * 200) + half[:4]) == [b"a" * 200]
    reader.ignore_messages()
    reader.feed(half[4:] + text("no"))
    assert reader.pings == [b"half"]
    reader.feed(frame(PONG, b"mine"))
    assert reader.awaited_pong is None

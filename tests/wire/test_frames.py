"""The frame codec's verdicts: what is refused, with which code and by which byte, and what is served."""

from __future__ import annotations

from collections import Counter

import pytest

from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.frames import NO_CODE, FrameReader
from tests.server.hostile.courtesies import COURTESIES, LEAVING
from tests.server.hostile.frame_row import FrameRow
from tests.server.hostile.frames import (
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    fragments,
    frame,
    text,
)
from tests.server.hostile.violations import KIB_256, VIOLATIONS
from tests.wire.frame_fuzz.case import Case
from tests.wire.frame_fuzz.compare import compare
from tests.wire.frame_fuzz.reading import Reading, verdict_of
from tests.wire.frame_rows import LIMITS, ROWS, Row, new_reader

# What the registry lists for close frames, and the ranges of libraries and of private use.
ALLOWED = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_wrong_is_refused_by_the_byte_that_shows_it(row: Row) -> None:
    reader = new_reader()
    for at in range(row.shown_at):
        assert verdict_of(reader) is None, f"{at} bytes were enough"
        reader.feed(row.sent[at : at + 1])
    assert verdict_of(reader) == row.code
    assert reader.over
    assert reader.closed is None


def test_the_rows_have_every_verdict_and_no_name_twice() -> None:
    assert min(Counter(row.code for row in ROWS).values()) >= 5
    assert len({row.code for row in ROWS}) == 4
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_libraries_say_the_same(row: Row) -> None:
    account = compare(Case(row.sent, (), LIMITS), FrameReader)
    assert (account.verdict, account.disagreements) == (row.code, [])


# What a reset makes of the bytes in front of it is the socket's business.
HOSTILE = [row for row in (*VIOLATIONS, *COURTESIES, *LEAVING) if row.ending != "reset"]


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: row.name)
def test_what_a_hostile_peer_sends_gets_what_the_server_owes_it(row: FrameRow) -> None:
    """The rows of the tests with sockets, as far as the codec decides them."""
    reader = FrameReader(KIB_256)
    messages = reader.feed(row.sent)
    owed = [event for event in row.wanted if event.startswith("close")]
    code = owed[0].partition(" ")[2][:4] if owed else None
    if row in LEAVING and code is not None:
        code = f"closed {code or NO_CODE}"
    assert verdict_of(reader) == code
    assert len(messages) == sum(event.startswith("error") for event in row.wanted)


def test_every_close_code() -> None:
    for code in [*range(6000), 32_768, 65_535]:
        reader = new_reader()
        reader.feed(close(code, b"why"))
        wanted = (None, code) if code in ALLOWED else ("protocol-error", None)
        assert (reader.fault, reader.closed) == wanted


def test_a_close_frame_without_a_code() -> None:
    reader = new_reader()
    assert reader.feed(close()) == []
    assert reader.closed == NO_CODE == 1005


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize("content", ["a", "€", "\U0001f600"])
@pytest.mark.parametrize("size", [0, 1, 124, 125, 126, 127, 128, 1023, 1024, 65_535, 65_536, 65_537, 70_000])
def test_every_size_up_to_the_bound_is_served(size: int, content: str, parts: int) -> None:
    message = (content * size).encode()[:size].decode(errors="ignore").encode().ljust(size, b"b")
    step = size // parts + 1
    sent = fragments(*(message[start : start + step] for start in range(0, step * parts, step)))
    reader = FrameReader(size if size >= 1023 else 1024)
    assert reader.feed(sent + text("behind")) == [message, b"behind"]
    assert reader.feed(sent[:-1]) == []
    assert reader.feed(sent[-1:]) == [message]
    assert not reader.over


@pytest.mark.parametrize("most", [0, 1, 125, 126, 127, 300, 65_535, 65_536])
def test_the_bound_is_exact(most: int) -> None:
    assert FrameReader(most).feed(text(b"a" * most)) == [b"a" * most]
    above = FrameReader(most)
    assert above.feed(text(b"a" * (most + 1))) == []
    assert above.fault == "too-big"


@pytest.mark.parametrize("most", [1, 2, 3, 64])
def test_the_bound_on_fragments_is_exact(most: int) -> None:
    exact, above = FrameReader(1024, most), FrameReader(1024, most)
    assert exact.feed(fragments(*[b"a"] * most)) == [b"a" * most]
    assert above.feed(fragments(*[b"a"] * (most + 1))) == []
    assert above.fault == "too-big"


def test_64_fragments_are_what_is_allowed_unless_told_otherwise() -> None:
    assert FrameReader(1024).feed(fragments(*[b"a"] * 64)) == [b"a" * 64]
    assert FrameReader(1024).feed(fragments(*[b"a"] * 65)) == []


def test_a_message_does_not_count_for_the_next() -> None:
    reader = new_reader()
    message = fragments(*[b"a" * 16] * 64)
    assert reader.feed(message * 3) == [b"a" * 1024] * 3


def test_control_frames_between_fragments() -> None:
    reader = new_reader()
    reader.awaited_pong = b"mine"
    first, second, third = "€".encode()[:1], "€".encode()[1:2], "€".encode()[2:]
    reader.feed(
        frame(TEXT, first, fin=False) + frame(PING, b"p" * 125) + frame(CONTINUATION, second, fin=False)
    )
    assert reader.feed(frame(PONG, b"mine")) == []
    assert [reader.pings, reader.awaited_pong] == [[b"p" * 125], None]
    assert reader.feed(frame(CONTINUATION, third)) == ["€".encode()]


def test_a_close_frame_within_a_message_ends_it() -> None:
    reader = new_reader()
    assert reader.feed(frame(TEXT, b"a", fin=False) + close(1001) + frame(CONTINUATION, b"b")) == []
    assert (reader.closed, reader.fault) == (1001, None)


def test_the_pings_that_were_not_answered_are_kept_in_their_order() -> None:
    reader = new_reader()
    reader.feed(frame(PING, b"1") + text("a") + frame(PING, b"2"))
    assert reader.pings == [b"1", b"2"]
    reader.feed(text("b"))
    assert reader.pings == [b"1", b"2"]
    reader.pings.clear()
    reader.feed(text("c") + frame(PONG, b"3"))
    assert reader.pings == []
    reader.feed(frame(PING))
    assert reader.pings == [b""]


def test_of_many_pings_the_last_ones_are_kept() -> None:
    reader = new_reader()
    reader.feed(b"".join(frame(PING, bytes([number])) for number in range(100)))
    assert reader.pings == [bytes([number]) for number in range(84, 100)]


def test_only_the_pong_that_is_waited_for_counts() -> None:
    reader = new_reader()
    reader.feed(frame(PONG, b"unasked"))
    assert reader.awaited_pong is None
    reader.awaited_pong = b"four"
    reader.feed(frame(PONG) + frame(PONG, b"fou") + frame(PONG, b"fours") + frame(PING, b"four"))
    assert reader.awaited_pong == b"four"
    reader.feed(frame(PONG, b"four"))
    assert reader.awaited_pong is None


BEHIND = text("late") + text(b"late" * 50) + frame(PING, b"late") + frame(PONG, b"late") + close(1001)
ENDINGS = [close(1000, b"bye"), close(), *{row.code: row.sent for row in ROWS}.values()]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending[-8:].hex())
@pytest.mark.parametrize("apart", [False, True])
def test_what_follows_the_end_is_ignored(ending: bytes, apart: bool) -> None:
    reader = new_reader()
    reader.awaited_pong = b"late"
    before = frame(PING, b"early")
    messages = (
        reader.feed(before + ending) + reader.feed(BEHIND) if apart else reader.feed(before + ending + BEHIND)
    )
    verdict = verdict_of(reader)
    assert messages == []
    assert (reader.pings, reader.awaited_pong) == ([b"early"], b"late")
    assert verdict is not None
    reader.feed(b"\xff" * 1000)
    reader.feed(text("later"))
    assert verdict_of(reader) == verdict


def test_messages_in_front_of_what_is_wrong_are_given() -> None:
    for row in ROWS:
        if not row.before:
            reader = new_reader()
            assert reader.feed(text("a") + text(b"b" * 130) + row.bad) == [b"a", b"b" * 130]
            assert verdict_of(reader) == row.code


def test_a_frame_that_is_cut_off_is_no_verdict() -> None:
    for sent in (text("{}"), text(b"a" * 300), frame(PING, b"ping"), close(1000, b"why")):
        for end in range(len(sent)):
            reader = new_reader()
            assert reader.feed(sent[:end]) == []
            assert not reader.over
            assert reader.pings == []


def test_faults_are_named_as_in_the_table_of_close_codes() -> None:
    faults = set()
    for row in ROWS:
        reader = new_reader()
        reader.feed(row.sent)
        assert reader.fault is not None
        assert str(CLOSE_CODES[reader.fault].code) == row.code
        faults.add(reader.fault)
    assert faults == {"protocol-error", "text-only", "not-utf-8", "too-big"}


def test_reading_gives_every_byte_unmasked_with_any_key() -> None:
    content = bytes(range(32, 127)).ljust(131, b"~")
    for size in (1, 2, 3, 4, 5, 127, 128, 129, 130, 131):
        for key in (b"\0\0\0\0", b"\xff\0\1\x80", b"abcd"):
            masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(content[:size]))
            head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE, 0, size])
            reading = Reading(new_reader())
            reading.read((head + key + masked) * 2, range(0, 280, 7))
            assert [content for _, _, content in reading.events] == [content[:size]] * 2

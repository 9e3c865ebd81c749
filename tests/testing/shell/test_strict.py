"""What a server sends, read strictly: its own frames pass in any pieces, and each kind of wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.testing.shell.plain import Kind, PlainFrames, plain_close, plain_frame
from focus_signal.testing.shell.strict import CLOSE, PING, PONG, TEXT, Frame, StrictFrames
from focus_signal.wire.frames import close_frame, ping_frame, pong_frame, text_frames
from focus_signal.wire.http_head import upgrade_answer
from tests.server.hostile.frames import frame

WELCOME = upgrade_answer("dGhlIHNhbXBsZSBub25jZQ==")
ERROR = '{"type":"error","code":"c","message":"%s"}'


def message(size: int) -> bytes:
    """Make one of the server's messages, about so long."""
    return (ERROR % ("x" * size)).encode()


LARGE = message(70_000)
SENT = [
    (TEXT, message(0)),
    (PING, b"\0\0\0\1"),
    (TEXT, message(500)),
    (PONG, b"p" * 125),
    (PING, b"\0\0\0\2"),
    (TEXT, LARGE),
    (CLOSE, b"\x03\xf4restart"),
]
MAKE: dict[int, Callable[[bytes], bytes]] = {
    TEXT: lambda payload: text_frames([payload])[0],
    PING: ping_frame,
    PONG: pong_frame,
    CLOSE: lambda payload: close_frame(int.from_bytes(payload[:2]), payload[2:].decode()),
}
STREAM = WELCOME + b"".join(MAKE[opcode](payload) for opcode, payload in SENT)


def server(text: bytes) -> bytes:
    """Write a text frame as a server does."""
    return frame(TEXT, text, masked=False)


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_what_the_server_writes_is_all_right_in_whatever_pieces(cuts: list[int]) -> None:
    strict = StrictFrames()
    frames: list[Frame] = []
    ends = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(ends):
        frames += strict.feed(STREAM[start:end])
        assert strict.wrong is None
    strict.end()
    assert strict.wrong is None
    assert (strict.status, strict.closed) == (101, True)
    assert frames == [Frame(opcode, payload) for opcode, payload in SENT]


def test_every_end_within_a_frame_is_one() -> None:
    whole = len(WELCOME)
    bounds = {whole}
    for opcode, payload in SENT[:4]:
        whole += len(MAKE[opcode](payload))
        bounds.add(whole)
    for end in range(1, whole + 1):
        strict = StrictFrames()
        strict.feed(STREAM[:end])
        assert strict.wrong is None
        assert strict.within == (end not in bounds)
        strict.end()
        assert ("within a frame" in str(strict.wrong)) == (end not in bounds)


WRONG = {
    "the answer of another protocol": (b"SSH-2.0-x\r\n", "what is no answer"),
    "an answer without a status": (b"HTTP/1.1 OK\r\n\r\n", "no status"),
    "a reserved bit": (WELCOME + frame(TEXT, b"{}", rsv=4, masked=False), "begins with 0xc1"),
    "a fragment": (WELCOME + frame(TEXT, b"{}", fin=False, masked=False), "begins with 0x01"),
    "a continuation": (WELCOME + frame(0, b"{}", masked=False), "begins with 0x80"),
    "a binary frame": (WELCOME + frame(2, b"{}", masked=False), "begins with 0x82"),
    "an opcode that there is not": (WELCOME + frame(3, b"", masked=False), "begins with 0x83"),
    "text where a frame begins": (WELCOME + b"rest of a frame", "begins with 0x72"),
    "one byte of it": (WELCOME + b"r", "begins with 0x72"),
    "a mask": (WELCOME + frame(TEXT, b"{}"), "masked"),
    "a long ping": (WELCOME + frame(PING, b"x" * 126, masked=False), "longer than 125"),
    "a length in 16 bits": (WELCOME + frame(TEXT, b"{}", form=16, masked=False), "a length of 2 takes 2"),
    "a length in 64 bits": (WELCOME + frame(TEXT, b"x" * 500, form=64, masked=False), "of 500 takes 8"),
    "no JSON": (WELCOME + server(b"{"), "none of the server's messages"),
    "no UTF-8": (WELCOME + server(b'{"type":"\xff"}'), "none of the server's messages"),
    "a client's message": (WELCOME + server(b'{"type":"matchmaking"}'), "none of the server's messages"),
    "a ping twice": (WELCOME + ping_frame(b"1") * 2, "a ping comes twice"),
    "a close frame of one byte": (WELCOME + frame(CLOSE, b"\x03", masked=False), "a close frame holds"),
    "a code that there is not": (WELCOME + frame(CLOSE, b"\x03\xed", masked=False), "a close frame holds"),
    "a reason that is no UTF-8": (WELCOME + frame(CLOSE, b"\x03\xe8\xff", masked=False), "no UTF-8"),
    "two close frames": (WELCOME + close_frame(1000, "") * 2, "behind the close frame"),
    "a pong behind a close frame": (WELCOME + close_frame(1000, "") + pong_frame(b""), "behind the close"),
}


@pytest.mark.parametrize(("sent", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_however_it_comes_and_nothing_is_read_behind_it(
    sent: bytes, said: str
) -> None:
    at_once = StrictFrames()
    at_once.feed(sent)
    in_bytes = StrictFrames()
    for at in range(len(sent)):
        in_bytes.feed(sent[at : at + 1])
    for strict in (at_once, in_bytes):
        assert strict.wrong is not None
        assert said in strict.wrong
        wrong = strict.wrong
        assert strict.feed(server(message(1))) == []
        strict.end()
        assert strict.wrong == wrong, "what was wrong first is what is told"


def test_a_page_is_not_looked_at_and_needs_no_goodbye() -> None:
    strict = StrictFrames()
    strict.feed(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\ndraining\n")
    strict.end()
    assert (strict.status, strict.wrong) == (503, None)


@pytest.mark.parametrize("sent", [server(message(1)), server(message(1))[:-1]])
def test_an_end_without_a_goodbye_is_wrong_where_a_stream_ends_well(sent: bytes) -> None:
    for ends_well in (True, False):
        strict = StrictFrames(ends_well)
        strict.feed(WELCOME + sent)
        strict.end()
        assert (strict.wrong is not None) == ends_well


def test_nothing_at_all_is_not_wrong() -> None:
    for strict in (StrictFrames(), PlainFrames(of_server=True)):
        strict.end()
        assert strict.wrong is None


# The message level.

PLAIN = [plain_frame(Kind.TEXT, message(300)), plain_frame(Kind.PING), plain_frame(Kind.PONG, b"p" * 125)]


def test_plain_frames_pass_in_any_pieces() -> None:
    sent = b"".join(PLAIN) + plain_close(1012, "restart")
    strict = PlainFrames(of_server=True)
    frames = [frame for at in range(len(sent)) for frame in strict.feed(sent[at : at + 1])]
    assert [frame.kind for frame in frames] == [Kind.TEXT, Kind.PING, Kind.PONG, Kind.CLOSE]
    strict.end()
    assert (strict.wrong, strict.closed) == (None, True)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (PLAIN[0][:-1] + PLAIN[1] * 200, "none of the server's messages"),
        (PLAIN[0] + PLAIN[0][7:], "a frame begins with"),
        (plain_frame(Kind.PING, b"x" * 500), "a frame begins with"),
        (plain_frame(Kind.CLOSE, b"x"), "a frame begins with"),
        (plain_frame(Kind.TEXT, b"{"), "none of the server's messages"),
        (plain_close(1000) * 2, "behind the close frame"),
    ],
)
def test_plain_frames_that_are_torn_are_seen(sent: bytes, said: str) -> None:
    strict = PlainFrames(of_server=True)
    strict.feed(sent)
    assert strict.wrong is not None
    assert said in strict.wrong
    assert strict.feed(PLAIN[0]) == []


def test_a_plain_end_is_within_a_frame_or_behind_a_goodbye() -> None:
    for sent, said in ((PLAIN[0][:-1], "within a frame"), (PLAIN[0], "no close frame")):
        strict = PlainFrames(of_server=True)
        strict.feed(sent)
        assert strict.within == (said == "within a frame")
        strict.end()
        assert said in str(strict.wrong)

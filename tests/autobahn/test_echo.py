"""The echo server as another client sees it: what the suite is to judge is there, whole and in order."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.trio.client import ClientConnection, connect

from focus_signal.wire.frames import FrameReader
from tests.autobahn.echo import LARGEST, Binary, EveryMessageReader, open_echo_server
from tests.server.hostile.frames import BINARY, CONTINUATION, PING, TEXT, frame

NO_UTF_8 = b"\xff\xfe\xc3"


@asynccontextmanager
async def open_connection() -> AsyncGenerator[ClientConnection]:
    async with (
        open_echo_server() as server,
        connect(f"{server.url}?userId=a", proxy=None, max_size=None, ping_interval=None) as connection,
    ):
        yield connection


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 300_000])
async def test_what_is_sent_comes_back_in_its_kind(size: int) -> None:
    binary = (NO_UTF_8 * size)[:size]
    async with open_connection() as connection:
        for message in ("ä" * size, binary, "a" * size, binary):
            await connection.send(message)
            assert await connection.recv() == message


async def test_what_comes_in_one_piece_goes_back_in_its_order() -> None:
    messages: list[str | bytes] = ["a", b"a", b"\xff", "b", "", b"", "c"]
    frames = [frame(TEXT, m.encode()) if isinstance(m, str) else frame(BINARY, m) for m in messages]
    async with open_connection() as connection:
        await connection.stream.send_all(b"".join(frames))
        assert [await connection.recv() for _ in messages] == messages


@pytest.mark.parametrize("parts", [["a", "ä", ""], [b"\xff", b"", b"\xc3"]], ids=["text", "binary"])
async def test_fragments_come_back_whole(parts: Sequence[str] | Sequence[bytes]) -> None:
    async with open_connection() as connection:
        await connection.send(iter([*parts] * 100))
        whole = await connection.recv()
        assert whole == ("aä" * 100 if isinstance(parts[0], str) else b"\xff\xc3" * 100)


async def test_a_ping_is_answered_with_what_it_held() -> None:
    async with open_connection() as connection:
        for payload in (b"", b"\xff" * 125):
            # There when the pong that holds the same is.
            pong = await connection.ping(payload)
            await pong.wait()
        await connection.send(b"behind")
        assert await connection.recv() == b"behind"


async def test_a_goodbye_is_answered() -> None:
    async with open_connection() as connection:
        await connection.aclose(4321, "bye")
        assert connection.close_code == 4321


async def test_what_no_peer_may_send_ends_it_as_on_the_server() -> None:
    async with open_connection() as connection:
        await connection.send(NO_UTF_8, text=True)
        with pytest.raises(ConnectionClosedError):
            await connection.recv()
        assert (connection.close_code, connection.close_reason) == (1007, "not-utf-8")


def read(reader: FrameReader, data: bytes) -> list[tuple[bytes, bool]]:
    """Read bytes one by one, and all at once with another reader: the messages must be the same."""
    whole = EveryMessageReader(LARGEST, 1 << 62).feed(data)
    pieces = [message for byte in data for message in reader.feed(bytes([byte]))]
    messages = [(bytes(message), isinstance(message, Binary)) for message in pieces]
    assert messages == [(bytes(message), isinstance(message, Binary)) for message in whole]
    return messages


def test_kinds_are_told_apart_however_they_are_cut() -> None:
    frames = [
        (frame(TEXT, b"t"), (b"t", False)),
        (frame(BINARY, NO_UTF_8), (NO_UTF_8, True)),
        (
            frame(BINARY, b"\xc3", fin=False) + frame(PING, b"") + frame(CONTINUATION, b"\xff"),
            (b"\xc3\xff", True),
        ),
        (frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"\xa4"), (b"\xc3\xa4", False)),
    ]
    for first, second in pairwise([*frames, *reversed(frames)]):
        reader = EveryMessageReader(LARGEST, 1 << 62)
        assert read(reader, first[0] + second[0]) == [first[1], second[1]]
        assert not reader.over


@pytest.mark.parametrize(
    "text",
    [frame(TEXT, NO_UTF_8), frame(TEXT, b"a", fin=False) + frame(CONTINUATION, NO_UTF_8)],
    ids=["one", "fragments"],
)
def test_behind_a_binary_message_a_text_is_still_judged(text: bytes) -> None:
    reader = EveryMessageReader(LARGEST, 1 << 62)
    assert read(reader, frame(BINARY, NO_UTF_8) + text) == [(NO_UTF_8, True)]
    assert reader.fault == "not-utf-8"


def test_a_message_above_the_bound_is_refused_in_either_kind() -> None:
    for opcode in (TEXT, BINARY):
        reader = EveryMessageReader(3, 1 << 62)
        assert reader.feed(frame(opcode, b"abc")) != []
        assert reader.feed(frame(opcode, b"ab", fin=False) + frame(CONTINUATION, b"cd")) == []
        assert reader.fault == "too-big"

"""Before the upgrade, on virtual time: nobody is waited for longer than was said."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from focus_signal import Config
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.handshake_table import head, plain
from tests.server.hostile.virtual import virtual_server

HANDSHAKE = 5.0
CLOSE = 2.0
LINGER = 1.0
TOO_LATE = Wanted(408, "within 5 seconds")

PIECES = {
    "one byte": b"G",
    "an empty line": b"\r\n",
    "a request line": b"GET /signal?userId=u HTTP/1.1\r\n",
    "all but the last byte": head()[:-1],
}


def test_the_defaults_are_those_that_are_tested() -> None:
    config = Config()
    assert (config.handshake_timeout, config.close_timeout, config.linger_timeout) == (
        HANDSHAKE,
        CLOSE,
        LINGER,
    )


async def test_silence_gets_a_plain_close(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect(), trio.current_time()
        assert await read_all(stream) == b""
        assert trio.current_time() == began + HANDSHAKE


@pytest.mark.parametrize("sent", PIECES.values(), ids=PIECES.keys())
async def test_half_a_head_gets_408(autojump_clock: MockClock, sent: bytes) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect(), trio.current_time()
        await stream.send_all(sent)
        assert faults(await read_all(stream), TOO_LATE) == []
        assert trio.current_time() == began + HANDSHAKE


@pytest.mark.parametrize("piece", [b"G", b"\r\n"])
async def test_a_byte_now_and_then_buys_no_time(autojump_clock: MockClock, piece: bytes) -> None:
    async with virtual_server() as virtual, trio.open_nursery() as nursery:
        stream, began = virtual.listener.connect(), trio.current_time()
        nursery.start_soon(_trickle, stream, b"GET /signal?userId=" if piece == b"G" else b"", piece)
        assert faults(await read_all(stream), TOO_LATE) == []
        assert trio.current_time() == began + HANDSHAKE
        nursery.cancel_scope.cancel()


async def test_a_head_in_the_last_moment_is_welcomed(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream = virtual.listener.connect()
        await stream.send_all(head()[:-1])
        await trio.sleep(HANDSHAKE - 0.001)
        await stream.send_all(head()[-1:])
        with trio.fail_after(1):
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 ")


async def test_a_handshake_whose_answer_is_not_read_ends_with_the_deadline(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect("lockstep"), trio.current_time()
        await stream.send_all(head())
        await virtual.empties_at(began + HANDSHAKE)


async def test_an_answer_that_is_not_read_is_given_up(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect("lockstep"), trio.current_time()
        await stream.send_all(plain("GET /healthz HTTP/1.1"))
        await virtual.empties_by(began + CLOSE + LINGER)


async def test_a_408_that_is_not_read_is_given_up(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect("lockstep"), trio.current_time()
        await stream.send_all(b"GET ")
        await virtual.empties_by(began + HANDSHAKE + CLOSE + LINGER)


async def test_who_reads_its_answer_and_stays_is_cut(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect(), trio.current_time()
        await stream.send_all(plain("GET /healthz HTTP/1.1"))
        assert faults(await read_all(stream), Wanted(200, "ok")) == []
        assert trio.current_time() == began
        await virtual.empties_at(began + LINGER)


async def test_who_reads_its_answer_and_goes_on_sending_is_cut(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual, trio.open_nursery() as nursery:
        stream, began = virtual.listener.connect(), trio.current_time()
        await stream.send_all(plain("POST /signal HTTP/1.1", b"Content-Length: 1000000\r\n"))
        nursery.start_soon(_trickle, stream, b"", b"a" * 100)
        assert faults(await read_all(stream), Wanted(400, "Expected WebSocket connection")) == []
        assert trio.current_time() == began
        with trio.fail_after(LINGER + 0.5), pytest.raises(trio.BrokenResourceError):
            while True:
                await stream.send_all(b"a")
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def _trickle(stream: trio.abc.SendStream, first: bytes, piece: bytes) -> None:
    """Send a piece every 0.3 seconds, for as long as they are taken."""
    try:
        await stream.send_all(first)
        while True:
            await stream.send_all(piece)
            await trio.sleep(0.3)
    except trio.BrokenResourceError:
        pass  # the server has given up, and the test reads how

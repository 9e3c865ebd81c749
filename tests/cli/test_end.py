"""How the process ends at a signal: in good order, with status 0, whoever is connected."""

from __future__ import annotations

import signal

import pytest
import trio

from tests.cli.program import SERVE_HERE, start
from tests.cli.users import connect, meet, open_silent

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
_CLOSE_1012 = b"\x88\x09\x03\xf4restart"


@SIGNALS
async def test_nobody_connected(number: signal.Signals) -> None:
    async with start(SERVE_HERE) as program:
        await program.ready()
        ended = await program.stop(number)
    assert (ended.status, ended.stdout) == (0, b"")
    assert "Traceback" not in ended.stderr


@SIGNALS
async def test_clients_are_told(number: signal.Signals) -> None:
    """In a room, in a queue or idle: everyone is closed with 1012, and then the process ends."""
    async with start(SERVE_HERE) as program:
        url = (await program.ready()).url
        async with (
            connect(url, "ana") as ana,
            connect(url, "ben") as ben,
            connect(url, "cleo") as cleo,
            connect(url, "dan") as dan,
        ):
            await meet(ana, ben)
            await cleo.say("matchmaking", matchSize=2)
            await cleo.settle()
            await dan.settle()
            program.process.send_signal(number)
            for user in (ana, ben, cleo, dan):
                assert await user.closed() == (1012, "restart")
            ended = await program.ended()
    assert (ended.status, ended.stdout) == (0, b"")
    assert "Traceback" not in ended.stderr


async def test_silent_client_holds_nobody_up() -> None:
    """A client that does not answer the close frame is cut at the close deadline."""
    async with start(SERVE_HERE) as program:
        port = (await program.ready()).port
        async with await open_silent(port, "ana") as silent:
            ended = await program.stop()
            assert await silent.receive_some() == _CLOSE_1012
    assert ended.status == 0
    assert "Traceback" not in ended.stderr


async def test_unfinished_handshakes_hold_nobody_up() -> None:
    """Who has sent half a request, or nothing yet, is not waited for."""
    async with start(SERVE_HERE) as program:
        port = (await program.ready()).port
        async with (
            await trio.open_tcp_stream("127.0.0.1", port) as mute,
            await trio.open_tcp_stream("127.0.0.1", port) as slow,
        ):
            await slow.send_all(b"GET /signal?userId=ana HTTP/1.1\r\nHost: local")
            ended = await program.stop()
            for stream in (mute, slow):
                with pytest.raises(trio.BrokenResourceError):
                    await stream.receive_some()
    assert ended.status == 0
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_second_signal_while_closing(second: signal.Signals) -> None:
    """Whoever asks twice gets the same good order and the same status."""
    async with start(SERVE_HERE) as program:
        port = (await program.ready()).port
        async with await open_silent(port, "ana") as silent:
            program.process.send_signal(signal.SIGTERM)
            # Everyone is being closed, and that takes as long as the silent client is waited for.
            assert await silent.receive_some() == _CLOSE_1012
            ended = await program.stop(second)
    assert ended.status == 0
    assert "Traceback" not in ended.stderr

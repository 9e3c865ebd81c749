"""The end of standard input ends the process if it is a pipe or a socket and `--ready-json` is given.

Whoever started it that way and has gone, even by a crash, leaves nothing running. Anything else at descriptor
0 has no end that says so.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile

import pytest
import trio

from tests.cli.program import SERVE, SERVE_HERE, Program, start
from tests.cli.users import connect, is_healthy

SENT_BEFORE = pytest.mark.parametrize("sent", [b"", b"x", b"a line\n" * 3000], ids=["none", "byte", "much"])


async def _check_still_serves(program: Program, port: int) -> None:
    """Ask several times, so that a server that had begun to end would be seen to; then end it."""
    for _ in range(5):
        assert await is_healthy(port)
    ended = await program.stop()
    assert ended.status == 0
    assert "standard input" not in ended.stderr


@SENT_BEFORE
async def test_end_of_pipe(sent: bytes) -> None:
    async with start(SERVE_HERE, stdin=subprocess.PIPE) as program:
        url = (await program.ready()).url
        async with connect(url, "ana") as ana:
            assert program.process.stdin is not None
            await program.process.stdin.send_all(sent)
            await ana.settle()
            await program.end_stdin()
            assert await ana.closed() == (1012, "restart")
        ended = await program.ended()
    assert (ended.status, ended.stdout) == (0, b"")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("how", ["close", "shutdown"])
@SENT_BEFORE
async def test_end_of_socket(how: str, sent: bytes) -> None:
    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        async with start(SERVE_HERE, stdin=theirs.fileno()) as program:
            theirs.close()
            await program.ready()
            await trio.SocketStream(ours).send_all(sent)
            if how == "close":
                ours.close()
            else:
                ours.shutdown(socket.SHUT_WR)
            ended = await program.ended()
    assert (ended.status, ended.stdout) == (0, b"")
    assert "Traceback" not in ended.stderr


async def test_pipe_that_has_ended_before() -> None:
    """The line is printed all the same: whoever reads it can tell a start from a failure."""
    reading, writing = os.pipe()
    os.close(writing)
    with open(reading, "rb") as stdin:  # noqa: ASYNC230, PTH123
        async with start(SERVE_HERE, stdin=stdin) as program:
            await program.ready()
            ended = await program.ended()
    assert (ended.status, ended.stdout) == (0, b"")


async def test_what_comes_on_a_pipe_is_ignored() -> None:
    """Data is no end."""
    async with start(SERVE_HERE, stdin=subprocess.PIPE) as program:
        port = (await program.ready()).port
        assert program.process.stdin is not None
        await program.process.stdin.send_all(b"\x04quit\nexit\n" * 10_000)
        await _check_still_serves(program, port)


async def test_dev_null() -> None:
    async with start(SERVE_HERE, stdin=subprocess.DEVNULL) as program:
        await _check_still_serves(program, (await program.ready()).port)


@pytest.mark.parametrize("content", [b"", b"some lines\nof text\n"], ids=["empty", "text"])
async def test_regular_file(content: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        async with start(SERVE_HERE, stdin=file) as program:
            await _check_still_serves(program, (await program.ready()).port)


async def test_terminal() -> None:
    """Neither an end-of-file character nor a hang-up of the terminal ends it."""
    master, slave = os.openpty()
    try:
        async with start(SERVE_HERE, stdin=slave) as program:
            os.close(slave)
            port = (await program.ready()).port
            os.write(master, b"some text\n\x04")
            assert await is_healthy(port)
            os.close(master)
            master = -1
            await _check_still_serves(program, port)
    finally:
        if master >= 0:
            os.close(master)


async def test_closed_descriptor() -> None:
    """Whatever takes the number 0 afterwards is not standard input."""
    async with start(["sh", "-c", 'exec "$@" <&-', "sh", *SERVE_HERE]) as program:
        await _check_still_serves(program, (await program.ready()).port)


async def test_pipe_without_ready_json() -> None:
    """Who did not ask for a line does not know of the rule either: `true | focus-signal serve` goes on."""
    command = [*SERVE, "--host", "127.0.0.1", "--port", "0"]
    # The log comes on stdout here, since the address is told nowhere else.
    joined = ["sh", "-c", 'exec "$@" 2>&1', "sh", *command]
    async with start(joined, stdin=subprocess.PIPE) as program:
        assert "no secret_file" in (await program.line()).decode()
        line = (await program.line()).decode()
        port = int(line.partition("ws://127.0.0.1:")[2].partition("/signal")[0])
        await program.end_stdin()
        for _ in range(5):
            assert await is_healthy(port)
        ended = await program.stop()
    assert ended.status == 0
    assert b"standard input" not in ended.stdout

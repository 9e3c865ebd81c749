"""What the process says when connections are accepted, and where it says it."""

from __future__ import annotations

import errno
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest
import trio

from tests.cli.program import SECONDS, SERVE, SERVE_HERE, start
from tests.cli.users import connect, is_healthy, meet


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1")],  # noqa: S104
)
async def test_ready_line(host: str, shown: str) -> None:
    """One line, in exactly these bytes; whoever reads it can connect, and nothing else comes on stdout."""
    async with start([*SERVE, "--host", host, "--port", "0", "--ready-json"]) as program:
        ready = await program.ready()
        address = f"{shown}:{ready.port}"
        expected = f'{{"ready":true,"url":"ws://{address}/signal","http":"http://{address}"}}\n'
        assert ready.line == expected.encode()
        async with connect(ready.url, "ana") as ana, connect(ready.url, "ben") as ben:
            await meet(ana, ben)
        ended = await program.stop()
    assert (ended.status, ended.stdout) == (0, b"")


@pytest.mark.parametrize("host", ["::1", "::"])
async def test_ready_line_of_ipv6(host: str) -> None:
    """An IPv6 address stands in brackets."""
    await _require_ipv6()
    async with start([*SERVE, "--host", host, "--port", "0", "--ready-json"]) as program:
        ready = await program.ready()
        address = f"[::1]:{ready.port}"
        expected = f'{{"ready":true,"url":"ws://{address}/signal","http":"http://{address}"}}\n'
        assert ready.line == expected.encode()
        async with connect(ready.url, "ana") as ana, connect(ready.url, "ben") as ben:
            await meet(ana, ben)
        ended = await program.stop()
    assert (ended.status, ended.stdout) == (0, b"")


async def test_name_for_host() -> None:
    """A name is looked up; the line tells an address behind it."""
    async with start([*SERVE, "--host", "localhost", "--port", "0", "--ready-json"]) as program:
        ready = await program.ready()
        assert ready.url.startswith(("ws://127.0.0.1:", "ws://[::1]:"))
        async with connect(ready.url, "ana") as ana:
            await meet(ana)
        assert (await program.stop()).status == 0


async def test_logs_go_to_stderr() -> None:
    async with start(SERVE_HERE) as program:
        ready = await program.ready()
        ended = await program.stop()
    assert ended.stdout == b""
    assert ready.url in ended.stderr
    assert "SIGTERM" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_nothing_on_stdout_unasked() -> None:
    """Without `--ready-json` the address is in the log alone."""
    command = [*SERVE, "--host", "127.0.0.1", "--port", "0"]
    # The file descriptors are swapped, so that what comes on the pipe is the log.
    async with start(["sh", "-c", 'exec "$@" 3>&1 1>&2 2>&3', "sh", *command]) as program:
        line = (await program.line()).decode()
        assert "no secret_file" in line
        line = (await program.line()).decode()
        port = int(line.partition("ws://127.0.0.1:")[2].partition("/signal")[0])
        assert await is_healthy(port)
        ended = await program.stop()
    assert ended.status == 0
    assert ended.stderr == ""  # what was written on stdout


async def test_console_script() -> None:
    """The command `focus-signal` is the same program."""
    script = Path(sysconfig.get_path("scripts")) / "focus-signal"
    async with start([str(script), *SERVE_HERE[3:]]) as program:
        ready = await program.ready()
        async with connect(ready.url, "ana") as ana:
            await meet(ana)
        ended = await program.stop()
    assert (ended.status, ended.stdout) == (0, b"")


async def _require_ipv6() -> None:
    try:
        [listener] = await trio.open_tcp_listeners(0, host="::1")
    except OSError as error:
        pytest.skip(f"needs: an IPv6 loopback address (::1: {error})")
    await listener.aclose()


@pytest.mark.parametrize(("stdout", "reason"), [(">/dev/full", errno.ENOSPC), (">&-", errno.EBADF)])
async def test_nobody_can_be_told(stdout: str, reason: int) -> None:
    """Who waits for the line waits in vain, so the server does not go on in secret."""
    command = ["sh", "-c", f'exec "$@" {stdout}', "sh", *SERVE_HERE]
    with trio.fail_after(SECONDS):
        ended = await trio.run_process(command, check=False, capture_stderr=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == 1
    said = ended.stderr.decode()
    assert f"cannot write the --ready-json line to stdout: {os.strerror(reason)}\n" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("flags", [[], ["--no-demo"]])
async def test_the_log_says_where_the_page_is(flags: list[str]) -> None:
    async with start([*SERVE_HERE, *flags]) as program:
        ready = await program.ready()
        ended = await program.stop()
    assert (f"a page that makes a call: {ready.http}/\n" in ended.stderr) == (not flags)

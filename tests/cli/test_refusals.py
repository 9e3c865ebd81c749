"""What the process says when it cannot start: a line for an address, a usage error for an argument."""

from __future__ import annotations

import errno
import os
import re
import socket
import sys

import pytest

from tests.cli.program import PROGRAM, SERVE, Ended, run

_UNKNOWN_NAME = "no-such-host.invalid"
# Asked for this name, the resolver is not asked at all, so that nothing leaves the machine.
_WITHOUT_RESOLVER = f"""
import socket, sys
ask = socket.getaddrinfo
def getaddrinfo(host, *rest):
    if host in ({_UNKNOWN_NAME!r}, {_UNKNOWN_NAME.encode()!r}):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return ask(host, *rest)
socket.getaddrinfo = getaddrinfo
from focus_signal.cli import main
sys.exit(main())
"""


def _check_one_line(ended: Ended, *words: str) -> None:
    assert ended.status == 1
    assert ended.stdout == b""
    [line] = ended.stderr.splitlines()
    assert line.startswith("focus-signal: ")
    for word in words:
        assert word in line


@pytest.mark.parametrize("options", [[], ["--ready-json"]], ids=["plain", "ready-json"])
async def test_port_in_use(options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await run([*SERVE, "--host", "127.0.0.1", "--port", port, *options])
    _check_one_line(ended, "127.0.0.1", port, os.strerror(errno.EADDRINUSE))


async def test_port_in_use_on_one_of_two_addresses() -> None:
    """All addresses of a name, or none."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await run([*SERVE, "--host", "localhost", "--port", port])
    _check_one_line(ended, "localhost", port, os.strerror(errno.EADDRINUSE))


async def test_address_of_another_machine() -> None:
    """An address set aside for documentation (RFC 5737) belongs to no machine."""
    ended = await run([*SERVE, "--host", "203.0.113.7", "--port", "0"])
    _check_one_line(ended, "203.0.113.7", os.strerror(errno.EADDRNOTAVAIL))


async def test_unknown_name() -> None:
    command = [sys.executable, "-c", _WITHOUT_RESOLVER, "serve", "--host", _UNKNOWN_NAME, "--port", "0"]
    _check_one_line(await run(command), _UNKNOWN_NAME, "Name or service not known")


@pytest.mark.parametrize(
    "host",
    [b"a..b", b"a" * 64 + b".invalid", b"b\xc3\xa4d name", b"\xff"],
    ids=["empty-label", "long-label", "space", "no-utf8"],
)
async def test_what_is_no_name_at_all(host: bytes) -> None:
    """No resolver can be asked for these; that is told like any other address that cannot be listened on."""
    _check_one_line(await run([*SERVE, "--host", host, "--port", "0"]))


@pytest.mark.parametrize(
    ("arguments", "flag", "came", "allowed"),
    [
        (["--port", "70000"], "--port", "70000", "from 0 to 65535"),
        (["--port", "-1"], "--port", "-1", "from 0 to 65535"),
        (["--port", "http"], "--port", "http", "int"),
        (["--port", "80.0"], "--port", "80.0", "int"),
        (["--port", ""], "--port", "''", "int"),
        (["--max-match-size", "0"], "--max-match-size", "0", "from 1 to "),
        (["--max-match-size", "-1"], "--max-match-size", "-1", "from 1 to "),
        (["--max-match-size", "x"], "--max-match-size", "x", "int"),
        (["--max-match-size", "2.5"], "--max-match-size", "2.5", "int"),
        (["--max-match-size", "1073741825"], "--max-match-size", "1073741825", "from 1 to 1073741824"),
        (["--relay-scope", "world"], "--relay-scope", "world", "'room', 'any'"),
        (["--relay-scope", ""], "--relay-scope", "''", "'room', 'any'"),
        (["--transport", "wsproto"], "--transport", "wsproto", "'native', 'trio-websocket'"),
        (["--transport", ""], "--transport", "''", "'native', 'trio-websocket'"),
        (["--host", ""], "--host", "''", "not empty"),
        (["--transport"], "--transport", "expected one argument", ""),
        (["--port"], "--port", "expected one argument", ""),
        (["--seed-silent=yes"], "--seed-silent", "yes", "ignored explicit argument"),
        (["--no-demo=yes"], "--no-demo", "yes", "ignored explicit argument"),
        (["--demo"], "arguments", "--demo", "unrecognized"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_wrong_value(arguments: list[str], flag: str, came: str, allowed: str) -> None:
    """The flag, what came and what is allowed, in the last line; the usage stands above."""
    ended = await run([*SERVE, *arguments])
    message = _check_usage(ended)
    assert re.search(rf"{flag}\b", message)
    assert came in message
    assert allowed in message


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["serve", "--bogus"], "--bogus"),
        (["serve", "--bogus=1"], "--bogus=1"),
        (["serve", "8000"], "8000"),
        # No flag can be shortened, so that another one that is added later takes nobody by surprise.
        (["serve", "--max", "8"], "--max"),
        (["dance"], "dance"),
        (["--bogus", "serve"], "--bogus"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_unknown_argument(arguments: list[str], named: str) -> None:
    assert named in _check_usage(await run([*PROGRAM, *arguments]))


async def test_no_command() -> None:
    assert "COMMAND" in _check_usage(await run(PROGRAM))


@pytest.mark.parametrize("command", [PROGRAM, SERVE], ids=["program", "serve"])
async def test_help(command: list[str]) -> None:
    ended = await run([*command, "--help"])
    assert (ended.status, ended.stderr) == (0, "")
    named = ended.stdout.decode()
    words = ["serve"] if command is PROGRAM else _FLAGS
    for word in words:
        assert word in named


_FLAGS = [
    "--host",
    "--port",
    "--ready-json",
    "--relay-scope",
    "--max-match-size",
    "--transport",
    "--seed-silent",
    "--no-demo",
]


def _check_usage(ended: Ended) -> str:
    """See that this is a usage error, and give its message, which stands behind the usage."""
    assert ended.status == 2
    assert ended.stdout == b""
    assert ended.stderr.startswith("usage: focus-signal")
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]

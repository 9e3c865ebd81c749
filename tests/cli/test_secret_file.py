"""`--secret-file` and `--ice-server`: what reaches the settings, and what is said of a file that is wrong."""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from focus_signal.access.keys import Keys
from focus_signal.cli import garbage, main, serve
from focus_signal.cli.serve_options import config_of, flag_of
from focus_signal.server.config import Config
from focus_signal.server.session_keys import keys_of
from tests.cli.program import SERVE_HERE, run, start
from tests.cli.simulating import Answer

SECRET = bytes(range(150, 182))


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """List the configs with which a server would have run."""
    configs: list[Config] = []

    def run(options: argparse.Namespace, usage_error: Any) -> int:
        del usage_error
        configs.append(config_of(options))
        return 0

    monkeypatch.setattr(serve, "run", run)
    return configs


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> list[Keys]:
    """List the keys of the servers that were opened; each ends before it serves."""
    opened: list[Keys] = []

    @asynccontextmanager
    async def open_server(config: Config, listeners: list[Any]) -> AsyncGenerator[None]:
        for listener in listeners:
            await listener.aclose()
        opened.append(keys_of(config))
        if opened:
            raise ZeroDivisionError("this server has only been opened")
        yield

    monkeypatch.setattr(serve, "open_server", open_server)
    # What it does to its process is nothing to be done to that of the tests.
    for owner, name in ((serve, "set_up_logging"), (serve, "raise_soft_limit"), (garbage, "take_over")):
        monkeypatch.setattr(owner, name, lambda *_: None)
    return opened


def _command(capture: pytest.CaptureFixture[str], *arguments: str) -> Answer:
    capture.readouterr()
    try:
        status: Any = main(["serve", "--host", "127.0.0.1", "--port", "0", *arguments])
    except SystemExit as end:
        status = end.code
    return Answer(status, *capture.readouterr())


def test_flags(serving: list[Config]) -> None:
    assert (flag_of("secret_file"), flag_of("ice_servers")) == ("--secret-file", "--ice-server")
    assert main(["serve", "--secret-file", "a b/secrets"]) == 0
    assert main(["serve", "--ice-server", "stun:a.example", "--ice-server=stuns:b.example:5349"]) == 0
    assert serving == [
        Config(secret_file="a b/secrets"),
        Config(ice_servers=({"urls": "stun:a.example"}, {"urls": "stuns:b.example:5349"})),
    ]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("example.org", "one has the URL 'example.org', which is none as in 'stun:example.org:3478'"),
        ("", "one has the URL '', which is none as in 'stun:example.org:3478'"),
        ("turn:a.example", "one has the URL 'turn:a.example', and not both a 'username' and a 'credential'"),
    ],
)
def test_wrong_ice_server(url: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = _command(capsys, "--ice-server", "stun:a.example", f"--ice-server={url}")
    assert answer.status == 2
    wanted = f"--ice-server must be ICE servers as browsers take them, and {told}"
    assert answer.complaint == f"focus-signal serve: error: {wanted}"


def test_a_secret_reaches_the_server(
    opening: list[Keys], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "secrets"
    path.write_text(SECRET.hex())
    with pytest.raises(ExceptionGroup) as ended:
        _command(capsys, "--secret-file", str(path))
    assert ended.group_contains(ZeroDivisionError)
    assert opening == [Keys((SECRET,))]


@pytest.mark.parametrize(
    "content",
    [None, "hunter 2", "", f"{SECRET.hex()}\n{SECRET.hex()}"],
    ids=["no file", "no secret", "an empty file", "a secret twice"],
)
def test_wrong_secret_file(
    content: str | None, opening: list[Keys], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a wrong argument like any other: told in one line, with the status of one."""
    path = tmp_path / "secrets"
    if content is not None:
        path.write_text(content)
    answer = _command(capsys, "--secret-file", str(path))
    assert answer.status == 2
    assert answer.complaint.startswith(f"focus-signal serve: error: --secret-file {str(path)!r}")
    assert "must" in answer.complaint
    for secret in (SECRET.hex(), "hunter"):
        assert secret not in answer.err
    assert "Traceback" not in answer.err
    assert opening == []


async def test_the_process(tmp_path: Path) -> None:
    """With a right file it serves, and says nothing of sessions that end with it; with a wrong one not."""
    path = tmp_path / "secrets"
    path.write_text(f"# of this test\n{SECRET.hex()}\n")
    async with start([*SERVE_HERE, "--secret-file", str(path)]) as program:
        await program.ready()
        ended = await program.stop()
    assert ended.status == 0
    assert "no secret_file" not in ended.stderr
    path.write_text(f"{SECRET.hex()[:62]}\n")
    ended = await run([*SERVE_HERE, "--secret-file", str(path)])
    assert (ended.status, ended.stdout) == (2, b"")
    assert (
        f"error: --secret-file {str(path)!r}, line 1: must be a secret of at least 32 bytes" in ended.stderr
    )
    assert "Traceback" not in ended.stderr
    assert SECRET.hex()[:62] not in ended.stderr


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    words = " ".join(_command(capsys, "--help").out.split())
    assert "--secret-file PATH a file with the secret that signs sessions" in words
    assert "--ice-server URL a STUN server that clients are told to use" in words

"""`focus-signal bench` as a process: what it says about a real server, and about what is none."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import pytest
import trio

from focus_signal.load.frames import CLOSE, plain
from focus_signal.load.upgrade import ACCEPT
from tests.cli.program import PROGRAM, SECONDS, SERVE_HERE, Ended, run, start
from tests.cli.users import connect

BENCH = [*PROGRAM, "bench"]
# More is sent in a measurement than any one client may send by default.
SERVE_FAST = [*SERVE_HERE, "--message-rate", "0", "--byte-rate", "0"]
SHORT = ["--seconds", "0.3", "--warmup", "0.1"]
HEAD = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"
# What each kind of measurement counts, what it times, and the settings that it tells.
MODES: dict[str, tuple[str, list[str], dict[str, int]]] = {
    "relay": ("messages", ["relay"], {"pairs": 3, "window": 5, "refill": 2, "size": 300}),
    "match": ("joins", ["match"], {"pairs": 3, "room_size": 3}),
    "connect": ("handshakes", ["upgrade", "close"], {"pairs": 3, "window": 4}),
    "idle": ("connections", ["upgrade"], {"pairs": 3, "window": 4}),
}


def flags(values: dict[str, int]) -> list[str]:
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def told(ended: Ended) -> dict[str, Any]:
    """Read the one line of JSON of a run that went well."""
    assert ended.status == 0
    assert ended.stdout.count(b"\n") == 1
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


@pytest.mark.parametrize("mode", MODES)
async def test_the_json_of_a_measurement(mode: str) -> None:
    what, timed, settings = MODES[mode]
    async with start(SERVE_FAST) as server:
        url = (await server.ready()).url
        options = [*flags(settings), *SHORT, "--pid", str(server.process.pid), "--json"]
        report = told(await run([*BENCH, mode, "--url", url, *options]))
        assert (await server.stop()).status == 0
    assert (report["mode"], report["url"], report["what"]) == (mode, url, what)
    assert report["settings"] == {"warmup": 0.1, **settings}
    assert 0.3 <= report["seconds"] < SECONDS
    assert (report["connections"], report["lost"]) == (6, 0)
    assert list(report["latency_ms"]) == timed
    for latency in report["latency_ms"].values():
        assert 0 < latency["p50"] <= latency["p99"] <= latency["p99_9"] <= latency["max"]
    generator, used = report["generator"], report["server"]
    assert 0 < generator["cpu_share"] <= 1.1
    # Others may use this machine as well.
    assert generator["saturated"] is (generator["cpu_share"] + (generator["wait_share"] or 0) > 0.8)
    assert used["pid"] == server.process.pid
    assert used["resident_kib"] > 1000
    if mode == "idle":
        assert (report["count"], report["per_second"]) == (6, None)
        assert (generator["cpu_us_each"], used["cpu_us_each"]) == (None, None)
        assert isinstance(used["kib_per_connection"], float)
    else:
        assert report["count"] > 6
        assert report["per_second"] == pytest.approx(report["count"] / report["seconds"], rel=0.01)
        assert used["kib_per_connection"] is None
        for side in (generator, used):
            assert side["cpu_us_each"] == pytest.approx(
                side["cpu_share"] * report["seconds"] / report["count"] * 1e6, rel=0.05, abs=0.2
            )


async def test_the_table_of_a_measurement() -> None:
    async with start(SERVE_FAST) as server:
        url = (await server.ready()).url
        ended = await run([*BENCH, "relay", "--url", url, "--pairs", "2", *SHORT])
    assert ended.status == 0
    lines = ended.stdout.decode().splitlines()
    assert lines[0].startswith(f"relay, {url}: 0.")
    assert lines[0].endswith("; warmup 0.1, pairs 2, window 20, refill 1, size 250")
    assert " messages a second (" in lines[1]
    assert lines[2].split() == ["latency,", "ms", "p50", "p99", "p99.9", "max"]
    assert lines[3].startswith("write to read")
    assert lines[4].startswith("this program used ")
    assert len(lines) == 5


async def test_two_runs_at_once_do_not_meet_and_nothing_is_left_behind() -> None:
    """One counts rooms of three, one of two; afterwards nobody waits for either."""
    async with start(SERVE_FAST) as server:
        url = (await server.ready()).url
        reports = []

        async def measure(size: str) -> None:
            options = ["--pairs", "4", "--room-size", size, *SHORT, "--json"]
            reports.append(told(await run([*BENCH, "match", "--url", url, *options])))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(measure, "2")
            nursery.start_soon(measure, "3")
        assert len(reports) == 2
        async with connect(url, "ana") as ana:
            await ana.say("matchmaking", matchSize=2)
            await ana.settle()
            await ana.say("matchmaking", matchSize=3)
            await ana.settle()


async def test_a_stranger_is_named() -> None:
    async with start(SERVE_FAST) as server:
        url = (await server.ready()).url
        async with connect(url, "ana") as ana:
            await ana.say("matchmaking", matchSize=2)
            await ana.settle()
            ended = await run([*BENCH, "relay", "--url", url, "--pairs", "1", *SHORT])
    assert_failed(ended, "a stranger is in room", "'ana'", "Somebody else is using this server")


def assert_failed(ended: Ended, *words: str) -> None:
    """See that there is one line on stderr with these words, status 1, and no figure."""
    assert (ended.status, ended.stdout) == (1, b"")
    assert ended.stderr.startswith("focus-signal: ")
    assert ended.stderr.count("\n") == 1
    for word in words:
        assert word in ended.stderr


@pytest.mark.parametrize("mode", MODES)
async def test_nobody_listens(mode: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        ended = await run([*BENCH, mode, "--url", f"ws://127.0.0.1:{port}/signal", *SHORT])
    assert_failed(ended, f"cannot connect to 127.0.0.1:{port}: Connection refused")


async def test_the_upgrade_is_refused() -> None:
    async with start(SERVE_FAST) as server:
        url = (await server.ready()).url
        ended = await run([*BENCH, "connect", "--url", f"{url}s", *SHORT])
    assert_failed(ended, "the server refused the upgrade: HTTP/1.1 404 Not Found Not Found")


async def test_a_room_that_the_server_does_not_give() -> None:
    async with start([*SERVE_FAST, "--max-match-size", "2"]) as server:
        url = (await server.ready()).url
        ended = await run([*BENCH, "match", "--room-size", "3", "--url", url, *SHORT])
    assert_failed(ended, "no room-found, but", "bad-match-size")


@asynccontextmanager
async def rude_server(lose: int) -> AsyncGenerator[str]:
    """Upgrade everyone, and end the first connections at once; give the URL."""
    number = 0

    async def serve(stream: trio.SocketStream) -> None:
        nonlocal number
        number += 1
        mine = number
        head = b""
        async with stream:
            while not head.endswith(b"\r\n\r\n"):
                head += await stream.receive_some(4096)
            await stream.send_all(HEAD)
            if mine > lose:
                # A client of these tests says nothing but its close frame.
                await stream.receive_some(4096)
                await stream.send_all(plain(CLOSE, b"\x03\xe8"))

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield f"ws://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


async def test_lost_connections_are_counted() -> None:
    async with rude_server(2) as url:
        ended = await run([*BENCH, "idle", "--url", url, "--pairs", "3", *SHORT, "--json"])
    assert ended.status == 1
    assert ended.stderr == "focus-signal: 2 of 6 connections were lost\n"
    report = json.loads(ended.stdout)
    assert (report["count"], report["lost"], report["connections"]) == (4, 2, 6)


async def test_all_connections_are_lost() -> None:
    async with rude_server(6) as url:
        ended = await run([*BENCH, "idle", "--url", url, "--pairs", "3", *SHORT])
    assert_failed(ended, "the server went away: all 6 connections were lost")


async def test_too_few_descriptors() -> None:
    command = 'ulimit -n 100; exec "$0" "$@"'
    options = ["idle", "--url", "ws://127.0.0.1:1/", "--pairs", "30"]
    ended = await run(["sh", "-c", command, *BENCH, *options])
    assert_failed(ended, "60 connections need 124 open files, and the hard limit is 100", "ulimit -Hn")


@contextmanager
def running_server() -> Generator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server that a test may kill."""
    with subprocess.Popen(
        SERVE_FAST, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


class Terminal:
    """A measurement with a terminal for its stderr, that would take an hour."""

    def __init__(self, url: str, mode: str) -> None:
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(
            [*BENCH, mode, "--url", url, "--pairs", "2", "--warmup", "0.1", "--seconds", "3600"],
            env={**os.environ, "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        os.close(slave)
        self.shown = ""

    def read(self) -> bool:
        """Read what is shown next; False at the end."""
        assert select.select([self.master], [], [], SECONDS)[0], self.shown
        try:
            data = os.read(self.master, 4096)
        except OSError:  # Linux says so when nobody has the other side any more
            return False
        self.shown += data.decode()
        return bool(data)

    def until(self, text: str) -> None:
        while text not in self.shown:
            assert self.read(), self.shown

    def ended(self) -> tuple[int, bytes, str]:
        """Read to the end; give the status, what stdout had, and the line that was left on the screen."""
        while self.read():
            pass
        out, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, self.shown.rpartition("\r")[0].rpartition("\r")[2]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self.master)


@pytest.mark.parametrize("mode", ["relay", "connect"])
def test_the_server_goes_away_in_the_middle(mode: str) -> None:
    with running_server() as (server, url), Terminal(url, mode) as terminal:
        terminal.until("measuring")
        server.kill()
        status, out, left = terminal.ended()
    assert (status, out) == (1, b"")
    assert left.startswith(("focus-signal: the server ended a connection", "focus-signal: cannot connect"))


def test_an_interrupt() -> None:
    with running_server() as (_, url), Terminal(url, "relay") as terminal:
        terminal.until("measuring")
        terminal.process.send_signal(signal.SIGINT)
        status, out, left = terminal.ended()
    assert (status, out, left) == (130, b"", "focus-signal: interrupted")
    bars = [text for text in terminal.shown.split("\r") if text.startswith("[")]
    assert bars[0].startswith("[........................] connecting")
    assert any(" warm-up" in text for text in bars)


def test_nobody_reads_the_figures() -> None:
    with running_server() as (_, url):
        process = subprocess.Popen(
            [*BENCH, "idle", "--url", url, "--pairs", "1", *SHORT],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        complaint = process.stderr.read()
        process.stderr.close()
        assert process.wait(SECONDS) == 141
    assert complaint == b""

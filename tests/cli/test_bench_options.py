"""`focus-signal bench` without a server: wrong arguments, and what is made of a report."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import attrs
import msgspec
import pytest

from focus_signal.cli import bench, main
from focus_signal.cli.bench_output import Stages, as_json, as_table, warning
from focus_signal.load.faults import WrongResult
from focus_signal.load.report import Generator, Latency, Report, Server
from tests.cli.simulating import Answer

REPORT = Report(
    mode="connect",
    url="ws://host:1/",
    settings={"warmup": 0.5, "window": 3},
    seconds=2.00001,
    what="handshakes",
    count=2469,
    per_second=1234.56789,
    latency_ms={"upgrade": Latency(2469, 0.123456, 12.3, 123.4, 1234.5), "close": None},
    connections=0,
    lost=0,
    pings=0,
    generator=Generator(0.5, 0.01, saturated=False, cpu_us_each=405.0),
    server=Server(42, 0.97, 786.0, 2048, None),
)


@attrs.frozen
class Bench:
    """Runs a command within this process."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Answer:
        self.capture.readouterr()
        try:
            status = main(["bench", *arguments])
        except SystemExit as end:
            return Answer(end.code, *self.capture.readouterr())
        return Answer(status, *self.capture.readouterr())


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["WHAT"]),
        (["dance"], ["dance", "relay", "match", "connect", "idle"]),
        (["relay", "--url", "wss://h/"], ["--url", "'wss://h/'", "TLS", "ws://"]),
        (["relay", "--url", "http://h/"], ["--url", "'http://h/'", "ws://HOST:PORT/PATH"]),
        (["relay", "--pairs", "0"], ["--pairs", "'0'", "from 1 to 100000"]),
        (["connect", "--pairs", "-1"], ["--pairs", "'-1'", "from 0 to 100000"]),
        (["idle", "--pairs", "x"], ["--pairs", "'x'", "from 1 to 100000"]),
        (["idle", "--window", "1001"], ["--window", "'1001'", "from 1 to 1000"]),
        (["relay", "--refill", "21"], ["--refill", "21", "at most the --window, 20"]),
        (["relay", "--size", "199"], ["--size", "'199'", "from 200 to 262144"]),
        (["relay", "--size", "٣٠٠"], ["--size", "from 200 to 262144"]),
        (
            ["relay", "--size", "262144", "--window", "100"],
            ["--pairs, --window and --size", "25000 MiB", "allowed are 1024"],
        ),
        (["match", "--room-size", "5", "--pairs", "2"], ["--room-size", "5", "number of clients, 4"]),
        (["match", "--room-size", "0"], ["--room-size", "'0'", "from 1 to 1000"]),
        (["relay", "--seconds", "0"], ["--seconds", "'0'", "from 0.1 to 86400"]),
        (["relay", "--seconds", "nan"], ["--seconds", "'nan'", "from 0.1 to 86400"]),
        (["relay", "--warmup", "-1"], ["--warmup", "'-1'", "from 0 to 86400"]),
        (["relay", "--warmup", "soon"], ["--warmup", "'soon'", "from 0 to 86400"]),
        (["relay", "--pid", "0"], ["--pid", "'0'", "from 1 to 4194304"]),
        (["relay", "--pid", "4194304"], ["--pid", "4194304", "a process of this machine"]),
        (["relay", "--room-size", "2"], ["--room-size"]),
        (["match", "--size", "300"], ["--size"]),
    ],
    ids=" ".join,
)
def test_what_is_wrong_with_an_argument_is_said(
    command: Bench, arguments: list[str], words: list[str]
) -> None:
    complaint = command(*arguments).complaint
    for word in words:
        assert word in complaint


def test_help_loads_nothing() -> None:
    code = "import sys\nfrom focus_signal.cli import main\ntry: main(['bench', 'relay', '--help'])\n"
    code += "except SystemExit: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    names = done.stdout.splitlines()[-1].split()
    assert "focus_signal.cli.bench_options" in names
    assert not {"focus_signal.load", "msgspec", "attrs", "trio"} & set(names)


def test_a_fault_of_its_own_is_told_from_the_servers(command: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> Report:
        raise RuntimeError("broken")

    def find_fault(*_: object) -> Report:
        raise WrongResult("a message came twice")

    monkeypatch.setattr(bench, "measure", break_down)
    answer = command("relay")
    assert (answer.status, answer.out) == (70, "")
    assert "RuntimeError: broken" in answer.err
    monkeypatch.setattr(bench, "measure", find_fault)
    assert command("relay") == Answer(1, "", "focus-signal: a message came twice\n")


def test_a_figure_that_is_not_the_servers_is_told(command: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert warning(REPORT) is None
    assert command_with(REPORT, command, monkeypatch).err == ""
    busy = Generator(0.79, 0.02, saturated=True, cpu_us_each=1.0)
    answer = command_with(msgspec.structs.replace(REPORT, generator=busy), command, monkeypatch)
    assert answer.status == 0
    assert answer.err.startswith("focus-signal: warning: this program used 79% of its core and waited")
    assert json.loads(answer.out)["generator"]["saturated"] is True


def command_with(report: Report, command: Bench, monkeypatch: pytest.MonkeyPatch) -> Answer:
    monkeypatch.setattr(bench, "measure", lambda *_: report)
    return command("connect", "--json")


def test_a_report_as_json() -> None:
    document = json.loads(as_json(REPORT))
    assert msgspec.convert({**document, "seconds": 2.00001, "per_second": 1234.56789}, Report) == (
        msgspec.structs.replace(
            REPORT, latency_ms={"upgrade": Latency(2469, 0.1235, 12.3, 123.4, 1234.5), "close": None}
        )
    )
    assert (document["seconds"], document["per_second"]) == (2.0, 1234.5679)


def test_a_report_as_a_table() -> None:
    assert list(as_table(REPORT)) == [
        "connect, ws://host:1/: 2.0 s; warmup 0.5, window 3",
        "1,235 handshakes a second (2,469 in all)",
        "latency, ms             p50        p99      p99.9        max",
        "connect to 101         0.12       12.3        123      1,234",
        "close to end              -          -          -          -",
        "this program used 50% of its core (1% waiting for it), 405 µs each",
        "process 42 used 97% of a core, 786 µs each; 2.0 MiB resident",
    ]


def test_a_report_of_what_stands() -> None:
    idle = msgspec.structs.replace(
        REPORT,
        mode="idle",
        what="connections",
        count=1999,
        per_second=None,
        connections=2000,
        lost=1,
        pings=2000,
        latency_ms={},
        generator=Generator(0.5, None, saturated=False, cpu_us_each=None),
        server=Server(42, 0.01, None, 2048, 4.25),
    )
    assert list(as_table(idle))[1:] == [
        "1,999 of 2,000 connections stand, 1 lost, 2,000 pings answered",
        "latency, ms             p50        p99      p99.9        max",
        "this program used 50% of its core",
        "process 42 used 1% of a core; 2.0 MiB resident, 4.25 KiB for each connection",
    ]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setenv("COLUMNS", "52")
    screen = Screen()
    bar = Stages(screen)
    bar.show("connecting", 0.0, 0)
    bar.show("measuring", 0.0, 0)
    for step in range(1, 17):
        now[0] += 0.0625
        bar.show("measuring", step / 16, step * 100)
    bar.show("checking", 1.0, 2000)
    drawn = screen.getvalue().split("\r")[1:]
    assert drawn[0] == "[........................] connecting"
    assert drawn[1] == "[........................] measuring "
    # Every second one is too early to be shown.
    assert drawn[2] == "[###.....................] measuring  1,600/s"
    assert drawn[-2] == "[########################] measuring  1,600/s"
    assert drawn[-1].startswith("[########################] checking  ")
    assert len(drawn) == 11
    assert max(map(len, drawn)) <= 51
    bar.clear()
    bar.clear()
    assert screen.getvalue().endswith(f"\r{'':35}\r")


def test_what_is_no_terminal_gets_no_bar() -> None:
    stream = io.StringIO()
    bar = Stages(stream)
    bar.show("measuring", 0.5, 1)
    bar.clear()
    assert stream.getvalue() == ""
    Stages(None).show("measuring", 0.5, 1)

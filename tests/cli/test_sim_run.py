"""`focus-signal sim run`: the account as JSON and as a table, its exit status, and the bar."""

from __future__ import annotations

import io
import json
import os
import select
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Self

import pytest

from focus_signal.cli.progress import Bar
from focus_signal.testing.campaign import run_campaign
from focus_signal.testing.invariants.names import INVARIANTS
from tests.cli.program import PROGRAM, SECONDS
from tests.cli.simulating import Sim

MUTANT = "twins"


@pytest.fixture
def sim(capsys: pytest.CaptureFixture[str]) -> Sim:
    return Sim(capsys)


def test_the_json_of_a_good_campaign(sim: Sim) -> None:
    answer = sim("run", "--seeds", "2:42", "--json")
    assert (answer.status, answer.err) == (0, "")
    digest = run_campaign(range(2, 42)).digest
    assert answer.out.startswith(f'{{"digest":"{digest}","seeds":40,"violations":[],')
    assert answer.out.count("\n") == 1
    assert list(json.loads(answer.out))[:3] == ["digest", "seeds", "violations"]


def test_the_json_of_violations(sim: Sim) -> None:
    answer = sim("run", "--seeds", 60, "--subject", MUTANT, "--json")
    assert answer.status == 1
    told = json.loads(answer.out)
    report = run_campaign(range(60), subject=MUTANT)
    assert told["digest"] == report.digest
    assert told["seeds"] == 60
    assert [list(entry)[:3] for entry in told["violations"]] == [
        ["invariant", "share", "first_seed"] for _ in report.violations
    ]
    assert [
        (entry["invariant"], entry["share"], entry["first_seed"], entry["count"], entry["example"])
        for entry in told["violations"]
    ] == [(b.invariant, b.share, b.first_seed, b.count, b.example) for b in report.violations]
    assert "self-match" in {entry["invariant"] for entry in told["violations"]}
    assert (told["level"], told["subject"], told["first"], told["never"]) == ("core", MUTANT, 0, [])
    assert told["seconds"] >= 0
    assert told["per_second"] > 0


@pytest.mark.parametrize(
    "options", [[], ["--clients", "3", "--operations", "30", "--verbs"]], ids=["usual", "other"]
)
def test_the_command_in_the_table_shows_what_the_table_says(sim: Sim, options: list[str]) -> None:
    answer = sim("run", "--seeds", "60", "--subject", MUTANT, *options)
    assert answer.status == 1
    lines = answer.out.splitlines()
    told = json.loads(sim("run", "--seeds", "60", "--subject", MUTANT, "--json", *options).out)
    assert f"digest {told['digest']}" in lines
    assert told["violations"]
    for entry in told["violations"]:
        [at] = [n for n, line in enumerate(lines) if line.split()[0] == entry["invariant"]]
        assert f"{100 * entry['share']:.3g}%" in lines[at]
        assert entry["example"] in lines[at]
        command = lines[at + 1].strip()
        assert command == entry["command"]
        assert f"--seed {entry['first_seed']} " in f"{command} "
        program, *arguments = shlex.split(command)
        assert (program, arguments[0]) == ("focus-signal", "sim")
        again = sim(*arguments[1:])
        assert again.status == 1
        assert entry["example"] in again.out
    others = len(INVARIANTS) - len(told["violations"])
    assert lines[-1].startswith(f"the {others} other invariants held: 0 of 60 seeds.")
    assert " 5% " in lines[-1]


@pytest.mark.parametrize(
    ("number", "said"),
    [(300, "held: 0 of 300 seeds. With 95% confidence each breaks in fewer than 1% "), (2, "too few seeds")],
)
def test_a_table_without_violations_says_what_that_proves(sim: Sim, number: int, said: str) -> None:
    answer = sim("run", "--seeds", number)
    assert (answer.status, answer.err) == (0, "")
    assert said in answer.out
    assert f"all {len(INVARIANTS)} invariants" in answer.out
    assert f"digest {run_campaign(range(number)).digest}\n" in answer.out


def test_level_schedule_and_jobs_are_handed_on(sim: Sim) -> None:
    options = ["--level", "message", "--schedule", "pct:2", "--clients", "3", "--operations", "10"]
    one = sim("run", "--seeds", 2, *options)
    assert one.status == 0
    assert "at the message level" in one.out
    two = json.loads(sim("run", "--seeds", 2, *options, "--jobs", 2, "--json").out)
    assert f"digest {two['digest']}\n" in one.out
    assert (two["level"], two["schedule"]) == ("message", "pct:2")


def test_a_mutant_of_the_shell_is_not_seen_in_the_core_and_that_is_said(sim: Sim) -> None:
    answer = sim("run", "--seeds", 2, "--subject", "task-stays", "--json")
    assert answer.status == 0
    assert "only --level message and full show it" in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], ["required", "--seeds"]),
        (["run", "--seeds", "5:5"], ["--seeds", "5:5", "A below B"]),
        (["run", "--seeds", "9:5"], ["--seeds", "9:5", "A below B"]),
        (["run", "--seeds", "a:b"], ["--seeds", "a:b", "A:B"]),
        (["run", "--seeds", "0"], ["--seeds", "'0'", "N from 1"]),
        (["run", "--seeds", "1:2:3"], ["--seeds", "1:2:3"]),
        (["run", "--seeds", "5", "--level", "deep"], ["--level", "deep", "core", "message", "full"]),
        (["run", "--seeds", "5", "--subject", "twin"], ["--subject", "'twin'", "twins"]),
        (["run", "--seeds", "5", "--subject", ""], ["--subject", "''", "server"]),
        (["run", "--seeds", "5", "--schedule", "fair"], ["--schedule", "'fair'", "single-step"]),
        (["run", "--seeds", "5", "--jobs", "0"], ["--jobs", "'0'", "from 1"]),
        (["run", "--seeds", "5", "--clients", "1001"], ["--clients", "1001", "from 1 to 1000"]),
        (["run", "--seeds", "5", "--operations", "x"], ["--operations", "'x'", "from 0"]),
        (["run", "--seeds", "5", "--seed", "1"], ["--seed"]),
        (["dance"], ["COMMAND", "dance", "replay"]),
        ([], ["COMMAND"]),
    ],
    ids=" ".join,
)
def test_what_is_wrong_with_an_argument_is_said(sim: Sim, arguments: list[str], words: list[str]) -> None:
    complaint = sim(*arguments).complaint
    for word in words:
        assert word in complaint


def run_in_process(hash_seed: str) -> str:
    command = [*PROGRAM, "sim", "run", "--seeds", "30", "--subject", MUTANT, "--json"]
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    digest: str = json.loads(done.stdout)["digest"]
    return digest


def test_the_digest_does_not_depend_on_the_process() -> None:
    digests = {run_in_process("1"), run_in_process("20011")}
    assert digests == {run_campaign(range(30), subject=MUTANT).digest}


class Terminal:
    """A process with a terminal for its stderr."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(
            [*PROGRAM, "sim", "run", *arguments],
            env={**os.environ, "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
            process_group=0,
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

    def workers(self) -> list[int]:
        pid = self.process.pid
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self.master)


def test_a_terminal_has_a_bar_that_is_gone_in_the_end() -> None:
    with Terminal("--seeds", "300", "--subject", MUTANT, "--json") as terminal:
        while terminal.read():
            pass
        out, _ = terminal.process.communicate(timeout=SECONDS)
    assert terminal.process.returncode == 1
    told = json.loads(out)
    broken = terminal.shown.split("\r")[-3:]
    assert broken[0].startswith("[########################] 300/300  ")
    assert " with violations" in broken[0]
    assert broken[1].strip() == ""
    assert len(broken[1]) == len(broken[0])
    assert broken[2] == ""
    assert told["seeds"] == 300


def has_ended(pidfd: int) -> bool:
    ready, _, _ = select.select([pidfd], [], [], SECONDS)
    os.close(pidfd)
    return bool(ready)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_campaign(number: signal.Signals) -> None:
    with Terminal("--seeds", "1000000", "--jobs", "2") as terminal:
        while "/1000000" not in terminal.shown:
            assert terminal.read()
        workers = [os.pidfd_open(pid) for pid in terminal.workers()]
        assert len(workers) == 2
        os.killpg(terminal.process.pid, number)
        while terminal.read():
            pass
        out, _ = terminal.process.communicate(timeout=SECONDS)
        assert all(map(has_ended, workers))
    assert out == b""
    assert "Traceback" not in terminal.shown
    if number == signal.SIGINT:
        assert terminal.process.returncode == 130
        assert terminal.shown.endswith("focus-signal: interrupted\r\n")


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar_fits_the_terminal_and_is_not_drawn_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen()
    bar = Bar(screen, 1000)
    for done in range(1, 1001):
        now[0] += 0.01
        bar.show(done, done // 2)
    drawn = screen.getvalue().split("\r")[1:]
    assert 100 <= len(drawn) <= 102
    assert {len(text) for text in drawn} == {39}
    assert drawn[0].startswith("[........................] 1/1000")
    assert drawn[-1].startswith("[########################] 1000/1000  ")
    bar.clear()
    bar.clear()
    assert screen.getvalue().endswith(f"\r{'':39}\r")


def test_what_is_no_terminal_gets_no_bar() -> None:
    stream = io.StringIO()
    bar = Bar(stream, 1)
    bar.show(1, 0)
    bar.clear()
    assert stream.getvalue() == ""
    Bar(None, 1).show(1, 0)

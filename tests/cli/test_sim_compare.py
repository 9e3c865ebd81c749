"""`sim check-determinism`, `sim diff`, and what holds for every command: quick help, readers that leave."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from focus_signal.cli import sim_options
from focus_signal.cli.sim_compare import _unlike
from focus_signal.cli.sim_twin import Twin
from focus_signal.testing.plan import Level
from focus_signal.testing.run import run_simulation
from focus_signal.testing.workload.swarm import swarm
from tests.cli.program import PROGRAM, SECONDS
from tests.cli.simulating import Sim
from tests.testing.planted import plant

SMALL = ["--clients", 3, "--operations", 10]


@pytest.fixture
def sim(capsys: pytest.CaptureFixture[str]) -> Sim:
    return Sim(capsys)


@pytest.mark.parametrize("options", [[], ["--level", "full", "--schedule", "pct"]], ids=["core", "full"])
def test_two_runs_of_a_seed_are_identical(sim: Sim, options: list[str]) -> None:
    digest = sim("replay", "--seed", 5, *SMALL, *options).out.split()[-1]
    answer = sim("check-determinism", "--seed", 5, *SMALL, *options)
    assert (answer.status, answer.out, answer.err) == (0, f"identical: {digest}\n", "")


def test_two_runs_of_a_file_are_identical(sim: Sim, tmp_path: Path) -> None:
    path = tmp_path / "a failure.json"
    run_simulation(seed=5, level="message", subject="twins").failure.save(path)
    digest = sim("replay", path, "--level", "core").out.split()[-1]
    answer = sim("check-determinism", path, "--level", "core")
    assert (answer.status, answer.out) == (0, f"identical: {digest}\n")


HASHES = """
from focus_signal.server.logic import build_logic
SUBJECT = Subject("hashes", "names rooms by hashes", lambda c, _: build_logic(c, lambda: str(hash("room"))))
"""


def test_a_run_that_hangs_on_hashes_is_caught(
    sim: Sim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(monkeypatch, tmp_path, HASHES)
    answer = sim("check-determinism", "--seed", 7, "--subject", "hashes")
    assert answer.status == 1
    lines = answer.out.splitlines()
    assert lines[0].startswith("first difference at event ")
    [a] = [line for line in lines[1:] if line.startswith("- ") and '"what":"RequestMatch"' in line]
    [b] = [line for line in lines[1:] if line.startswith("+ ") and '"what":"RequestMatch"' in line]
    assert a[1:] != b[1:]
    assert '"room":' in a


def test_a_run_that_raises_is_no_result(sim: Sim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant(monkeypatch, tmp_path, "SUBJECT = Subject('faulty', 'raises', lambda *_: 1 / 0)")
    answer = sim("check-determinism", "--seed", 7, "--subject", "faulty")
    assert (answer.status, answer.out) == (70, "")
    assert "ZeroDivisionError" in answer.err


def test_runs_with_the_same_events_can_differ_all_the_same() -> None:
    twin = Twin("aa", (0, 1, 2), ["{}"])
    assert _unlike(twin, twin) is None
    said = _unlike(twin, Twin("bb", (0, 2, 1), ["{}"]))
    assert said == "the same events, but 1 at choice 1 of the schedule in the first run and 2 in the second"
    said = _unlike(twin, Twin("bb", (0, 1, 2), ["{}"]))
    assert said == "the same events, but other tasks or bytes behind them: aa and bb"
    assert "event 1" in str(_unlike(twin, Twin("aa", (0, 1, 2), ["[]"])))


@pytest.fixture
def traces(sim: Sim, tmp_path: Path) -> tuple[Path, Path]:
    """Have the traces of two seeds in files."""
    a, b = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    a.write_text(sim("replay", "--seed", 7, "--trace").out)
    b.write_text(sim("replay", "--seed", 8, "--trace").out)
    return a, b


def test_traces_that_are_the_same(sim: Sim, traces: tuple[Path, Path], tmp_path: Path) -> None:
    a, _ = traces
    events = len(run_simulation(seed=7).history)
    answer = sim("diff", a, a)
    assert (answer.status, answer.out, answer.err) == (0, f"identical: {events} events\n", "")
    # Headers are not compared, and need not be there; nor need a trace be what a file holds.
    bare = tmp_path / "bare.jsonl"
    bare.write_text("".join(a.read_text().splitlines(keepends=True)[1:]))
    failure = tmp_path / "failure.json"
    run_simulation(seed=7).failure.save(failure)
    plan = tmp_path / "plan.json"
    plan.write_text(swarm().plan(7).to_json())
    for one in (a, bare, failure, plan):
        for other in (bare, failure, plan):
            assert sim("diff", one, other).out == f"identical: {events} events\n"


def test_traces_that_differ(sim: Sim, traces: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = traces
    lines = a.read_text().splitlines()
    changed = json.loads(lines[20])
    changed["t"] += 1
    c = tmp_path / "c.jsonl"
    c.write_text("\n".join([*lines[:20], json.dumps(changed), *lines[21:]]))
    answer = sim("diff", a, c, "--context", 2)
    assert answer.status == 1
    said = answer.out.splitlines()
    assert said[0] == f"first difference at event 20; - is {a}, + is {c}"
    assert [line.split()[0] for line in said[1:3]] == ["18", "19"]
    assert lines[20] in said[3]
    assert json.dumps(changed) in answer.out
    assert sim("diff", a, b).status == 1
    c.write_text("\n".join(lines[:-1]))
    assert "(no more events)" in sim("diff", a, c).out


def test_failures_that_differ(sim: Sim, tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.json" for seed in (7, 8)]
    for seed, path in zip((7, 8), paths, strict=True):
        run_simulation(seed=seed, subject="twins").failure.save(path)
    assert sim("diff", *paths).out.startswith("first difference at event ")
    assert sim("diff", *paths).status == 1
    assert sim("diff", paths[0], paths[0]).status == 0


def test_the_same_events_in_another_schedule(sim: Sim, tmp_path: Path) -> None:
    paths = [tmp_path / f"{level}.json" for level in ("shuffle", "single-step")]
    plan = swarm(clients=1, operations=1, faults=(), buggify=False)
    for path in paths:
        run_simulation(seed=1, level="message", schedule=path.stem, workload=plan).failure.save(path)
    answer = sim("diff", *paths)
    assert answer.status == 1
    assert "the same " in answer.out
    assert "but in another schedule" in answer.out


def test_what_cannot_be_compared(sim: Sim, traces: tuple[Path, Path], tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert f"argument B: {missing} must be a file" in sim("diff", traces[0], missing).complaint
    empty = tmp_path / "empty"
    empty.write_text("")
    assert f"argument A: {empty}: this must be a JSON object" in sim("diff", empty, traces[0]).complaint
    binary = tmp_path / "binary"
    binary.write_bytes(b'{"trace":1}\n\xff\xfe')
    assert f"argument A: {binary} must be text in UTF-8" in sim("diff", binary, traces[0]).complaint
    assert "--context" in sim("diff", traces[0], traces[0], "--context=-1").complaint


# What holds for all.


def test_what_is_said_of_defaults_and_levels_is_so() -> None:
    assert get_args(Level) == sim_options.LEVELS
    usual = inspect.signature(swarm).parameters
    assert usual["clients"].default == sim_options.CLIENTS
    assert usual["operations"].default == sim_options.OPERATIONS


HELP = """
import sys
from focus_signal.cli import main
for arguments in (["--help"], ["sim", "--help"], ["sim", "run", "--help"], ["sim", "run", "--seeds", "x"]):
    try:
        main(arguments)
    except SystemExit as end:
        print("ended with", end.code)
print(*sorted({"trio", "attrs", "msgspec", "hypothesis", "pytest"} & set(sys.modules)), "loaded")
"""


def test_help_and_usage_errors_load_nothing() -> None:
    done = python(HELP)
    assert [line for line in done.stdout.splitlines() if line.startswith("ended")] == [
        *["ended with 0"] * 3,
        "ended with 2",
    ]
    assert done.stdout.splitlines()[-1].strip() == "loaded"
    for word in ("serve", "sim", "--seeds", "--jobs", "check-determinism"):
        assert word in done.stdout


ALL = """
import sys
sys.modules["pytest"] = sys.modules["hypothesis"] = sys.modules["pytest_trio"] = None
from focus_signal.cli import main
statuses = [main(["sim", *line.split()]) for line in sys.argv[1:]]
print("statuses", *statuses)
"""


def test_no_command_needs_what_only_tests_have(tmp_path: Path) -> None:
    path = tmp_path / "failure.json"
    done = python(
        ALL,
        "run --seeds 4 --jobs 2",
        f"shrink --seed 7 --subject seed -o {path}",
        f"replay {path}",
        f"replay {path} --level full",
        f"diagram {path} --format svg",
        "check-determinism --seed 7",
        f"diff {path} {path}",
        "plan --seed 7",
        "subjects",
    )
    assert done.stdout.splitlines()[-1] == "statuses 0 0 1 1 0 0 0 0 0"


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)


@pytest.mark.parametrize("arguments", [["subjects"], ["replay", "--seed", "7", "--trace"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_fault(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as stdout:  # noqa: PTH123 - a descriptor
        done = subprocess.run(
            [*PROGRAM, "sim", *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_without_a_stdout_the_status_tells() -> None:
    command = [
        "sh",
        "-c",
        'exec "$@" >&-',
        "sh",
        *PROGRAM,
        "sim",
        "run",
        "--seeds",
        "60",
        "--subject",
        "twins",
    ]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (1, "")

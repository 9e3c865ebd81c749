"""The commands of `focus-signal sim` about one run: replay, shrink, diagram, plan; and `subjects`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from focus_signal.testing.failure import load_failure
from focus_signal.testing.invariants.names import INVARIANTS
from focus_signal.testing.plan import read_plan
from focus_signal.testing.run import run_plan, run_simulation
from focus_signal.testing.subjects.registry import SUBJECTS
from focus_signal.testing.workload.swarm import swarm
from tests.cli.simulating import Sim
from tests.testing.planted import plant

MUTANT = "twins"
FAILING = ["--subject", MUTANT]


@pytest.fixture
def sim(capsys: pytest.CaptureFixture[str]) -> Sim:
    return Sim(capsys)


@pytest.fixture(scope="module")
def seed() -> int:
    """Find a seed under which the mutant breaks self-match."""
    return next(
        seed
        for seed in range(1, 200)  # of seed 0, see tests/testing/test_shrink.py
        if "self-match" in {v.invariant for v in run_simulation(seed=seed, subject=MUTANT).violations}
    )


@pytest.fixture
def saved(sim: Sim, seed: int, tmp_path: Path) -> Path:
    """Have a shrunk failure in a file."""
    path = tmp_path / "deep" / "failure.json"
    arguments = ["--seed", seed, *FAILING, "--invariant", "self-match", "-o", path]
    assert sim("shrink", *arguments).status == 0
    return path


def test_subjects(sim: Sim) -> None:
    answer = sim("subjects")
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert len(lines) == 1 + len(SUBJECTS)
    for line, subject in zip(lines[1:], SUBJECTS.values(), strict=True):
        name, breaks, about = line.split(maxsplit=2)
        assert (name, breaks) == (subject.name, subject.breaks or "-")
        assert about == subject.about + (" (above core)" if subject.above_core else "")


def test_subjects_as_json(sim: Sim) -> None:
    told = json.loads(sim("subjects", "--json").out)
    assert [entry["name"] for entry in told] == list(SUBJECTS)
    assert [entry["breaks"] for entry in told] == [subject.breaks for subject in SUBJECTS.values()]
    assert all(entry["about"] for entry in told)


def test_plan(sim: Sim) -> None:
    answer = sim("plan", "--seed", 7)
    assert answer.status == 0
    assert read_plan(answer.out) == swarm().plan(7)
    answer = sim("plan", "--seed", 7, "--clients", 3, "--operations", 12, "--verbs")
    assert read_plan(answer.out) == swarm(clients=3, operations=12, verbs=("drain", "stop", "restart")).plan(
        7
    )


def test_replay_of_a_seed(sim: Sim) -> None:
    ran = run_simulation(seed=7)
    answer = sim("replay", "--seed", 7)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        f"seed 7 at the core level, subject server: 45 operations, {len(ran.history)} events",
        "every invariant held",
        f"digest {ran.digest}",
    ]


def test_replay_of_a_seed_that_breaks_something(sim: Sim, seed: int) -> None:
    ran = run_simulation(seed=seed, subject=MUTANT)
    answer = sim("replay", "--seed", seed, *FAILING)
    assert answer.status == 1
    lines = answer.out.splitlines()
    assert len(lines) == 2 + len(ran.violations)
    for line, violation in zip(lines[1:], ran.violations, strict=False):
        assert line.startswith(f"{violation.invariant} at {violation.t:.6f} s: {violation.text}")
    assert lines[-1] == f"digest {ran.digest}"


@pytest.mark.parametrize("level", ["message", "full"])
def test_replay_at_another_level_under_another_schedule(sim: Sim, level: Any) -> None:
    options = ["--level", level, "--schedule", "single-step", "--clients", 3, "--operations", 10]
    answer = sim("replay", "--seed", 3, *options)
    ran = run_simulation(
        seed=3, level=level, schedule="single-step", workload=swarm(clients=3, operations=10)
    )
    assert answer.status == 0
    assert f"at the {level} level" in answer.out
    assert answer.out.endswith(f"digest {ran.digest}\n")


def test_the_trace_stands_alone_on_stdout(sim: Sim, seed: int) -> None:
    answer = sim("replay", "--seed", seed, *FAILING, "--trace")
    trace = run_simulation(seed=seed, subject=MUTANT).trace
    assert answer.status == 1
    assert answer.out == trace.text
    assert "self-match at " in answer.err
    until = trace.events[len(trace.events) // 2].t
    short = sim("replay", "--seed", seed, *FAILING, "--until", repr(until))
    assert short.status == 1
    kept = [event for event in trace.events if event.t <= until]
    assert 0 < len(kept) < len(trace.events)
    assert short.out.splitlines() == trace.lines[: 1 + len(kept)]
    assert len(sim("replay", "--seed", seed, *FAILING, "--until", 0).out.splitlines()) == 1


def test_shrink_and_replay(sim: Sim, seed: int, saved: Path) -> None:
    failure = load_failure(saved)
    assert (failure.level, failure.subject, failure.seed) == ("core", MUTANT, seed)
    assert "self-match" in {violation.invariant for violation in failure.violations}
    assert len(failure.plan.operations) <= 6
    answer = sim("replay", saved)
    assert answer.status == 1
    assert answer.out.startswith(f"{saved} at the core level, subject {MUTANT}: ")
    assert answer.out.endswith(f"digest {failure.digest}, as recorded\n")


def test_shrink_says_how_far_it_came(sim: Sim, seed: int, saved: Path) -> None:
    operations = len(load_failure(saved).plan.operations)
    arguments = ["shrink", "--seed", seed, *FAILING, "--invariant", "self-match"]
    before = len(swarm().plan(seed).operations)
    told = rf"self-match: from {before} operations to {operations}, in \d+ runs and \d+\.\d\d s"
    answer = sim(*arguments)
    assert answer.status == 0
    # Without a file the failure is on stdout, alone.
    assert answer.out == saved.read_text()
    assert re.fullmatch(told, answer.err.rstrip())
    answer = sim(*arguments, "-o", saved)
    assert answer.err == ""
    assert re.fullmatch(told, answer.out.splitlines()[0])
    assert answer.out.splitlines()[1] == f"to see it: focus-signal sim replay {saved}"
    # It cannot become smaller.
    assert f"from {operations} operations to {operations}," in sim("shrink", saved).err


def test_shrink_above_core(sim: Sim, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "failure.json"
    options = ["--level", "message", "--invariant", "self-match", "-o", path]
    answer = sim("shrink", "--seed", seed, *FAILING, *options)
    assert answer.status == 0
    failure = load_failure(path)
    assert failure.level == "message"
    assert failure.schedule is not None
    assert len(failure.plan.operations) <= 6
    again = sim("replay", path)
    assert again.status == 1
    assert again.out.endswith(", as recorded\n")


def test_there_is_nothing_to_shrink(sim: Sim, seed: int) -> None:
    answer = sim("shrink", "--seed", 7)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == "focus-signal: seed 7: nothing to shrink: every invariant held\n"
    answer = sim("shrink", "--seed", seed, *FAILING, "--invariant", "drained")
    assert (answer.status, answer.out) == (1, "")
    assert "nothing to shrink: drained held; " in answer.err
    complaint = sim("shrink", "--seed", seed, "--invariant", "drain").complaint
    assert "--invariant: 'drain': allowed are self-match, " in complaint
    assert complaint.endswith(list(INVARIANTS)[-1])


def test_replay_says_when_the_digest_is_another(sim: Sim, saved: Path) -> None:
    text = saved.read_text()
    digest = load_failure(saved).digest
    other = "0" * len(digest)
    saved.write_text(text.replace(digest, other))
    answer = sim("replay", saved)
    assert answer.status == 1
    assert answer.out.endswith(f"digest {digest}, not as recorded ({other}; the versions are the same)\n")
    trio = load_failure(saved).versions["trio"]
    saved.write_text(text.replace(digest, other).replace(f'"trio":"{trio}"', '"trio":"0.1"'))
    assert f"({other}; trio 0.1 then, {trio} now)\n" in sim("replay", saved).out


def test_a_failure_that_is_run_in_another_way(sim: Sim, saved: Path) -> None:
    for options in (["--level", "message"], ["--subject", "server"], ["--schedule", "pct"]):
        answer = sim("replay", saved, *options)
        assert answer.status == (0 if "server" in options else 1)
        assert "recorded" not in answer.out
        assert "another way" in answer.err
    answer = sim("replay", saved, "--level", "core", "--subject", MUTANT)
    assert ", as recorded" in answer.out
    assert answer.err == ""


def test_a_failure_of_a_test_is_run_by_its_plan(sim: Sim, saved: Path) -> None:
    saved.write_text(saved.read_text().replace('"test":null', '"test":"test_a.py::test_b"'))
    answer = sim("replay", saved)
    assert answer.status == 1
    assert "test_a.py::test_b" in answer.err
    assert "recorded" not in answer.out


def test_a_plan_alone(sim: Sim, saved: Path) -> None:
    failure = load_failure(saved)
    saved.write_text(failure.plan.to_json())
    answer = sim("replay", saved)
    assert answer.status == 0
    assert answer.out.endswith(f"digest {run_plan(failure.plan).digest}\n")
    assert sim("replay", saved, *FAILING).out.endswith(f"digest {failure.digest}\n")


def test_a_schedule_that_does_not_fit(sim: Sim, tmp_path: Path) -> None:
    ran = run_simulation(seed=3, level="message", workload=swarm(clients=3, operations=10))
    path = tmp_path / "failure.json"
    ran.failure.save(path)
    assert ", as recorded" in sim("replay", path).out
    lines = path.read_text().splitlines(keepends=True)
    [at] = [n for n, line in enumerate(lines) if line.startswith('"schedule"')]
    lines[at] = '"schedule":{"kind":"batch","choices":[0,0,0]},\n'
    path.write_text("".join(lines))
    complaint = sim("replay", path).complaint
    assert f"argument FILE: {path}: the schedule ends after 3 choices" in complaint


def test_diagrams(sim: Sim, saved: Path, tmp_path: Path) -> None:
    failure = load_failure(saved)
    ran = run_plan(failure.plan, subject=MUTANT)
    ascii_art = sim("diagram", saved)
    assert (ascii_art.status, ascii_art.err) == (0, "")
    assert ascii_art.out.rstrip("\n") == ran.to_ascii().rstrip("\n")
    assert "VIOLATION self-match" in ascii_art.out
    assert sim("diagram", saved, "--format", "mermaid").out.startswith("sequenceDiagram\n")
    path = tmp_path / "made" / "run.svg"
    answer = sim("diagram", "--seed", failure.seed, *FAILING, "--format", "svg", "-o", path)
    assert (answer.status, answer.out, answer.err) == (0, "", "")
    assert ET.fromstring(path.read_text()).tag.endswith("svg")  # noqa: S314 - our own
    assert path.read_text() != sim("diagram", saved, "--format", "svg").out


def test_a_fault_of_the_kit_is_not_taken_for_a_violation(
    sim: Sim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(monkeypatch, tmp_path, "SUBJECT = Subject('faulty', 'raises', lambda *_: 1 / 0)")
    answer = sim("replay", "--seed", 1, "--subject", "faulty")
    assert (answer.status, answer.out) == (70, "")
    assert "ZeroDivisionError" in answer.err
    answer = sim("run", "--seeds", "4:9", "--subject", "faulty")
    assert (answer.status, answer.out) == (70, "")
    assert "focus-signal: the run of seed 4 raised ZeroDivisionError" in answer.err


@pytest.mark.parametrize("command", ["replay", "shrink", "diagram", "check-determinism"])
def test_what_is_no_source(sim: Sim, command: str, tmp_path: Path) -> None:
    assert "FILE --seed" in sim(command).complaint
    assert "--seed" in sim(command, "x.json", "--seed", 1).complaint
    assert "'-1'" in sim(command, "--seed=-1").complaint
    missing = tmp_path / "missing.json"
    assert (
        f"argument FILE: {missing} must be a file that can be read: No such file"
        in sim(command, missing).complaint
    )
    assert "argument --subject" in sim(command, "--seed", 1, "--subject", "twinz").complaint
    assert "argument --schedule" in sim(command, "--seed", 1, "--schedule", "pct:0").complaint
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"version":2}')
    assert f"argument FILE: {wrong}: version must be 1, not 2" in sim(command, wrong).complaint


def test_a_failure_of_a_subject_that_nobody_knows(sim: Sim, saved: Path) -> None:
    saved.write_text(saved.read_text().replace(f'"subject":"{MUTANT}"', '"subject":"twinz"'))
    complaint = sim("replay", saved).complaint
    assert f"argument FILE: {saved}: subject must be one of twins" in complaint
    assert sim("replay", saved, *FAILING).status == 1


def test_what_cannot_be_written(sim: Sim, saved: Path) -> None:
    for command in ("diagram", "shrink"):
        assert (
            f"argument -o/--output: {saved.parent} cannot be written: "
            in sim(command, saved, "-o", saved.parent).complaint
        )


@pytest.mark.parametrize("until", ["-1", "x", "nan", "inf", ""])
def test_times_that_are_none(sim: Sim, until: str) -> None:
    assert f"--until: '{until}': allowed is" in sim("replay", "--seed", 1, f"--until={until}").complaint

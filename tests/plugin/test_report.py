"""What pytest says about a simulated test that failed, what it writes, and that its commands repeat it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

from focus_signal.testing import pytest_report
from focus_signal.testing.failure import load_failure
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.pytest_report import directory_of, shrunk
from focus_signal.testing.run import run_plan
from focus_signal.testing.simulated import SimulatedRun, SimulatedTest, run_test
from focus_signal.testing.simulation import Simulation
from focus_signal.testing.subjects.registry import subject_named
from focus_signal.testing.violation import Violation
from tests.plugin.inner import command, digest, reports, run, section, write

pytest_plugins = ["pytester"]

FAILS = """
    @simulate(seeds=3, level="message")
    async def test_it(sim):
        ana, bo = await sim.clients("ana", "bo")
        await ana.join(match_size=2)
        await bo.join(match_size=2)
        room = await ana.expect("room-found")
        assert room.peers[0] == "cy" or sim.seed < 2
"""
# A test that asks twice, of a core that then matches a user with itself.
BREAKS = """
    @simulate(seeds=3, level="message", subject="twins")
    async def test_it(sim):
        ana, bo = await sim.clients("ana", "bo")
        await bo.offer(to=ana, sdp="v=0")
        await ana.join(match_size=2)
        await ana.join(match_size=2)
"""
FILES = ["diagram.mmd", "diagram.svg", "diagram.txt", "failure.json", "trace.jsonl"]
SHRUNK = ["shrunk.json", "shrunk.svg"]


def failures(pytester: pytest.Pytester) -> Path:
    return pytester.path / ".focus_signal/failures"


def written(pytester: pytest.Pytester) -> dict[str, list[str]]:
    """List the files of each failure."""
    if not failures(pytester).exists():
        return {}
    return {
        place.name: sorted(file.name for file in place.iterdir())
        for place in sorted(failures(pytester).iterdir())
    }


def test_a_failed_assertion(pytester: pytest.Pytester) -> None:
    write(pytester, FAILS)
    (report,) = reports(pytester)
    said = section(report)
    place = ".focus_signal/failures/test_it.test_it-2"
    failure = load_failure(pytester.path / place / "failure.json")
    lines = said.splitlines()
    assert lines[0] == f"seed 2, message level, subject server, digest {failure.digest}"
    assert lines[1].startswith("config, where it is not as usual: ")
    assert json.loads(lines[2].removeprefix("config: ")) == json.loads(failure.plan.to_json())["config"]
    assert lines[3] == "violations: none"
    assert lines[4] == "shrunk plan: none; the test's own assertion failed, and only the test can tell"
    assert re.fullmatch(r"the last \d+ events \(all are in trace.jsonl\):", lines[5])
    assert '  {"event":"got"' in [line[:16] for line in lines[6:-2]]
    assert lines[-2] == f"diagram: {place}/diagram.svg (also .mmd, .txt)"
    assert lines[-1] == f"replay: pytest test_it.py::test_it --focus-signal-replay={place}/failure.json"
    assert failure.test == "test_it.py::test_it"
    assert [operation.id for operation in failure.plan.operations] == [1, 2, 3, 4]
    assert written(pytester) == {"test_it.test_it-2": FILES}


def test_the_exception_is_the_test_s_own(pytester: pytest.Pytester) -> None:
    write(pytester, FAILS)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "sim = <Simulation of seed 2 at the message level>",
            '>       assert room.peers[0] == "cy" or sim.seed < 2',
            "E       AssertionError: assert ('*' == 'cy'*",
            "E        +  where 2 = <Simulation of seed 2 at the message level>.seed*",
            "E       in the simulation of seed 2 at the message level",
            "test_it.py:11: AssertionError",
            "*- focus-signal -*",
            "seed 2, message level, *",
            "FAILED test_it.py::test_it - AssertionError: *",
        ]
    )
    assert "simulate.py" not in result.stdout.str()
    assert "trio" not in result.stdout.str().split("FAILURES")[1]


def test_what_the_files_hold(pytester: pytest.Pytester) -> None:
    write(pytester, BREAKS)
    said = section(reports(pytester)[0])
    (place,) = failures(pytester).iterdir()
    assert written(pytester) == {"test_it.test_it-0": sorted([*FILES, *SHRUNK])}
    header, *events = (json.loads(line) for line in (place / "trace.jsonl").read_text().splitlines())
    assert (header["seed"], header["level"], header["subject"]) == (0, "message", "twins")
    assert events[-1]["event"] == "emptied"
    for name in ("diagram.svg", "shrunk.svg"):
        assert ET.parse(place / name).getroot().tag.endswith("svg")  # noqa: S314 - our own file
    assert (place / "diagram.mmd").read_text().startswith("sequenceDiagram")
    assert "self-match" in (place / "diagram.txt").read_text()
    assert (failures(pytester).parent / ".gitignore").read_text() == "*\n"
    assert load_failure(place / "failure.json").digest == digest(said)


def test_a_broken_invariant_comes_with_a_shrunk_plan(pytester: pytest.Pytester) -> None:
    write(pytester, BREAKS)
    (report,) = reports(pytester)
    assert "SimulationFailed: self-match: ana is twice in [ana, ana]" in report.longreprtext
    said = section(report)
    assert "\n  self-match at 1." in said
    assert "plan, shrunk from 5 operations to 3; self-match at the core level:\n" in said
    operations = [json.loads(line.strip(" ,")) for line in said.splitlines() if line.startswith('  {"do"')]
    assert [operation["do"] for operation in operations] == ["open", "join", "join"]
    small = load_failure(pytester.path / command(said, "replay the shrunk plan")[-1])
    again = run_plan(small.plan, level=small.level, subject=small.subject)
    assert again.digest == small.digest
    assert again.violations[0].invariant == "self-match"
    assert command(said, "replay the shrunk plan")[:3] == ["focus-signal", "sim", "replay"]


def test_the_events_lead_to_the_first_breach(pytester: pytest.Pytester) -> None:
    write(pytester, BREAKS)
    said = section(reports(pytester)[0])
    found = re.search(r"\nthe last (\d+) events up to ([\d.]+) s .*:\n((?:  \{.*\n)+)", said)
    assert found is not None
    lines = found[3].splitlines()
    assert len(lines) == int(found[1]) > 3
    assert '"ana","ana"' in lines[-1]
    assert f"self-match at {found[2]} s" in said


@pytest.mark.parametrize("source", [FAILS, BREAKS, FAILS.replace('"message"', '"full"')])
def test_the_command_repeats_the_failure(pytester: pytest.Pytester, source: str) -> None:
    write(pytester, source)
    first = section(reports(pytester)[0])
    program, *arguments = command(first, "replay")
    assert program == "pytest"
    second = section(reports(pytester, *arguments)[0])
    assert digest(second) == digest(first)
    assert f"\nreplayed from {arguments[1].split('=')[1]}: the same digest\n" in second
    assert command(second, "replay") == [program, *arguments]
    assert len(written(pytester)) == 2


def test_the_command_from_a_directory_below(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester, FAILS, "below/test it.py")
    monkeypatch.chdir(pytester.path / "below")
    first = section(reports(pytester, "test it.py")[0])
    arguments = command(first, "replay")[1:]
    assert arguments[0] == "test it.py::test_it"
    assert (pytester.path / "below" / arguments[1].split("=")[1]).exists()
    assert digest(section(reports(pytester, *arguments)[0])) == digest(first)


def test_the_command_chooses_the_markers_that_were_chosen(pytester: pytest.Pytester) -> None:
    marked = FAILS.replace("@simulate", "@pytest.mark.slow\n    @simulate")
    write(pytester, marked, ini="addopts = -m 'not slow'\nmarkers = slow\n")
    assert reports(pytester) == []
    first = section(reports(pytester, "-m", "slow")[0])
    assert digest(section(reports(pytester, *command(first, "replay")[1:])[0])) == digest(first)


def test_a_replay_says_when_it_went_another_way(pytester: pytest.Pytester) -> None:
    write(pytester, FAILS)
    first = section(reports(pytester)[0])
    arguments = command(first, "replay")[1:]
    write(
        pytester,
        FAILS.replace('("ana", "bo")\n', '("bo", "ana")\n').replace("join(match_size=2)", "say('x')", 1),
    )
    (report,) = reports(pytester, *arguments)
    assert f": not as it went then, digest {digest(first)}\n" in section(report)
    assert written(pytester)["test_it.test_it-2"] == FILES


def test_an_edited_test_that_fits_the_schedule_no_more_says_so(pytester: pytest.Pytester) -> None:
    write(pytester, FAILS)
    arguments = command(section(reports(pytester)[0]), "replay")[1:]
    write(
        pytester,
        FAILS.replace('("ana", "bo")\n', '("ana", "bo", "cy")\n').replace("ana, bo =", "ana, bo, cy ="),
    )
    (report,) = reports(pytester, *arguments)
    assert "PlanError" in report.longreprtext
    assert "what runs is not what ran then; seed 2 may fail all the same" in report.longreprtext


@pytest.mark.parametrize("options", [["-p", "no:terminal"], ["--tb=no"], ["-x"], ["--tb=native", "-q"]])
def test_other_ways_of_reporting(pytester: pytest.Pytester, options: list[str]) -> None:
    write(pytester, FAILS)
    result = run(pytester, *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert written(pytester) == {"test_it.test_it-2": FILES}


def test_a_report_can_travel_between_processes(pytester: pytest.Pytester) -> None:
    write(pytester, BREAKS)
    (report,) = reports(pytester)
    sent = json.loads(json.dumps(report._to_json()))
    assert section(pytest.TestReport._from_json(sent)) == section(report)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        ("assert True", "passed"),
        ("pytest.skip('not here')", "skipped"),
        ("pytest.xfail('known')", "skipped"),
    ],
)
def test_nothing_is_written_when_nothing_fails(pytester: pytest.Pytester, end: str, outcome: str) -> None:
    write(
        pytester,
        f"""
        @simulate(seeds=2, level="message")
        async def test_it(sim):
            {end}
        """,
    )
    (report,) = reports(pytester)
    assert (report.outcome, report.sections) == (outcome, [])
    assert not (pytester.path / ".focus_signal").exists()


def test_an_expected_failure_writes_nothing(pytester: pytest.Pytester) -> None:
    write(pytester, FAILS.replace("@simulate", "@pytest.mark.xfail(strict=True)\n    @simulate"))
    run(pytester).assert_outcomes(xfailed=1)
    assert written(pytester) == {}


def test_an_earlier_shrunk_plan_does_not_stay(pytester: pytest.Pytester) -> None:
    write(pytester, BREAKS)
    reports(pytester, "--focus-signal-seed=2")
    write(pytester, FAILS)
    reports(pytester)
    assert written(pytester) == {"test_it.test_it-2": FILES}


def test_a_failure_of_another_test_has_no_section(pytester: pytest.Pytester) -> None:
    write(pytester, "def test_it():\n    assert False\n")
    (report,) = reports(pytester)
    assert report.failed
    assert report.sections == []


def test_a_report_that_fails_does_not_hide_the_failure(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_args: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(pytest_report, "chart_of", explode)
    write(pytester, FAILS)
    (report,) = reports(pytester)
    assert "AssertionError: assert ('" in report.longreprtext
    said = section(report)
    assert said.startswith("seed 2, and this report could not be made:\nTraceback")
    assert "OSError: no space" in said


def test_a_subject_of_the_test_s_own_has_no_command(pytester: pytest.Pytester) -> None:
    source = BREAKS.replace('subject="twins"', 'subject=evolve(subject_named("twins"), name="mine")')
    imports = """
    from attrs import evolve
    from focus_signal.testing.subjects.registry import subject_named
    """
    write(pytester, imports + source)
    said = section(reports(pytester)[0])
    place = ".focus_signal/failures/test_it.test_it-0"
    assert f"\nshrunk plan: {place}/shrunk.json; subject mine is the test's own\n" in said
    assert "focus-signal sim" not in said


async def asks_twice(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await ana.join(match_size=2)
    await bo.join(match_size=3)


async def offers(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    await ana.offer(bo)
    await bo.expect("offer")


def broken(test: SimulatedTest, subject: str) -> SimulatedRun:
    return run_test(test, seed=3, level="message", config=RunConfig(), subject=subject_named(subject))


def test_shrinking_ends_in_time() -> None:
    ran = broken(asks_twice, "twins")
    at_once, later = shrunk(ran, 0.0), shrunk(ran, 60.0)
    assert at_once is not None
    assert later is not None
    assert len(at_once.plan.operations) == len(ran.plan.operations) == 5
    assert len(later.plan.operations) == 3


def test_what_the_core_does_not_show_shrinks_above_it() -> None:
    ran = broken(offers, "frames-twice")
    smaller = shrunk(ran, 60.0)
    assert smaller is not None
    assert (smaller.level, smaller.violations[0].invariant) == ("message", ran.violations[0].invariant)
    assert len(smaller.plan.operations) < len(ran.plan.operations)


def test_what_the_plan_does_not_break_by_itself_has_none() -> None:
    ran = evolve(broken(offers, "server"), violations=(Violation("leak", 1.0, "made up"),))
    assert shrunk(ran, 60.0) is None


def test_where_the_files_go(tmp_path: Path) -> None:
    def name(test: str) -> str:
        return directory_of(tmp_path, test, 5).name

    assert directory_of(tmp_path, "tests/a/test_b.py::TestC::test_d", 12) == (
        tmp_path / ".focus_signal/failures/tests.a.test_b.TestC.test_d-12"
    )
    strange = [
        "t.py::t[a/../b]",
        "t.py::t[a-..-b]",
        "t.py::t[\x00\n;'\"]",
        "t.py::t[ü€\ud800]",
        f"t.py::t[{'x' * 500}]",
    ]
    names = [name(test) for test in strange]
    assert len(set(names)) == len(strange)
    assert all(re.fullmatch(r"t\.t[A-Za-z0-9_.-]{0,150}-5", name) for name in names)

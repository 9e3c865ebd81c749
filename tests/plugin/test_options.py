"""What the options do to simulated tests, and that wrong ones are refused before anything runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from focus_signal.testing.failure import load_failure
from focus_signal.testing.settings import SETTINGS
from tests.plugin.inner import printed, reports, run, write

pytest_plugins = ["pytester"]

SHOWS = """
    @simulate(seeds=[4, 5], level="message")
    async def test_it(sim):
        print(f"\\nran={sim.seed} {sim.level}")
        assert sim.seed != 7
"""


def ran(pytester: pytest.Pytester, *args: str) -> list[str]:
    write(pytester, SHOWS)
    return printed(run(pytester, "-s", *args), "ran")


def test_without_options_a_test_has_its_own_seeds(pytester: pytest.Pytester) -> None:
    assert ran(pytester) == ["4 message", "5 message"]


def test_a_seed(pytester: pytest.Pytester) -> None:
    assert ran(pytester, "--focus-signal-seed=12") == ["12 message"]


def test_seeds(pytester: pytest.Pytester) -> None:
    assert ran(pytester, "--focus-signal-seeds=3") == ["0 message", "1 message", "2 message"]


@pytest.mark.parametrize("level", ["message", "full"])
def test_a_level(pytester: pytest.Pytester, level: str) -> None:
    assert ran(pytester, f"--focus-signal-level={level}") == [f"4 {level}", f"5 {level}"]


def test_a_schedule(pytester: pytest.Pytester) -> None:
    kinds = {}
    write(pytester, SHOWS)
    for policy in ("shuffle", "single-step", "pct:2"):
        run(pytester, f"--focus-signal-schedule={policy}", "--focus-signal-seed=7")
        failure = load_failure(pytester.path / ".focus_signal/failures/test_it.test_it-7/failure.json")
        assert failure.schedule is not None
        kinds[policy] = (failure.schedule.kind, failure.schedule.choices)
    assert [kind for kind, _ in kinds.values()] == ["batch", "step", "step"]
    assert kinds["single-step"] != kinds["pct:2"]


def test_check_determinism_runs_each_seed_twice(pytester: pytest.Pytester) -> None:
    once = ["4 message", "4 message", "5 message", "5 message"]
    assert ran(pytester, "--focus-signal-check-determinism") == once


def test_the_settings_last_as_long_as_the_run(pytester: pytest.Pytester) -> None:
    before = dict(vars(SETTINGS))
    write(
        pytester,
        """
        from focus_signal.testing.settings import SETTINGS

        def test_it():
            print("\\nset=", SETTINGS.seeds, SETTINGS.level, SETTINGS.schedule, SETTINGS.check_determinism)
        """,
    )
    options = ["seeds=3", "level=full", "schedule=pct", "check-determinism"]
    assert printed(run(pytester, "-s", *(f"--focus-signal-{option}" for option in options)), "set") == [
        " 3 full pct True"
    ]
    assert vars(SETTINGS) == before


def test_an_option_in_the_ini_file(pytester: pytest.Pytester) -> None:
    write(pytester, SHOWS, ini="addopts = --focus-signal-seeds=1\n")
    assert printed(run(pytester, "-s"), "ran") == ["0 message"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("seed=x", "--focus-signal-seed: must be a whole number from 0 to 9223372036854775807, not 'x'"),
        ("seed=-1", "--focus-signal-seed: must be a whole number from 0 to 9223372036854775807, not '-1'"),
        ("seeds=0", "--focus-signal-seeds: must be a whole number from 1 to 1000000, not '0'"),
        ("seeds=1000001", "--focus-signal-seeds: must be a whole number from 1 to 1000000, not '1000001'"),
        ("level=core", "--focus-signal-level: invalid choice: 'core' (choose from"),
        (
            "schedule=lifo",
            "--focus-signal-schedule: schedule 'lifo': allowed are shuffle, single-step, pct and",
        ),
        ("seed=1 seeds=2", "--focus-signal-seed and --focus-signal-seeds were given; allowed is one of them"),
        (
            "seed=1 replay=a",
            "--focus-signal-replay and --focus-signal-seed were given; allowed is one of them",
        ),
        ("level=full replay=a", "--focus-signal-replay and --focus-signal-level were given"),
        ("replay=none.json", "none.json must be a file that can be read: No such file"),
        ("replay=test_it.py", "test_it.py: this must be a JSON object, a failure or a plan, and is no JSON"),
    ],
)
def test_what_is_wrong_is_refused(pytester: pytest.Pytester, options: str, said: str) -> None:
    write(pytester, SHOWS)
    result = run(pytester, *(f"--focus-signal-{option}" for option in options.split()))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def failed(pytester: pytest.Pytester) -> Path:
    """Make a test fail, and give its failure file."""
    write(pytester, SHOWS)
    assert len(reports(pytester, "--focus-signal-seed=7")) == 1
    return pytester.path / ".focus_signal/failures/test_it.test_it-7/failure.json"


def test_a_replay_runs_the_test_of_the_file_alone(pytester: pytest.Pytester) -> None:
    path = failed(pytester)
    write(pytester, SHOWS, "test_other.py")
    result = run(pytester, f"--focus-signal-replay={path.relative_to(pytester.path)}", "-s")
    assert printed(result, "ran") == ["7 message"]
    result.assert_outcomes(failed=1, deselected=1)


def test_a_replay_of_a_test_that_is_not_there(pytester: pytest.Pytester) -> None:
    path = failed(pytester)
    write(pytester, SHOWS, "test_other.py")
    result = run(pytester, f"--focus-signal-replay={path}", "test_other.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = "--focus-signal-replay: the file is of test_it.py::test_it, which was not collected"
    assert said in result.stderr.str()


def test_a_replay_of_no_test(pytester: pytest.Pytester) -> None:
    path = failed(pytester)
    path.write_text(path.read_text().replace('"test":"test_it.py::test_it"', '"test":null'))
    result = run(pytester, f"--focus-signal-replay={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "failure.json is of no test; focus-signal sim replay runs it" in result.stderr.str()


HEAVY = {"trio", "attr", "attrs", "msgspec", "focus_signal.testing"}


def test_a_run_that_does_not_use_the_plugin_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    assert 'focus_signal.pytest_plugin' in sys.modules\n"
        f"    assert not {HEAVY!r} & set(sys.modules)\n"
        "def test_other():\n"
        "    assert False\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "focus_signal.pytest_plugin", "-p", "no:cacheprovider"],
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=pytester.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 failed, 1 passed" in result.stdout
    assert "FAILED test_it.py::test_other" in result.stdout


def test_the_options_are_explained(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--help")
    options = (
        "seed=N",
        "seeds=K",
        "level={message,full}",
        "schedule=POLICY",
        "replay=FILE",
        "check-determinism",
    )
    for option in options:
        assert f"--focus-signal-{option}" in result.stdout.str()

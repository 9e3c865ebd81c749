"""`focus-signal sim` with the workload `v1`: campaigns, and a failure that is shrunk, saved and run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from focus_signal.testing.v1.plan import read_v1_plan
from focus_signal.testing.v1.run import run_v1
from tests.cli.simulating import Sim

MUTANT = "drops-for-the-leaving"
BROKEN = "resume-loss"


@pytest.fixture
def sim(capsys: pytest.CaptureFixture[str]) -> Sim:
    return Sim(capsys)


def test_a_campaign_in_which_everything_holds(sim: Sim) -> None:
    answer = sim("run", "--workload", "v1", "--seeds", "3:13", "--json")
    assert answer.status == 0
    told = json.loads(answer.out)
    assert (told["seeds"], told["violations"], told["level"]) == (10, [], "core")


def test_two_processes_give_the_same_digest(sim: Sim) -> None:
    digests = [
        json.loads(sim("run", "--workload", "v1", "--seeds", 4, "--json", "--jobs", jobs).out)["digest"]
        for jobs in (1, 2)
    ]
    assert digests[0] == digests[1]


def test_a_campaign_with_a_mistake_names_the_command_that_shows_it(sim: Sim) -> None:
    answer = sim("run", "--workload", "v1", "--seeds", 8, "--subject", MUTANT)
    assert answer.status == 1
    assert BROKEN in answer.out
    assert f"--subject {MUTANT} --workload v1" in answer.out


def test_a_failure_is_shrunk_and_run_again(sim: Sim, tmp_path: Path) -> None:
    seed = next(seed for seed in range(60) if sim_breaks(sim, seed))
    path = tmp_path / "failure.json"
    assert sim("shrink", "--workload", "v1", "--seed", seed, "--subject", MUTANT, "-o", path).status == 0
    again = sim("replay", path)
    assert again.status == 1
    assert ", as recorded" in again.out
    assert f"{BROKEN} at " in again.out
    # The server itself has no part in it.
    assert sim("replay", path, "--subject", "server").status == 0


def sim_breaks(sim: Sim, seed: int) -> bool:
    answer = sim("replay", "--workload", "v1", "--seed", seed, "--subject", MUTANT)
    return BROKEN in answer.out


def test_a_plan_is_printed_and_run(sim: Sim, tmp_path: Path) -> None:
    printed = sim("plan", "--workload", "v1", "--seed", 5).out
    assert read_v1_plan(printed) == run_v1(5).plan
    path = tmp_path / "plan.json"
    path.write_text(printed)
    assert run_v1(5).digest in sim("replay", path).out


@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [("--level", "message", "core, full"), ("--subject", "nobody", "keeps-no-relay")],
)
def test_a_wrong_argument_is_named(sim: Sim, argument: str, value: str, allowed: str) -> None:
    answer = sim("run", "--workload", "v1", "--seeds", 1, argument, value)
    assert answer.status == 2
    assert argument in answer.err
    assert allowed in answer.err


def test_what_it_cannot_do_says_so(sim: Sim) -> None:
    answer = sim("diagram", "--workload", "v1", "--seed", 1)
    assert answer.status == 2
    assert "only run, replay, shrink and plan" in answer.err


def test_a_file_that_is_none_is_named(sim: Sim, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"workload":"v1","seed":1,"operations":[{"do":"fly","id":1,"at":0}]}')
    answer = sim("replay", path)
    assert answer.status == 2
    assert "fly" in answer.err

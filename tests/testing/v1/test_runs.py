"""The workload `v1`: the server breaks nothing, runs repeat, and each invariant finds a mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from focus_signal.testing.v1.campaign import run_v1_campaign
from focus_signal.testing.v1.checks.names import V1_INVARIANTS
from focus_signal.testing.v1.mutants import V1_MUTANTS
from focus_signal.testing.v1.run import run_v1, run_v1_plan
from focus_signal.testing.v1.subject import V1Subject

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "simulations.md"
SOON = 60
"""A mistake that is found below this seed is looked for each time."""
FEW_FULL = (0, 3)


def first_seed(mutant: V1Subject, below: int) -> int | None:
    """Give the first seed in which a mistake breaks what it must break."""
    assert mutant.breaks is not None
    return next((seed for seed in range(below) if run_v1(seed, subject=mutant).breaks(mutant.breaks)), None)


def test_the_server_breaks_nothing() -> None:
    report = run_v1_campaign(range(60))
    assert report.violations == ()
    assert report.seeds == 60


@pytest.mark.long
def test_the_server_breaks_nothing_in_many_runs() -> None:
    assert run_v1_campaign(range(10_000), jobs=2).violations == ()


@pytest.mark.parametrize("seed", FEW_FULL)
def test_the_server_breaks_nothing_at_the_full_level(seed: int) -> None:
    assert run_v1(seed, level="full").violations == ()


@pytest.mark.long
def test_the_server_breaks_nothing_in_many_runs_at_the_full_level() -> None:
    assert run_v1_campaign(range(200), level="full", jobs=2).violations == ()


def test_a_run_at_the_core_level_has_one_digest() -> None:
    assert run_v1(7).digest == run_v1(7).digest
    assert run_v1(7).digest != run_v1(8).digest


def test_a_run_has_the_same_digest_in_another_process() -> None:
    program = """
from focus_signal.testing.v1.run import run_v1
print(run_v1(7).digest, run_v1(0, level="full").digest)
"""
    came = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "11"},
    )
    assert came.stdout.split() == [run_v1(7).digest, run_v1(0, level="full").digest]


def test_there_are_enough_mistakes_and_each_invariant_has_one() -> None:
    assert len(V1_MUTANTS) >= 20
    assert len({mutant.name for mutant in V1_MUTANTS}) == len(V1_MUTANTS)
    assert {mutant.breaks for mutant in V1_MUTANTS} == set(V1_INVARIANTS)


@pytest.mark.parametrize(
    "mutant", [each for each in V1_MUTANTS if each.within <= SOON], ids=lambda each: each.name
)
def test_a_mistake_is_found_soon(mutant: V1Subject) -> None:
    assert first_seed(mutant, mutant.within) is not None


@pytest.mark.long
@pytest.mark.parametrize(
    "mutant", [each for each in V1_MUTANTS if each.within > SOON], ids=lambda each: each.name
)
def test_a_mistake_is_found(mutant: V1Subject) -> None:
    assert first_seed(mutant, mutant.within) is not None


def test_the_page_names_every_invariant_and_every_mistake() -> None:
    page = DOCUMENT.read_text()
    assert all(f"| `{name}` | {meaning} |" in page for name, meaning in V1_INVARIANTS.items())
    assert all(f"| `{each.name}` | {each.about} | `{each.breaks}` |" in page for each in V1_MUTANTS)


def test_a_mistake_is_gone_behind_its_run() -> None:
    mutant = V1_MUTANTS[0]
    owner, name, _ = mutant.planted[0]
    real = owner.__dict__[name]
    with mutant.changed():
        assert owner.__dict__[name] is not real
    assert owner.__dict__[name] is real


def test_a_failing_run_shrinks_to_one_that_fails_alike() -> None:
    mutant = next(each for each in V1_MUTANTS if each.name == "drops-for-the-leaving")
    seed = first_seed(mutant, 40)
    assert seed is not None
    ran = run_v1(seed, subject=mutant)
    smaller = ran.shrink("resume-loss")
    assert smaller.breaks("resume-loss")
    assert len(smaller.plan.operations) <= 8
    assert run_v1_plan(smaller.plan).violations == ()

"""A campaign counts right, comes to the same whoever runs it, and says at which seed it broke down."""

from __future__ import annotations

import os
import signal
import subprocess
from hashlib import blake2b
from pathlib import Path
from typing import Any

import attrs
import pytest

from focus_signal.errors import PlanError
from focus_signal.server.logic import build_logic
from focus_signal.testing import campaign
from focus_signal.testing.campaign import CampaignFailed, CampaignReport, rule_of_three, run_campaign
from focus_signal.testing.campaign_worker import Part
from focus_signal.testing.invariants.names import INVARIANTS
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.run import run_simulation
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.workload.swarm import Workload, swarm
from tests.testing.planted import plant

MUTANT = "twins"
SMALL = swarm(clients=3, operations=12)


def untimed(report: CampaignReport) -> CampaignReport:
    return attrs.evolve(report, seconds=0.0)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """List the worker processes that a campaign starts."""
    processes: list[subprocess.Popen[bytes]] = []
    real = campaign._start

    def start() -> subprocess.Popen[bytes]:
        processes.append(real())
        return processes[-1]

    monkeypatch.setattr(campaign, "_start", start)
    return processes


def test_what_is_counted_is_what_the_runs_show() -> None:
    seeds = range(5, 65)
    runs = [run_simulation(seed=seed, subject=MUTANT) for seed in seeds]
    report = run_campaign(seeds, subject=MUTANT)
    broken: dict[str, list[tuple[int, str]]] = {}
    for ran in runs:
        texts = {violation.invariant: violation.text for violation in reversed(ran.violations)}
        for invariant, text in texts.items():
            broken.setdefault(invariant, []).append((ran.seed, text))
    assert "self-match" in broken
    assert [entry.invariant for entry in report.violations] == [name for name in INVARIANTS if name in broken]
    for entry in report.violations:
        where = broken[entry.invariant]
        assert entry.count == len(where)
        assert entry.share == len(where) / len(seeds)
        assert (entry.first_seed, entry.example) == where[0]
    whole = blake2b("".join(ran.digest for ran in runs).encode(), digest_size=16)
    assert report.digest == whole.hexdigest()
    assert report.seeds == len(seeds)
    assert report.per_second == len(seeds) / report.seconds


def test_the_server_breaks_nothing_and_seeds_in_another_order_are_another_campaign() -> None:
    report = run_campaign(range(40))
    assert (report.violations, report.never) == ((), ())
    assert run_campaign(range(39, -1, -1)).digest != report.digest
    assert run_campaign(range(1, 41)).digest != report.digest


@pytest.mark.parametrize("seeds", [range(61), range(50, 3, -2)], ids=str)
def test_two_processes_come_to_the_same_as_one(seeds: range, started: list[subprocess.Popen[bytes]]) -> None:
    one = run_campaign(seeds, subject=MUTANT, workload=SMALL)
    assert started == []
    told: list[tuple[int, int]] = []
    two = run_campaign(
        seeds, subject=MUTANT, workload=SMALL, jobs=2, progress=lambda *args: told.append(args)
    )
    assert len(started) == 2
    assert untimed(two) == untimed(one)
    assert one.violations
    assert [done for done, _ in told] == list(range(1, len(seeds) + 1))
    assert all(process.returncode is not None for process in started)


def test_two_processes_come_to_the_same_above_core_under_another_schedule() -> None:
    one, two = (
        run_campaign(range(4), level="message", workload=SMALL, schedule="pct:2", jobs=jobs)
        for jobs in (1, 2)
    )
    assert untimed(one) == untimed(two)
    assert run_campaign(range(4), level="message", workload=SMALL).digest != one.digest


def test_no_more_processes_are_started_than_there_are_seeds(started: list[subprocess.Popen[bytes]]) -> None:
    assert run_campaign(range(1), jobs=8).digest == run_campaign(range(1)).digest
    assert len(started) == 1


def test_progress_counts_seeds_and_those_that_broke_something() -> None:
    told: list[tuple[int, int]] = []
    report = run_campaign(range(30), subject=MUTANT, progress=lambda *args: told.append(args))
    runs = [bool(run_simulation(seed=seed, subject=MUTANT).violations) for seed in range(30)]
    assert told == [(seed + 1, sum(runs[: seed + 1])) for seed in range(30)]
    assert 0 < told[-1][1] <= report.seeds


def test_what_never_held_is_named() -> None:
    built: list[None] = []

    def build(*args: Any) -> Any:
        built.append(None)
        sometimes("the second", len(built) == 2)
        sometimes("a miracle", False)
        sometimes("another", False)
        return build_logic(*args)

    report = run_campaign(range(3), subject=Subject("told", "tells", build))
    assert report.never == ("a miracle", "another")
    assert report.digest == run_campaign(range(3)).digest


def test_a_run_that_raises_ends_the_campaign_and_is_named() -> None:
    built: list[None] = []

    def build(*args: Any) -> Any:
        built.append(None)
        if len(built) == 4:
            raise LookupError("planted")
        return build_logic(*args)

    with pytest.raises(CampaignFailed, match="seed 13 raised LookupError: planted") as failed:
        run_campaign(range(10, 20), subject=Subject("raises", "raises", build))
    assert len(built) == 4
    assert "in build" in failed.value.__notes__[0]


def test_ctrl_c_is_nothing_that_a_run_raised() -> None:
    def build(*_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_campaign(range(3), subject=Subject("interrupts", "interrupts", build))


RAISES = """
import os
from focus_signal.server.logic import build_logic
def build(config, new_id):
    print("this is no result", flush=True)
    if new_id() in {ids!r}:
        raise LookupError("planted")
    return build_logic(config, new_id)
SUBJECT = Subject("raises", "raises in some seeds", build)
"""


def test_of_the_seeds_that_raise_in_other_processes_the_first_is_named(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    started: list[subprocess.Popen[bytes]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whichever comes first: 17 is the last of one part, 18 the first of the next. Prints are no results."""
    ids = [campaign_room(seed) for seed in (17, 18, 40)]
    plant(monkeypatch, tmp_path, RAISES.format(ids=ids))
    with pytest.raises(CampaignFailed, match="seed 17 raised LookupError: planted") as failed:
        run_campaign(range(48), subject="raises", workload=SMALL, jobs=2)
    assert "in build" in failed.value.__notes__[0]
    assert all(process.returncode is not None for process in started)
    assert "this is no result" in capfd.readouterr().err


def campaign_room(seed: int) -> str:
    """Give the first room's id of a seed."""
    from focus_signal.testing.identity import room_ids  # noqa: PLC0415

    return room_ids(seed)()


def test_a_worker_that_dies_is_told_of(started: list[subprocess.Popen[bytes]]) -> None:
    def kill(*_: int) -> None:
        for process in started:
            os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(CampaignFailed, match=r"was killed by SIGKILL while it had seeds \d+ to \d+"):
        run_campaign(range(4000), workload=SMALL, jobs=2, progress=kill)
    assert all(process.returncode is not None for process in started)


def test_a_worker_that_ends_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant(monkeypatch, tmp_path, "import os\nSUBJECT = Subject('ends', 'ends', lambda *_: os._exit(3))")
    with pytest.raises(CampaignFailed, match="ended with status 3 while it had seeds"):
        run_campaign(range(8), subject="ends", jobs=2)


def test_ctrl_c_ends_every_worker(started: list[subprocess.Popen[bytes]]) -> None:
    def interrupt(*_: int) -> None:
        assert all(process.poll() is None for process in started)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_campaign(range(4000), workload=SMALL, jobs=2, progress=interrupt)
    assert len(started) == 2
    assert all(process.returncode == -signal.SIGKILL for process in started)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seeds": range(3, 3)}, r"seeds must hold one seed at least, not range\(3, 3\)"),
        ({"level": "deep"}, "level must be one of core, message, full, not 'deep'"),
        ({"jobs": 0}, "jobs must be 1 or more, not 0"),
        ({"schedule": "fair"}, "schedule 'fair': allowed are shuffle"),
        ({"subject": "twin"}, "subject must be one of twins.*, not 'twin'"),
        ({"subject": Subject("mine", "mine"), "jobs": 2}, "'mine' is not"),
        ({"workload": Workload, "jobs": 2}, "workload must be made by swarm"),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        run_campaign(**{"seeds": range(3), **wrong})


def test_a_part_is_a_range() -> None:
    assert Part(7, -2, -3).seeds == range(7, -2, -3)
    parts = campaign._parts(range(10, 1000, 7), "core", 3)
    assert [seed for part in parts for seed in part.seeds] == list(range(10, 1000, 7))
    assert len({len(part.seeds) for part in parts[:-1]}) == 1


def test_the_rule_of_three() -> None:
    assert rule_of_three(300) == 0.01
    assert rule_of_three(2) == 1.0
    # What it bounds: at that rate, 300 seeds would all have held in less than one of 20 campaigns.
    assert (1 - rule_of_three(300)) ** 300 < 0.05 < (1 - 0.9 * rule_of_three(300)) ** 300


def test_the_server_is_the_usual_subject() -> None:
    assert run_campaign(range(2)).digest == run_campaign(range(2), subject=SERVER, workload=swarm()).digest

"""The same seed gives the same bytes: in a hundred processes, and with the oldest Trio that is admitted."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 100
SEEDS = (0, 7, 19)
DIGESTS = """
import sys
import trio
from focus_signal.testing.determinism.heap_noise import heap_noise
from focus_signal.testing.run import run_simulation
with heap_noise(int(sys.argv[1])):
    for level in ("core", "message", "full"):
        for seed in map(int, sys.argv[2:]):
            ran = run_simulation(seed=seed, level=level)
            print(level, seed, ran.digest, ran.wire)
"""


def digests(python: str | Path, hash_seed: int, *, cwd: Path = ROOT) -> str:
    """Run some seeds in a process of its own, and give the digests of history, schedule and wire bytes."""
    done = subprocess.run(
        [python, "-c", DIGESTS, str(hash_seed), *map(str, SEEDS)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.long
def test_a_hundred_processes_under_a_hundred_hash_seeds_agree() -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(lambda seed: digests(sys.executable, seed), range(PROCESSES)))
    assert len(told) == PROCESSES
    first = told[0].split("\n")
    assert len({line.split()[2] for line in first if line}) == 3 * len(SEEDS)  # no digest says nothing
    assert all(line.split()[3:] for line in first if line and not line.startswith("core"))
    assert sorted({seed for seed, text in enumerate(told) if text != told[0]}) == []


def test_two_processes_agree() -> None:
    assert digests(sys.executable, 1) == digests(sys.executable, 2)


def pip(python: Path, *arguments: str) -> None:
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments],
        check=True,
        cwd=ROOT,
        timeout=600,
        capture_output=True,
    )


def pinned_without_trio() -> Sequence[str]:
    """List what the package is tested with, but for Trio itself."""
    lines = (ROOT / "requirements" / "run.txt").read_text().splitlines()
    pinned = [line.removesuffix("\\").strip() for line in lines if line and line[0] not in " #-"]
    return [line for line in pinned if not line.startswith("trio==")]


@pytest.mark.long
def test_the_oldest_trio_that_is_admitted_gives_the_same(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = next(line for line in project["dependencies"] if Requirement(line).name == "trio")
    (oldest,) = (part.version for part in Requirement(wanted).specifier if part.operator == ">=")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "old"], check=True, timeout=300)
    python = tmp_path / "old" / "bin" / "python"
    pip(python, "--no-deps", f"trio=={oldest}", *pinned_without_trio())
    pip(python, "--no-deps", "--no-build-isolation", ".")
    shown = subprocess.run(
        [python, "-c", "import trio; print(trio.__version__)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert Version(shown.stdout.strip()) == Version(oldest)
    assert digests(python, 0, cwd=tmp_path) == digests(sys.executable, 0)

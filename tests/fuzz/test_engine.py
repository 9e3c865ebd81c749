"""The fuzzer itself: a short run of each target, the same each time, and bugs that it finds by itself.

They take long, and without atheris, which `make fuzz` installs, they are skipped.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz.__main__ import NEEDS, TARGETS, main, run, write_seeds
from tests.fuzz.engine import target_named
from tests.fuzz.target import Meter

ATHERIS = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="needs: atheris (requirements/fuzz.txt)"
)
LONG = pytest.mark.long
EXECUTIONS = 800


@LONG
@ATHERIS
@pytest.mark.parametrize("name", TARGETS)
def test_a_run_covers_something_and_finds_nothing(name: str, tmp_path: Path) -> None:
    outcome = run(name, EXECUTIONS, 1, tmp_path / "input")
    assert (outcome.status, outcome.said) == (0, "")
    assert outcome.executions == EXECUTIONS
    assert outcome.edges > 50
    assert outcome.features > outcome.edges
    assert outcome.slowest > 0
    assert not (tmp_path / "input").exists()


@LONG
@ATHERIS
def test_a_seed_gives_the_same_run(tmp_path: Path) -> None:
    seen = [run("decoder", EXECUTIONS, 1, tmp_path / "input") for _ in range(2)]
    assert seen[0].features == seen[1].features
    assert seen[0].edges == seen[1].edges


@LONG
@ATHERIS
@pytest.mark.parametrize(
    ("name", "bug"),
    [
        ("decoder", "clump-of-any-bytes"),
        ("head", "parser-errors-are-raised"),
        ("frames", "long-control"),
        ("v1", "candidate-before-sdp"),
        ("offers", "the-first-of-two"),
    ],
)
def test_a_bug_is_found_left_and_found_again(
    name: str,
    bug: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "LEFT", tmp_path)
    assert main([name, "--executions", "20000", "--mutant", bug]) == 1
    said = capsys.readouterr().out
    again = re.search(
        rf"^again: python -m tests\.fuzz {name} --replay (\S+) --mutant {bug}$", said, re.MULTILINE
    )
    assert again is not None, said
    assert main([name, "--replay", again[1], "--mutant", bug]) == 1
    assert main([name, "--replay", again[1]]) == 0


@LONG
@ATHERIS
def test_a_bug_that_no_seed_shows_is_found(tmp_path: Path) -> None:
    target, bug = target_named("head"), "any-key-is-answered"
    with target.mutants[bug]():
        for seed in target.seeds:
            target.check(seed, Meter(limit=float("inf")))
    outcome = run("head", 50_000, 1, tmp_path / "input", bug)
    assert outcome.status != 0
    assert "UnicodeEncodeError" in outcome.said
    assert (tmp_path / "input").read_bytes() not in target.seeds


@LONG
@ATHERIS
def test_a_run_that_cannot_begin_says_why(tmp_path: Path) -> None:
    outcome = run("decoder", 10, 1, tmp_path / "input", "nobody-planted-this")
    assert outcome.status != 0
    assert outcome.executions == 0
    assert "KeyError: 'nobody-planted-this'" in outcome.said


def test_without_atheris_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert main(["decoder", "--executions", "1"]) == 2
    assert capsys.readouterr().out == f"{NEEDS}\n"


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_and_the_words_are_written(name: str, tmp_path: Path) -> None:
    target = target_named(name)
    write_seeds(target, tmp_path / "corpus", tmp_path / "words")
    assert [file.read_bytes() for file in sorted((tmp_path / "corpus").iterdir())] == list(target.seeds)
    lines = (tmp_path / "words").read_text().splitlines()
    assert len(lines) == len(target.words)
    for line, word in zip(lines, target.words, strict=True):
        assert re.fullmatch(r'"(\\x[0-9a-f]{2}){1,64}"', line)
        assert bytes.fromhex(line.strip('"').replace("\\x", "")) == word[:64]

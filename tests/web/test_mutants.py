"""Mistakes in the browser's module, each of which some program of tests catches.

A mistake replaces one piece of the text, which is there exactly once, by another. So that it is not caught by
being no program at all, some other test of the same program has to pass.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.mistakes import MISTAKES
from tests.web.nodes import MODULE, Told, run_node

CASES = [(program, name) for program, mistakes in MISTAKES.items() for name in mistakes]
# One of each program in the short run.
FEW = [(program, next(iter(mistakes))) for program, mistakes in MISTAKES.items()]


def caught(program: str, name: str, folder: Path) -> Told:
    """Run a program of tests with a mistake in the module."""
    right, wrong = MISTAKES[program][name]
    text = MODULE.read_text()
    assert text.count(right) == 1, f"{right!r} is there {text.count(right)} times"
    changed = folder / "changed.mjs"
    changed.write_text(text.replace(right, wrong))
    settings = {"FOCUS_SIGNAL_MODULE": changed.as_uri(), "FOCUS_SIGNAL_PAIRS": "150"}
    return run_node(program, 90, settings, forced=True)


def see_caught(program: str, name: str, folder: Path) -> None:
    told = caught(program, name, folder)
    assert told.status != 0, told.text
    assert told.others > 0, told.text
    # It is a program still; `pairs` has a single test.
    assert "SyntaxError" not in told.text
    assert told.passed > 0 or program == "pairs", told.text


@pytest.mark.parametrize(("program", "name"), FEW)
def test_a_mistake_is_caught(program: str, name: str, tmp_path: Path) -> None:
    see_caught(program, name, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(("program", "name"), CASES)
def test_each_mistake_is_caught(program: str, name: str, tmp_path: Path) -> None:
    see_caught(program, name, tmp_path)


def test_a_module_that_is_no_program_is_not_caught(tmp_path: Path) -> None:
    changed = tmp_path / "changed.mjs"
    changed.write_text("export const connect = (")
    told = run_node("requests", 60, {"FOCUS_SIGNAL_MODULE": changed.as_uri()})
    assert not told.is_good
    assert (told.passed, "SyntaxError" in told.text) == (0, True)

"""Runs of pytest within a test, with the plugin and without anything that the outer run was told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from textwrap import dedent

import pytest

# An inner run forgets the modules that it was the first to import; of these there must be one each.

# The plugin itself, whether the package that is installed names it or not.
PLUGIN = ("-p", "focus_signal.pytest_plugin", "-p", "no:focus_signal")
ALONE = (*PLUGIN, "-p", "no:cacheprovider", "-p", "no:faulthandler")

HEAD = """
import pytest
from focus_signal.testing.simulated import simulate
"""


def write(pytester: pytest.Pytester, source: str, name: str = "test_it.py", ini: str = "") -> None:
    """Write a file of tests, and a pytest.ini that makes the place a rootdir."""
    pytester.path.joinpath("pytest.ini").write_text(f"[pytest]\n{ini}")
    path = pytester.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + dedent(source))


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    """Run pytest in this process."""
    return pytester.runpytest_inprocess(*ALONE, *args)


def reports(pytester: pytest.Pytester, *args: str) -> list[pytest.TestReport]:
    """Run pytest in this process, and give the reports of the tests' calls."""
    record = pytester.inline_run(*ALONE, *args)
    every: Iterable[pytest.TestReport] = record.getreports("pytest_runtest_logreport")
    return [report for report in every if report.when == "call"]


def section(report: pytest.TestReport) -> str:
    """Give what the plugin says about a failure."""
    (text,) = (text for title, text in report.sections if title == "focus-signal")
    return text


def command(said: str, title: str) -> list[str]:
    """Take the arguments of a command out of a section."""
    (line,) = (line for line in said.splitlines() if line.startswith(f"{title}: "))
    return shlex.split(line.removeprefix(f"{title}: "))


def digest(said: str) -> str:
    """Take the digest of the run out of a section."""
    found = re.match(r"seed \d+, \w+ level, subject \S+, digest ([0-9a-f]{32})\n", said)
    assert found is not None, said
    return found[1]


def printed(result: pytest.RunResult, word: str) -> list[str]:
    """Give what follows a word on the lines that begin with it, or with the dots of passed tests and it."""
    return [found[1] for line in result.outlines if (found := re.match(rf"\.*{word}=(.*)", line))]

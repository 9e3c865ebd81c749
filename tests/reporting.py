"""The account at the end of a run: what each part took, and every test that was skipped, with its reason.

A part is a directory below tests/, or `tests` for the files right there. Seconds are those of the tests with
their fixtures; what a session-wide fixture takes counts for the first test that asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@attrs.define
class Part:
    """What is known of one part so far."""

    tests: int = 0
    skipped: int = 0
    seconds: float = 0.0


@attrs.define(eq=False)
class Account:
    """A pytest plugin that adds up the reports of a run; its sums stand just above pytest's closing line."""

    parts: dict[str, Part] = attrs.field(factory=dict[str, Part])
    skips: dict[str, str] = attrs.field(factory=dict[str, str])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase (setup, call or teardown) of one test."""
        part = self.parts.setdefault(_part_of(report), Part())
        part.seconds += report.duration
        part.tests += report.when == "setup"
        if report.skipped and not hasattr(report, "wasxfail"):
            part.skipped += 1
            self.skips[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a whole file that skips itself (`pytest.importorskip`)."""
        if report.skipped:
            self.skips[report.nodeid] = _reason(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, object, object]:
        """Print the account after everything else that wants to be in the summary."""
        result = yield
        write = terminalreporter.write_line
        if self.parts:
            terminalreporter.section("what each part took")
            width = max(len(name) for name in [*self.parts, "part"])
            write(f"{'part':{width}}  tests  skipped  seconds")
            for name, part in sorted(self.parts.items()):
                write(f"{name:{width}}  {part.tests:5}  {part.skipped:7}  {part.seconds:7.1f}")
        if self.skips:
            terminalreporter.section("skipped")
            for nodeid, reason in self.skips.items():
                write(f"{nodeid}: {reason}")
        return result


def _part_of(report: pytest.TestReport) -> str:
    """Return the directory below the one that holds all tests, or that one's own name."""
    directories = Path(report.location[0]).parts[:-1]
    return directories[min(1, len(directories) - 1)] if directories else "."


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return what the skip gave as its reason."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)

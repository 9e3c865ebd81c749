"""`focus-signal sim` within the process of the test: what it answers, and its exit status."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from focus_signal.cli import main


@attrs.frozen
class Answer:
    """What a command came to."""

    status: Any
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """Give the last line of a usage error, having seen that it is one."""
        assert self.status == 2
        assert self.out == ""
        assert self.err.startswith("usage: focus-signal ")
        return self.err.splitlines()[-1]


@attrs.frozen
class Sim:
    """Runs commands; made by each test of what pytest captures."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Answer:
        self.capture.readouterr()
        try:
            status: Any = main(["sim", *map(str, arguments)])
        except SystemExit as end:
            status = end.code
        return Answer(status, *self.capture.readouterr())

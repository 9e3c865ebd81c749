"""Run the tests of the browser's module that are programs of Node, and read what they tell."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from tests.peers.programs import require_node

HERE = Path(__file__).parent
MODULE = HERE.parents[1] / "src" / "focus_signal" / "web" / "focus-signal.js"
SETTINGS = (
    "FOCUS_SIGNAL_MODULE",
    "FOCUS_SIGNAL_URL",
    "FOCUS_SIGNAL_SERVE",
    "FOCUS_SIGNAL_CUTS",
    "FOCUS_SIGNAL_PAIRS",
)
"""What a program may be told by its environment."""


@frozen
class Told:
    """Be what a program of tests told.

    Args:
      status: the process's.
      passed: how many tests passed.
      others: how many did not: they failed, were cancelled or were skipped.
      text: all that it wrote.
    """

    status: int
    passed: int
    others: int
    text: str

    @property
    def is_good(self) -> bool:
        """Tell whether there were tests, and all of them passed."""
        return self.status == 0 and self.passed > 0 and self.others == 0


def run_node(
    program: str, seconds: float = 60.0, settings: Mapping[str, str] | None = None, *, forced: bool = False
) -> Told:
    """Run a program of tests that is beside this file.

    Args:
      program: its name without `.mjs`.
      seconds: how long it may take; one whose timers or sockets never end does not end either.
      settings: of `SETTINGS`.
      forced: whether it is ended behind its last test, whatever is left; who fails may leave anything.
    """
    wanted = dict(settings or {})
    assert wanted.keys() <= set(SETTINGS)
    done = subprocess.run(
        [
            require_node(),
            "--test-reporter=tap",
            *["--test-force-exit"][:forced],
            str(HERE / f"{program}.mjs"),
        ],
        env={name: value for name, value in os.environ.items() if name not in SETTINGS} | wanted,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    text = done.stdout + done.stderr
    counts = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.MULTILINE))
    others = sum(int(counts.get(name, 0)) for name in ("fail", "cancelled", "skipped", "todo"))
    return Told(done.returncode, int(counts.get("pass", 0)), others, text)

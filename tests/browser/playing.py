"""Starts the program that plays a scenario, where `lo` is all the network, and reads what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.peers.programs import require_loopback_namespace

from .judge import judge
from .needs import REPOSITORY, require_chromium

# Above the bound that the program itself has.
PATIENCE = 115.0


def play(scenario: str, *options: str) -> dict[str, Any]:
    """Play a scenario; return its report, whatever is in it."""
    require_chromium()
    program = [sys.executable, "-m", "tests.browser.program", scenario, *options]
    command = [*require_loopback_namespace(), *program]
    answer = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def play_well(scenario: str, *, may_say: tuple[str, ...] = (), alike: bool = False) -> dict[str, Any]:
    """Play a scenario, and see that nothing is wrong with it; return its report."""
    report = play(scenario)
    assert judge(report, may_say=may_say, alike=alike) == [], json.dumps(report, indent=1)
    return report

"""Plays one scenario, and prints what happened as one line of JSON; what it means is judged elsewhere.

    python -m tests.browser.program SCENARIO [--patience S] [--sabotage JAVASCRIPT] [--shots DIRECTORY]

It is started where `lo` is the only network interface, and starts everything else itself: the front, the
server, one Chromium. `--sabotage` is a script that runs in every page before its own: with it a test sees
that what it judges by can fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Error

from . import dialects, looking, meeting, outages
from .stage import Stage, open_stage
from .visitor import Missing

# Above any scenario's time, below the patience of whoever waits for this program.
BOUND = 90.0

SCENARIOS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    play.__name__.replace("_", "-"): play
    for play in (
        meeting.two,
        meeting.three,
        meeting.four,
        meeting.cameras,
        meeting.invited,
        meeting.glare,
        meeting.glare_later,
        outages.reloaded,
        outages.cut,
        outages.restarted,
        outages.killed,
        outages.closed,
        outages.left,
        outages.drained,
        dialects.aiortc_calls,
        dialects.aiortc_is_called,
        dialects.seed_page_calls,
        dialects.seed_page_is_called,
        dialects.seed_server,
        dialects.real_seed,
        looking.accessible,
    )
}


async def play(scenario: str, patience: float, sabotage: str, shots: Path | None) -> dict[str, Any]:
    """Play the scenario; return what happened, up to where it stopped if it did."""
    begun = time.monotonic()
    failed = None
    async with open_stage(patience, sabotage) as stage:
        stage.shots = shots
        try:
            async with asyncio.timeout(BOUND):
                await SCENARIOS[scenario](stage)
        except Missing as missing:
            failed = str(missing)
        except Error as error:
            # A page that lacks what is to be clicked or filled, or has gone.
            failed = error.message
        except TimeoutError:
            failed = f"the scenario was not over after {BOUND:.0f} s"
        report = await stage.report()
    # Once more, for the server has ended since.
    ended = {"servers": stage.ended, "seconds": round(time.monotonic() - begun, 1)}
    interfaces = [name for _, name in socket.if_nameindex()]
    return {"scenario": scenario, "failed": failed, "interfaces": interfaces, **report, **ended}


def main() -> None:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(description="Pages in Chromium that meet through the server.")
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--patience", type=float, default=30.0, help="for each single thing, in seconds")
    parser.add_argument("--sabotage", default="", help="a script for every page")
    parser.add_argument("--shots", type=Path, help="where screenshots go")
    options = parser.parse_args()
    result = asyncio.run(play(options.scenario, options.patience, options.sabotage, options.shots))
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()

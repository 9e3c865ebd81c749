"""Play all scenarios of tests/browser in Chromium, and write what came of them into docs/browser.md.

    python scripts/browser_table.py            some minutes
    python scripts/browser_table.py two cut    these alone, to look at; nothing is written

Screenshots go to docs/browser/. Where a scenario has a problem nothing is written, and the status is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(REPOSITORY)

import pytest  # noqa: E402 - behind the path

from tests.browser.judge import NO_SUBPROTOCOL, faults_of_axe, judge  # noqa: E402
from tests.browser.playing import play  # noqa: E402
from tests.browser.program import SCENARIOS  # noqa: E402

PAGE = REPOSITORY / "docs" / "browser.md"
PICTURES = REPOSITORY / "docs" / "browser"
BEGIN, END = "<!-- begin: browser -->\n", "<!-- end: browser -->"
# Of all that are taken, those that the page shows, and what they show.
SHOWN = {
    "lobby-light": "The lobby",
    "refused-light": "A room code that there is not",
    "queue-dark": "The queue, dark",
    "call-dark": "A call of two, dark",
    "four": "A call of four",
    "draining": "The server is told to end; the call goes on",
    "phone-light": "A call on a phone",
}
TOLD = """\
Seconds from the last one's click to the first picture of a peer that anybody is shown, and until everybody is
shown everybody; after a reload, from the beginning of the new page. One run, on a machine of two cores that
does everything itself: the server, all pages, encoding and decoding. No console has an error, but where
the server knows the seed's dialect alone: there Chromium itself reports the attempt with a subprotocol. Axe
finds nothing serious or critical.

Made by `python scripts/browser_table.py`."""
SEEDS = {"seed-server", "real-seed"}


def problems_of(name: str, report: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with what happened in a scenario."""
    may_say = (NO_SUBPROTOCOL,) if name in SEEDS else ()
    problems = judge(dict(report), may_say=may_say, alike=name == "cameras")
    return problems + faults_of_axe(report.get("axe", {}))


def table_of(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the table, one line for each scenario in its order."""
    lines = [
        "| scenario | what happens | first picture | all pictures | after a reload |",
        "|---|---|--:|--:|--:|",
    ]
    for name, report in reports.items():
        told = (SCENARIOS[name].__doc__ or "").strip().splitlines()[0]
        times = (_time(report.get(key)) for key in ("first_frame_ms", "all_frames_ms", "back_ms"))
        lines.append(f"| `{name}` | {told} | {' | '.join(times)} |")
    return "\n".join(lines)


def document_with(document: str, table: str) -> str:
    """Put the table, and the pictures below it, where the document has a place for them.

    Raises:
        ValueError: the document has no such place.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, behind = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has no place for the table")
    pictures = "\n".join(f"![{title}](browser/{name}.png)" for name, title in SHOWN.items())
    return f"{before}{begin}{table}\n\n{TOLD}\n\n{pictures}\n{end}{behind}"


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="Play the scenarios of tests/browser.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="these alone, and write nothing")
    options = parser.parse_args()
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario: {', '.join(unknown)}")
    reports: dict[str, dict[str, Any]] = {}
    wrong = False
    with tempfile.TemporaryDirectory(prefix="shots-") as directory:
        for name in options.scenarios or SCENARIOS:
            try:
                report = reports[name] = play(name, "--shots", directory)
            except pytest.skip.Exception as lacking:
                print(lacking, file=sys.stderr)
                return 2
            problems = problems_of(name, report)
            wrong = wrong or bool(problems)
            print(f"{name}: {'; '.join(problems) or 'fine'} ({report['seconds']} s)", flush=True)
        print(table_of(reports))
        if wrong:
            return 1
        if not options.scenarios:
            PICTURES.mkdir(exist_ok=True)
            for name in SHOWN:
                (PICTURES / f"{name}.png").write_bytes((Path(directory) / f"{name}.png").read_bytes())
            written = document_with(PAGE.read_text(encoding="utf-8"), table_of(reports))
            PAGE.write_text(written, encoding="utf-8")
    return 0


def _time(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:.2f}"


if __name__ == "__main__":
    sys.exit(main())

"""Write the tables of docs/limits.md: every limit and every deadline, as the settings themselves tell them.

    python scripts/limits_page.py [--check]

What stands around the tables is written by hand and stays. With `--check` nothing is written; the status is 1
when the document tells something else than the code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(REPOSITORY)

from focus_signal.cli.serve_options import flag_of  # noqa: E402 - behind the path
from focus_signal.server.config import Config, deadlines, limits  # noqa: E402

DOCUMENT = REPOSITORY / "docs" / "limits.md"
_UNITS = ((1 << 20, "MiB"), (1 << 10, "KiB"))


def readable(value: float, unit: str) -> str:
    """Write a number so that it can be read: 262144 bytes are 256 KiB."""
    if not unit.startswith("bytes"):
        return f"{value:,g} {unit}" if value < 1_000 else f"{value:,} {unit}"
    for size, name in _UNITS:
        if value >= size and not value % size:
            return f"{value // size:,} {name}{unit.removeprefix('bytes')}"
    return f"{value:,} {unit}"


def table_of_limits(config: Config) -> str:
    """Give the table of the limits."""
    rows = [
        (
            f"`{name}`",
            f"`{flag_of(name)}`",
            readable(getattr(config, name), each.unit),
            each.bounds,
            each.reaction,
        )
        for name, each in limits().items()
    ]
    return _table(("setting", "flag", "default", "what it bounds", "what happens to more"), rows)


def table_of_deadlines(config: Config) -> str:
    """Give the table of the deadlines."""
    rows = [
        (f"`{name}`", f"`{flag_of(name)}`", f"{getattr(config, name):g} s", each.of, each.reaction)
        for name, each in deadlines().items()
    ]
    return _table(("setting", "flag", "default", "what it is for", "what happens then"), rows)


def rewritten(document: str, config: Config) -> str:
    """Put the tables of a config where the document has some; raises `ValueError` where it has no place."""
    for name, table in (("limits", table_of_limits(config)), ("deadlines", table_of_deadlines(config))):
        begin, end = f"<!-- The table of {name} begins. -->\n", f"<!-- The table of {name} ends. -->"
        before, found, rest = document.partition(begin)
        _, closed, behind = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the document has no place for the table of {name}")
        document = f"{before}{begin}\n{table}\n\n{end}{behind}"
    return document


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or see whether it is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and tell whether it is right")
    options = parser.parse_args(arguments)
    there = DOCUMENT.read_text()
    wanted = rewritten(there, Config())
    if options.check:
        return 0 if wanted == there else 1
    DOCUMENT.write_text(wanted)
    return 0


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())

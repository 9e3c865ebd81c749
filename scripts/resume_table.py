"""Write the tables of docs/resume.md and the conversation of docs/conversation.md.

    python scripts/resume_table.py [--check | --conversation]

All of it takes some minutes: every cut is made, every restart lived through. `--conversation` writes that
alone. With `--check` nothing is written and nothing is cut; the status is 1 when the places of the cuts are
others than those of the tables, when a table tells of a fault, or when the conversation has become another.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(REPOSITORY)

from tests.resume import tables  # noqa: E402 - behind the path
from tests.resume.recorded import record  # noqa: E402

PAGE = REPOSITORY / "docs" / "resume.md"
CONVERSATION = REPOSITORY / "docs" / "conversation.md"


def pieces() -> dict[str, str]:
    """Make all tables anew."""
    return {
        "cuts": tables.table_of_cuts(tables.single()),
        "pairs of cuts": tables.table_of_cuts(tables.pairs()),
        "cuts of the real server": tables.table_of_cuts(tables.full()),
        "restarts": tables.table_of_restarts(tables.restarted()),
    }


def with_pieces(document: str, made: Mapping[str, str]) -> str:
    """Put what was made where the document has a place for it; raises `ValueError` where it has none."""
    for name, piece in made.items():
        before, _, behind = _split(document, name)
        document = f"{before}\n{piece}\n\n{behind}"
    return document


def piece_of(document: str, name: str) -> str:
    """Give what stands in a place of a document; raises `ValueError` if there is none."""
    return _split(document, name)[1].strip("\n")


def rows_of(page: str, name: str) -> list[list[int]]:
    """Read the numbers of a table of cuts."""
    lines = [line for line in piece_of(page, name).splitlines() if line]
    return [tables.numbers_of(line) for line in lines[2:]]


def with_conversation(document: str) -> str:
    """Put the conversation where the document has a place for it."""
    return with_pieces(document, {"conversation": "\n".join(("```text", *record(), "```"))})


def faults_of(page: str, conversation: str) -> list[str]:
    """Say what of the pages can be seen to be wrong without doing all of it."""
    wrong: list[str] = []
    for name, places in (
        ("cuts", tables.single_places()),
        ("cuts of the real server", tables.full_places()),
    ):
        if [row[0] for row in rows_of(page, name)] != tables.counts_of(places):
            wrong.append(f"the table of {name} tells of other places")
    for name in ("cuts", "pairs of cuts", "cuts of the real server"):
        rows = rows_of(page, name)
        if not rows or any(any(row[3:]) for row in rows):
            wrong.append(f"the table of {name} tells of a fault, or of nothing")
    if f"| {len(tables.PASTS) * tables.OF_EACH:,} |" not in piece_of(page, "restarts"):
        wrong.append("the table of restarts tells of another number")
    if with_conversation(conversation) != conversation:
        wrong.append("the conversation has become another one")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or see whether they are right."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, and tell what is wrong")
    what.add_argument("--conversation", action="store_true", help="write the conversation alone")
    options = parser.parse_args(arguments)
    page, conversation = PAGE.read_text(), CONVERSATION.read_text()
    if options.check:
        wrong = faults_of(page, conversation)
        for each in wrong:
            print(f"{each}: run scripts/resume_table.py")
        return 1 if wrong else 0
    CONVERSATION.write_text(with_conversation(conversation))
    if not options.conversation:
        PAGE.write_text(with_pieces(page, pieces()))
    return 0


def _split(document: str, name: str) -> tuple[str, str, str]:
    begin, end = f"<!-- The {name}: begin. -->\n", f"<!-- The {name}: end. -->"
    before, found, rest = document.partition(begin)
    inside, closed, behind = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the document has no place for the {name}")
    return before + begin, inside, end + behind


if __name__ == "__main__":
    sys.exit(main())

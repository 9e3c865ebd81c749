"""docs/hostile.md: written from what came of every input, and read back to compare it with what is wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from tests.server.hostile.inputs import Input, Outcome
from tests.server.hostile.tables import Section

_ROW = re.compile(r"\| (.*) \| (.*) \|")
_COUNT = re.compile(r"\*\*([0-9,]+) inputs, one process\.\*\*")
_HEADS = {("input", "answer that came"), ("---", "---")}


@frozen
class Played:
    """Be an input with what came of it."""

    section: str
    input: Input
    outcome: Outcome


@frozen
class Report:
    """Be what was seen while all inputs were played.

    Args:
      played: every input, in the order of the tables.
      flags: the flags of the server, besides where it listens.
      same_process: whether the process that listened before the first input listened after the last one.
      pid: its process id.
      relayed: how many messages the honest pair sent, each of which arrived.
      status: the exit status of the process.
      last_line: the last line of its log, without the time.
      faults: what went wrong besides answers.
    """

    played: Sequence[Played]
    flags: str
    same_process: bool
    pid: int
    relayed: int
    status: int
    last_line: str
    faults: Sequence[str]

    def all_faults(self) -> list[str]:
        """List everything that was not as it should be."""
        found = [f"{each.input.name}: {fault}" for each in self.played for fault in each.outcome.faults]
        if not self.same_process:
            found.append(f"process {self.pid} no longer listens")
        if self.status:
            found.append(f"the process ended with status {self.status}")
        if not self.relayed:
            found.append("the honest pair relayed nothing")
        return [*found, *self.faults]


def head_of(report: Report) -> str:
    """Say in a few lines what was seen."""
    same = "the same process" if report.same_process else "ANOTHER PROCESS"
    return f"""**{len(report.played):,} inputs, one process.**
Process {report.pid} listened before the first input, and {same} did after the last one; told to end, it ended
with status {report.status}. Meanwhile an honest pair relayed {report.relayed:,} messages.
Every one of them arrived, in order, as it was sent. The command, everything else as by default:

    focus-signal serve {report.flags}

The last line of its log:

    {report.last_line}
"""


def rendered(report: Report) -> str:
    """Write the document."""
    parts = [
        f"""# Hostile input, and the answer that came

Made by `python scripts/hostile_page.py --write-docs`, which starts a server, plays every input of the tests'
tables over raw sockets on loopback, and fails on any other answer than the wanted one. A test sees that every
row of the tables is here with its wanted answer.

{head_of(report)}
"kept" says that the connection was still served afterwards. 429 is not here, since loopback has no limits
by address; `tests/server/hostile/test_admission.py` shows it on real sockets. What the transport
`trio-websocket` answers instead: [transports.md](transports.md).
"""
    ]
    section = ""
    for each in report.played:
        if each.section != section:
            section = each.section
            parts.append(f"\n## {section}\n\n| input | answer that came |\n| --- | --- |\n")
        parts.append(f"| {escaped(each.input.name)} | {escaped(each.outcome.answer)} |\n")
    return "".join(parts)


def document_faults(document: str, sections: Sequence[Section]) -> list[str]:
    """List in what a document does not tell the rows of the tables, each with its wanted answer."""
    listed = _read(document)
    found: list[str] = []
    if list(listed) != [section.title for section in sections]:
        found.append(f"the sections are {list(listed)}")
    for section in sections:
        rows = listed.get(section.title, [])
        names = [name for name, _ in rows]
        wanted = [escaped(each.name) for each in section.inputs]
        if names != wanted:
            found.append(f"{section.title}: the inputs are {names}, not {wanted}")
        # As far as both go: whatever is beyond that was told just now.
        for each, (name, answer) in zip(section.inputs, rows, strict=False):
            if not each.admits(_unescaped(answer)):
                found.append(f"{section.title}: {name}: {answer!r} stands there, not {each.wanted}")
    count = _COUNT.search(document)
    total = sum(len(section.inputs) for section in sections)
    if count is None or count[1] != f"{total:,}":
        found.append(f"the head does not say {total:,} inputs")
    return found


def escaped(cell: str) -> str:
    """Write a cell of a table."""
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")


def _unescaped(cell: str) -> str:
    return re.sub(r"\\(.)", r"\1", cell)


def _read(document: str) -> dict[str, list[tuple[str, str]]]:
    """Find the rows of each section."""
    sections: dict[str, list[tuple[str, str]]] = {}
    title = ""
    for line in document.splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
            sections[title] = []
        row = _ROW.fullmatch(line)
        if row is not None and row.groups() not in _HEADS:
            sections[title].append((row[1], row[2]))
    return sections

"""What the Autobahn test suite says about the native transport: read, checked, and kept in docs/.

Every case has to be there, and each has to come out as is wanted here: OK, but for compression, which the
server never offers, and for a few cases that are listed with their reasons. A case that comes out better than
it says here is a problem too, so that the list stays true.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

AGENT = "focus-signal"
"""Under which name the suite keeps what this server did."""

# The suite's cases: each section's title, and how many cases each of its groups has.
_SECTIONS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "1": ("Framing", {"1.1": 8, "1.2": 8}),
    "2": ("Pings and pongs", {"2": 11}),
    "3": ("Reserved bits", {"3": 7}),
    "4": ("Opcodes", {"4.1": 5, "4.2": 5}),
    "5": ("Fragmentation", {"5": 20}),
    "6": (
        "UTF-8",
        dict(
            zip(
                (f"6.{group}" for group in range(1, 24)),
                (3, 4, 2, 4, 5, 11, 4, 2, 4, 3, 5, 8, 5, 10, 1, 3, 5, 5, 5, 7, 8, 34, 7),
                strict=True,
            )
        ),
    ),
    "7": ("Close", {"7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2}),
    "9": (
        "Sizes and speed",
        {"9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6},
    ),
    "10": ("Automatic fragmentation", {"10.1": 1}),
    "12": ("Compression, payloads", {f"12.{group}": 18 for group in range(1, 6)}),
    "13": ("Compression, parameters", {f"13.{group}": 18 for group in range(1, 8)}),
}
_COMPRESSION = {"12", "13"}


@frozen
class Outcome:
    """Be how a case came out.

    Args:
      behavior: how the server behaved.
      close: how it closed.
    """

    behavior: str
    close: str


@frozen
class Exceptional:
    """Be a case that is not to come out as OK.

    Args:
      outcome: how it is to come out.
      reason: why that is right.
    """

    outcome: Outcome
    reason: str


_OK = Outcome("OK", "OK")
_UNIMPLEMENTED = Outcome("UNIMPLEMENTED", "OK")
_INFORMATIONAL = Outcome("INFORMATIONAL", "INFORMATIONAL")
_LATE = Exceptional(
    Outcome("NON-STRICT", "OK"),
    "A frame comes in pieces, and the second piece shows that it is not UTF-8. The suite would have it\n"
    "  refused there. The server judges what a frame holds once the frame is whole, and refuses it then,\n"
    "  with 1007; the size of a frame is bounded. Of a message in several frames it judges each at once\n"
    "  (6.4.1, 6.4.2).",
)
_NO_CODE = Exceptional(
    _INFORMATIONAL,
    "A close frame with a code above 4999. RFC 6455 leaves the answer open; it is 1002 here.",
)
EXCEPTIONAL: Mapping[str, Exceptional] = {
    "6.4.3": _LATE,
    "6.4.4": _LATE,
    "7.1.6": Exceptional(
        _INFORMATIONAL,
        "A large message, a small one, a close frame and a ping at once. The suite judges nothing here; the\n"
        "  server answers the close frame with 1000.",
    ),
    "7.13.1": _NO_CODE,
    "7.13.2": _NO_CODE,
}


def case_ids() -> Iterator[str]:
    """Give the id of every case of the suite, in its order."""
    for _, groups in _SECTIONS.values():
        for group, count in groups.items():
            yield from (f"{group}.{number}" for number in range(1, count + 1))


def wanted(case: str) -> Outcome:
    """Say how a case is to come out."""
    if case in EXCEPTIONAL:
        return EXCEPTIONAL[case].outcome
    return _UNIMPLEMENTED if _section(case) in _COMPRESSION else _OK


@frozen
class KeptReport:
    """Be what the suite says, without what differs from one run to the next.

    Args:
      cases: how each case came out, by its id, in the suite's order.
    """

    cases: Mapping[str, Outcome]

    def problems(self, *, partial: bool = False) -> list[str]:
        """Tell what is not as it should be.

        Args:
          partial: whether cases may be missing, since only some were run.

        Returns:
          a line for each case; none when all is well.
        """
        known = dict.fromkeys(case_ids())
        found = [f"case {case} is none of the suite's" for case in self.cases if case not in known]
        if not self.cases:
            found.append("no case was run")
        for case in known:
            outcome = self.cases.get(case)
            if outcome is None:
                if not partial:
                    found.append(f"case {case} is missing")
            elif outcome != wanted(case):
                found.append(f"case {case} came out as {_show(outcome)}, not as {_show(wanted(case))}")
        return found

    def counts(self) -> dict[str, int]:
        """Count the cases by how the server behaved, the most frequent first."""
        return dict(Counter(outcome.behavior for outcome in self.cases.values()).most_common())


def read_report(summary: Path) -> KeptReport:
    """Read the suite's own summary, index.json.

    Raises:
      KeyError: it is no summary, or knows nothing of this server.
    """
    cases = json.loads(summary.read_text())[AGENT]
    outcomes = {case: Outcome(found["behavior"], found["behaviorClose"]) for case, found in cases.items()}
    return KeptReport({case: outcomes[case] for case in sorted(outcomes, key=_order)})


def read_json(kept: Path) -> KeptReport:
    """Read a report that was kept."""
    return KeptReport({case: Outcome(*outcome) for case, outcome in json.loads(kept.read_text()).items()})


def write_json(report: KeptReport, kept: Path) -> None:
    """Keep a report: a line for each case."""
    lines = [
        f"{json.dumps(case)}: {json.dumps([out.behavior, out.close])}" for case, out in report.cases.items()
    ]
    kept.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def render(report: KeptReport) -> str:
    """Make the page that tells people."""
    lines = [_HEAD, "| section | cases | OK | other |", "|---|---|---|---|"]
    for section, (title, _) in _SECTIONS.items():
        outcomes = [outcome for case, outcome in report.cases.items() if _section(case) == section]
        counts = Counter(outcome.behavior for outcome in outcomes)
        fine = counts.pop("OK", 0)
        other = ", ".join(f"{count} {behavior}" for behavior, count in counts.items())
        lines.append(f"| {section} {title} | {len(outcomes)} | {fine} | {other} |")
    counted = ", ".join(f"{count} {behavior}" for behavior, count in report.counts().items())
    lines += ["", f"Together {len(report.cases)} cases: {counted}.", "", _BEHIND]
    by_reason: dict[Exceptional, list[str]] = {}
    for case, exceptional in EXCEPTIONAL.items():
        by_reason.setdefault(exceptional, []).append(case)
    for exceptional, cases in by_reason.items():
        lines.append(f"- **{', '.join(cases)}** ({exceptional.outcome.behavior}):\n  {exceptional.reason}")
    return "\n".join(lines) + "\n"


def _section(case: str) -> str:
    return case.partition(".")[0]


def _order(case: str) -> list[int]:
    return [int(part) for part in case.split(".")]


def _show(outcome: Outcome) -> str:
    return f"{outcome.behavior} (close: {outcome.close})"


_HEAD = """\
# What the Autobahn test suite says

`make autobahn` writes this page. The fuzzing client of the Autobahn test suite sends the server what a good
peer sends, and what a bad one does, and judges what comes back. Every case of it is run, by the version that
tests/autobahn/requirements.txt names.

It judges the native transport behind the real front door, with one difference to the server that people
run: in place of signaling, every message is sent back. For that, binary messages are taken, which the server
refuses with 1003, and a message may have 64 MiB in any number of fragments, where the server has bounds.
"""
_BEHIND = """\
Compression is UNIMPLEMENTED: the server offers no extension, so the suite has nothing to judge.
What else is not OK:
"""

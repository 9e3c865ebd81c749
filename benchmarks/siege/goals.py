"""What a scenario found: each figure beside what is wanted of it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Finding:
    """One line: what was looked at, what came, what is wanted (empty: a figure only), whether it holds.

    What is measured may be another on a busier machine, what is counted may not.
    """

    what: str
    came: str
    wanted: str
    held: bool
    measured: bool = False


@attrs.define(eq=False)
class Outcome:
    """The findings of one scenario, in order."""

    findings: list[Finding] = attrs.field(factory=list[Finding])

    @property
    def missed(self) -> list[Finding]:
        """The goals that were not reached."""
        return [finding for finding in self.findings if not finding.held]

    @property
    def miscounted(self) -> list[Finding]:
        """Those of them that are no matter of how fast the machine is."""
        return [finding for finding in self.missed if not finding.measured]

    def figure(self, what: str, came: object, unit: str = "") -> None:
        """Note something of which nothing is wanted."""
        self.findings.append(Finding(what, _shown(came, unit), "", held=True))

    def equal(self, what: str, came: object, wanted: object) -> None:
        """Note something that must be this and nothing else."""
        self.findings.append(Finding(what, _shown(came), _shown(wanted), came == wanted))

    def at_most(self, what: str, came: float, most: float, unit: str = "") -> None:
        """Note something measured that may not be more."""
        wanted = f"at most {_shown(most, unit)}"
        self.findings.append(Finding(what, _shown(came, unit), wanted, came <= most, measured=True))

    def at_least(self, what: str, came: float, least: float, unit: str = "") -> None:
        """Note something counted that may not be less."""
        wanted = f"at least {_shown(least, unit)}"
        self.findings.append(Finding(what, _shown(came, unit), wanted, came >= least))

    def table(self) -> str:
        """Return the findings in markdown."""
        lines = ["| | measured | wanted |", "|---|---:|---:|"]
        for finding in self.findings:
            mark = "" if finding.held else " (missed)"
            lines.append(f"| {finding.what} | {finding.came}{mark} | {finding.wanted} |")
        return "\n".join(lines)

    def lines(self) -> str:
        """Return the findings for a terminal."""
        width = max(len(finding.what) for finding in self.findings)
        return "\n".join(
            f"  {'ok  ' if finding.held else 'MISS'} {finding.what:<{width}}  {finding.came}"
            + (f"  ({finding.wanted})" if finding.wanted else "")
            for finding in self.findings
        )


def _shown(value: object, unit: str = "") -> str:
    shown = value if isinstance(value, str) else f"{value:,.3g}" if isinstance(value, float) else f"{value}"
    if isinstance(value, int) and not isinstance(value, bool):
        shown = f"{value:,}"
    elif isinstance(value, float) and abs(value) >= 1000:
        shown = f"{value:,.0f}"
    elif isinstance(value, dict):
        shown = "; ".join(f"{name}: {each}" for name, each in value.items()) or "none"
    return f"{shown} {unit}".strip()

"""Let the Autobahn test suite's fuzzing client judge the native transport: `make autobahn`.

The echo server runs in here, the suite beside it as a process of its own, over the loopback address. After
all of its cases the report is checked, and, when it is as it should be, kept.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import trio

from tests.autobahn.echo import open_echo_server
from tests.autobahn.report import AGENT, KeptReport, read_report, render, write_json

_DOCS = Path(__file__).parents[2] / "docs"
_MOST_SECONDS = 30 * 60
# The suite is found where it was installed alone, ahead of everything that the interpreter has of its own.
_START = "import site; site.addsitedir({packages!r}); from autobahntestsuite.wstest import run; run()"


async def judge(python: str, directory: Path, cases: list[str]) -> Path:
    """Run cases of the suite against an echo server.

    Args:
      python: a Python 2.7.
      directory: where the suite is installed, and its report goes.
      cases: which ones, as the suite writes them: "1.*".

    Returns:
      the suite's summary.

    Raises:
      subprocess.CalledProcessError: the suite ended badly.
      trio.TooSlowError: it took longer than half an hour.
    """
    packages, specification = directory / "packages", directory / "specification.json"
    reports = directory / "reports"
    summary = reports / "index.json"
    summary.unlink(missing_ok=True)
    async with open_echo_server() as server:
        wanted = {
            "outdir": str(reports),
            "servers": [{"agent": AGENT, "url": f"{server.url}?userId=autobahn"}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        specification.write_text(json.dumps(wanted))
        command = [python, "-c", _START.format(packages=str(packages))]
        command += ["--mode", "fuzzingclient", "--spec", str(specification)]
        with trio.fail_after(_MOST_SECONDS), (directory / "output.txt").open("wb") as output:
            await trio.run_process(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(packages)},
            )
    return summary


def main(arguments: list[str] | None = None) -> int:
    """Run the suite and check what it says; gives the status of the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.autobahn.suite", description=__doc__)
    parser.add_argument("--python", required=True, help="a Python 2.7")
    parser.add_argument("--directory", required=True, type=Path, help="where the suite is installed")
    parser.add_argument("--cases", nargs="+", help="these cases alone, as 1.*; the kept report stays")
    options = parser.parse_args(arguments)
    directory = options.directory.resolve()
    summary = trio.run(judge, options.python, directory, options.cases or ["*"])
    report = read_report(summary)
    problems = report.problems(partial=options.cases is not None)
    for problem in problems:
        sys.stderr.write(f"autobahn: {problem}\n")
    if not problems and options.cases is None:
        write_json(report, _DOCS / "autobahn.json")
        (_DOCS / "autobahn.md").write_text(render(report))
    sys.stdout.write(
        f"autobahn: {_tell(report)}; the suite's pages: {directory / 'reports' / 'index.html'}\n"
    )
    return 1 if problems else 0


def _tell(report: KeptReport) -> str:
    return ", ".join(f"{count} {behavior}" for behavior, count in report.counts().items())


if __name__ == "__main__":
    sys.exit(main())

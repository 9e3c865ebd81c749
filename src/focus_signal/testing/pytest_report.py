"""What pytest tells about a failed simulated test, and the files that it leaves behind.

It is imported when such a test has failed, by the plugin, which itself must not load any of this.
"""

import re
import shlex
import traceback
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from os.path import relpath
from pathlib import Path
from time import monotonic
from typing import cast

import msgspec
import pytest
from attrs import frozen
from msgspec.structs import replace

from focus_signal.errors import PlanError
from focus_signal.testing.diagram.ascii import to_ascii
from focus_signal.testing.diagram.lanes import chart_of
from focus_signal.testing.diagram.mermaid import to_mermaid
from focus_signal.testing.diagram.svg import to_svg
from focus_signal.testing.failure import load_failure
from focus_signal.testing.history import lines_of
from focus_signal.testing.plan import Level, Plan, RunConfig
from focus_signal.testing.run import Run, run_plan
from focus_signal.testing.settings import SETTINGS
from focus_signal.testing.shrink import shrink
from focus_signal.testing.simulated import SimulatedRun
from focus_signal.testing.subjects.registry import subject_named
from focus_signal.testing.violation import Violation

# Seconds, for each failed test; what is found until then is shown.
SHRINKING = 10.0
EVENTS = 30
# What only generated plans depend on: a test says by itself what its clients do, and for how long.
_OF_PLANS = frozenset({"clients", "sizes", "operations", "seconds", "weights"})
_LONGEST_LINE = 300
_LONGEST_NAME = 120


def report_of(item: pytest.Item, error: BaseException) -> str:
    """Write the files of a failed test, and tell what is in them.

    Args:
      item: the test.
      error: what it raised, as `simulate` lets it out.

    Returns:
      the report. If making it fails, it says so, since the failure of the test must be seen all the same.
    """
    run = cast("SimulatedRun", error.__dict__["focus_signal_run"])
    try:
        return "\n".join(_Report(item, run).lines())
    except Exception:  # noqa: BLE001 - whatever it is, it stands in the report, beside the test's own failure
        return f"seed {run.plan.seed}, and this report could not be made:\n{traceback.format_exc()}"


def directory_of(root: Path, test: str, seed: int) -> Path:
    """Give where the files of a test's failure go.

    Args:
      root: pytest's rootdir.
      test: the test's node id; what a file's name should not hold is left out of the directory's.
      seed: the seed that failed.
    """
    plain = test.replace(".py::", "::").replace("::", ".").replace("/", ".")
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-.")[:_LONGEST_NAME]
    if name != plain:  # others may come to the same name
        name += "-" + blake2b(test.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    again = "" if SETTINGS.replay is None else "-replayed"  # what is replayed is not overwritten
    return root / ".focus_signal" / "failures" / f"{name}-{seed}{again}"


def typed(item: pytest.Item) -> str:
    """Give a test's node id as it is typed where pytest was started, which need not be its rootdir."""
    file, colons, rest = item.nodeid.partition("::")
    return shlex.quote(
        relpath(item.config.rootpath / file, item.config.invocation_params.dir) + colons + rest
    )


def shrunk(run: SimulatedRun, seconds: float) -> Run | None:
    """Find a smaller plan that breaks the same invariant without the test, and give the run of it.

    It is sought at the core level, where a run takes less than a millisecond, and only if the core does not
    show the breach at the level of the run.

    Args:
      run: what the test came to.
      seconds: how long to seek, of the real clock.

    Returns:
      the run of the smallest plan that was found; None if what the clients did breaks nothing by itself.
    """
    if not run.violations:
        return None
    broken = run.violations[0].invariant
    end = monotonic() + seconds

    def breaks(level: Level, plan: Plan) -> bool:
        ran = run_plan(plan, level=level, subject=run.subject)
        return any(violation.invariant == broken for violation in ran.violations)

    def breaks_in_time(level: Level, plan: Plan) -> bool:
        # That the whole plan does is known, and how long it takes to seek is not.
        return plan == run.plan or (monotonic() < end and breaks(level, plan))

    for level in dict.fromkeys(("core", run.level)):
        if breaks(level, run.plan):
            found = shrink(run.plan, partial(breaks_in_time, level))
            return run_plan(found.plan, level=level, subject=run.subject)
    return None


@frozen(eq=False)
class _Report:
    item: pytest.Item
    run: SimulatedRun

    def lines(self) -> Iterator[str]:
        run = self.run
        yield f"seed {run.plan.seed}, {run.level} level, subject {run.subject.name}, digest {run.digest}"
        yield from self._replayed()
        yield from _config_lines(run.plan.config)
        yield from _violation_lines(run.violations)
        directory = directory_of(self.item.config.rootpath, self.item.nodeid, run.plan.seed)
        self._write(directory)
        smaller = shrunk(run, SHRINKING)
        yield from self._shrunk_lines(smaller)
        yield from self._event_lines()
        yield f"diagram: {self._shown(directory / 'diagram.svg')} (also .mmd, .txt)"
        if smaller is not None:
            path = directory / "shrunk.json"
            smaller.failure.save(path)
            (directory / "shrunk.svg").write_text(smaller.to_svg(), "utf-8")
            yield f"diagram of the shrunk plan: {self._shown(directory / 'shrunk.svg')}"
            yield self._shrunk_command(path)
        yield f"replay: {self._command(directory / 'failure.json')}"

    def _write(self, directory: Path) -> None:
        """Write what the run came to, where nothing is that an earlier failure left."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory.parents[1] / ".gitignore").write_text("*\n", "utf-8")
        for name in ("shrunk.json", "shrunk.svg"):
            (directory / name).unlink(missing_ok=True)
        run = self.run
        replace(run.failure, test=self.item.nodeid).save(directory / "failure.json")
        (directory / "trace.jsonl").write_text(run.trace.text, "utf-8")
        chart = chart_of(run.plan, run.history, run.violations)
        for draw, kind in ((to_svg, "svg"), (to_mermaid, "mmd"), (to_ascii, "txt")):
            (directory / f"diagram.{kind}").write_text(draw(chart), "utf-8")

    def _replayed(self) -> Iterator[str]:
        if SETTINGS.replay is not None:
            path = Path(SETTINGS.replay)
            before = load_failure(path).digest
            same = "the same digest" if before == self.run.digest else f"not as it went then, digest {before}"
            yield f"replayed from {self._shown(path)}: {same}"

    def _shrunk_lines(self, smaller: Run | None) -> Iterator[str]:
        run = self.run
        whole = len(run.plan.operations)
        if smaller is not None:
            broken = smaller.violations[0].invariant
            few = len(smaller.plan.operations)
            yield f"plan, shrunk from {whole} operations to {few}; {broken} at the {smaller.level} level:"
            yield from _indented(smaller.plan.to_json().splitlines()[1:-1])  # the operations
        elif run.violations:
            broken = run.violations[0].invariant
            yield f"shrunk plan: none; the clients' {whole} operations by themselves do not break {broken}"
        else:
            yield "shrunk plan: none; the test's own assertion failed, and only the test can tell"

    def _event_lines(self) -> Iterator[str]:
        """Show the end of the run; where an invariant was broken, what led to the first breach."""
        history, what = self.run.history, "events"
        if self.run.violations:
            first = min(violation.t for violation in self.run.violations)
            history = [event for event in history if event.t <= first]
            what = f"events up to {first:.6f} s"
        count = min(EVENTS, len(history))
        yield f"the last {count} {what} (all are in trace.jsonl):"
        yield from _indented(lines_of(history[len(history) - count :]))

    def _shrunk_command(self, path: Path) -> str:
        name = self.run.subject.name
        try:
            known = subject_named(name)
        except PlanError:  # a test may bring a subject of its own
            known = None
        if known is not self.run.subject:
            return f"shrunk plan: {self._shown(path)}; subject {name} is the test's own"
        return f"replay the shrunk plan: focus-signal sim replay {self._quoted(path)}"

    def _command(self, path: Path) -> str:
        config = self.item.config
        if SETTINGS.replay is not None:
            path = Path(SETTINGS.replay)
        words = ["pytest", typed(self.item)]
        if any(word.startswith("-m") for word in config.invocation_params.args):
            words.append(f"-m {shlex.quote(str(config.getoption('markexpr')))}")
        words.append(f"--focus-signal-replay={self._quoted(path)}")
        return " ".join(words)

    def _quoted(self, path: Path) -> str:
        return shlex.quote(self._shown(path))

    def _shown(self, path: Path) -> str:
        return relpath(path, self.item.config.invocation_params.dir)


def _config_lines(config: RunConfig) -> Iterator[str]:
    usual = RunConfig()
    changed = [
        f"{name}={getattr(config, name)!r}"
        for name in config.__struct_fields__
        if name not in _OF_PLANS and getattr(config, name) != getattr(usual, name)
    ]
    yield f"config, where it is not as usual: {', '.join(changed) or 'nowhere'}"
    yield f"config: {msgspec.json.encode(config).decode()}"


def _violation_lines(violations: tuple[Violation, ...]) -> Iterator[str]:
    if not violations:
        yield "violations: none"
        return
    yield "violations:"
    for violation in violations:
        ops = " ".join(f"#{op}" for op in violation.ops)
        about = f" (operations {ops})" if ops else ""
        yield f"  {violation.invariant} at {violation.t:.6f} s{about}: {violation.text}"


def _indented(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line if len(line) <= _LONGEST_LINE else f'{line[:_LONGEST_LINE]}...'}"

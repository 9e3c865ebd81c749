"""The commands of `focus-signal sim` that look at one run: replay, shrink, diagram, plan; and `subjects`."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator

from attrs import evolve

from focus_signal.cli.output import give, say
from focus_signal.cli.sim_source import Source, WrongArgument, source_of, workload_of
from focus_signal.testing.invariants.names import INVARIANTS
from focus_signal.testing.run import Run
from focus_signal.testing.shrink_run import shrink_run
from focus_signal.testing.subjects.registry import SUBJECTS
from focus_signal.testing.trace import versions


def subjects(options: argparse.Namespace) -> int:
    """List what can be tried."""
    if options.json:
        told = [
            {
                "name": subject.name,
                "breaks": subject.breaks,
                "about": subject.about,
                "above_core": subject.above_core,
            }
            for subject in SUBJECTS.values()
        ]
        say(json.dumps(told, separators=(",", ":")))
        return 0
    rows = [("subject", "breaks", "what it is, or what is wrong with it")]
    for subject in SUBJECTS.values():
        about = f"{subject.about} (above core)" if subject.above_core else subject.about
        rows.append((subject.name, subject.breaks or "-", about))
    wide = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, breaks, about in rows:
        say(f"{name:{wide[0]}}  {breaks:{wide[1]}}  {about}")
    return 0


def plan(options: argparse.Namespace) -> int:
    """Print the plan of a seed."""
    say(workload_of(options).plan(options.seed).to_json())
    return 0


def replay(options: argparse.Namespace) -> int:
    """Run again what a seed or a file names; 1 if an invariant did not hold."""
    source = source_of(options)
    ran = source.run()
    only_trace = options.trace or options.until is not None
    if only_trace:
        trace = ran.trace
        if options.until is not None:
            trace = evolve(trace, events=tuple(event for event in trace.events if event.t <= options.until))
        say(trace.text)
    # So that what is on stdout can be compared with `sim diff`.
    say("\n".join(_account(source, ran)), sys.stderr if only_trace else None)
    return 1 if ran.violations else 0


def shrink(options: argparse.Namespace) -> int:
    """Make a small plan of a large one; 1 if nothing was broken, so that there is nothing to shrink."""
    if options.invariant is not None and options.invariant not in INVARIANTS:
        allowed = ", ".join(INVARIANTS)
        raise WrongArgument(f"argument --invariant: {options.invariant!r}: allowed are {allowed}")
    source = source_of(options)
    ran = source.run()
    broken = dict.fromkeys(violation.invariant for violation in ran.violations)
    if not broken or (options.invariant is not None and options.invariant not in broken):
        did_not = f"; {', '.join(broken)} did not" if broken else ""
        held = options.invariant or "every invariant"
        sys.stderr.write(f"focus-signal: {source.name}: nothing to shrink: {held} held{did_not}\n")
        return 1
    began = time.perf_counter()
    shrunk = shrink_run(ran, source.again, invariant=options.invariant)
    took = time.perf_counter() - began
    kept = next(iter(broken)) if options.invariant is None else options.invariant
    before, after = len(source.plan.operations), len(shrunk.ran.plan.operations)
    least = "" if shrunk.minimal else "; it may not be the smallest"
    said = f"{kept}: from {before} operations to {after}, in {shrunk.runs} runs and {took:.2f} s{least}"
    give(shrunk.ran.failure.to_json(), options.output)
    # On stdout there must be nothing but the failure, or it could not be put into a file.
    say(said, sys.stderr if options.output is None else None)
    if options.output is not None:
        say(f"to see it: focus-signal sim replay {shlex.quote(str(options.output))}")
    return 0


def diagram(options: argparse.Namespace) -> int:
    """Draw a run."""
    ran = source_of(options).run()
    draw = {"ascii": ran.to_ascii, "mermaid": ran.to_mermaid, "svg": ran.to_svg}
    give(draw[options.format](), options.output)
    return 0


def _account(source: Source, ran: Run) -> Iterator[str]:
    yield (
        f"{source.name} at the {ran.level} level, subject {ran.subject.name}: "
        f"{len(ran.plan.operations)} operations, {len(ran.history)} events"
    )
    if not ran.violations:
        yield "every invariant held"
    for violation in ran.violations:
        ops = f" (operations {', '.join(map(str, violation.ops))})" if violation.ops else ""
        yield f"{violation.invariant} at {violation.t:.6f} s: {violation.text}{ops}"
    yield f"digest {ran.digest}{_as_recorded(source, ran.digest)}"


def _as_recorded(source: Source, digest: str) -> str:
    recorded = source.recorded
    if recorded is None:
        return ""
    if recorded.digest == digest:
        return ", as recorded"
    now = versions()
    differ = [
        f"{name} {recorded.versions.get(name, 'none')} then, {now.get(name, 'none')} now"
        for name in dict.fromkeys((*recorded.versions, *now))
        if recorded.versions.get(name) != now.get(name)
    ]
    return f", not as recorded ({recorded.digest}; {'; '.join(differ) or 'the versions are the same'})"

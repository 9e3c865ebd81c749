"""The commands of `focus-signal sim` with `--workload v1`, or with a file of that workload."""

import argparse
import sys

from focus_signal.cli.output import give, say
from focus_signal.cli.progress import Bar
from focus_signal.cli.sim_run import account_lines, account_of
from focus_signal.cli.sim_source import WrongArgument
from focus_signal.errors import PlanError
from focus_signal.testing.v1.campaign import V1_SUBJECTS, run_v1_campaign, v1_subject_named
from focus_signal.testing.v1.checks.names import V1_INVARIANTS
from focus_signal.testing.v1.drawing import draw_v1_plan
from focus_signal.testing.v1.failure import V1Failure, failure_text, is_v1_file, load_v1
from focus_signal.testing.v1.run import V1_LEVELS, V1Level, V1Run, run_v1_plan


def is_about_v1(options: argparse.Namespace) -> bool:
    """Tell whether a command is about this workload."""
    if options.sim_command not in V1_COMMANDS:
        return False
    file = getattr(options, "file", None)
    return options.workload == "v1" if file is None else is_v1_file(file)


def run(options: argparse.Namespace) -> int:
    """Run many seeds; 1 if an invariant did not hold in one of them."""
    level = _checked(options.level, options.subject)
    bar = Bar(sys.stderr, len(options.seeds))
    try:
        report = run_v1_campaign(
            options.seeds,
            level=level,
            subject=options.subject,
            operations=options.operations,
            jobs=options.jobs,
            progress=bar.show,
        )
    finally:
        bar.clear()
    say(
        account_of(report, options)
        if options.json
        else "\n".join(account_lines(report, options, V1_INVARIANTS))
    )
    return 1 if report.violations else 0


def replay(options: argparse.Namespace) -> int:
    """Run again what a seed or a file names; 1 if an invariant did not hold."""
    source, name = _source(options)
    ran = _run(source)
    only_trace = options.trace or options.until is not None
    if only_trace:
        until = float("inf") if options.until is None else options.until
        lines = [line for event, line in zip(ran.history, ran.trace, strict=True) if event.t <= until]
        say("\n".join(lines))
    told = [f"{name} at the {ran.level} level, subject {ran.subject.name}: {len(ran.history)} events"]
    told += [f"{each.invariant} at {each.t:.6f} s: {each.text}" for each in ran.violations]
    told += [] if ran.violations else ["every invariant held"]
    recorded = (
        "" if not source.digest else ", as recorded" if source.digest == ran.digest else ", not as recorded"
    )
    told += [f"digest {ran.digest}{recorded}"]
    say("\n".join(told), sys.stderr if only_trace else None)
    return 1 if ran.violations else 0


def shrink(options: argparse.Namespace) -> int:
    """Make a small plan of a large one; 1 if nothing was broken, so that there is nothing to shrink."""
    if options.invariant is not None and options.invariant not in V1_INVARIANTS:
        allowed = ", ".join(V1_INVARIANTS)
        raise WrongArgument(f"argument --invariant: {options.invariant!r}: allowed are {allowed}")
    source, name = _source(options)
    ran = _run(source)
    wanted = options.invariant or next((each.invariant for each in ran.violations), "")
    if not ran.breaks(wanted):
        held = wanted or "every invariant"
        sys.stderr.write(f"focus-signal: {name}: nothing to shrink: {held} held\n")
        return 1
    smaller = ran.shrink(wanted)
    give(failure_text(smaller), options.output)
    before, after = len(ran.plan.operations), len(smaller.plan.operations)
    said = f"{wanted}: from {before} operations to {after}"
    say(said, sys.stderr if options.output is None else None)
    return 0


def plan(options: argparse.Namespace) -> int:
    """Print the plan of a seed."""
    say(draw_v1_plan(options.seed, options.operations).to_json())
    return 0


V1_COMMANDS = {"run": run, "replay": replay, "shrink": shrink, "plan": plan}


def _checked(level: str, subject: str) -> V1Level:
    """Give the level, or complain about what is none of this workload, or no subject."""
    if subject not in V1_SUBJECTS:
        raise WrongArgument(f"argument --subject: {subject!r}: allowed are {', '.join(V1_SUBJECTS)}")
    for each in V1_LEVELS:
        if each == level:
            return each
    allowed = ", ".join(V1_LEVELS)
    raise WrongArgument(f"argument --level: {level!r}: allowed are {allowed} with the workload v1")


def _source(options: argparse.Namespace) -> tuple[V1Failure, str]:
    if options.file is None:
        subject = options.subject or "server"
        level = _checked(options.level or "core", subject)
        drawn = draw_v1_plan(options.seed, options.operations)
        return V1Failure(level=level, subject=subject, plan=drawn), f"seed {options.seed}"
    try:
        loaded = load_v1(options.file)
    except PlanError as error:
        raise WrongArgument(f"argument FILE: {error}") from error
    subject = options.subject or loaded.subject
    level = _checked(options.level or loaded.level, subject)
    same = (level, subject) == (loaded.level, loaded.subject)
    digest = loaded.digest if same else ""
    return V1Failure(level=level, subject=subject, digest=digest, plan=loaded.plan), str(options.file)


def _run(source: V1Failure) -> V1Run:
    return run_v1_plan(source.plan, level=source.level, subject=v1_subject_named(source.subject))

"""`focus-signal sim run`: a campaign, with a bar on a terminal, and its account as a table or as JSON."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping

from focus_signal.cli.output import say
from focus_signal.cli.progress import Bar
from focus_signal.cli.sim_source import arguments_for, blind_note, check_schedule, subject_of, workload_of
from focus_signal.testing.campaign import Broken, CampaignReport, rule_of_three, run_campaign
from focus_signal.testing.invariants.names import INVARIANTS


def run(options: argparse.Namespace) -> int:
    """Run many seeds; 1 if an invariant did not hold in one of them."""
    subject = subject_of(options.subject)
    check_schedule(options.schedule)
    workload = workload_of(options)
    for note in blind_note(subject, options.level):
        sys.stderr.write(f"focus-signal: {note}\n")
    bar = Bar(sys.stderr, len(options.seeds))
    try:
        report = run_campaign(
            options.seeds,
            level=options.level,
            subject=subject,
            workload=workload,
            schedule=options.schedule,
            jobs=options.jobs,
            progress=bar.show,
        )
    finally:
        bar.clear()
    say(
        account_of(report, options) if options.json else "\n".join(account_lines(report, options, INVARIANTS))
    )
    return 1 if report.violations else 0


def account_of(report: CampaignReport, options: argparse.Namespace) -> str:
    """Give the account as one JSON object."""
    seeds: range = options.seeds
    told = {
        "digest": report.digest,
        "seeds": report.seeds,
        "violations": [
            {
                "invariant": broken.invariant,
                "share": broken.share,
                "first_seed": broken.first_seed,
                "count": broken.count,
                "example": broken.example,
                "command": _command(broken, options),
            }
            for broken in report.violations
        ],
        "never": list(report.never),
        "first": seeds.start,
        "level": options.level,
        "subject": options.subject,
        "schedule": options.schedule,
        "seconds": round(report.seconds, 3),
        "per_second": round(report.per_second, 1),
    }
    return json.dumps(told, separators=(",", ":"))


def account_lines(
    report: CampaignReport, options: argparse.Namespace, invariants: Mapping[str, str]
) -> Iterator[str]:
    """Give the account as lines; `invariants` are all that were looked at."""
    seeds: range = options.seeds
    processes = "" if options.jobs == 1 else f", {options.jobs} processes"
    yield (
        f"{report.seeds} seeds ({seeds.start}:{seeds.stop}) at the {options.level} level, "
        f"subject {options.subject}: {report.seconds:.1f} s, {report.per_second:.0f} a second{processes}"
    )
    yield f"digest {report.digest}"
    yield from _table(report, options)
    yield from (
        f"never held in any seed, so that nothing was learnt about it: {name}" for name in report.never
    )
    held = len(invariants) - len(report.violations)
    names = f"the {held} other invariants" if report.violations else f"all {held} invariants"
    bound = rule_of_three(report.seeds)
    yield (
        f"{names} held: 0 of {report.seeds} seeds. With 95% confidence each breaks in fewer than "
        f"{_percent(bound)} of such seeds (rule of three: 3/N); it is no proof that none does."
        if bound < 1
        else f"{names} held, in too few seeds to say how often they may break."
    )


def _table(report: CampaignReport, options: argparse.Namespace) -> Iterator[str]:
    if not report.violations:
        return
    wide = max(len(broken.invariant) for broken in report.violations)
    wide = max(wide, len("invariant"))
    yield f"{'invariant':{wide}}  {'share':>7}  {'seeds':>7}  {'first seed':>10}  what was seen there"
    for broken in report.violations:
        yield (
            f"{broken.invariant:{wide}}  {_percent(broken.share):>7}  {broken.count:>7}  "
            f"{broken.first_seed:>10}  {broken.example}"
        )
        yield f"{'':{wide}}  {_command(broken, options)}"


def _command(broken: Broken, options: argparse.Namespace) -> str:
    return f"focus-signal sim replay {arguments_for(broken.first_seed, options)}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"

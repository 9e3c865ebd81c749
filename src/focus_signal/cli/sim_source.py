"""What a command of `focus-signal sim` is about: the run of a seed, or the one that a file holds."""

import argparse
import sys
from pathlib import Path

from attrs import field, frozen

from focus_signal.cli.sim_options import CLIENTS, OPERATIONS
from focus_signal.errors import PlanError
from focus_signal.testing.determinism.policies import Policy, policy_named, replay
from focus_signal.testing.failure import Failure, load_failure_or_plan
from focus_signal.testing.plan import Level, Plan
from focus_signal.testing.run import Run, run_plan
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.registry import subject_named
from focus_signal.testing.workload.swarm import Workload, siege, swarm
from focus_signal.testing.workload.vocabulary import VERBS


class WrongArgument(PlanError):
    """Carry the complaint about an argument to where the command can be named."""


@frozen
class Source:
    """Be a run that can be run, as often as wanted.

    Args:
      name: what to call it.
      plan: what is done.
      level: where.
      subject: whose logic is tried.
      schedule: the policy's name; None for a choice log, or for the policy that the plan's seed gives.
      log: the choice log that is followed, if one is.
      recorded: the failure whose digest a run of this must have, if there is one.
      notes: what a reader should know about it.
    """

    name: str
    plan: Plan
    level: Level
    subject: Subject
    schedule: str | None = None
    log: Policy | None = None
    recorded: Failure | None = None
    notes: tuple[str, ...] = field(default=())

    def run(self) -> Run:
        """Run it.

        Raises:
          WrongArgument: the choice log does not fit.
        """
        policy = self.log or self._policy()
        try:
            return run_plan(self.plan, level=self.level, subject=self.subject, policy=policy)
        except PlanError as error:
            if self.log is None:
                raise
            # Another version of something may have made it.
            raise WrongArgument(f"argument FILE: {self.name}: {error}") from error

    def again(self, plan: Plan, level: Level) -> Run:
        """Run another plan in its place; a choice log fits only its own, and is not followed."""
        return run_plan(plan, level=level, subject=self.subject, policy=self._policy())

    def _policy(self) -> Policy | None:
        return None if self.schedule is None else policy_named(self.schedule, self.plan.seed)


def source_of(options: argparse.Namespace) -> Source:
    """Find out what a command is about, and say on stderr what should be known about that.

    Raises:
      WrongArgument: an argument is wrong, or the file is.
    """
    subject = None if options.subject is None else subject_of(options.subject)
    if options.schedule is not None:
        check_schedule(options.schedule)
    if options.file is not None:
        source = _from_file(options.file, options.level, subject, options.schedule)
    else:
        plan = workload_of(options).plan(options.seed)
        known = subject or subject_named("server")
        source = Source(f"seed {options.seed}", plan, options.level or "core", known, options.schedule)
    for note in (*source.notes, *blind_note(source.subject, source.level)):
        sys.stderr.write(f"focus-signal: {note}\n")
    return source


def load(path: Path, name: str = "FILE") -> Failure | Plan:
    """Read a failure or a plan, or complain about the argument of this name."""
    try:
        return load_failure_or_plan(path)
    except PlanError as error:
        raise WrongArgument(f"argument {name}: {error}") from error


def whole_file(path: Path, loaded: Failure | Plan) -> Source:
    """Give the run that a file holds, just as it says."""
    return _source(path, loaded, None, None, None)


def _from_file(path: Path, level: Level | None, subject: Subject | None, schedule: str | None) -> Source:
    return _source(path, load(path), level, subject, schedule)


def _source(
    path: Path, loaded: Failure | Plan, level: Level | None, subject: Subject | None, schedule: str | None
) -> Source:
    if isinstance(loaded, Plan):
        known = subject or subject_named("server")
        return Source(str(path), loaded, level or "core", known, schedule)
    tried = subject or subject_of(loaded.subject, f"argument FILE: {path}: ")
    same = (level or loaded.level) == loaded.level and tried.name == loaded.subject and schedule is None
    notes: list[str] = []
    if loaded.test is not None:
        same = False
        notes.append(
            f"{path} was made by the test {loaded.test}; here its plan is run, without the test's own code"
        )
    elif not same:
        notes.append(f"{path} is run in another way than it was; its schedule and its digest are left aside")
    log = None
    if same and loaded.schedule is not None:
        log = replay(loaded.schedule.choices, loaded.schedule.kind)
    return Source(
        str(path),
        loaded.plan,
        level or loaded.level,
        tried,
        schedule,
        log,
        loaded if same and loaded.digest else None,
        tuple(notes),
    )


def workload_of(options: argparse.Namespace) -> Workload:
    """Make the workload that the options describe."""
    if options.workload == "siege":
        return siege()
    if options.workload == "v1":
        raise WrongArgument("argument --workload: 'v1': only run, replay, shrink and plan have it")
    try:
        return swarm(
            clients=options.clients, operations=options.operations, verbs=VERBS if options.verbs else ()
        )
    except PlanError as error:
        raise WrongArgument(f"argument --{error}") from error


def subject_of(name: str, where: str = "argument --subject: ") -> Subject:
    """Find a subject, or complain."""
    try:
        return subject_named(name)
    except PlanError as error:
        raise WrongArgument(f"{where}{error}") from error


def check_schedule(name: str) -> None:
    """Complain about what names no policy."""
    try:
        policy_named(name, 0)
    except PlanError as error:
        raise WrongArgument(f"argument --schedule: {error}") from error


def blind_note(subject: Subject, level: Level) -> tuple[str, ...]:
    """Say so if a level cannot show what is wrong with a subject."""
    if subject.above_core and level == "core":
        return (f"what is wrong with {subject.name} is in the shell; only --level message and full show it",)
    return ()


def arguments_for(seed: int, options: argparse.Namespace) -> str:
    """Write the arguments that name the run of one seed; what is usual is left out."""
    given = [f"--seed {seed}", *conditions(options)]
    if options.clients != CLIENTS:
        given.append(f"--clients {options.clients}")
    if options.operations != OPERATIONS:
        given.append(f"--operations {options.operations}")
    if options.verbs:
        given.append("--verbs")
    if options.workload != "swarm":
        given.append(f"--workload {options.workload}")
    return " ".join(given)


def conditions(options: argparse.Namespace) -> list[str]:
    """Write the arguments that say how something is run; what is usual for a seed is left out."""
    given = {"--level": options.level, "--subject": options.subject, "--schedule": options.schedule}
    usual = {"--level": "core", "--subject": "server", "--schedule": "shuffle"}
    named = ((name, value) for name, value in given.items() if value is not None)
    if getattr(options, "file", None) is None:
        named = ((name, value) for name, value in named if value != usual[name])
    return [f"{name} {value}" for name, value in named]

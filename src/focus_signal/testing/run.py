"""One simulated run, at any level: what was planned, what happened, and what was wrong with it."""

from itertools import count
from typing import Literal

from attrs import field, frozen

from focus_signal.errors import PlanError
from focus_signal.testing.core_level import run_core
from focus_signal.testing.determinism.policies import Policy, policy_named
from focus_signal.testing.determinism.runtime import collecting_between_runs
from focus_signal.testing.determinism.scheduler import Schedule
from focus_signal.testing.diagram.ascii import to_ascii
from focus_signal.testing.diagram.chart import Chart
from focus_signal.testing.diagram.lanes import chart_of
from focus_signal.testing.diagram.mermaid import to_mermaid
from focus_signal.testing.diagram.svg import to_svg
from focus_signal.testing.failure import Failure, ScheduleLog
from focus_signal.testing.history import Event, digest_of
from focus_signal.testing.invariants.check import check
from focus_signal.testing.noticed import noting_sometimes
from focus_signal.testing.plan import LEVELS, Level, Plan, check_plan
from focus_signal.testing.shell.play import run_shell
from focus_signal.testing.shrink_run import shrink_run
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.registry import subject_named
from focus_signal.testing.trace import Trace, trace_of
from focus_signal.testing.violation import Violation
from focus_signal.testing.workload.swarm import Workload, swarm

_CORE_RUNS = count(1)
_CORE_RUNS_BETWEEN_COLLECTIONS = 1_000


@frozen(eq=False)
class Run:
    """Hold what one simulated run came to.

    Args:
      plan: what was done, with its seed and its config.
      level: where it ran.
      subject: whose logic it was.
      history: what happened.
      violations: the invariants that did not hold.
      schedule: the order of the tasks; None at the core level, which has none.
      wire: the digest of every byte on the network; empty at the core level.
      sometimes: what `sometimes` was told, by name.
    """

    plan: Plan
    level: Level
    subject: Subject
    history: list[Event]
    violations: tuple[Violation, ...]
    schedule: Schedule | None = None
    wire: str = ""
    sometimes: dict[str, bool] = field(factory=dict[str, bool])

    @property
    def seed(self) -> int:
        """Give the seed."""
        return self.plan.seed

    @property
    def digest(self) -> str:
        """Compute one value of history, schedule and wire bytes."""
        schedule = "" if self.schedule is None else self.schedule.digest()
        return digest_of(self.history, schedule, self.wire)

    @property
    def trace(self) -> Trace:
        """Give the history as lines of JSON, with a header."""
        return trace_of(self.history, level=self.level, subject=self.subject.name, seed=self.seed)

    @property
    def failure(self) -> Failure:
        """Give all that is needed to see this run again, to be put into a file."""
        log = None
        if self.schedule is not None:
            log = ScheduleLog(kind=self.schedule.kind, choices=tuple(self.schedule.choices))
        return Failure(
            seed=self.seed,
            level=self.level,
            subject=self.subject.name,
            plan=self.plan,
            schedule=log,
            violations=self.violations,
            digest=self.digest,
        )

    def shrink(self) -> "Run":
        """Find a smaller plan that breaks the same invariant, and give the run of it at the same level.

        The plan shrinks at the core level, where a run takes less than a millisecond, and is confirmed here;
        if the core does not show the breach, or the smaller plan shows none here, it shrinks at this level.

        Returns:
          the smaller run; this one, if its breach hangs on more than the plan.

        Raises:
          ValueError: no invariant was broken.
        """
        subject = self.subject
        return shrink_run(self, lambda plan, level: run_plan(plan, level=level, subject=subject)).ran

    @property
    def chart(self) -> Chart:
        """Give what the diagrams draw."""
        return chart_of(self.plan, self.history, self.violations)

    def to_mermaid(self) -> str:
        """Draw the run as a Mermaid sequence diagram."""
        return to_mermaid(self.chart)

    def to_svg(self) -> str:
        """Draw the run as an SVG picture."""
        return to_svg(self.chart)

    def to_ascii(self) -> str:
        """Draw the run as plain text."""
        return to_ascii(self.chart)


def run_plan(
    plan: Plan, *, level: Level = "core", subject: Subject | str = SERVER, policy: Policy | None = None
) -> Run:
    """Run a plan.

    Args:
      plan: what is done.
      level: "core", "message" or "full".
      subject: whose logic is tried, or its name.
      policy: what decides the schedule above the core; the plan's seed if there is none.

    Raises:
      PlanError: the plan, the level or the subject is none.
    """
    if level not in LEVELS:
        raise PlanError(f"level must be one of {', '.join(LEVELS)}, not {level!r}")
    check_plan(plan)
    tried = subject_named(subject) if isinstance(subject, str) else subject
    with noting_sometimes() as seen:
        if level == "core":
            with collecting_between_runs(_CORE_RUNS, _CORE_RUNS_BETWEEN_COLLECTIONS):
                history = run_core(plan, tried)
                violations = tuple(check(history, plan))
            return Run(plan, level, tried, history, violations, sometimes=seen)
        history, schedule, wire = run_shell(plan, tried, level, policy)
    violations = tuple(check(history, plan))
    return Run(plan, level, tried, history, violations, schedule, wire, seen)


def run_simulation(
    *,
    seed: int,
    workload: Workload | None = None,
    level: Level = "core",
    subject: Subject | str = SERVER,
    schedule: Literal["shuffle", "single-step"] | str = "shuffle",  # noqa: PYI051 - pct takes a depth
) -> Run:
    """Run what a seed makes of a workload.

    Args:
      seed: decides everything.
      workload: what kind of runs; `swarm()` if there is none.
      level: "core", "message" or "full".
      subject: whose logic is tried, or its name.
      schedule: the policy above the core: "shuffle", or "pct", "pct:DEPTH" and "single-step", which go beyond
        what Trio itself may do.

    Raises:
      PlanError: an argument is none of those allowed.
    """
    # Drawing a plan leaves nothing that needs the collector, and is a sixth of a run at the core level.
    with collecting_between_runs(_CORE_RUNS, _CORE_RUNS_BETWEEN_COLLECTIONS):
        plan = (swarm() if workload is None else workload).plan(seed)
    return run_plan(plan, level=level, subject=subject, policy=policy_named(schedule, seed))

"""One run of the workload `v1`: what was planned, what happened, and what was wrong with it."""

from itertools import count
from typing import Literal

from attrs import field, frozen

from focus_signal.errors import PlanError
from focus_signal.testing.determinism.runtime import collecting_between_runs
from focus_signal.testing.v1.checks.check import check_v1
from focus_signal.testing.v1.core_run import run_core_v1
from focus_signal.testing.v1.drawing import OPERATIONS, draw_v1_plan
from focus_signal.testing.v1.history import Event, digest_of, lines_of
from focus_signal.testing.v1.plan import V1Plan, check_v1_plan
from focus_signal.testing.v1.shrink import Shrinker
from focus_signal.testing.v1.subject import SERVER, V1Subject
from focus_signal.testing.violation import Violation

V1Level = Literal["core", "full"]
V1_LEVELS: tuple[V1Level, ...] = ("core", "full")

_RUNS = count(1)
_RUNS_BETWEEN_COLLECTIONS = 100


@frozen(eq=False)
class V1Run:
    """Hold what one run came to.

    Args:
      plan: what was done.
      level: where it ran.
      subject: what was tried.
      history: what happened.
      violations: the invariants that did not hold.
      wire: the digest of every byte on the network; empty at the core level.
    """

    plan: V1Plan
    level: V1Level
    subject: V1Subject
    history: list[Event] = field(repr=False)
    violations: tuple[Violation, ...]
    wire: str = ""

    @property
    def digest(self) -> str:
        """Compute one value of the history, and of the bytes if there were some."""
        return digest_of(self.history) + self.wire

    @property
    def trace(self) -> list[str]:
        """Give the history, a line of JSON an event."""
        return lines_of(self.history)

    def breaks(self, invariant: str) -> bool:
        """Tell whether an invariant did not hold."""
        return any(violation.invariant == invariant for violation in self.violations)

    def shrink(self, invariant: str | None = None) -> "V1Run":
        """Find a smaller plan that breaks the same invariant, and give the run of it.

        Args:
          invariant: which; None for the first that did not hold.

        Raises:
          PlanError: that invariant was not broken.
        """
        named = invariant or next((violation.invariant for violation in self.violations), "")
        if not self.breaks(named):
            raise PlanError(f"invariant must be one that this run breaks, not {named!r}")

        def still_fails(plan: V1Plan) -> bool:
            return run_v1_plan(plan, level=self.level, subject=self.subject).breaks(named)

        smallest = Shrinker(self.plan, still_fails).shrink()
        return run_v1_plan(smallest, level=self.level, subject=self.subject)


def run_v1_plan(plan: V1Plan, *, level: V1Level = "core", subject: V1Subject = SERVER) -> V1Run:
    """Run a plan.

    Args:
      plan: what is done.
      level: "core" or "full".
      subject: what is tried.

    Raises:
      PlanError: the plan is none, or the level.
    """
    if level not in V1_LEVELS:
        raise PlanError(f"level must be one of {', '.join(V1_LEVELS)} with the workload v1, not {level!r}")
    check_v1_plan(plan)
    wire = ""
    with subject.changed():
        if level == "core":
            with collecting_between_runs(_RUNS, _RUNS_BETWEEN_COLLECTIONS):
                history = run_core_v1(plan)
        else:
            from focus_signal.testing.v1.full_run import run_full_v1  # noqa: PLC0415 - loads Trio

            history, wire = run_full_v1(plan)
    return V1Run(plan, level, subject, history, tuple(check_v1(history, plan)), wire)


def run_v1(
    seed: int, *, level: V1Level = "core", subject: V1Subject = SERVER, operations: int = OPERATIONS
) -> V1Run:
    """Run what a seed makes of the workload; see `run_v1_plan`."""
    return run_v1_plan(draw_v1_plan(seed, operations), level=level, subject=subject)

"""From a run that broke an invariant to one of a small plan that breaks the same, at the same level."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from attrs import frozen

from focus_signal.testing.plan import Level, Plan
from focus_signal.testing.shrink import Shrunk, shrink
from focus_signal.testing.violation import Violation

# Above the core a run takes a hundred times as long.
TRIES_ABOVE_CORE = 300


class Judged(Protocol):
    """Be a run that was judged, of whatever type."""

    @property
    def plan(self) -> Plan:
        """Give what was done."""
        ...

    @property
    def level(self) -> Level:
        """Tell where it ran."""
        ...

    @property
    def violations(self) -> Sequence[Violation]:
        """List what did not hold."""
        ...


R = TypeVar("R", bound=Judged)


@frozen
class ShrunkRun(Generic[R]):
    """Be what came out.

    Args:
      ran: the run of the smallest plan found; the one that was given if none is smaller.
      runs: how often a plan was tried.
      minimal: whether no operation of it can be left out; False if there were not tries enough to tell, or if
        only the schedule of the run that was given breaks the invariant.
    """

    ran: R
    runs: int
    minimal: bool


def shrink_run(
    ran: R, again: Callable[[Plan, Level], R], *, invariant: str | None = None, max_runs: int = 5_000
) -> ShrunkRun[R]:
    """Find a smaller plan that breaks the same invariant, and the run of it at the same level.

    The plan shrinks at the core level, where a run takes less than a millisecond, and is confirmed where it
    ran; if the core does not show the breach, or the smaller plan shows none there, it shrinks at that level.

    Args:
      ran: a run that broke an invariant.
      again: runs another plan, at a level, in the same way as this one.
      invariant: which; the first one that the run broke if it is None.
      max_runs: how many plans may be tried at the core level; above it, 300 at the most.

    Raises:
      ValueError: the run did not break it, or any.
    """
    names = [violation.invariant for violation in ran.violations]
    broken = invariant or next(iter(names), None)
    if broken is None:
        raise ValueError("there is nothing to shrink: every invariant held")
    if broken not in names:
        raise ValueError(f"there is nothing to shrink: {broken} held, and {', '.join(names)} did not")
    tried = 0

    def attempt(plan: Plan, level: Level) -> R:
        nonlocal tried
        tried += 1
        return again(plan, level)

    def smallest(level: Level, most: int) -> Shrunk | None:
        def fails(plan: Plan) -> bool:
            return _breaks(attempt(plan, level), broken)

        return shrink(ran.plan, fails, max_runs=most) if fails(ran.plan) else None

    found = smallest("core", max_runs)
    if found is not None:
        confirmed = attempt(found.plan, ran.level)
        if _breaks(confirmed, broken):
            return ShrunkRun(confirmed, tried, found.minimal)
    if ran.level != "core":
        found = smallest(ran.level, min(max_runs, TRIES_ABOVE_CORE))
        if found is not None:
            return ShrunkRun(attempt(found.plan, ran.level), tried, found.minimal)
    return ShrunkRun(ran, tried, minimal=False)


def _breaks(ran: Judged, invariant: str) -> bool:
    return any(violation.invariant == invariant for violation in ran.violations)

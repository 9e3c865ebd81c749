"""Run a test under many schedules: every one of them, where they are few enough, or a sample.

Only the schedule changes from run to run: time, randomness and what the test does stay the same, so a failure
is told completely by its choice log. "Complete" means every order of each batch (or, beyond Trio, every order
of single steps) for this test as it is, with this seed; not for other tests, other delays or other chance.
"""

from collections.abc import Awaitable, Callable
from traceback import format_exception_only

from attrs import field, frozen

from focus_signal.errors import NondeterminismError, PlanError, UnsupportedTrio
from focus_signal.testing.determinism.policies import Kind, Pct, Policy, Tree, policy_named
from focus_signal.testing.determinism.runtime import Failed, Ran, attempt_deterministically
from focus_signal.testing.determinism.scheduler import Schedule
from focus_signal.testing.determinism.tripwires import leaves

# Not the test's failures: the exploration itself cannot be, or somebody stops it.
_NOT_FAILURES = (NondeterminismError, PlanError, UnsupportedTrio, KeyboardInterrupt, SystemExit)


@frozen
class Exhaustive:
    """Hold what `exhaustive` was given."""

    max_schedules: int
    kind: Kind


@frozen
class Sampled:
    """Hold what `sampled` was given."""

    policy: str
    schedules: int


Strategy = Exhaustive | Sampled


def exhaustive(max_schedules: int = 20_000, *, beyond_trio: bool = False) -> Strategy:
    """Run every schedule, depth first.

    Args:
      max_schedules: after so many, stop, and say that it is not complete.
      beyond_trio: every order of single steps, instead of every order of each batch.

    Raises:
      PlanError: a number below 1.
    """
    return Exhaustive(_at_least_one(max_schedules), "step" if beyond_trio else "batch")


def sampled(policy: str = "shuffle", schedules: int = 1000) -> Strategy:
    """Run schedules that a policy draws, with the seeds from the exploration's own upward.

    Args:
      policy: as `policy_named` takes it: shuffle, or beyond Trio pct, pct:DEPTH, single-step.
      schedules: how many runs.

    Raises:
      PlanError: another policy, or a number below 1.
    """
    policy_named(policy, 0)
    return Sampled(policy, _at_least_one(schedules))


def pct(depth: int = 3, schedules: int = 1000) -> Strategy:
    """Run schedules by random priorities that change `depth` - 1 times; beyond Trio's own orders.

    Raises:
      PlanError: a number below 1.
    """
    return sampled(f"pct:{depth}", schedules)


def _at_least_one(number: int) -> int:
    if number < 1:
        raise PlanError(f"the number of schedules is {number}, and must be 1 or more")
    return number


@frozen
class ExploredFailure:
    """Hold a run that failed, and how to see it again."""

    error: str
    """The exception's type and text; a line for each, if it is a group."""
    choices: tuple[int, ...]
    kind: Kind
    how: str
    """The call that runs it again."""

    def __str__(self) -> str:
        return f"{self.error}\n  again: {self.how}"


@frozen
class Exploration:
    """Hold what an exploration came to."""

    schedules: int
    """How many runs there were."""
    complete: bool
    """Whether they were all that there are."""
    distinct: int
    """How many of them differed in their schedules."""
    failures: tuple[ExploredFailure, ...]
    beyond_trio: bool
    """Whether the runs took orders that Trio itself never takes."""

    def __str__(self) -> str:
        if self.complete:
            said = f"complete: {self.schedules} schedules"
        else:
            said = f"not complete: {self.schedules} of more"
            if self.distinct < self.schedules:
                said += f", {self.distinct} of them distinct"
        if self.beyond_trio:
            said += " (beyond Trio's own orders)"
        if self.failures:
            said += f"; {len(self.failures)} failed, the first with {self.failures[0]}"
        return said


def _text(error: BaseException) -> str:
    return "".join(format_exception_only(error)).strip()


def explore(
    test: Callable[[], Awaitable[object]],
    strategy: Strategy,
    *,
    seed: int = 0,
    stop_at_first: bool = False,
    max_steps: int = 100_000,
) -> Exploration:
    """Run an async test under many schedules, each in a run of Trio of its own.

    Args:
      test: an async function without arguments that raises if it fails.
      strategy: `exhaustive()` or `sampled()`.
      seed: decides the test's randomness, and the first seed of sampled schedules.
      stop_at_first: stop at the first failure.
      max_steps: a run with more steps of tasks has failed; a policy beyond Trio can let a loop turn for ever.

    Raises:
      NondeterminismError: something has a say that neither seed nor schedule decides.
      UnsupportedTrio: this Trio cannot be made deterministic.
      RuntimeError: within a run of Trio, or while another is in force in this process.
    """

    def run_once(policy: Policy) -> Ran[object] | Failed:
        return attempt_deterministically(test, seed=seed, policy=policy, max_steps=max_steps)

    name = getattr(test, "__name__", "test")

    def tell_how(schedule: Schedule) -> str:
        policy = f"replay({schedule.choices}, {schedule.kind!r})"
        return f"run_deterministically({name}, seed={seed}, policy={policy})"

    return explore_runs(run_once, strategy, seed=seed, stop_at_first=stop_at_first, tell_how=tell_how)


def explore_runs(
    run_once: Callable[[Policy], Ran[object] | Failed],
    strategy: Strategy,
    *,
    tell_how: Callable[[Schedule], str],
    seed: int = 0,
    stop_at_first: bool = False,
) -> Exploration:
    """Do as `explore` with any kind of run.

    Args:
      run_once: makes one run under the policy that it gets, which must decide everything that differs.
      strategy: `exhaustive()` or `sampled()`.
      tell_how: says how a user repeats a run.
      seed: the first seed of sampled schedules.
      stop_at_first: stop at the first failure.

    Raises:
      NondeterminismError: something has a say that neither seed nor schedule decides.
    """
    notes = _Notes(run_once, tell_how)
    if isinstance(strategy, Exhaustive):
        tree = Tree(strategy.kind)
        more = True
        while more and len(notes.runs) < strategy.max_schedules and not (stop_at_first and notes.failures):
            notes.run(tree)
            more = tree.advance()
        return notes.conclude(complete=not more, beyond_trio=tree.beyond_trio)
    beyond_trio = policy_named(strategy.policy, seed).beyond_trio
    longest = 0
    for number in range(strategy.schedules):
        policy = policy_named(strategy.policy, seed + number)
        if isinstance(policy, Pct) and longest:
            # Changes of priority that fall behind the end of a run are lost.
            policy = policy.with_steps(longest)
        longest = max(longest, len(notes.run(policy).choices))
        if stop_at_first and notes.failures:
            break
    return notes.conclude(complete=False, beyond_trio=beyond_trio)


@frozen
class _Notes:
    """Make the runs, and keep what an exploration tells of them."""

    run_once: Callable[[Policy], Ran[object] | Failed]
    tell_how: Callable[[Schedule], str]
    runs: list[str] = field(factory=list[str], init=False)
    failures: list[ExploredFailure] = field(factory=list[ExploredFailure], init=False)

    def run(self, policy: Policy) -> Schedule:
        ran = self.run_once(policy)
        schedule = ran.schedule
        self.runs.append(schedule.digest())
        if isinstance(ran, Failed):
            if any(isinstance(leaf, _NOT_FAILURES) for leaf in leaves(ran.error)):
                raise ran.error
            self.failures.append(
                ExploredFailure(
                    "\n".join(_text(leaf) for leaf in leaves(ran.error)),
                    tuple(schedule.choices),
                    schedule.kind,
                    self.tell_how(schedule),
                )
            )
        return schedule

    def conclude(self, *, complete: bool, beyond_trio: bool) -> Exploration:
        distinct = len(dict.fromkeys(self.runs))
        return Exploration(len(self.runs), complete, distinct, tuple(self.failures), beyond_trio)

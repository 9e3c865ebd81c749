"""`explore`: one test under many schedules, or under all of them; with a simulated server, or without."""

import inspect
from collections.abc import Awaitable, Callable

from focus_signal.errors import SimulationFailed
from focus_signal.testing.determinism import exploration
from focus_signal.testing.determinism.exploration import Exploration, Strategy, explore_runs
from focus_signal.testing.determinism.policies import Policy
from focus_signal.testing.determinism.runtime import Failed, Ran
from focus_signal.testing.determinism.scheduler import Schedule
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.simulated import run_test
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.registry import subject_named


def explore(
    test: Callable[..., Awaitable[object]],
    strategy: Strategy,
    *,
    seed: int = 0,
    stop_at_first: bool = False,
    level: Level = "message",
    config: RunConfig | None = None,
    subject: Subject | str = SERVER,
) -> Exploration:
    """Run an async test under many schedules; nothing else differs between the runs.

    Args:
      test: an async function that raises if it fails. It takes no arguments; or one, a `Simulation`, and then
        its invariants are checked as well.
      strategy: `exhaustive()`, which says "complete" if it ran every schedule there is; or a sample:
        `sampled()`, or `pct()`, which goes beyond what Trio itself may do.
      seed: decides everything but the schedule, and the first seed of sampled schedules.
      stop_at_first: stop at the first failure.
      level: "message" or "full", for a simulation.
      config: every option of a simulation; with none, latencies of 1 ms for everyone, so that the schedules
        and not the delays are what there is to explore.
      subject: whose logic the simulated server runs, or its name.

    Raises:
      NondeterminismError: something has a say that neither seed nor schedule decides.
      UnsupportedTrio: this Trio cannot be made deterministic.
      RuntimeError: within a run of Trio, or while another is in force in this process.
    """
    if not inspect.signature(test).parameters:
        return exploration.explore(test, strategy, seed=seed, stop_at_first=stop_at_first)
    tried = subject_named(subject) if isinstance(subject, str) else subject
    options = config or RunConfig(latency=(0.001, 0.001))
    name = getattr(test, "__name__", "test")

    def run_once(policy: Policy) -> Ran[object] | Failed:
        ran = run_test(test, seed=seed, level=level, config=options, subject=tried, policy=policy)
        error = ran.error
        if error is None and ran.violations:
            error = SimulationFailed("; ".join(f"{each.invariant}: {each.text}" for each in ran.violations))
        assert ran.schedule is not None  # noqa: S101 - above the core there is one
        seconds = ran.history[-1].t
        return Ran(None, ran.schedule, seconds) if error is None else Failed(error, ran.schedule, seconds)

    def tell_how(schedule: Schedule) -> str:
        policy = f"replay({schedule.choices}, {schedule.kind!r})"
        return f"run_test({name}, seed={seed}, level={level!r}, config=..., policy={policy})"

    return explore_runs(run_once, strategy, tell_how=tell_how, seed=seed, stop_at_first=stop_at_first)

"""`simulate`: a test of the real server that runs once for each seed."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from itertools import zip_longest
from pathlib import Path
from typing import cast, get_args

from attrs import frozen
from msgspec.structs import replace

from focus_signal.errors import NondeterminismError, PlanError, SimulationFailed
from focus_signal.server.config import TransportName
from focus_signal.testing.determinism.heap_noise import heap_noise
from focus_signal.testing.determinism.policies import Policy, policy_named, replay
from focus_signal.testing.determinism.runtime import Failed, attempt_deterministically
from focus_signal.testing.failure import Failure, load_failure
from focus_signal.testing.invariants.check import check
from focus_signal.testing.noticed import noting_sometimes
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.run import Run
from focus_signal.testing.settings import SETTINGS
from focus_signal.testing.simulation import Simulation, open_simulation
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.registry import subject_named
from focus_signal.testing.trace import first_difference
from focus_signal.testing.violation import Violation
from focus_signal.testing.workload.swarm import swarm

SimulatedTest = Callable[..., Awaitable[object]]
PATIENCE = 60.0
# It has room for most messages, and for the answer to a handshake.
_GENTLE_WINDOW = 512


@frozen(eq=False)
class SimulatedRun(Run):
    """Hold what one seed of a simulated test came to; the plan is what its clients did.

    Args:
      error: what the test raised; None if it ended well.
    """

    error: BaseException | None = None


def simulate(
    seeds: int | Iterable[int] = 200,
    *,
    level: Level = "full",
    transport: TransportName | None = None,
    schedule: str = "shuffle",
    config: RunConfig | None = None,
    subject: Subject | str = SERVER,
    patience: float = PATIENCE,
    invariants: bool = True,
) -> Callable[[SimulatedTest], Callable[..., None]]:
    """Make a plain test of an async function that takes a `Simulation`, run once for each seed.

    Each seed has latencies, segments and points of meddling of its own, unless there is a config; what goes
    wrong beyond that is up to the test. When it has ended, the run heals and settles, everyone is sent home,
    and the invariants are checked.

    Args:
      seeds: how many, from 0; or which.
      level: "full" for WebSocket on a simulated TCP, "message" for the same server without frames.
      transport: the server's at the full level, "native" or "trio-websocket"; None takes that of the config,
        which differs from seed to seed if there is no config.
      schedule: what decides the order of tasks: "shuffle", or "pct", "pct:DEPTH" and "single-step", which go
        beyond what Trio itself may do.
      config: every option, the same for all seeds.
      subject: whose logic the server runs, or its name.
      patience: virtual seconds for which a client waits for what it expects.
      invariants: whether to check them.

    Raises:
      SimulationFailed: an invariant did not hold, or something that `sometimes` named never did. What the
        test raises comes out as it is, with the seed in a note.
      NondeterminismError: the test did something that no seed decides.
    """
    if level not in {"message", "full"}:
        raise PlanError(f"level must be 'message' or 'full', not {level!r}: the core has no clients")
    tried = subject_named(subject) if isinstance(subject, str) else subject
    if transport not in {None, *get_args(TransportName)}:
        raise PlanError(f"transport must be 'native' or 'trio-websocket', not {transport!r}")
    own_seeds = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not own_seeds:
        raise PlanError(f"seeds must be one at least, not {seeds!r}: no seed tests nothing")

    def decorate(test: SimulatedTest) -> Callable[..., None]:
        @functools.wraps(test)
        def run_seeds(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            seen: dict[str, bool] = {}
            replayed = None if SETTINGS.replay is None else load_failure(Path(SETTINGS.replay))
            chosen = _seeds(own_seeds) if replayed is None else [replayed.seed]
            body = functools.partial(test, *args, **kwargs)
            for seed in chosen:
                once = functools.partial(
                    run_test,
                    body,
                    seed=seed,
                    level=(SETTINGS.level or level) if replayed is None else replayed.level,
                    config=_config(config, transport, seed) if replayed is None else replayed.plan.config,
                    subject=tried,
                    policy=_policy(schedule, seed, replayed),
                    patience=patience,
                    invariants=invariants,
                )
                ran = once()
                if replayed is not None and isinstance(ran.error, PlanError):
                    ran.error.add_note(f"what runs is not what ran then; seed {seed} may fail all the same")
                if SETTINGS.check_determinism:
                    with heap_noise(seed):
                        _compare(ran, once())
                for name, held in ran.sometimes.items():
                    seen[name] = seen.get(name, False) or held
                _raise_failure(ran)
            never = [name for name, held in seen.items() if not held]
            # Fewer seeds than the test asks for need not come to everything that it names.
            if never and len(chosen) >= max(2, len(own_seeds)):
                raise SimulationFailed(f"in none of {len(chosen)} seeds: {', '.join(never)}")

        # pytest fills in the parameters that it sees; the simulation is not one of its fixtures. That the
        # test is wrapped stays known: so pytest names its place, and begins its tracebacks in it.
        signature = inspect.signature(test)
        names = list(signature.parameters)
        taken = names[1] if names[0] == "self" else names[0]
        kept = [parameter for name, parameter in signature.parameters.items() if name != taken]
        run_seeds.__signature__ = signature.replace(parameters=kept, return_annotation=None)  # type: ignore[attr-defined]
        return run_seeds

    return decorate


def run_test(
    test: SimulatedTest,
    *,
    seed: int,
    level: Level = "full",
    config: RunConfig | None = None,
    subject: Subject = SERVER,
    policy: Policy | None = None,
    patience: float = PATIENCE,
    invariants: bool = True,
) -> SimulatedRun:
    """Run a test of a simulation for one seed, and give what came of it instead of raising.

    Args:
      test: an async function that takes a `Simulation`.
      seed: decides everything.
      level: "message" or "full".
      config: every option; what the seed makes of the gentle ones if there is none.
      subject: whose logic the server runs.
      policy: what decides the order of tasks; the seed if there is none.
      patience: virtual seconds for which a client waits for what it expects.
      invariants: whether to check them.
    """
    options = config or gentle_config(seed)
    opened: list[Simulation] = []
    wire: list[str] = []

    async def main() -> None:
        async with open_simulation(level, seed, options, subject, patience) as simulation:
            opened.append(simulation)
            try:
                await test(simulation)
                await simulation.end()
            finally:
                wire.append(simulation.net.wire_digest())

    with noting_sometimes() as seen:
        ran = attempt_deterministically(main, seed=seed, policy=policy)
    error = ran.error if isinstance(ran, Failed) else None
    if not opened:
        assert error is not None  # noqa: S101 - what did not open has raised
        raise error
    simulation = opened[0]
    violations: tuple[Violation, ...] = ()
    if invariants and error is None:
        violations = tuple(check(simulation.history, simulation.plan))
    return SimulatedRun(
        plan=simulation.plan,
        level=level,
        subject=subject,
        history=simulation.history,
        violations=violations,
        schedule=ran.schedule,
        wire=wire[0],
        sometimes=seen,
        error=None if error is None else _lone(error),
    )


def gentle_config(seed: int) -> RunConfig:
    """Draw latencies, segments and points of meddling for a test that brings its own faults.

    Nothing is drawn that closes a connection which no test has done anything to.
    """
    drawn, usual = swarm(faults=(), verbs=()).config(seed), RunConfig()
    return replace(
        drawn,
        window=max(drawn.window, _GENTLE_WINDOW),
        outbox_bytes=usual.outbox_bytes,
        write_timeout=usual.write_timeout,
    )


def _config(config: RunConfig | None, transport: TransportName | None, seed: int) -> RunConfig:
    options = config or gentle_config(seed)
    return options if transport is None else replace(options, transport=transport)


def _seeds(own: list[int]) -> list[int]:
    if SETTINGS.seed is not None:
        return [SETTINGS.seed]
    if SETTINGS.seeds is not None:
        return list(range(SETTINGS.seeds))
    return own


def _policy(schedule: str, seed: int, replayed: Failure | None) -> Policy:
    if replayed is not None and replayed.schedule is not None:
        return replay(replayed.schedule.choices, replayed.schedule.kind)
    return policy_named(SETTINGS.schedule or schedule, seed)


def _compare(first: SimulatedRun, second: SimulatedRun) -> None:
    __tracebackhide__ = True
    differ = f"two runs of seed {first.seed} differ"
    # What the clients did comes first: events name operations by their numbers alone.
    for one, other in zip_longest(first.plan.operations, second.plan.operations):
        if one != other:
            raise NondeterminismError(f"{differ} in what the test did:\n- {one}\n+ {other}") from first.error
    difference = first_difference(first.trace.lines, second.trace.lines)
    if difference is not None:
        raise NondeterminismError(f"{differ}:\n{difference}") from first.error
    if first.digest != second.digest:
        raise NondeterminismError(f"{differ} in schedule or bytes") from first.error


def _raise_failure(ran: SimulatedRun) -> None:
    __tracebackhide__ = True
    error = ran.error
    if error is None and ran.violations:
        shown = "; ".join(f"{violation.invariant}: {violation.text}" for violation in ran.violations)
        error = SimulationFailed(shown)
    if error is not None:
        error.add_note(f"in the simulation of seed {ran.plan.seed} at the {ran.level} level")
        # For the report of the pytest plugin.
        error.__dict__["focus_signal_run"] = ran
        raise error


def _lone(error: BaseException) -> BaseException:
    """Take an error out of groups in which it is alone: that there are nurseries is our business."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    group = cast("BaseExceptionGroup[BaseException]", error)
    return _lone(group.exceptions[0]) if len(group.exceptions) == 1 else group

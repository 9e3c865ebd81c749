"""A run of Trio that is decided by a seed: schedule, virtual time, randomness, and nothing else let in.

While it runs, the garbage collector does not: finalisers would run at times that the memory's layout decides.
It collects between runs instead, now and then.

Virtual time moves only when every task waits. A run in which every task waits and none has a deadline can
never go on; it is ended, with SimulationFailed.
"""

import gc
import math
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from types import TracebackType
from typing import Generic, TypeVar, TypeVarTuple

import trio
from attrs import define, field, frozen
from trio.testing import MockClock

from focus_signal.errors import SimulationFailed
from focus_signal.testing.determinism.entropy import seeded_entropy
from focus_signal.testing.determinism.policies import Policy, shuffle
from focus_signal.testing.determinism.scheduler import Schedule, scheduled
from focus_signal.testing.determinism.tripwires import tripwires as armed_tripwires

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Ts = TypeVarTuple("Ts")

_RUNS_BETWEEN_COLLECTIONS = 50
# Between two batches the loop waits once for the clock to jump and once for the deadline to pass.
_WAITS_OF_A_JUMP = 2


@frozen
class Ran(Generic[T_co]):
    """Hold what a run that ended well came to."""

    value: T_co
    schedule: Schedule
    seconds: float
    """How much virtual time passed."""


@frozen
class Failed:
    """Hold what a run that raised came to."""

    error: BaseException
    schedule: Schedule
    seconds: float


def run_deterministically(
    async_fn: Callable[[*Ts], Awaitable[T]],
    *args: *Ts,
    seed: int,
    policy: Policy | None = None,
    tripwires: bool = True,
    max_steps: int | None = None,
) -> Ran[T]:
    """Run an async function under Trio so that the seed decides everything.

    Args:
      async_fn: the function; it starts at 0 seconds of virtual time.
      args: its arguments.
      seed: decides the randomness, and the schedule if no policy does.
      policy: what decides the schedule; `shuffle(seed)` if not given.
      tripwires: refuse threads, sockets, processes and real clocks. Without them nothing sees to it that the
        run repeats, and a run that waits for ever is not ended.
      max_steps: so many steps may the tasks take together; for code that could turn in circles.

    Raises:
      BaseException: what the function raises, as `trio.run` gives it out.
      NondeterminismError: a call that no seed decides, even if the function swallowed it.
      SimulationFailed: nothing can ever happen again, or `max_steps` was reached.
      PlanError: the policy replays choices that do not fit the run.
      UnsupportedTrio: this Trio cannot be made deterministic.
      RuntimeError: within a run of Trio, or while another is in force in this process.
    """
    ran = attempt_deterministically(
        async_fn, *args, seed=seed, policy=policy, tripwires=tripwires, max_steps=max_steps
    )
    if isinstance(ran, Failed):
        raise ran.error
    return ran


def attempt_deterministically(
    async_fn: Callable[[*Ts], Awaitable[T]],
    *args: *Ts,
    seed: int,
    policy: Policy | None = None,
    tripwires: bool = True,
    max_steps: int | None = None,
) -> Ran[T] | Failed:
    """Do as `run_deterministically`, but give a run's error together with its schedule instead of raising it.

    Raises:
      UnsupportedTrio, RuntimeError: as there, since there was no run.
      KeyboardInterrupt, SystemExit: the program is to end.
    """
    clock = MockClock(autojump_threshold=0)
    wires = ExitStack()

    async def run_watched(schedule: Schedule) -> list[T]:
        schedule.asking = True
        try:
            with trio.CancelScope() as scope:
                token = trio.lowlevel.current_trio_token()
                schedule.call_on_fault(lambda: token.run_sync_soon(scope.cancel))
                with wires:
                    if tripwires:
                        wires.enter_context(armed_tripwires(clock.current_time))
                    return [await async_fn(*args)]
        finally:
            schedule.asking = False
        return []  # given up; `scheduled` is about to raise

    values: list[T] = []
    end = _End(clock)
    with (
        end,
        collecting_between_runs(),
        scheduled(policy or shuffle(seed), asking=False, max_steps=max_steps) as schedule,
        seeded_entropy(seed),
        # Closed inside of the run; here only if Trio's loop dies, and the function is never left.
        wires,
    ):
        end.schedule = schedule
        watch = [_StandstillWatch(schedule)] if tripwires else []
        values = trio.run(run_watched, schedule, clock=clock, instruments=watch)
    return end.failed or Ran(values[0], schedule, clock.current_time())


@contextmanager
def reproducible(seed: int) -> Generator[Schedule]:
    """Decide schedule and randomness of a run that somebody else begins in the block, as pytest-trio does.

    Time stays what it was, and nothing is refused: use Trio's `autojump_clock` for the one, and for the other
    `run_deterministically`.

    Raises:
      UnsupportedTrio: this Trio cannot be made deterministic.
      RuntimeError: within a run of Trio, or while another is in force in this process.
    """
    with scheduled(shuffle(seed)) as schedule, seeded_entropy(seed):
        yield schedule


@define(eq=False)
class _End:
    """Keep what a run raised, but for what ends the program."""

    _clock: MockClock
    schedule: Schedule | None = field(default=None, init=False)
    failed: Failed | None = field(default=None, init=False)

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        # Without a schedule there was no run.
        if error is None or self.schedule is None or isinstance(error, (KeyboardInterrupt, SystemExit)):
            return False
        self.failed = Failed(error, self.schedule, self._clock.current_time())
        return True


@define(eq=False)
class _StandstillWatch(trio.abc.Instrument):
    """End a run in which nothing can ever happen again."""

    _schedule: Schedule
    _turns: int = field(default=-1, init=False)
    _waits: int = field(default=0, init=False)

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - Trio's signature
        schedule = self._schedule
        if schedule.turns == self._turns:
            self._waits += 1
            if self._waits > _WAITS_OF_A_JUMP:
                self._look()
        else:
            self._turns = schedule.turns
            self._waits = 0

    def _look(self) -> None:
        now = trio.lowlevel.current_statistics()
        if now.tasks_runnable > 0 or now.seconds_to_next_deadline < math.inf:
            self._waits = 0
        elif self._schedule.fault is None:
            self._waits = 0
            self._schedule.give_up(SimulationFailed("standstill: every task waits, and none has a deadline"))
        else:
            # It was cancelled, and something waits behind a shield.
            self._schedule.break_off()


_RUNS = count(1)


@contextmanager
def collecting_between_runs(
    runs: Iterator[int] | None = None, every: int = _RUNS_BETWEEN_COLLECTIONS
) -> Generator[None]:
    """Keep the garbage collector out of the block, and let it collect behind it, now and then.

    Args:
      runs: counts the blocks; None counts them with the runs of Trio.
      every: behind which blocks it collects.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
        if next(_RUNS if runs is None else runs) % every == 0:
            gc.collect()

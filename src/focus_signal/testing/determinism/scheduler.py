"""The order of Trio's tasks, decided by a policy: every private name of Trio that this needs is in this file.

Trio runs what is runnable in batches and mixes each batch with a generator that nobody can seed. Seeding that
generator would not do: the order before mixing comes from sets of objects, and follows the memory's layout.
But there is a flag (for Hypothesis) under which Trio sorts a batch by the age of its tasks and then calls the
generator's `shuffle(batch)`. So an object in the generator's place, together with the flag, sees every batch
whole and sorted, and may put it in any order, or hand all but one task back to the run queue.

Both names are set together or not at all, and before the first use in a process a trial shows that this Trio
asks, with the whole batch, and obeys. Runs of other threads keep the generator that they had.
"""

from array import array
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import import_module
from typing import Any, NoReturn

import trio
from attrs import define, field, frozen
from trio.lowlevel import Task

from focus_signal.errors import FocusSignalError, PlanError, SimulationFailed, UnsupportedTrio
from focus_signal.testing.determinism.patching import Hold, exclusive, replaced
from focus_signal.testing.determinism.policies import Chooser, Kind, Policy, replay

_KNOWN = "0.32 to 0.35"
_UNHASHED = 4096


@define(eq=False)
class Schedule:
    """Tell the order that one run took; made by `scheduled`.

    Tasks go by ordinals: the first task to become runnable is 0, and so on, the same in every process.
    """

    policy: Policy
    choices: list[int] = field(factory=list[int], init=False)
    """The choice log: an index into the tasks that were ready, wherever there were two or more."""
    turns: int = field(default=0, init=False)
    """How often anything was ready to run, also where nobody was asked for the order."""
    batches: int = field(default=0, init=False)
    steps: int = field(default=0, init=False)
    asking: bool = True
    """Whether the policy is asked; what Trio runs before and after the function under test need not be."""
    fault: Exception | None = field(default=None, init=False)
    """Why the schedule was given up, if it was; the rest of the run is not recorded."""
    _max_steps: int | None = None
    _chooser: Chooser = field(init=False)
    # Holds the tasks, so that no later one is taken for one that has ended.
    _ordinals: dict[Task, int] = field(factory=dict[Task, int], init=False)
    _broken_off: bool = field(default=False, init=False)
    _on_fault: Callable[[], object] | None = field(default=None, init=False)
    _hash: Any = field(factory=lambda: blake2b(digest_size=16), init=False)
    # The number of tasks in a batch, then their ordinals, batch after batch.
    _unhashed: "array[int]" = field(factory=lambda: array("I"), init=False)

    def __attrs_post_init__(self) -> None:
        self._chooser = self.policy.begin()

    @property
    def kind(self) -> Kind:
        """Say what the choices order: a batch, or single steps."""
        return self.policy.kind

    def digest(self) -> str:
        """Condense which task ran when, so far, into 32 hexadecimal digits."""
        whole = self._hash.copy()
        whole.update(self._unhashed)
        return str(whole.hexdigest())

    def call_on_fault(self, stop: Callable[[], object]) -> None:
        """Have something called at the first fault, between two tasks, so that the run need not go on."""
        self._on_fault = stop

    def give_up(self, fault: Exception) -> None:
        """End the recording; `scheduled` raises the first fault when the run has ended."""
        if self.fault is None:
            self.fault = fault
            self.asking = False
            if self._on_fault is not None:
                self._on_fault()

    def break_off(self) -> None:
        """End a run that was given up and cannot be cancelled: its tasks stay where they are."""
        self._broken_off = True

    def arrange(self, batch: list[Task], queue: deque[Task]) -> None:
        """Order a batch of Trio's, which runs from its end, or return all but one task to the queue."""
        if self._broken_off:
            raise self.fault or AssertionError("broken off without a fault")  # Trio's loop dies of it
        count = len(batch)
        self.turns += count > 0
        if count == 0 or not self.asking:
            return
        ordinals = self._ordinals
        ready = [ordinals.setdefault(task, len(ordinals)) for task in batch]
        if count > 1:
            try:
                if self.policy.kind == "batch":
                    ready = self._permute(batch, ready)
                else:
                    ready = self._single_out(batch, ready, queue)
            except Exception as fault:  # noqa: BLE001 - Trio would die of it; it is raised at the end
                self.give_up(fault)
                return
        self.batches += 1
        self.steps += len(ready)
        self._unhashed.append(len(ready))
        self._unhashed.extend(ready)
        if len(self._unhashed) > _UNHASHED:
            self._hash.update(self._unhashed)
            del self._unhashed[:]
        if self._max_steps is not None and self.steps > self._max_steps:
            self.give_up(
                SimulationFailed(f"the run has not ended after {self._max_steps} steps of its tasks")
            )

    def _choose(self, ready: list[int]) -> int:
        choice = self._chooser.choose(ready)
        if not 0 <= choice < len(ready):
            raise PlanError(f"choice {len(self.choices)} is {choice}, but {len(ready)} tasks are ready there")
        self.choices.append(choice)
        return choice

    def _permute(self, batch: list[Task], ready: list[int]) -> list[int]:
        waiting = batch.copy()
        order: list[Task] = []
        ran: list[int] = []
        while len(waiting) > 1:
            choice = self._choose(ready)
            order.append(waiting.pop(choice))
            ran.append(ready.pop(choice))
        order.append(waiting.pop())
        order.reverse()
        batch[:] = order
        return ran + ready

    def _single_out(self, batch: list[Task], ready: list[int], queue: deque[Task]) -> list[int]:
        choice = self._choose(ready)
        chosen = batch.pop(choice)
        queue.extend(batch)
        batch[:] = [chosen]
        return [ready[choice]]

    def finish(self) -> None:
        """Let go of the tasks, and raise what went wrong with the schedule, if anything did."""
        self._ordinals.clear()
        self._on_fault = None
        if self.fault is None:
            try:
                self._chooser.end()
            except FocusSignalError as fault:
                self.fault = fault
        if self.fault is not None:
            raise self.fault


@contextmanager
def scheduled(policy: Policy, *, asking: bool = True, max_steps: int | None = None) -> Generator[Schedule]:
    """Let a policy decide the order in runs of Trio that this thread begins in the block; normally one run.

    Args:
      policy: what decides.
      asking: whether from the first batch on, or only when `Schedule.asking` is set.
      max_steps: after so many steps of tasks the schedule is given up.

    Raises:
      UnsupportedTrio: this version of Trio does not ask, or does not obey.
      PlanError: the run has ended, and the policy's choices did not fit it.
      SimulationFailed: the run has ended, and had more steps than it may.
      RuntimeError: within a run, or within another such block.
    """
    internals = _find_internals()
    if trio.lowlevel.in_trio_run():
        raise RuntimeError("scheduled() must begin before trio.run() does, and this is inside of a run")
    with exclusive("scheduled()") as hold:
        _prove(internals, hold)
        schedule = Schedule(policy, asking, max_steps)
        try:
            with _installed(internals, hold, schedule):
                yield schedule
        except (KeyboardInterrupt, SystemExit):
            # Who stops the program is not to be told that the schedule did not fit.
            with suppress(Exception):
                schedule.finish()
            raise
        except BaseException as error:
            _finish_after(schedule, error)
            raise
        else:
            schedule.finish()


def _finish_after(schedule: Schedule, error: BaseException) -> None:
    """Raise what went wrong with the schedule, which then is why the run ended as it did."""
    try:
        schedule.finish()
    except Exception as fault:
        raise fault from error


@contextmanager
def worker_threads_checked(check: Callable[[], object]) -> Generator[None]:
    """Have something called before Trio gives work to a thread, one that it kept too; it may raise."""
    internals = _find_internals()
    with replaced((internals.threads, "THREAD_CACHE", _CheckedThreads(internals, check))):
        yield


@frozen
class _Internals:
    run: Any
    threads: Any


def _find_internals() -> _Internals:
    try:
        internals = _Internals(import_module("trio._core._run"), import_module("trio._core._thread_cache"))
    except ImportError as missing:
        _refuse(f"it has no module {missing.name}")
    for module, names in (
        (internals.run, ("_r", "_ALLOW_DETERMINISTIC_SCHEDULING", "GLOBAL_RUN_CONTEXT")),
        (internals.threads, ("THREAD_CACHE",)),
    ):
        for name in names:
            if not hasattr(module, name):
                _refuse(f"{module.__name__} has no {name}")
    return internals


def _refuse(found: str) -> NoReturn:
    raise UnsupportedTrio(
        f"Trio {trio.__version__} cannot be made deterministic: {found} (known to work: Trio {_KNOWN})"
    )


class _Hook:
    """Stand where Trio's generator stands."""

    def __init__(self, internals: _Internals, hold: Hold, schedule: Schedule) -> None:
        self._kept = internals.run._r  # noqa: SLF001 - this file's purpose
        self._context = internals.run.GLOBAL_RUN_CONTEXT
        self._hold = hold
        self._schedule = schedule

    def shuffle(self, batch: list[Task]) -> None:
        if self._hold.is_mine():
            self._schedule.arrange(batch, self._context.runner.runq)
        else:
            self._kept.shuffle(batch)

    def __getattr__(self, name: str) -> object:
        return getattr(self._kept, name)


class _CheckedThreads:
    """Stand where Trio's cache of threads stands."""

    def __init__(self, internals: _Internals, check: Callable[[], object]) -> None:
        self._kept = internals.threads.THREAD_CACHE
        self._check = check

    def start_thread_soon(self, *args: object, **kwargs: object) -> None:
        self._check()
        self._kept.start_thread_soon(*args, **kwargs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._kept, name)


@contextmanager
def _installed(internals: _Internals, hold: Hold, schedule: Schedule) -> Generator[None]:
    hook = _Hook(internals, hold, schedule)
    with replaced((internals.run, "_r", hook), (internals.run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)):
        yield


_PROVEN: dict[str, None] = {}
"""The versions of Trio that passed the trial in this process."""

# Five tasks, twice: two orders of which neither is the tasks' own, nor the reverse of anything.
_TRIAL_BATCHES = (4, 0, 2, 0, 1, 3, 0, 1)
_TRIAL_BATCHES_ORDER = [4, 0, 3, 1, 2, 1, 4, 0, 3, 2]
# Three tasks of two steps each: one runs to its end before another begins, which no batch allows.
_TRIAL_STEPS = (2, 2, 0, 0)
_TRIAL_STEPS_ORDER = [2, 2, 0, 0, 1, 1]


def _prove(internals: _Internals, hold: Hold) -> None:
    """Show, once for a version, that this Trio asks with whole batches and obeys, and its threads ask too."""
    if trio.__version__ in _PROVEN:
        return
    trials: tuple[tuple[Kind, int, tuple[int, ...], list[int]], ...] = (
        ("batch", 5, _TRIAL_BATCHES, _TRIAL_BATCHES_ORDER),
        ("step", 3, _TRIAL_STEPS, _TRIAL_STEPS_ORDER),
    )
    for kind, tasks, choices, expected in trials:
        schedule = Schedule(replay(choices, kind), asking=False)
        with _installed(internals, hold, schedule):
            order = trio.run(_trial, schedule, tasks)
        if schedule.batches == 0 and schedule.fault is None:
            _refuse("its run loop does not ask for the order of a batch")
        try:
            schedule.finish()
        except PlanError as misfit:
            _refuse(f"in the trial by {kind}, {misfit}")
        if order != expected:
            _refuse(f"in the trial by {kind}, its tasks ran as {order}, not as {expected}")
    trial = _ThreadTrial(hold)
    with worker_threads_checked(trial.stop), suppress(_Stopped):
        trio.lowlevel.start_thread_soon(int, lambda _: None)
    if not trial.was_asked:
        _refuse("its worker threads start unseen")
    _PROVEN[trio.__version__] = None


class _Stopped(Exception):
    """Keep the trial's thread from starting."""


@define(eq=False)
class _ThreadTrial:
    _hold: Hold
    was_asked: bool = field(default=False, init=False)

    def stop(self) -> None:
        if self._hold.is_mine():
            self.was_asked = True
            raise _Stopped


async def _trial(schedule: Schedule, tasks: int) -> list[int]:
    schedule.asking = True
    order: list[int] = []

    async def run_twice(task: int) -> None:
        order.append(task)
        await trio.lowlevel.cancel_shielded_checkpoint()
        order.append(task)

    async with trio.open_nursery() as nursery:
        for task in range(tasks):
            nursery.start_soon(run_twice, task)
    return order

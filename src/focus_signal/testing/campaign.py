"""A campaign: many seeds of one workload, in one process or several, and an account of what did not hold.

What comes out, digest and all, depends on the seeds and on what they are run with, never on how many
processes there were nor on which of them was the fastest: results are added up in the order of the seeds.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b

import msgspec
from attrs import define, field, frozen

from focus_signal.errors import FocusSignalError, PlanError
from focus_signal.testing.campaign_worker import Part, PartResult, Raised, SeedResult, Task, run_part
from focus_signal.testing.determinism.policies import policy_named
from focus_signal.testing.invariants.names import INVARIANTS
from focus_signal.testing.plan import LEVELS, Level
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.registry import SUBJECTS, subject_named
from focus_signal.testing.workload.swarm import Workload, swarm

# Small enough that a worker answers several times a second, and that all of them end at about the same time.
_SEEDS_OF_A_PART: dict[Level, int] = {"core": 200, "message": 10, "full": 5}
_PARTS_OF_A_WORKER = 4

Progress = Callable[[int, int], None]
"""Is called with the number of seeds done, and of those in which an invariant did not hold."""


class CampaignFailed(FocusSignalError):
    """Say at which seed a campaign ended early, and why: the kit has failed, not the subject."""


@frozen
class Broken:
    """Be an invariant that did not hold.

    Args:
      invariant: its name.
      count: the number of seeds in which it did not hold.
      share: the same as a share of all seeds, from 0 to 1.
      first_seed: the first of them in the order of the campaign.
      example: what was seen there.
    """

    invariant: str
    count: int
    share: float
    first_seed: int
    example: str


@frozen
class CampaignReport:
    """Be what a campaign came to.

    Args:
      digest: one value of all runs.
      seeds: how many there were.
      violations: the invariants that did not hold, in the order of `INVARIANTS`.
      never: what `sometimes` was told of and never held in any seed.
      seconds: how long it took, by the clock on the wall.
    """

    digest: str
    seeds: int
    violations: tuple[Broken, ...]
    never: tuple[str, ...]
    seconds: float

    @property
    def per_second(self) -> float:
        """Compute how many simulations were run in a second."""
        return self.seeds / self.seconds if self.seconds else 0.0


def rule_of_three(seeds: int) -> float:
    """Compute what bounds, with 95% confidence, the rate of what was seen in none of so many seeds."""
    return min(3.0 / seeds, 1.0)


def run_campaign(
    seeds: range,
    *,
    level: Level = "core",
    subject: Subject | str = SERVER,
    workload: Workload | None = None,
    schedule: str = "shuffle",
    jobs: int = 1,
    progress: Progress | None = None,
) -> CampaignReport:
    """Run many seeds, and add up what did not hold.

    Args:
      seeds: which.
      level: "core", "message" or "full".
      subject: whose logic is tried, or its name.
      workload: what kind of runs; `swarm()` if there is none.
      schedule: the policy above the core, as `run_simulation` takes it.
      jobs: how many processes share the work; with 1 it is done in this one.
      progress: is told now and then how far it has come.

    Raises:
      PlanError: an argument is none of those allowed.
      CampaignFailed: a run raised, or a worker process died. Of several seeds that raise, it names the first.
      KeyboardInterrupt: after the worker processes have been ended.
    """
    tried = subject_named(subject) if isinstance(subject, str) else subject
    _check(seeds, level, schedule, jobs)
    task = Task(level=level, subject=tried.name, schedule=schedule, workload=workload or swarm())
    account = _Account(seeds, progress)
    began = time.perf_counter()
    parts = _parts(seeds, level, jobs)
    if jobs == 1:
        for part in parts:
            account.add(run_part(task, part, subject=tried, after=account.tell))
    else:
        if type(task.workload) is not Workload:
            raise PlanError(f"with jobs above 1 workload must be made by swarm, not {task.workload!r}")
        if tried is not SUBJECTS.get(tried.name):
            raise PlanError(f"with jobs above 1 subject must be in the registry, and {tried.name!r} is not")
        with _open_workers(task, min(jobs, len(parts))) as workers:
            _share_out(parts, workers, account)
    return account.report(time.perf_counter() - began)


def _check(seeds: range, level: Level, schedule: str, jobs: int) -> None:
    if not seeds:
        raise PlanError(f"seeds must hold one seed at least, not {seeds}")
    if level not in LEVELS:
        raise PlanError(f"level must be one of {', '.join(LEVELS)}, not {level!r}")
    if jobs < 1:
        raise PlanError(f"jobs must be 1 or more, not {jobs}")
    policy_named(schedule, 0)


def _parts(seeds: range, level: Level, jobs: int) -> list[Part]:
    even = -(-len(seeds) // (jobs * _PARTS_OF_A_WORKER))
    size = max(min(_SEEDS_OF_A_PART[level], even), 1)
    slices = (seeds[at : at + size] for at in range(0, len(seeds), size))
    return [Part(part.start, part.stop, part.step) for part in slices]


@define(eq=False)
class _Account:
    """Add up results, which must come in the order of the seeds."""

    _seeds: range
    _progress: Progress | None
    _digest: "blake2b" = field(factory=lambda: blake2b(digest_size=16), init=False)
    _added: int = field(default=0, init=False)
    # For each invariant: in how many seeds it did not hold, the first of them, and what was seen there.
    _broken: dict[str, tuple[int, int, str]] = field(factory=dict[str, tuple[int, int, str]], init=False)
    _sometimes: dict[str, bool] = field(factory=dict[str, bool], init=False)
    # Told of before they are added, since they come in any order.
    _told: int = field(default=0, init=False)
    _told_broken: int = field(default=0, init=False)

    def tell(self, result: SeedResult) -> None:
        """Let the progress know of one seed more."""
        self._told += 1
        self._told_broken += bool(result.broken)
        if self._progress is not None:
            self._progress(self._told, self._told_broken)

    def add(self, part: PartResult) -> None:
        """Add the results that come next."""
        for result in part.results:
            seed = self._seeds[self._added]
            self._added += 1
            self._digest.update(result.digest.encode())
            for invariant, text in result.broken.items():
                count, first, example = self._broken.get(invariant, (0, seed, text))
                self._broken[invariant] = (count + 1, first, example)
            for name, held in result.sometimes.items():
                self._sometimes[name] = self._sometimes.get(name, False) or held
        if part.raised is not None:
            raise _failed(part.raised)

    def report(self, seconds: float) -> CampaignReport:
        """Give the account."""
        order = {name: at for at, name in enumerate(INVARIANTS)}
        names = sorted(self._broken, key=lambda name: (order.get(name, len(order)), name))
        violations: list[Broken] = []
        for name in names:
            count, first, example = self._broken[name]
            violations.append(Broken(name, count, count / len(self._seeds), first, example))
        never = tuple(sorted(name for name, held in self._sometimes.items() if not held))
        return CampaignReport(self._digest.hexdigest(), len(self._seeds), tuple(violations), never, seconds)


def _failed(raised: Raised) -> CampaignFailed:
    failed = CampaignFailed(f"the run of seed {raised.seed} raised {raised.error}")
    failed.add_note(raised.trace.rstrip())
    return failed


@define(eq=False)
class _Worker:
    """Be a worker process, with one part at a time."""

    process: subprocess.Popen[bytes]
    _part: int = field(default=-1, init=False)
    _seeds: range = field(default=range(0), init=False)

    def send(self, index: int, part: Part) -> None:
        """Hand it a part."""
        self._part, self._seeds = index, part.seeds
        self._write(msgspec.json.encode(part))

    def begin(self, task: Task) -> None:
        """Tell it what is to be run."""
        self._write(msgspec.json.encode(task))

    def receive(self) -> tuple[int, PartResult]:
        """Take what came of its part."""
        assert self.process.stdout is not None  # noqa: S101 - it was opened as a pipe
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._died()
        return self._part, msgspec.json.decode(line, type=PartResult)

    def _write(self, data: bytes) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it was opened as a pipe
        try:
            self.process.stdin.write(data + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _died(self) -> CampaignFailed:
        status = self.process.wait()
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        seeds = f"seeds {self._seeds[0]} to {self._seeds[-1]}" if self._seeds else "its first seed"
        return CampaignFailed(f"a worker process {how} while it had {seeds}")


@contextmanager
def _open_workers(task: Task, number: int) -> Generator[list[_Worker]]:
    workers: list[_Worker] = []
    try:
        for _ in range(number):
            worker = _Worker(_start())
            workers.append(worker)
            worker.begin(task)
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.communicate()  # what it had still to say is of no use; this closes the pipes


def _start() -> subprocess.Popen[bytes]:
    # It imports from where this process does, and from nowhere else. The keyboard's interrupt reaches only
    # this process, which then ends the workers.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "focus_signal.testing.campaign_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        process_group=0,
    )


def _share_out(parts: Sequence[Part], workers: Sequence[_Worker], account: _Account) -> None:
    """Have every part carried out by whoever is free, and add the results in the order of the parts."""
    early: dict[int, PartResult] = {}
    added = 0
    for index, result in _results(parts, workers):
        for seed in result.results:
            account.tell(seed)
        early[index] = result
        while added in early:
            account.add(early.pop(added))
            added += 1


def _results(parts: Sequence[Part], workers: Sequence[_Worker]) -> Iterator[tuple[int, PartResult]]:
    """Give the results as they come; no part is begun once one has ended before its last seed."""
    waiting: Iterator[tuple[int, Part]] = iter(enumerate(parts))
    with selectors.DefaultSelector() as selector:

        def hand_out(worker: _Worker) -> None:
            index, part = next(waiting, (0, None))
            if part is not None:
                worker.send(index, part)
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]

        for worker in workers:
            hand_out(worker)
        while selector.get_map():
            for key, _ in selector.select():
                worker = key.data
                selector.unregister(key.fileobj)
                index, result = worker.receive()
                yield index, result
                if result.raised is not None:
                    waiting = iter(())
                hand_out(worker)

"""One part of a campaign: some seeds, one after the other, in this process or in one of several.

A worker process reads JSON on standard input: first what is to be run, then parts, a line each. For each part
it writes a line of results on standard output, and it ends when its input does, so that none is left behind
by a campaign that was killed.
"""

import os
import traceback
from collections.abc import Callable
from typing import IO

import msgspec
from msgspec import Struct

from focus_signal.testing.plan import Level
from focus_signal.testing.run import run_simulation
from focus_signal.testing.subject import Subject
from focus_signal.testing.workload.swarm import Workload

_IN, _OUT, _ERRORS = 0, 1, 2


class Task(Struct, frozen=True, kw_only=True):
    """Be what every seed of a campaign is run with; `run.run_simulation` says what each means."""

    level: Level
    subject: str
    schedule: str
    workload: Workload


class Part(Struct, frozen=True, array_like=True):
    """Be some seeds of a campaign, as the arguments of a range."""

    start: int
    stop: int
    step: int

    @property
    def seeds(self) -> range:
        """Give the seeds."""
        return range(self.start, self.stop, self.step)


class SeedResult(Struct, frozen=True, array_like=True):
    """Be what a campaign keeps of one run.

    Args:
      digest: the run's digest.
      broken: for each invariant that did not hold, what was seen first.
      sometimes: what `sometimes` was told, by name.
    """

    digest: str
    broken: dict[str, str]
    sometimes: dict[str, bool]


class Raised(Struct, frozen=True):
    """Be a run that raised.

    Args:
      seed: whose run it was.
      error: the exception, in one line.
      trace: where it came from, as Python prints it.
    """

    seed: int
    error: str
    trace: str


class PartResult(Struct, frozen=True):
    """Be what came of a part: a result for each seed, up to the one that raised if one did."""

    results: list[SeedResult]
    raised: Raised | None = None


def run_part(
    task: Task,
    part: Part,
    *,
    subject: Subject | str | None = None,
    after: Callable[[SeedResult], None] | None = None,
) -> PartResult:
    """Run the seeds of a part, one after the other.

    Args:
      task: what each is run with.
      part: which they are.
      subject: whose logic is tried, if it is one that no name stands for.
      after: is called after each run.

    Returns:
      a result for each seed. A run that raises is the last one; what it raised is in the result.
    """
    results: list[SeedResult] = []
    for seed in part.seeds:
        try:
            ran = run_simulation(
                seed=seed,
                workload=task.workload,
                level=task.level,
                subject=task.subject if subject is None else subject,
                schedule=task.schedule,
            )
            digest = ran.digest
        except Exception as error:  # noqa: BLE001 - whatever it is, the campaign has to name the seed
            shown = traceback.format_exception_only(error)[-1].strip()
            return PartResult(results, Raised(seed, shown, traceback.format_exc()))
        broken: dict[str, str] = {}
        for violation in ran.violations:
            broken.setdefault(violation.invariant, violation.text)
        results.append(SeedResult(digest, broken, ran.sometimes))
        if after is not None:
            after(results[-1])
    return PartResult(results)


def work(orders: IO[bytes], answers: IO[bytes]) -> None:
    """Carry out parts for as long as some come."""
    task = msgspec.json.decode(orders.readline(), type=Task)
    part = msgspec.json.Decoder(Part)
    for line in orders:
        answers.write(msgspec.json.encode(run_part(task, part.decode(line))) + b"\n")
        answers.flush()


def main() -> None:
    """Be a worker process."""
    # What code under test prints must not come between the results.
    results = os.dup(_OUT)
    os.dup2(_ERRORS, _OUT)
    with open(_IN, "rb", closefd=False) as orders, open(results, "wb") as answers:  # noqa: PTH123 - descriptors
        try:
            work(orders, answers)
        except BrokenPipeError:
            # Whoever wanted the results has gone. Nothing is left to be written at the end of the process.
            os._exit(1)


if __name__ == "__main__":
    main()

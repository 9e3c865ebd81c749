"""A campaign of the workload `v1`: many seeds, added up in their order, however many processes there are."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import blake2b
from multiprocessing import get_context

from focus_signal.errors import PlanError
from focus_signal.testing.campaign import Broken, CampaignReport
from focus_signal.testing.v1.checks.names import V1_INVARIANTS
from focus_signal.testing.v1.drawing import OPERATIONS
from focus_signal.testing.v1.mutants import V1_MUTANTS
from focus_signal.testing.v1.run import V1_LEVELS, V1Level, run_v1
from focus_signal.testing.v1.subject import SERVER, V1Subject

V1_SUBJECTS: dict[str, V1Subject] = {subject.name: subject for subject in (SERVER, *V1_MUTANTS)}

_SEEDS_OF_A_PART: dict[V1Level, int] = {"core": 50, "full": 2}
_Seen = tuple[int, str, dict[str, str]]


def v1_subject_named(name: str) -> V1Subject:
    """Find a subject.

    Raises:
      PlanError: there is none of this name.
    """
    subject = V1_SUBJECTS.get(name)
    if subject is None:
        raise PlanError(f"subject must be one of {', '.join(V1_SUBJECTS)} with the workload v1, not {name!r}")
    return subject


def run_v1_campaign(
    seeds: range,
    *,
    level: V1Level = "core",
    subject: str = "server",
    operations: int = OPERATIONS,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CampaignReport:
    """Run many seeds, and add up what did not hold.

    Args:
      seeds: which.
      level: "core" or "full".
      subject: the name of what is tried.
      operations: how many each plan has.
      jobs: how many processes share the work.
      progress: is told now and then how many seeds are done, and in how many of them something did not hold.

    Raises:
      PlanError: an argument is none of those allowed.
    """
    v1_subject_named(subject)
    if level not in V1_LEVELS:
        raise PlanError(f"level must be one of {', '.join(V1_LEVELS)} with the workload v1, not {level!r}")
    began = time.perf_counter()
    digest = blake2b(digest_size=16)
    broken: dict[str, tuple[int, int, str]] = {}
    failed = 0
    for done, (seed, value, texts) in enumerate(_results(seeds, level, subject, operations, jobs), 1):
        digest.update(value.encode())
        failed += bool(texts)
        for invariant, text in texts.items():
            count, first, example = broken.get(invariant, (0, seed, text))
            broken[invariant] = (count + 1, first, example)
        if progress is not None:
            progress(done, failed)
    order = list(V1_INVARIANTS)
    found = tuple(
        Broken(name, count, count / len(seeds), first, example)
        for name, (count, first, example) in sorted(broken.items(), key=lambda item: order.index(item[0]))
    )
    return CampaignReport(digest.hexdigest(), len(seeds), found, (), time.perf_counter() - began)


def run_part(level: V1Level, subject: str, operations: int, part: range) -> list[_Seen]:
    """Run some seeds, one after the other: for each its digest, and what was seen first of each invariant."""
    seen: list[_Seen] = []
    for seed in part:
        ran = run_v1(seed, level=level, subject=v1_subject_named(subject), operations=operations)
        texts: dict[str, str] = {}
        for violation in ran.violations:
            texts.setdefault(violation.invariant, violation.text)
        seen.append((seed, ran.digest, texts))
    return seen


def _results(seeds: range, level: V1Level, subject: str, operations: int, jobs: int) -> Iterator[_Seen]:
    size = _SEEDS_OF_A_PART[level] if jobs > 1 else 1
    parts = [seeds[at : at + size] for at in range(0, len(seeds), size)]
    run = partial(run_part, level, subject, operations)
    if jobs == 1:
        for part in parts:
            yield from run(part)
        return
    # As new processes: one that is forked in the middle of a run of Trio would be of no use.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        for results in workers.map(run, parts):
            yield from results

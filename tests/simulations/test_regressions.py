"""What simulations found once does not come back.

Each file in `regressions` is a failure that was found, shrunk and mended, named after what was wrong; its
`violations` are those of that time, and its config says on which transport that was.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from focus_signal.testing.determinism.exploration import explore, sampled
from focus_signal.testing.failure import load_failure
from focus_signal.testing.run import run_plan
from tests.server.fakes import FakeTransport, open_house

FILES = sorted((Path(__file__).parent / "regressions").glob("*.json"))


def test_there_is_something_to_replay() -> None:
    assert [file.stem for file in FILES] == [
        "closed-nursery",
        "end-overtakes-beginning",
        "half-an-answer",
        "reader-waits-for-nobody",
    ]
    assert all(load_failure(file).violations for file in FILES), "each of them was a failure once"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_failure_that_was_mended_is_none(file: Path) -> None:
    failure = load_failure(file)
    ran = run_plan(failure.plan, level=failure.level, subject=failure.subject)
    assert ran.violations == ()


def test_a_flush_while_the_last_writer_ends_starts_nothing() -> None:
    """The closed-nursery failure by hand: whoever flushes at that moment must not be told that it is over."""
    flushes = 0

    async def flush_all_the_time() -> None:
        nonlocal flushes
        bo = FakeTransport()
        async with open_house() as house, trio.open_nursery() as nursery:
            connection = house.connect("bo", bo)
            await wait_all_tasks_blocked()
            bo.leaves()
            # Nothing is left to write with from its writer's last step to its own task's next one.
            while connection.number in house.running:
                connection.flush()
                flushes += 1
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()

    exploration = explore(flush_all_the_time, sampled(schedules=20))
    assert exploration.failures == ()
    assert exploration.distinct > 10
    assert flushes > 40

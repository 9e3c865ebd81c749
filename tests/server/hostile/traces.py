"""What a connection leaves behind: tasks and descriptors, counted before and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import trio
import trio.testing
from attrs import frozen

from focus_signal import Server


@frozen
class Traces:
    """Be a count of what lives in this process at one moment."""

    tasks: int
    descriptors: int

    def within(self, before: Traces) -> bool:
        """Tell whether nothing more lives than before."""
        return self.tasks <= before.tasks and self.descriptors <= before.descriptors


def traces() -> Traces:
    """Count the tasks of this run and the descriptors of this process."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    tasks, todo = 0, [root]
    while todo:
        task = todo.pop()
        tasks += 1
        for nursery in task.child_nurseries:
            todo += nursery.child_tasks
    return Traces(tasks, len(list(Path("/proc/self/fd").iterdir())))


async def until(reached: Callable[[], bool]) -> None:
    """Wait for a state that the server reaches by itself; whoever calls this bounds it."""
    while not reached():
        await trio.testing.wait_all_tasks_blocked(0.001)


async def until_all_left(server: Server, before: Traces, seconds: float = 10) -> None:
    """Wait until nobody is connected and nothing more lives than before; fail with what does."""
    with trio.move_on_after(seconds):
        await until(lambda: _nobody(server) and traces().within(before))
    assert _nobody(server), f"somebody is still there: {server.statistics()}"
    assert traces().within(before), f"{traces()} are left, more than {before}"


def _nobody(server: Server) -> bool:
    statistics = server.statistics()
    return statistics.connections == statistics.waiting == 0

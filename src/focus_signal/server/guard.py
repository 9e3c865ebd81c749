"""The guard: what goes wrong in one connection ends that connection and nothing else.

Malformed input may be met in a task that a library started, before any handler of ours runs. So a guard
stands outside the nursery of a connection, and a task of a library's runs guarded as well.
"""

import logging
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import TypeVarTuple, cast

import trio
from attrs import frozen

from focus_signal.errors import TransportClosed
from focus_signal.observe.faults import describe_fault
from focus_signal.observe.logs import hide_payloads

logger = logging.getLogger("focus_signal")

_Args = TypeVarTuple("_Args")

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, TransportClosed)


@frozen
class GuardedNursery:
    """Start tasks whose exceptions go into the log and no further; made by `guarded`."""

    nursery: trio.Nursery

    # Other code looks this up, to bound or to cancel the tasks that it starts here.
    @property
    def cancel_scope(self) -> trio.CancelScope:
        """Give the scope of the nursery behind."""
        return self.nursery.cancel_scope

    def start_soon(
        self,
        async_fn: Callable[[*_Args], Awaitable[object]],
        *args: *_Args,
        name: object = None,
    ) -> None:
        """Start a task in the nursery behind, guarded."""

        async def run() -> None:
            try:
                await async_fn(*args)
            except* Exception as group:  # noqa: BLE001 - the guard; Cancelled and KeyboardInterrupt pass
                report(group, "a connection")

        self.nursery.start_soon(run, name=name or async_fn)


def guarded(nursery: trio.Nursery) -> trio.Nursery:
    """Make a nursery's stand-in that contains the exceptions of the tasks started through it.

    Pass it as `handler_nursery` to `trio_websocket.WebSocketServer`, `serve_websocket` or
    `trio.serve_listeners`: nothing that one connection does can then end the server. What trio-websocket logs
    at the level DEBUG shows no payloads from then on.

    Args:
      nursery: where the tasks run.
    """
    hide_payloads()
    # Whoever takes a handler nursery uses no more of it than `start_soon`, but wants the type of a whole one.
    return cast("trio.Nursery", GuardedNursery(nursery))


@contextmanager
def contained(where: str) -> Generator[None]:
    """Report whatever the block raises, for what is done to a connection in the task of somebody else.

    Args:
      where: what it is done to.
    """
    try:
        yield
    except Exception as fault:  # noqa: BLE001 - a guard: whoever does it must not end with this one
        report(fault, where)


def report(group: BaseException, where: str) -> None:
    """Log what ended a connection: a line for a peer's fault, a traceback for one of ours.

    What an exception says may be made of what a peer sent, and an application may have formatters of its own
    that show all of an exception. So the text is made here, without that, and no exception goes along.
    """
    for error in _leaves(group):
        if isinstance(error, _GONE):
            logger.debug("%s ended: the peer has gone", where)
        elif is_malformed_input(error):
            logger.info("%s ended: malformed input (%s)", where, type(error).__name__)
        else:
            logger.error("%s ended by a fault of this server: %s", where, describe_fault(error))


def is_malformed_input(error: BaseException) -> bool:
    """Tell whether what was raised came of what a peer sent.

    No code of ours runs in the library's own reader task.
    """
    return any(
        frame.f_code.co_name == "_reader_task"
        and str(frame.f_globals.get("__name__")).startswith("trio_websocket")
        for frame, _ in walk_tb(error.__traceback__)
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
        yield from _leaves(inner)

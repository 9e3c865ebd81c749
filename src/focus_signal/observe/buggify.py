"""Points at which a simulation may watch the server and meddle with it; outside of one they do nothing.

Some faults hide where nothing happens between two steps that could be far apart. A point gives such a step
a name; a simulation then lets time pass there, or takes the rarer way, in some runs. What a point does is
always something that could have happened by itself. Outside a simulation it costs the look-up of a context
variable.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol

import trio

Point = Literal[
    "owner.late-turn",  # the owner pauses between waking up and looking at what there is
    "owner.short-turn",  # it takes one batch, though more are waiting
    "inbox.late-send",  # a connection pauses before it hands a batch on
    "connection.backlogged",  # the transport takes nothing at once, so that a writer has to be started
]

What = Literal["served", "end-read"]


class Director(Protocol):
    """Decide what happens at the points; a simulation does."""

    def buggify(self, name: Point) -> bool:
        """Tell whether the rarer way is taken this time."""
        ...

    def pause(self, name: Point) -> float:
        """Tell how many seconds pass here this time; 0 for none."""
        ...

    def witness(self, what: What, connection: int) -> None:
        """Take note of what has happened to a connection."""
        ...


_director: ContextVar[Director | None] = ContextVar("focus_signal_director", default=None)


def buggify(name: Point) -> bool:
    """Tell whether to take the rarer way; never outside a simulation."""
    director = _director.get()
    return director is not None and director.buggify(name)


def is_directed() -> bool:
    """Tell whether a simulation decides at the points: a cheap look for who would otherwise await `pause`."""
    return _director.get() is not None


async def pause(name: Point) -> None:
    """Let time pass; outside a simulation not even a checkpoint.

    Cancellation: nothing was done here that could be half done.
    """
    director = _director.get()
    if director is not None:
        seconds = director.pause(name)
        if seconds:
            await trio.sleep(seconds)


def witness(what: What, connection: int) -> None:
    """Tell a simulation what has happened to a connection."""
    director = _director.get()
    if director is not None:
        director.witness(what, connection)


@contextmanager
def directed_by(director: Director) -> Generator[None]:
    """Let a simulation decide, in this block and in the tasks that are started in it."""
    token = _director.set(director)
    try:
        yield
    finally:
        _director.reset(token)

"""Which sockets have something to read: one epoll for all of them, in which each is entered once.

Trio enters a socket anew for every wait, with a system call, and looks it up again for every event. A server
on which thousands of connections wait for a small message each spends a large part of its time on that. Here
a socket is entered when its connection begins; Trio waits for the epoll itself, as for any other descriptor,
and one task wakes the tasks of the sockets that it names. Each connection still waits in its own task.

An event is told once, when something arrives (epoll(7), "edge-triggered"), so that what it said is kept until
it was acted upon: a read that gives less than it asked for has emptied the socket, and the end of a stream
lasts. Reads stop short before urgent data too, where more may follow; of that, only a read that finds nothing
shows the end.
"""

import select
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

import trio
from attrs import define, field
from outcome import Error
from trio.lowlevel import current_task, reschedule

# The end of the stream, and urgent data ("PRI"): with either, a read that was short says nothing of the next.
_LASTING = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR | select.EPOLLPRI
_WATCHED = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLPRI | select.EPOLLET


@define(eq=False)
class Watched:
    """Be one socket that is watched; made by `Readiness.watch`."""

    descriptor: int
    # There may be something to read: nobody has emptied the socket since the last event.
    _readable: bool = True
    # The stream has ended or broken, so that a read never waits, or holds urgent data.
    _lasting: bool = False
    _task: trio.lowlevel.Task | None = None

    def begin_waiting(self) -> bool:
        """Have this task woken when there may be something to read, unless there may be already.

        Not a coroutine, since every read goes through here: a task that is told to wait does so at once, by
        `trio.lowlevel.wait_task_rescheduled(watched.give_up)`.

        Returns:
          whether to wait.

        Raises:
          trio.BusyResourceError: another task waits already.
        """
        if self._readable or self._lasting:
            return False
        if self._task is not None:
            raise trio.BusyResourceError("another task is already reading from this socket")
        self._task = current_task()
        return True

    def emptied(self) -> None:
        """Take note that a read has given everything there was."""
        self._readable = False

    def has_nothing(self) -> None:
        """Take note that a read found nothing, not even the end."""
        self._readable = self._lasting = False

    def wake(self, events: int) -> None:
        """Take note of what the epoll tells."""
        self._readable = True
        if events & _LASTING:
            self._lasting = True
        task, self._task = self._task, None
        if task is not None:
            reschedule(task)

    def close(self) -> None:
        """Wake whoever waits: the socket is closed here."""
        task, self._task = self._task, None
        if task is not None:
            reschedule(task, Error(trio.ClosedResourceError("this socket was closed here")))

    def give_up(self, _: object) -> trio.lowlevel.Abort:
        """Let a task that is cancelled wait no longer."""
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED


@define(eq=False)
class Readiness:
    """Watch sockets; `run` is its only task."""

    _epoll: select.epoll = field(factory=select.epoll, init=False)
    _watched: dict[int, Watched] = field(factory=dict[int, Watched], init=False)

    def watch(self, descriptor: int) -> Watched:
        """Begin to watch a socket.

        Raises:
          OSError: the kernel watches no more.
        """
        self._epoll.register(descriptor, _WATCHED)
        watched = self._watched[descriptor] = Watched(descriptor)
        return watched

    def forget(self, watched: Watched) -> None:
        """Watch a socket no more; called before it is closed, for its number may be another's right after."""
        if self._watched.get(watched.descriptor) is watched:
            # The kernel does its part when the socket is closed.
            del self._watched[watched.descriptor]
        watched.close()

    async def run(self) -> NoReturn:
        """Wake the tasks whose sockets have something to read; runs until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            for descriptor, events in self._epoll.poll(0):
                watched = self._watched.get(descriptor)
                if watched is not None:
                    watched.wake(events)

    def close(self) -> None:
        """Give the epoll back; no socket is watched any more."""
        self._epoll.close()


@contextmanager
def open_readiness() -> Generator[Readiness | None]:
    """Open what watches sockets; None where the system has no epoll, and Trio is to watch them."""
    if not hasattr(select, "epoll"):
        yield None
        return
    readiness = Readiness()
    try:
        yield readiness
    finally:
        readiness.close()

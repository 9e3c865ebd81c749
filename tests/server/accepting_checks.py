"""What must hold for a `LinkListener`; the tests run this, on planted bugs too.

Those who connect here do it over Unix sockets, so that each is there to be accepted as soon as it has
connected.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import pytest
import trio
from attrs import define, field
from trio.testing import assert_checkpoints, assert_no_checkpoints, wait_all_tasks_blocked

from focus_signal.server import accepting as accepting_module
from focus_signal.server.accepting import LinkListener
from focus_signal.server.link import SocketLink
from tests.server.socket_pairs import listen, open_unix

Check = Callable[["Door"], Awaitable[None]]
ROUND = accepting_module._MOST_AT_ONCE
_MOST_CALLS = 3 * ROUND


class Scripted(socket.socket):
    """Be the socket of a listener, on which `accept` fails as a script says before it does what it should.

    Args:
      socket: the listener's.
      errors: an `errno` or zero for each attempt to come; then there are no more errors.
    """

    def __init__(self, of: socket.socket, errors: Iterable[int]) -> None:
        super().__init__(fileno=os.dup(of.fileno()))
        self.setblocking(False)
        self._errors = iter(errors)
        self._calls = count(1)

    def accept(self) -> tuple[socket.socket, object]:
        assert next(self._calls) < _MOST_CALLS, "it goes on and on, and nobody else has a turn"
        error = next(self._errors, 0)
        if error:
            raise OSError(error, os.strerror(error))
        return super().accept()


@define(eq=False)
class Door:
    """Be a listener, and those who want to be let in."""

    listener: LinkListener
    clients: list[socket.socket] = field(factory=list[socket.socket], init=False)
    links: list[SocketLink] = field(factory=list[SocketLink], init=False)

    def come(self, many: int) -> None:
        """Let so many connect."""
        for _ in range(many):
            client = socket.socket(socket.AF_UNIX)
            self.clients.append(client)
            client.connect(self.listener._listener.socket.getsockname())
            client.send(b"%d" % len(self.clients))

    async def accept(self, many: int = 1) -> None:
        for _ in range(many):
            self.links.append(await self.listener.accept())

    async def take(self, many: int) -> None:
        """Accept so many who are there already."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.accept, many)
            await wait_all_tasks_blocked()
            assert not nursery.child_tasks, "they are there, and are not given"

    async def who(self) -> list[int]:
        """Tell who was let in, in this order."""
        return [int(await link.receive_some()) for link in self.links]

    def fails(self, *errors: int) -> None:
        """Have the next attempts fail."""
        given, self.listener._socket = self.listener._socket, Scripted(self.listener._socket, errors)
        given.close()

    async def close(self) -> list[socket.socket]:
        """Close everything, and tell what the listener should have closed."""
        for link in self.links:
            await link.aclose()
        was_closed = self.listener._socket.fileno() < 0
        left = [accepted for accepted, _ in self.listener._accepted] if was_closed else []
        await self.listener.aclose()
        for each in (*self.clients, *left):
            each.close()
        return left


@asynccontextmanager
async def open_door() -> AsyncGenerator[Door]:
    """Open a door, and see that nothing of it is left open at the end."""
    before = descriptors()
    door = Door(LinkListener(await listen(open_unix), None))
    with trio.fail_after(30):
        try:
            yield door
        finally:
            with trio.CancelScope(shield=True):
                left = await door.close()
    assert not left, "they were accepted, and are neither given nor closed"
    assert descriptors() <= before


def descriptors() -> set[int]:
    """List the descriptors of this process, and the one with which it looks."""
    return {int(path.name) for path in Path("/proc/self/fd").iterdir()}


@contextmanager
def descriptors_left(many: int) -> Generator[None]:
    """Leave only so many descriptors to this process."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    highest = max(descriptors())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + many + 2, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(many):
            os.close(taken.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for descriptor in taken:
            os.close(descriptor)


async def one_wait_for_all_who_are_there(door: Door) -> None:
    door.come(ROUND + 6)
    for many in (ROUND, 6):
        with assert_checkpoints():
            await door.accept()
        with assert_no_checkpoints():
            await door.accept(many - 1)
    assert await door.who() == list(range(1, ROUND + 7))


async def one_after_the_other(door: Door) -> None:
    for number in range(3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.accept)
            await wait_all_tasks_blocked()
            door.come(1)
        assert len(door.links) == number + 1
    assert await door.who() == [1, 2, 3]


async def out_of_descriptors(door: Door) -> None:
    """Those who could be accepted are, then the error comes out; who is left is let in later."""
    door.come(3)
    with descriptors_left(2):
        await door.accept(2)
        with pytest.raises(OSError, match="Too many open files"):
            await door.accept()
    await door.accept()
    assert await door.who() == [1, 2, 3]


async def errors_of_capacity_come_out(door: Door) -> None:
    door.come(1)
    for error in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EINVAL):
        door.fails(error)
        with pytest.raises(OSError, match=os.strerror(error)):
            await door.accept()
    await door.accept()
    assert await door.who() == [1]


async def whoever_has_given_up_is_passed_over(door: Door) -> None:
    door.come(2)
    door.fails(*accepting_module._GIVEN_UP, 0, errno.ECONNABORTED)
    await door.accept(2)
    assert await door.who() == [1, 2]


async def error_that_stays(door: Door) -> None:
    """Others have their turn meanwhile, and whoever waits can be cancelled."""
    door.come(1)
    door.fails(*[errno.EPERM] * (2 * ROUND))
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.accept)
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            scope.cancel()
    assert scope.cancelled_caught
    assert not door.links
    await door.accept()
    assert await door.who() == [1]


async def cancelled_wait_loses_nobody(door: Door) -> None:
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.accept)
            await wait_all_tasks_blocked()
            door.come(2)
            scope.cancel()
    await door.take(2 - len(door.links))
    assert await door.who() == [1, 2]


async def closing_turns_away_who_was_not_given(door: Door) -> None:
    door.come(3)
    await door.accept()
    await door.listener.aclose()
    assert await door.who() == [1]
    for client in door.clients[1:]:
        client.setblocking(False)
        with pytest.raises(ConnectionResetError):  # over what it has said already
            client.recv(1)


async def cancelled_close_closes(door: Door) -> None:
    door.come(3)
    await door.accept()
    with trio.CancelScope() as scope:
        scope.cancel()
        await door.listener.aclose()
    assert scope.cancelled_caught
    assert door.listener._listener.socket.fileno() < 0
    assert door.listener._socket.fileno() < 0
    assert not door.listener._accepted


async def closed_for_good(door: Door) -> None:
    await door.listener.aclose()
    await door.listener.aclose()
    assert door.listener._listener.socket.fileno() < 0
    with pytest.raises(trio.ClosedResourceError):
        await door.accept()


async def closing_wakes_who_waits(door: Door) -> None:
    """Also where it is the listener below that is closed."""
    for below in (False, True):
        listener = LinkListener(await listen(open_unix), None)
        async with listener, trio.open_nursery() as nursery:
            nursery.start_soon(until_closed, listener)
            await wait_all_tasks_blocked()
            await (listener._listener if below else listener).aclose()
            await wait_all_tasks_blocked()
            assert not nursery.child_tasks, "somebody waits still"


async def closing_once_somebody_has_come(door: Door) -> None:
    """Whoever waits was woken already."""
    wait = trio.lowlevel.wait_readable

    async def wait_and_close(listening: socket.socket) -> None:
        await wait(listening)
        for each in (door.listener._listener.socket, door.listener._socket):
            each.close()

    door.come(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trio.lowlevel, "wait_readable", wait_and_close)
        with pytest.raises(trio.ClosedResourceError):
            await door.accept()


async def two_tasks(door: Door) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.accept)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await door.accept()
        door.come(1)


async def until_closed(listener: LinkListener) -> None:
    with pytest.raises(trio.ClosedResourceError):
        await listener.accept()


CHECKS: tuple[Check, ...] = (
    one_wait_for_all_who_are_there,
    one_after_the_other,
    out_of_descriptors,
    errors_of_capacity_come_out,
    whoever_has_given_up_is_passed_over,
    error_that_stays,
    cancelled_wait_loses_nobody,
    closing_turns_away_who_was_not_given,
    cancelled_close_closes,
    closed_for_good,
    closing_wakes_who_waits,
    closing_once_somebody_has_come,
    two_tasks,
)

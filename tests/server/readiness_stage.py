"""Links whose sockets a `Readiness` watches, readers on them, and what a test does to both.

Nothing here waits for a message: everybody runs until all are blocked, and then what was read is looked at.
So a wake-up that is lost is seen at once.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from types import SimpleNamespace

import pytest
import trio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from focus_signal.server import link as link_module
from focus_signal.server.link import SocketLink
from focus_signal.server.readiness import Readiness, Watched

Pair = Callable[[], tuple[socket.socket, socket.socket]]
Check = Callable[["Stage"], Awaitable[None]]
_MOST = 200


def tcp() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    return ours, peer


def unix() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


@define(eq=False)
class Reader:
    """Read to the end and list what came, in reads, and how it ended."""

    link: SocketLink
    size: int | None = None
    got: list[bytes | str] = field(factory=list[bytes | str], init=False)

    async def run(self) -> None:
        try:
            while data := await self.link.receive_some(self.size):
                self.got.append(data)
            self.got.append("end")
        except trio.BrokenResourceError:
            self.got.append("broken")
        except trio.ClosedResourceError:
            self.got.append("closed")
        except trio.BusyResourceError:
            self.got.append("busy")


@define(eq=False)
class Stage:
    """Be a readiness with links that it watches.

    Args:
      pair: opens a socket of ours and the peer's.
      nursery: where the readers run.
      patch: is undone with the stage.
    """

    pair: Pair
    nursery: trio.Nursery
    patch: pytest.MonkeyPatch
    readiness: Readiness = field(factory=Readiness, init=False)
    reads: int = field(default=0, init=False)
    _open: list[socket.socket] = field(factory=list[socket.socket], init=False)

    def open(self) -> tuple[SocketLink, socket.socket]:
        """Open a link and its peer."""
        ours, peer = self.sockets()
        return self.link(ours), peer

    def sockets(self) -> tuple[socket.socket, socket.socket]:
        """Open a socket of ours and the peer's, which are closed with the stage."""
        pair = self.pair()
        self._open += pair
        return pair

    def open_unwatched(self) -> tuple[SocketLink, socket.socket]:
        """Open a link that nobody has waited for, and its peer."""
        ours, peer = self.sockets()
        ours.setblocking(False)
        return SocketLink(ours, self.readiness), peer

    def link(self, ours: socket.socket) -> SocketLink:
        ours.setblocking(False)
        self._open.append(ours)
        link = SocketLink(ours, self.readiness)
        assert link._watch(self.readiness) is not None
        return link

    def read(self, link: SocketLink, size: int | None = None) -> Reader:
        """Start a reader."""
        reader = Reader(link, size)
        self.nursery.start_soon(reader.run)
        return reader

    def run(self) -> None:
        """Start what wakes the readers."""
        self.nursery.start_soon(self.readiness.run)

    async def open_read(self) -> tuple[SocketLink, socket.socket, Reader]:
        """Give a link on which a reader waits for an event."""
        self.run()
        link, peer = self.open()
        reader = self.read(link)
        await wait_all_tasks_blocked()
        assert reader.got == []
        return link, peer, reader

    def once_told(self, act: Callable[[], object]) -> None:
        """Act behind the next event, before whoever it wakes runs."""
        todo, wake = [act], Watched.wake

        def wake_and_act(watched: Watched, events: int) -> None:
            wake(watched, events)
            if todo:
                todo.pop()()

        self.patch.setattr(Watched, "wake", wake_and_act)

    def close(self) -> None:
        for each in self._open:
            each.close()
        self.readiness.close()


@asynccontextmanager
async def open_stage(pair: Pair) -> AsyncGenerator[Stage]:
    """Open a stage on which whoever reads and reads fails, and so does whoever wakes and wakes."""
    with pytest.MonkeyPatch.context() as patch, trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            stage = Stage(pair, nursery, patch)
            wake, wakes = Watched.wake, count()

            def read(descriptor: int, size: int) -> bytes:
                stage.reads += 1
                assert stage.reads < _MOST, "it reads and reads"
                return os.read(descriptor, size)

            def counted_wake(watched: Watched, events: int) -> None:
                assert next(wakes) < _MOST, "it wakes and wakes"
                wake(watched, events)

            patch.setattr(link_module, "os", SimpleNamespace(read=read, write=os.write))
            patch.setattr(Watched, "wake", counted_wake)
            try:
                yield stage
            finally:
                stage.close()
            nursery.cancel_scope.cancel()


def arrives(descriptor: int | SocketLink, events: int = select.POLLIN) -> None:
    """See that the kernel has something for us: on TCP that may take it a moment. No task runs meanwhile."""
    poll = select.poll()
    poll.register(descriptor if isinstance(descriptor, int) else descriptor._descriptor(), events)
    assert poll.poll(30_000), "it does not arrive"


async def wait_cancelled(link: SocketLink) -> None:
    """Wait on a link that has nothing, and give up."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.receive_some)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def say_when_blocked(link: SocketLink, peer: socket.socket) -> None:
    await wait_all_tasks_blocked()
    peer.send(b"x")
    arrives(link)


def take_number(sock: socket.socket, number: int) -> socket.socket:
    """Give a socket the descriptor that another one had."""
    with sock:
        os.dup2(sock.fileno(), number)
    return socket.socket(fileno=number)

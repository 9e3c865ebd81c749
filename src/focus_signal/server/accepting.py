"""Accept on listeners, and serve each connection in a task of its own.

On sockets, as many are accepted at once as are there, each as a link: what Trio's own listener does for each
connection, a wait through several layers and a stream with two socket options, costs more than the rest of a
handshake. All other listeners are left to `trio.serve_listeners`.
"""

import errno
import logging
import math
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import trio
from attrs import define, field

from focus_signal.server.guard import guarded
from focus_signal.server.link import SocketLink
from focus_signal.server.readiness import Readiness

logger = logging.getLogger("focus_signal")

Handler = Callable[[trio.abc.Stream], Awaitable[None]]

_MOST_AT_ONCE = 64
# For want of descriptors or memory, connections have to wait; as long as Trio's own listeners pause then.
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
_PAUSE = 0.1
_BETWEEN_COMPLAINTS = 1.0
# As much as Trio allows on a stream of its own.
_MOST_NOT_SENT = 16 * 1024
# The peer, or its network, has given up before it was accepted: the next one may be fine (accept(2)).
_GIVEN_UP = {
    getattr(errno, name)
    for name in (
        "ECONNABORTED",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENONET",
        "ENOPROTOOPT",
        "EOPNOTSUPP",
        "EPERM",
        "EPROTO",
    )
    if hasattr(errno, name)
}


async def accept_all(
    handler: Handler,
    listeners: Iterable[trio.abc.Listener[Any]],
    readiness: Readiness | None,
    handlers: trio.Nursery,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept until cancelled, and start a handler for each connection.

    Args:
      handler: serves a connection, closes it, and raises nothing.
      listeners: of any kind; they are closed in the end.
      readiness: watches the sockets that are accepted.
      handlers: where handlers run.
      task_status: told once everything is accepted that comes.
    """
    others: list[trio.abc.Listener[Any]] = []
    async with trio.open_nursery() as nursery:
        for listener in listeners:
            # One that is made up in memory has no descriptor to work on; `link_of` knows it by the same sign.
            if isinstance(listener, trio.SocketListener) and not hasattr(listener.socket, "link"):
                nursery.start_soon(LinkListener(listener, readiness).serve, handler, handlers)
            else:
                others.append(listener)
        if others:
            # It closes each stream behind its handler, and how that goes is somebody else's code.
            serve = partial(trio.serve_listeners, handler_nursery=guarded(handlers))
            await nursery.start(serve, handler, others)
        task_status.started()


class _Listening(socket.socket):
    """Be a socket that tells its family and its type without making them up anew.

    Every `accept` asks for both, and each time a look-up in an enumeration costs as much as the system call.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(fileno=descriptor)
        self._family, self._type = super().family, super().type

    @property
    def family(self) -> socket.AddressFamily:
        return self._family

    @property
    def type(self) -> socket.SocketKind:
        return self._type


@define(eq=False)
class LinkListener(trio.abc.Listener[SocketLink]):
    """Accept links.

    Args:
      listener: it is closed with this one.
      readiness: watches the sockets that are accepted; None leaves that to Trio.
    """

    _listener: trio.SocketListener
    _readiness: Readiness | None
    _socket: socket.socket = field(init=False)
    # See `SocketLink`.
    _short_is_all: bool = field(init=False)
    _has_addresses: bool = field(init=False)
    _accepted: deque[tuple[socket.socket, str | None]] = field(
        factory=deque[tuple[socket.socket, str | None]], init=False
    )
    _next_complaint: float = field(default=-math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        # A second descriptor of the same socket, with the calls that do not wait.
        self._socket = _Listening(os.dup(self._listener.socket.fileno()))
        self._socket.setblocking(False)
        self._short_is_all = self._socket.family != socket.AF_UNIX
        self._has_addresses = self._socket.family in {socket.AF_INET, socket.AF_INET6}
        with suppress(OSError):  # a Unix socket has no such options
            # Whatever is accepted has them from here (tcp(7)). Without the second, the kernel takes megabytes
            # for a peer that reads nothing, where no bound of ours counts them.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # not every system has it
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_NOT_SENT)

    async def accept(self) -> SocketLink:
        """Wait for the next connection, or give one that was accepted with the last.

        Raises:
          OSError: no more can be accepted at the moment, such as for want of descriptors.
          trio.ClosedResourceError: the listener is closed.
        """
        await self._wait_for_some()
        return self._next()

    async def serve(self, handler: Handler, handlers: trio.Nursery) -> NoReturn:
        """Start a handler for each connection, until cancelled; the listener is closed in the end.

        Raises:
          OSError: the listening itself is broken.
        """
        async with self:
            while True:
                try:
                    await self._wait_for_some()
                except OSError as error:
                    if error.errno not in _FULL:
                        raise
                    # Whoever waits in the kernel's queue is served when others have left.
                    self._complain(error)
                    await trio.sleep(_PAUSE)
                else:
                    while self._accepted:
                        handlers.start_soon(handler, self._next(), name="connection")

    async def aclose(self) -> None:
        """Close the listener, and whoever was accepted and not yet given."""
        self._socket.close()
        while self._accepted:
            self._accepted.popleft()[0].close()
        await self._listener.aclose()  # wakes whoever waits in `accept`

    async def _wait_for_some(self) -> None:
        """Wait until somebody was accepted; no checkpoint if there is somebody."""
        while not self._accepted:
            self._check_open()
            # The given one, so that whoever closes that ends this as well.
            await trio.lowlevel.wait_readable(self._listener.socket)
            self._check_open()
            self._accept_all()

    def _next(self) -> SocketLink:
        accepted, address = self._accepted.popleft()
        return SocketLink(accepted, self._readiness, self._short_is_all, address)

    def _complain(self, error: OSError) -> None:
        now = trio.current_time()
        if now >= self._next_complaint:
            self._next_complaint = now + _BETWEEN_COMPLAINTS
            logger.error("no connection can be accepted for now: %s", error.strerror)

    def _check_open(self) -> None:
        if self._listener.socket.fileno() < 0 or self._socket.fileno() < 0:
            raise trio.ClosedResourceError("this listener was closed here")

    def _accept_all(self) -> None:
        # So many attempts, not so many connections: an error that stays must leave the others their turn.
        for _ in range(_MOST_AT_ONCE):
            try:
                accepted, where = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _GIVEN_UP:
                    continue
                if self._accepted:
                    return  # these first; the next call meets the same
                raise
            accepted.setblocking(False)
            self._accepted.append((accepted, where[0] if self._has_addresses else None))

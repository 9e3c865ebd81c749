"""Accept on a socket: as many connections at once as are there, each as a link.

`trio.serve_listeners` takes this for any other listener. What Trio's own does for each connection, a wait
through several layers and a stream with two socket options, costs more than the rest of a handshake.
"""

import errno
import os
import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import trio
from attrs import define, field

from focus_signal.server.link import SocketLink
from focus_signal.server.readiness import Readiness

_MOST_AT_ONCE = 64
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


def accepting(
    listeners: Iterable[trio.abc.Listener[Any]], readiness: Readiness | None
) -> list[trio.abc.Listener[Any]]:
    """Put a `LinkListener` in the place of every listener on a real socket.

    Args:
      listeners: of any kind.
      readiness: watches the sockets that are accepted.
    """
    return [
        # One that is made up in memory has no descriptor to work on; `link_of` knows it by the same sign.
        LinkListener(listener, readiness)
        if isinstance(listener, trio.SocketListener) and not hasattr(listener.socket, "link")
        else listener
        for listener in listeners
    ]


@define(eq=False)
class AcceptedLink(SocketLink):
    """Be a link that `trio.serve_listeners` closes once its handler is through, as it does with any stream.

    It does so from within a cancelled scope, where a checkpoint costs more than the rest of a goodbye, so
    there is none when the handler has closed the link already.
    """

    async def aclose(self) -> None:
        """Close the socket; what was sent is still delivered."""
        if not self.closed:
            await SocketLink.aclose(self)


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
    _accepted: deque[socket.socket] = field(factory=deque[socket.socket], init=False)

    def __attrs_post_init__(self) -> None:
        # A second descriptor of the same socket, with the calls that do not wait.
        self._socket = socket.socket(fileno=os.dup(self._listener.socket.fileno()))
        self._socket.setblocking(False)
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
        while not self._accepted:
            self._check_open()
            # The given one, so that whoever closes that ends this as well.
            await trio.lowlevel.wait_readable(self._listener.socket)
            self._check_open()
            self._accept_all()
        return AcceptedLink(self._accepted.popleft(), self._readiness)

    async def aclose(self) -> None:
        """Close the listener, and whoever was accepted and not yet given."""
        self._socket.close()
        while self._accepted:
            self._accepted.popleft().close()
        await self._listener.aclose()  # wakes whoever waits in `accept`

    def _check_open(self) -> None:
        if self._listener.socket.fileno() < 0 or self._socket.fileno() < 0:
            raise trio.ClosedResourceError("this listener was closed here")

    def _accept_all(self) -> None:
        # So many attempts, not so many connections: an error that stays must leave the others their turn.
        for _ in range(_MOST_AT_ONCE):
            try:
                accepted, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _GIVEN_UP:
                    continue
                if self._accepted:
                    return  # these first; the next call meets the same
                raise
            accepted.setblocking(False)
            self._accepted.append(accepted)

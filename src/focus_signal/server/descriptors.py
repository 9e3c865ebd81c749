"""How many descriptors this process may have, and so how many connections.

Where they run out nobody can be let in, not even to be told so. So connections are bounded below that, with
some to spare for whatever else the process opens.
"""

import os
import resource
from collections.abc import Iterable
from typing import Any

import trio
from attrs import frozen

from focus_signal.server.settings import NO_LIMIT, bound

# For listeners that are still to come, log files, look-ups of names, and those connections that are accepted
# together before the first of them is looked at.
_SPARE = 64
# A part of the rest is for connections that are not connections yet.
_SHARE_OF_HANDSHAKES = 4


@frozen
class Room:
    """Be how many connections there is room for.

    Args:
      connections: those that are open.
      handshakes: those whose handshake is not over.
    """

    connections: int
    handshakes: int


def room_for(connections: int, handshakes: int, *, free: int | None) -> Room:
    """Tell how many connections there is room for.

    Args:
      connections: how many may be open, 0 for any number.
      handshakes: how many may be in their handshake, 0 for any number.
      free: how many descriptors are left; None where connections take none.
    """
    wanted = Room(bound(connections), bound(handshakes))
    if free is None:
        return wanted
    shared = max(2, free - _SPARE)
    pending = min(wanted.handshakes, max(1, shared // _SHARE_OF_HANDSHAKES))
    return Room(min(wanted.connections, shared - pending), pending)


def free_descriptors(listeners: Iterable[trio.abc.Listener[Any]]) -> int | None:
    """Count the descriptors that are left; None where no listener listens on a socket of the system's."""
    if not any(map(_is_of_the_system, listeners)):
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return NO_LIMIT
    return soft - _used()


def _is_of_the_system(listener: trio.abc.Listener[Any]) -> bool:
    inner: object = getattr(listener, "transport_listener", listener)  # that of one for TLS
    # Sockets that are made up in memory have no descriptor; `link_of` knows them by the same sign.
    return isinstance(inner, trio.SocketListener) and not hasattr(inner.socket, "link")


def _used() -> int:
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(directory))  # noqa: PTH208 - a path object for each would be for nothing
        except OSError:
            continue  # not every system has the one, or the other
    return _SPARE

"""Trio's public hooks, put in for a block: what dials or listens through Trio does so on a simulated network.

So a client library runs in a simulation as it is. The hooks are those of one Trio run, and are put back.
"""

import errno
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

import trio
from attrs import define, field

from focus_signal.testing.net.hosts import is_address, os_error, unknown_name
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.sockets import SimSocket

_label: ContextVar[str | None] = ContextVar("dialing_label", default=None)


@contextmanager
def dialing(network: Network, *, label: str | None = None) -> Generator[None]:
    """Let everything in this Trio run that dials or listens through Trio do so on a network, for a block.

    Args:
      network: where to.
      label: the label of every link that is dialled and that no `dialing_as` names; None numbers them:
        "dial-1", "dial-2" ...
    """
    numbers = count(1)

    def new_label() -> str:
        return _label.get() or label or f"dial-{next(numbers)}"

    resolver = trio.socket.set_custom_hostname_resolver(_Resolver(network))
    factory = trio.socket.set_custom_socket_factory(_Factory(network, new_label))
    try:
        yield
    finally:
        trio.socket.set_custom_hostname_resolver(resolver)
        trio.socket.set_custom_socket_factory(factory)


@contextmanager
def dialing_as(label: str) -> Generator[None]:
    """Label the links that are dialled in this block, and in tasks that are started in it.

    Args:
      label: the label; "ana" makes `network.partition("ana")` reach them.
    """
    token = _label.set(label)
    try:
        yield
    finally:
        _label.reset(token)


@define(eq=False)
class _Factory(trio.abc.SocketFactory):
    """Make simulated sockets."""

    _network: Network
    _new_label: Callable[[], str]
    _numbers: "count[int]" = field(factory=lambda: count(1), init=False)

    def socket(
        self,
        family: socket.AddressFamily | int = socket.AF_INET,
        type: socket.SocketKind | int = socket.SOCK_STREAM,  # noqa: A002 - Trio's name
        proto: int = 0,
    ) -> SimSocket:
        if family not in {socket.AF_INET, socket.AF_INET6}:
            raise os_error(errno.EAFNOSUPPORT, f"the simulated network is of IP alone, not {family!r}")
        if type != socket.SOCK_STREAM or proto not in {0, socket.IPPROTO_TCP}:
            raise os_error(
                errno.EPROTONOSUPPORT, f"the simulated network has TCP alone, not {type!r}, {proto}"
            )
        number = next(self._numbers)
        return SimSocket(self._network, socket.AddressFamily(family), number, self._new_label)


@define(eq=False)
class _Resolver(trio.abc.HostnameResolver):
    """Know the simulated hosts, and nobody else."""

    _network: Network

    async def getaddrinfo(
        self,
        host: bytes | None,
        port: bytes | str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002 - Trio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Find a host; one that is to be listened on gets an address if it has none."""
        await trio.lowlevel.checkpoint()
        name = (host or b"localhost").decode("ascii")
        if type not in {0, socket.SOCK_STREAM} or proto not in {0, socket.IPPROTO_TCP}:
            raise socket.gaierror(socket.EAI_SOCKTYPE, f"the simulated network has TCP alone: {name}")
        try:
            number = int(port or 0)
        except ValueError as error:
            raise socket.gaierror(socket.EAI_SERVICE, f"a port is a number here, not {port!r}") from error
        if family == socket.AF_INET6 and not is_address(name):
            raise unknown_name(f"{name} (simulated hosts have IPv4 addresses)")
        hosts = self._network.hosts
        address = hosts.add(name) if flags & socket.AI_PASSIVE else hosts.find(name)
        if ":" in address:
            return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, number, 0, 0))]
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, number))]

    async def getnameinfo(
        self, sockaddr: tuple[str, int] | tuple[str, int, int, int], flags: int
    ) -> tuple[str, str]:
        """Give host and port as they are: no simulated address leads back to a name."""
        del flags
        await trio.lowlevel.checkpoint()
        return str(sockaddr[0]), str(sockaddr[1])

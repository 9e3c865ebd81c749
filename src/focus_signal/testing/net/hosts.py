"""Names and addresses: who has which, and what is unknown."""

import errno
import os
import socket
from ipaddress import IPv4Address, ip_address

from attrs import define, field

from focus_signal.testing.keyed import draw

WILDCARDS = {4: "0.0.0.0", 6: "::"}  # noqa: S104 - nothing real is bound
_LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}
# The first port that a listener is given if it asks for any, and the first of a client.
_FIRST_FREE, _FIRST_CLIENT = 20_000, 49_152


def unknown_name(name: str) -> socket.gaierror:
    """Make the error of a resolver that does not know a name."""
    return socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {name}")


def os_error(number: int, detail: str) -> OSError:
    """Make the error that a call of the system would give; Python picks its class."""
    return OSError(number, f"{os.strerror(number)}: {detail}")


@define(eq=False)
class Hosts:
    """Know the servers' names, and the addresses of everybody."""

    _names: dict[str, str] = field(factory=lambda: dict(_LOOPBACK), init=False)
    # The address of every label, and the label of every address that was made up.
    _addresses: dict[str, str] = field(factory=dict[str, str], init=False)
    _owners: dict[str, str] = field(factory=dict[str, str], init=False)
    _dialled: dict[str, int] = field(factory=dict[str, int], init=False)

    def add(self, host: str) -> str:
        """Make a host known, and give its address; an address, or a wildcard, stands for itself."""
        host = host.lower()
        if host in WILDCARDS.values():
            return host
        if host not in self._names:
            number = len(self._names) - len(_LOOPBACK)
            self._names[host] = host if is_address(host) else f"192.168.{number // 250}.{number % 250 + 1}"
        return self._names[host]

    def find(self, host: str) -> str:
        """Give the address of a host.

        Raises:
          socket.gaierror: nobody has this name.
          OSError: nobody has this address.
        """
        host = host.lower()
        if host in self._names:
            return self._names[host]
        if not is_address(host):
            raise unknown_name(host)
        if host not in self._names.values():
            raise os_error(errno.EHOSTUNREACH, host)
        return host

    def address_of(self, label: str) -> str:
        """Give the address of a label's client: always the same, and no other label's."""
        if label not in self._addresses:
            number = int(draw(0, "address", label) * 2**24)
            # Two names may fall on one number; then the later one takes the next.
            while (address := str(IPv4Address((10 << 24) + number % 2**24))) in self._owners:
                number += 1
            self._addresses[label] = address
            self._owners[address] = label
        return self._addresses[label]

    def client_port(self, address: str) -> int:
        """Give the next port of an address that connects to somewhere."""
        number = self._dialled.get(address, 0)
        self._dialled[address] = number + 1
        return _FIRST_CLIENT + number % (2**16 - _FIRST_CLIENT)

    def free_port(self, taken: list[int]) -> int:
        """Give a port on which nobody listens."""
        port = _FIRST_FREE
        while port in taken:
            port += 1
        return port


def is_address(host: str) -> bool:
    """Tell an address from a name."""
    try:
        ip_address(host)
    except ValueError:  # that is how the standard library says no
        return False
    return True


def is_version_6(address: str) -> bool:
    """Tell which of the two kinds an address is."""
    return ip_address(address).version == 6

"""Who comes from which address: how many at once, and how many that failed.

An IPv6 address counts by its first 64 bits, since whoever has one has all of those. Loopback does not count
at all: it is a proxy, behind which everybody has that address, or a harness.
"""

import math
from collections import OrderedDict
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from attrs import define, field

_MINUTE = 60.0
# Of so many addresses the failures are kept in mind; beyond that the oldest are forgotten.
_MOST_REMEMBERED = 16_384
_SUBNET = (1 << 128) - (1 << 64)

AddressKey = str


def key_of(address: str | None) -> AddressKey | None:
    """Tell what an address counts as; None for one that does not count.

    Args:
      address: as a socket tells it; None where there is no such thing.
    """
    if address is None or address.startswith("127."):  # nearly all that do not count
        return None
    if ":" not in address:
        return _of_four(address)
    try:
        # Behind a percent sign is the interface, for addresses that hold on one link only.
        six = IPv6Address(address.partition("%")[0])
    except AddressValueError:
        return address
    four = six.ipv4_mapped
    if four is not None:
        return None if four.is_loopback else str(four)
    return None if six.is_loopback else f"{IPv6Address(int(six) & _SUBNET)}/64"


def _of_four(address: str) -> AddressKey:
    try:
        return str(IPv4Address(address))
    except AddressValueError:  # a name of some other kind of network: each counts as itself
        return address


@define(eq=False)
class Addresses:
    """Count by address.

    Args:
      most: connections at once; `math.inf` or a number beyond all others for no limit.
      most_failures: failed handshakes within a minute.
    """

    _most: float
    _most_failures: float
    _open: dict[AddressKey, int] = field(factory=dict[AddressKey, int], init=False)
    # How many failures are held against an address, and when that was so; by the time of the last one.
    _failures: OrderedDict[AddressKey, tuple[float, float]] = field(
        factory=OrderedDict[AddressKey, tuple[float, float]], init=False
    )

    def __len__(self) -> int:
        """Count the addresses of which anything is kept in mind."""
        return len({**self._open, **self._failures})

    def is_full(self, key: AddressKey) -> bool:
        """Tell whether an address has all the connections that it may have."""
        return self._open.get(key, 0) >= self._most

    def enter(self, key: AddressKey) -> None:
        """Count a connection."""
        self._open[key] = self._open.get(key, 0) + 1

    def leave(self, key: AddressKey) -> None:
        """Count it no longer."""
        left = self._open[key] - 1
        if left:
            self._open[key] = left
        else:
            del self._open[key]

    def fail(self, key: AddressKey, now: float) -> None:
        """Hold a failure against an address; it weighs less as time passes."""
        self.forget(now)
        if self._most_failures == math.inf:
            return
        held = min(self._held(key, now) + 1.0, self._most_failures)
        self._failures[key] = held, now
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def wait_for(self, key: AddressKey, now: float) -> float:
        """Tell for how many seconds an address has failed too often; 0 when it has not."""
        if key not in self._failures:
            return 0.0
        above = self._held(key, now) - (self._most_failures - 1.0)
        return max(0.0, above * _MINUTE / self._most_failures)

    def forget(self, now: float) -> None:
        """Forget failures of which nothing is held against anybody any more."""
        while self._failures:
            _, at = next(iter(self._failures.values()))
            if now - at < _MINUTE:
                return
            self._failures.popitem(last=False)

    def _held(self, key: AddressKey, now: float) -> float:
        held, at = self._failures.get(key, (0.0, now))
        return max(0.0, held - (now - at) * self._most_failures / _MINUTE)

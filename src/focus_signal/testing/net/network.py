"""The simulated network: listeners, connections between them and labelled clients, and what was carried.

All of it lives in one Trio run, on that run's clock, in no task of its own. The same seed, and the same calls
at the same moments, give the same bytes at the same moments.
"""

import errno
from collections.abc import Callable
from hashlib import blake2b

import trio
from attrs import frozen

from focus_signal.testing.net.faults import Faults
from focus_signal.testing.net.hosts import WILDCARDS, Hosts, is_version_6, os_error
from focus_signal.testing.net.link import SimLink
from focus_signal.testing.net.listener import SimListener, Waiting
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import Address, SimStream
from focus_signal.testing.net.weather import Way, Weather

# After so many seconds a client knocks again where the backlog is full, and after the last it gives up; as
# Linux does (tcp(7), tcp_syn_retries).
_KNOCKS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


@frozen
class NetworkStatistics:
    """Look at a network.

    Args:
      open_streams: ends that are not closed, those that wait to be accepted included.
      server_streams: the ends of servers among them.
      links_made: connections that were opened, ever.
      bytes_up: bytes that clients have sent, ever.
      bytes_down: bytes that servers have sent, ever.
      bytes_in_flight: bytes that were sent and have not arrived.
    """

    open_streams: int
    server_streams: int
    links_made: int
    bytes_up: int
    bytes_down: int
    bytes_in_flight: int


def _tell_nobody(kind: str, label: str, detail: str) -> None:
    """Be what hears of events when nobody wants to."""


class Network(Faults):
    """Be a network of one simulation.

    The verbs, from `partition` to `heal`, are those of `Faults`.

    Args:
      seed: decides every latency and every cut.
      options: what a link is like for which nothing else is said.
      on_event: called with kind, label and detail: of "connected", "accepted", "refused", "fin", "rst", and
        of each verb. It must not use the network. That an end answers data with a RST is told when somebody
        next looks at that link, at the latest when the RST is seen.
    """

    def __init__(
        self,
        seed: int,
        options: LinkOptions | None = None,
        on_event: Callable[[str, str, str], None] | None = None,
    ) -> None:
        super().__init__(LinkOptions() if options is None else options, on_event or _tell_nobody)
        self.seed = seed
        self.hosts = Hosts()
        # How many each key has tried to open.
        self._ordinals: dict[str, int] = {}
        self._made = 0
        # Of the links that are over: what was carried each way, and the digest of each, by number.
        self._carried = [0, 0]
        self._digests: dict[int, bytes] = {}

    def listen(self, host: str, port: int, backlog: int = 128) -> SimListener:
        """Listen at a host and port; the host is known from now on.

        Args:
          host: a name, an address, or a wildcard for every host.
          port: the port; 0 takes a free one.
          backlog: how many connections may wait to be accepted.

        Raises:
          OSError: somebody listens there already.
        """
        address = self.hosts.add(host)
        port = port or self.hosts.free_port([port for _, port in self._listeners])
        if (address, port) in self._listeners:
            raise os_error(errno.EADDRINUSE, f"{host}:{port}")
        listener = SimListener((address, port), max(1, backlog), self._forget_listener, self._tell)
        self._listeners[address, port] = listener
        return listener

    async def connect(
        self,
        host: str,
        port: int,
        *,
        label: str,
        key: str | None = None,
        address: str | None = None,
        options: LinkOptions | None = None,
    ) -> SimStream:
        """Open a connection, in a round trip.

        Args:
          host: a host that has listened, by name or address.
          port: its port.
          label: names the link for the verbs; a label may have several, one after the other or at once.
          key: what the link's chance goes by; None takes the label.
          address: the client's address as the server sees it; None gives each label its own.
          options: what the link is like; None takes the network's.

        Raises:
          ConnectionRefusedError: nobody listens there, or it was refused by a verb.
          TimeoutError: the backlog stayed full.
          socket.gaierror: nobody has this name.
          OSError: nobody has this address.

        Cancellation: the server never hears of it.
        """
        there = self.hosts.find(host), port
        weather = self._weather_of(label)
        link = self._new_link(label, key or label, options, weather)
        up, down = link.wires
        await weather.cross(Way.UP, trio.current_time() + up.delay())
        refused = self._is_refused((label, f"{host}:{port}", f"{there[0]}:{port}"))
        listener = None if refused else self._listener_at(there)
        for pause in _KNOCKS:
            if listener is None or not listener.full:
                break
            await trio.sleep(pause)
            await weather.cross(Way.UP, trio.current_time() + up.delay())
            listener = self._listener_at(there)
        else:
            raise os_error(errno.ETIMEDOUT, f"{host}:{port}")
        link.adopt_weather()
        await weather.cross(Way.DOWN, trio.current_time() + down.delay())
        if listener is None:
            self._tell("refused", label, f"{host}:{port}")
            raise os_error(errno.ECONNREFUSED, f"{host}:{port}")
        here = address or self.hosts.address_of(label)
        stream = SimStream(link, link.client, (here, self.hosts.client_port(here)), there)
        self._made += 1
        self._links.setdefault(label, {})[self._made] = link
        link.adopt_weather()
        self._tell("connected", label, f"{host}:{port}")
        listener.add(Waiting(trio.current_time() + up.delay(), link, stream.local, there))
        return stream

    def statistics(self) -> NetworkStatistics:
        """Look at the network at this moment."""
        links = [link for those in self._links.values() for link in those.values()]
        now = trio.current_time()
        return NetworkStatistics(
            open_streams=sum((not link.client.closed) + (not link.server.closed) for link in links),
            server_streams=sum(not link.server.closed for link in links),
            links_made=self._made,
            bytes_up=self._carried[0] + sum(link.wires[0].sent for link in links),
            bytes_down=self._carried[1] + sum(link.wires[1].sent for link in links),
            bytes_in_flight=sum(wire.in_flight(now) for link in links for wire in link.wires),
        )

    def wire_digest(self) -> str:
        """Digest all that has arrived by now: every byte and mark, with moment, direction and link.

        It is a matter of links and moments: in which order two links that got something at the same moment
        were looked at is not in it.
        """
        now = trio.current_time()
        digests = dict(self._digests)
        for those in self._links.values():
            for number, link in those.items():
                link.settle(now)
                digests[number] = _digest_of(link)
        whole = blake2b(digest_size=16)
        for number in sorted(digests):
            whole.update(digests[number])
        return whole.hexdigest()

    def _new_link(self, label: str, key: str, options: LinkOptions | None, weather: Weather) -> SimLink:
        ordinal = self._ordinals[key] = self._ordinals.get(key, 0) + 1
        base = self.options if options is None else options
        return SimLink(self.seed, label, key, ordinal, base, weather, self._tell, self._forget_link)

    def _is_refused(self, names: tuple[str, ...]) -> bool:
        for name in names:
            left = self._refusals.get(name, 0)
            if left:
                self._refusals[name] = left - 1
                return True
        return False

    def _listener_at(self, there: Address) -> SimListener | None:
        address, port = there
        wildcard = WILDCARDS[6 if is_version_6(address) else 4]
        return self._listeners.get(there) or self._listeners.get((wildcard, port))

    def _forget_listener(self, listener: SimListener) -> None:
        del self._listeners[listener.address]

    def _forget_link(self, link: SimLink) -> None:
        """Keep of a link that is over what has to be told at the end."""
        those = self._links[link.label]
        number = next(number for number, each in those.items() if each is link)
        del those[number]
        self._digests[number] = _digest_of(link)
        for way, wire in enumerate(link.wires):
            self._carried[way] += wire.sent


def _digest_of(link: SimLink) -> bytes:
    up, down = link.wires
    name = f"{link.key}\0{link.ordinal}".encode()
    return blake2b(up.digest() + down.digest() + name, digest_size=16).digest()

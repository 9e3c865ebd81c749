"""Where a simulated server is reached: connections that were opened wait here until they are accepted."""

from collections.abc import Callable
from math import inf

import trio
from attrs import define, evolve, field, frozen

from focus_signal.testing.net.link import SimLink
from focus_signal.testing.net.stream import Address, SimStream
from focus_signal.testing.net.weather import Way


@frozen
class Waiting:
    """Be a connection that was opened and not accepted.

    Args:
      due: when the client's last word of the handshake arrives, if nothing keeps it.
      link: the connection.
      remote: the client's host and port.
      local: the host and port that it asked for.
    """

    due: float
    link: SimLink
    remote: Address
    local: Address

    def arrival(self) -> float:
        """Tell when it can be accepted."""
        return self.link.weather.gates[Way.UP].arrival(self.due)


@define(eq=False)
class SimListener(trio.abc.Listener[SimStream]):
    """Accept simulated connections; made by `Network.listen`.

    Args:
      address: host and port.
      backlog: how many connections may wait; one more has to knock again.
      on_close: called once, when it is closed.
      tell: hears whom it accepts.
    """

    address: Address
    _backlog: int
    _on_close: Callable[["SimListener"], None]
    _tell: Callable[[str, str, str], None]
    closed: bool = field(default=False, init=False)
    on_accept: Callable[[SimLink], None] | None = field(default=None, init=False)
    """Called with each link that is accepted."""
    _queue: list[Waiting] = field(factory=list[Waiting], init=False)
    _acceptors: dict[int, trio.CancelScope] = field(factory=dict[int, trio.CancelScope], init=False)
    _count: int = field(default=0, init=False)

    @property
    def port(self) -> int:
        """Give the port."""
        return self.address[1]

    @property
    def full(self) -> bool:
        """Tell whether nobody more may wait."""
        return len(self._queue) >= self._backlog

    async def accept(self) -> SimStream:
        """Wait for a connection.

        Raises:
          ClosedResourceError: the listener is closed.

        Cancellation: no connection is lost.
        """
        if self._next_arrival() <= trio.current_time():
            await trio.lowlevel.checkpoint()
        while True:
            if self.closed:
                raise trio.ClosedResourceError("this listener was closed")
            arrival = self._next_arrival()
            if arrival <= trio.current_time():
                return self._take(arrival)
            self._count += 1
            number = self._count
            try:
                with trio.CancelScope(deadline=arrival) as self._acceptors[number]:
                    await trio.sleep_forever()
            finally:
                del self._acceptors[number]

    async def aclose(self) -> None:
        """Close the listener; who waits to be accepted is reset, and who connects later is refused.

        Cancellation: it is closed all the same.
        """
        self.close()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Close the listener at once, with what `aclose` says."""
        if self.closed:
            return
        self.closed = True
        self._on_close(self)
        for waiting in self._queue:
            waiting.link.abort(waiting.link.server, trio.current_time())
        self._queue.clear()
        self.rearm()

    def add(self, waiting: Waiting) -> None:
        """Let a connection wait; if the listener has closed meanwhile, it is reset."""
        if self.closed:
            waiting.link.abort(waiting.link.server, trio.current_time())
            return
        self._queue.append(waiting)
        self.rearm()

    def hurry(self, latest: float) -> None:
        """Let everyone who waits arrive by a moment."""
        self._queue = [evolve(each, due=min(each.due, latest)) for each in self._queue]
        self.rearm()

    def may_accept(self) -> bool:
        """Tell whether somebody can be accepted at once."""
        return self._next_arrival() <= trio.current_time()

    def rearm(self) -> None:
        """Let those that accept wait for whoever is next now."""
        deadline = -inf if self.closed else self._next_arrival()
        for scope in self._acceptors.values():
            scope.deadline = deadline

    def _next_arrival(self) -> float:
        return min((waiting.arrival() for waiting in self._queue), default=inf)

    def _take(self, arrival: float) -> SimStream:
        waiting = next(each for each in self._queue if each.arrival() == arrival)
        self._queue.remove(waiting)
        link = waiting.link
        self._tell("accepted", link.label, "")
        if self.on_accept is not None:
            self.on_accept(link)
        return SimStream(link, link.server, waiting.local, waiting.remote)

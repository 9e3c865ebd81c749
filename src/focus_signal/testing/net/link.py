"""One connection: two ends, the wire each way between them, and what the arrival of things does to the ends.

The rules are those of Linux's TCP, seen from its sockets. Data or FIN for an end is kept for it to read. Data
for an end that is closed is answered by a RST; so is, at once, closing over unread input. A RST ends both
directions, but what had arrived before can still be read, and where the FIN had arrived too, so can the end.
"""

from collections.abc import Callable
from math import inf

import msgspec
import trio
from attrs import define, field

from focus_signal.testing.keyed import QUANTUM
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.weather import Way, Weather
from focus_signal.testing.net.wire import Mark, Wire

# A slow reader takes what it may take in so much of a second at a time.
_SIP = 0.125

Tell = Callable[[str, str, str], None]
"""Called with the kind of an event, the label of its link, and a detail."""


@define(eq=False)
class End:
    """Be one end of a link.

    Args:
      name: "client" or "server".
      incoming: what this end reads.
      outgoing: what it sends.
      closed: nothing can be done here any more.
      ended: nothing will be sent from here.
      heard_end: the peer's FIN has arrived.
      cut: the connection was reset, by the peer or here.
      reader: what a reader waits in, for as long as one waits.
      writer: the same for a writer.
    """

    name: str
    incoming: Wire
    outgoing: Wire
    closed: bool = False
    ended: bool = False
    heard_end: bool = False
    cut: bool = False
    read_rate: float = 0.0
    next_read: float = -inf
    reader: trio.CancelScope | None = None
    writer: trio.CancelScope | None = None

    def may_read(self, now: float) -> bool:
        """Tell whether reading gives bytes, the end or an error, without waiting."""
        if self.closed:
            return True
        if self.incoming.unread or self.heard_end:
            return self.next_read <= now
        return self.cut

    def may_write(self, now: float) -> bool:
        """Tell whether sending takes something or raises, without waiting."""
        return self.closed or self.ended or self.cut or self.outgoing.room(now) > 0

    def take(self, now: float, most: int) -> bytes:
        """Read what may be read, at the reader's pace."""
        if not self.read_rate:
            return self.incoming.take(now, most)
        data = self.incoming.take(now, min(most, max(1, int(self.read_rate * _SIP))))
        steps = len(data) / self.read_rate // QUANTUM + 1
        self.next_read = now + steps * QUANTUM
        return data


@define(eq=False)
class SimLink:
    """Be one connection.

    Args:
      seed: decides every time and every cut of it.
      label: whose connection it is.
      key: what its chance goes by.
      ordinal: the how-manieth one of the key.
      base: what it is like when nothing is wrong.
      weather: the faults of the label.
      tell: hears what happens.
      on_over: called once, when both ends are closed.
    """

    seed: int
    label: str
    key: str
    ordinal: int
    base: LinkOptions
    weather: Weather
    tell: Tell
    on_over: Callable[["SimLink"], None]
    client: End = field(init=False)
    server: End = field(init=False)
    _up: Wire = field(init=False)
    _down: Wire = field(init=False)

    def __attrs_post_init__(self) -> None:
        gates = self.weather.gates
        up, down = Way.UP, Way.DOWN
        self._up = Wire(self.seed, self.key, self.ordinal, up, self.base, gates[up], gates[down])
        self._down = Wire(self.seed, self.key, self.ordinal, down, self.base, gates[down], gates[up])
        self.client = End("client", incoming=self._down, outgoing=self._up)
        self.server = End("server", incoming=self._up, outgoing=self._down)
        self.adopt_weather()

    @property
    def over(self) -> bool:
        """Tell whether both ends are closed, so that nothing can come of it any more."""
        return self.client.closed and self.server.closed

    @property
    def wires(self) -> tuple[Wire, Wire]:
        """Give the way up and the way down."""
        return self._up, self._down

    def adopt_weather(self) -> None:
        """Take over what the label's faults say; `settle` before they change, `rearm` after this."""
        options = msgspec.structs.replace(self.base, **self.weather.overrides)
        self._up.options = self._down.options = options
        self.client.read_rate = self.weather.read_rate
        if not self.client.read_rate:
            self.client.next_read = -inf

    def settle(self, now: float) -> None:
        """Let arrive what has arrived by now, in its order."""
        up, down = self._up, self._down
        while True:
            first, second = up.next_arrival(), down.next_arrival()
            if first <= second and first <= now:
                self._arrive(up, first, self.server)
            elif second <= now:
                self._arrive(down, second, self.client)
            else:
                break
        # What the ends know of each other's reading is settled too, before a gate may change.
        up.room(now)
        down.room(now)

    def send(self, end: End, data: bytes, now: float) -> None:
        """Send bytes from an end that has room for them."""
        end.outgoing.put(now, data)
        peer = self.peer_of(end)
        if peer.closed:
            self.rearm(now)  # what comes back for it is a RST
        else:
            self._rearm_reader(peer, now)

    def read(self, end: End, most: int, now: float) -> bytes:
        """Take bytes that have arrived at an end."""
        data = end.take(now, most)
        self._rearm_writer(self.peer_of(end), now)
        return data

    def end(self, end: End, now: float) -> None:
        """Say that nothing more is sent from an end."""
        if not (end.ended or end.cut):
            end.ended = True
            end.outgoing.put(now, Mark.FIN)
            self.tell("fin", self.label, end.name)
            self.rearm(now)

    def close(self, end: End, now: float) -> None:
        """Close an end; over unread input that is a reset."""
        if end.closed:
            return
        self.settle(now)
        if end.incoming.unread and not end.cut:
            self.abort(end, now)
            return
        self.end(end, now)
        self._close(end, now)

    def abort(self, end: End, now: float) -> None:
        """Reset the connection from an end, and close that."""
        if end.closed:
            return
        self.settle(now)
        if not end.cut:
            self._reset_from(end, now)
        self._close(end, now)

    def cut_both(self, now: float) -> None:
        """Reset the connection from between its ends: each gets a RST behind what travels to it already."""
        self.settle(now)
        for end in (self.client, self.server):
            end.outgoing.forget_unsent(now)
            end.outgoing.put(now, Mark.RST)
        self.rearm(now)

    def hurry(self, now: float) -> None:
        """Let what travels arrive within the latency that now holds."""
        for wire in self.wires:
            wire.hurry(now)

    def peer_of(self, end: End) -> End:
        """Give the other end."""
        return self.server if end is self.client else self.client

    def rearm(self, now: float) -> None:
        """Let whoever waits at either end wait for what is next now."""
        for end in (self.client, self.server):
            self._rearm_reader(end, now)
            self._rearm_writer(end, now)

    def next_read(self, end: End, now: float) -> float:
        """Tell when a reader should look again."""
        if end.may_read(now):
            return now
        if end.incoming.unread or end.heard_end:
            return end.next_read
        return self._next_news(end)

    def next_write(self, end: End, now: float) -> float:
        """Tell when a writer should look again."""
        return now if end.may_write(now) else min(end.outgoing.next_room(), self._next_news(end))

    def _rearm_reader(self, end: End, now: float) -> None:
        if end.reader is not None:
            end.reader.deadline = self.next_read(end, now)

    def _rearm_writer(self, end: End, now: float) -> None:
        if end.writer is not None:
            end.writer.deadline = self.next_write(end, now)

    def _next_news(self, end: End) -> float:
        """Tell when something from the peer may arrive, an answer to what is on its way to it included."""
        news = end.incoming.next_arrival()
        return min(news, end.outgoing.next_arrival()) if self.peer_of(end).closed else news

    def _arrive(self, wire: Wire, at: float, end: End) -> None:
        what = wire.arrive()
        if what is Mark.RST:
            end.cut = True
            end.outgoing.forget_unsent(at)
        elif what is Mark.FIN:
            end.heard_end = True
        elif end.cut:
            return  # a connection that was reset takes nothing, and has said so
        elif end.closed:
            self._reset_from(end, at)
        else:
            assert isinstance(what, bytes)  # noqa: S101 - marks are dealt with; type checkers want to hear it
            wire.keep(what)

    def _reset_from(self, end: End, at: float) -> None:
        end.cut = True
        end.outgoing.forget_unsent(at)
        end.outgoing.put(at, Mark.RST)
        self.tell("rst", self.label, end.name)

    def _close(self, end: End, now: float) -> None:
        end.closed = True
        end.incoming.forget()
        self.rearm(now)
        if self.over:
            self.on_over(self)

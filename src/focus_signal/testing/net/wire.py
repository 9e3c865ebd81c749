"""One direction of a link: what was sent and has not arrived, what has arrived and was not read.

Nothing here waits. Whatever travels has a moment at which it is due; the link asks what has arrived by now,
in order, whenever somebody looks at either end. So a byte that nobody waits for costs no task and no timer.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from math import ceil, inf
from struct import Struct

from attrs import define, field, frozen

from focus_signal.testing.keyed import QUANTUM, draw, quantized
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.weather import Gate, Way

_HEAD = Struct("<dci")


class Mark(Enum):
    """Be what travels beside bytes."""

    FIN = b"F"
    RST = b"R"


What = bytes | Mark


@frozen
class Segment:
    """Travel.

    Args:
      due: when it arrives, if nothing keeps it.
      leaves: when it leaves the sender, in seconds like `due`.
      what: bytes, or a mark.
    """

    due: float
    leaves: float
    what: What


@define(eq=False)
class Wire:
    """Carry one direction of one link.

    Args:
      seed: decides every time and every cut.
      key: what the link's chance goes by.
      ordinal: the how-manieth link of the key.
      way: the direction.
      options: what the link is like.
      gate: lets arrive, or not, what travels this way.
      back: the same for the other way, in which the sender learns what was read.
      tap: hears of everything that is put in, before it is cut into segments.
    """

    seed: int
    key: str
    ordinal: int
    way: Way
    options: LinkOptions
    gate: Gate
    back: Gate
    tap: Callable[[What], None] | None = None
    sent: int = field(default=0, init=False)
    arrived: int = field(default=0, init=False)
    _flying: deque[Segment] = field(factory=deque[Segment], init=False)
    _unread: deque[bytes] = field(factory=deque[bytes], init=False)
    # How much of the first unread piece was read.
    _offset: int = field(default=0, init=False)
    # What counts against the window, and what of it the sender will know to be read, and when.
    _outstanding: int = field(default=0, init=False)
    _read: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]], init=False)
    _busy_until: float = field(default=-inf, init=False)
    _draws: int = field(default=0, init=False)
    # Of what arrived, with its moment. No other link is in it: which of them is looked at first matters not.
    _hash: "blake2b" = field(factory=lambda: blake2b(digest_size=16), init=False)

    def delay(self) -> float:
        """Draw how long the next thing travels, in seconds."""
        low, high = self.options.latency
        if low == high:
            return quantized(low)
        return quantized(low + (high - low) * self._draw())

    def put(self, now: float, what: What) -> None:
        """Send something behind everything that was sent before."""
        if self.tap is not None:
            self.tap(what)
        if isinstance(what, Mark):
            leaves = now if what is Mark.RST else max(now, self._busy_until)
            if what is Mark.FIN:
                leaves += quantized(self.options.fin_delay)
            self._fly(leaves, leaves, what)
            return
        self.sent += len(what)
        self._outstanding += len(what)
        chunk = self.options.chunk
        if not chunk:
            self._put_bytes(now, what)
            return
        start = 0
        while start < len(what):
            end = start + 1 + int(self._draw() * chunk)
            self._put_bytes(now, what[start:end])
            start = end

    def room(self, now: float) -> int:
        """Tell how many bytes more may be sent."""
        while self._read and self.back.arrival(self._read[0][0]) <= now:
            self._outstanding -= self._read.popleft()[1]
        return max(0, self.options.window - self._outstanding)

    def next_room(self) -> float:
        """Tell when the sender learns next that something was read."""
        return self.back.arrival(self._read[0][0]) if self._read else inf

    def next_arrival(self) -> float:
        """Tell when the next thing arrives; infinity when nothing travels, or is kept for good."""
        return self.gate.arrival(self._flying[0].due) if self._flying else inf

    def arrive(self) -> What:
        """Let the first thing that travels arrive; whether it has is the caller's business."""
        at = self.next_arrival()
        what = self._flying.popleft().what
        if isinstance(what, Mark):
            self._hash.update(_HEAD.pack(at, what.value, 0))
        else:
            self.arrived += len(what)
            self._hash.update(_HEAD.pack(at, b"D", len(what)))
            self._hash.update(what)
        return what

    def keep(self, data: bytes) -> None:
        """Let arrived bytes be read."""
        self._unread.append(data)

    @property
    def unread(self) -> bool:
        """Tell whether there is something to read."""
        return bool(self._unread)

    def take(self, now: float, most: int) -> bytes:
        """Read: one segment if segments are cut, else as many bytes as there are."""
        parts: list[bytes] = []
        left = most
        while self._unread and left:
            first = self._unread[0]
            part = first[self._offset : self._offset + left]
            self._offset += len(part)
            left -= len(part)
            if self._offset == len(first):
                self._unread.popleft()
                self._offset = 0
            parts.append(part)
            if self.options.chunk:
                break
        if left < most:
            self._read.append((now + quantized(self.options.latency[0]), most - left))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def forget(self) -> None:
        """Throw away what was not read."""
        self._unread.clear()
        self._offset = 0

    def forget_unsent(self, now: float) -> None:
        """Throw away what has not left the sender yet."""
        while self._flying and self._flying[-1].leaves > now and self._flying[-1].what is not Mark.RST:
            self._flying.pop()
        self._busy_until = min(self._busy_until, now)

    def hurry(self, now: float) -> None:
        """Let everything that travels arrive within the longest latency that the options have now."""
        latest = now + quantized(self.options.latency[1])
        self._flying = deque(
            Segment(min(each.due, latest), min(each.leaves, now), each.what) for each in self._flying
        )
        self._read = deque((min(due, latest), count) for due, count in self._read)
        self._busy_until = min(self._busy_until, now)

    def in_flight(self, now: float) -> int:
        """Count the bytes that were sent and have not arrived by now."""
        return sum(
            len(each.what)
            for each in self._flying
            if not isinstance(each.what, Mark) and self.gate.arrival(each.due) > now
        )

    def digest(self) -> bytes:
        """Give the digest of what arrived so far, with the moments at which it did."""
        return self._hash.digest()

    def _put_bytes(self, now: float, data: bytes) -> None:
        leaves = gone = now
        if self.options.bandwidth:
            leaves = max(now, self._busy_until)
            # Rounded up: not a byte more than allowed goes out in a second.
            gone = self._busy_until = leaves + ceil(len(data) / self.options.bandwidth / QUANTUM) * QUANTUM
        self._fly(leaves, gone, data)

    def _fly(self, leaves: float, gone: float, what: What) -> None:
        due = gone + self.delay()
        if self._flying:
            due = max(due, self._flying[-1].due)
        self._flying.append(Segment(due, leaves, what))

    def _draw(self) -> float:
        self._draws += 1
        return draw(self.seed, self.key, self.ordinal, self.way, self._draws)

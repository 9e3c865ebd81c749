"""Relayed messages: pairs of clients; each keeps a window of ice-candidates under way to its partner."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from focus_signal.load.asking import ASK_FOR_TWO, Asker
from focus_signal.load.faults import WrongMessage, WrongResult
from focus_signal.load.generator import Load
from focus_signal.load.histogram import Histogram
from focus_signal.load.mode import AFTERWARDS, Mode
from focus_signal.load.rooms import Hall
from focus_signal.load.settings import Settings
from focus_signal.load.stream import Arrivals, Ring, number_of

_NEVER: Final = 1 << 62


class Traffic:
    """What all pairs share: the count, the latencies, and when to send again.

    Args:
      load: whose clock is read.
      refill: a client sends again when so many of its messages have arrived.
    """

    __slots__ = ("arrived", "clock", "latency", "refill", "talkers")

    def __init__(self, load: Load, refill: int) -> None:
        self.clock = load.clock
        self.refill = refill
        self.arrived = 0
        self.latency = Histogram()
        self.talkers: Sequence[Talker] = ()

    def pair(self, talkers: "Sequence[Talker]", window: int, size: int) -> None:
        """Make partners of those who share a room, and all the messages that they will send."""
        by_user = {talker.user: talker for talker in talkers}
        for talker in talkers:
            (partner,) = (by_user[peer] for peer in talker.peers if peer != talker.user)
            talker.ring = Ring(talker.user, partner.user, window, size)
            partner.arrivals = Arrivals(talker.ring)
            talker.free = window
            talker.traffic, talker.partner = self, partner
        self.talkers = talkers

    def begin(self) -> None:
        """Send everybody's first window."""
        for talker in self.talkers:
            talker.send_window(self.clock())

    def finish(self, load: Load, patience: float) -> None:
        """Send nothing any more, wait for what is under way, and see that nothing else comes.

        Raises:
          WrongResult: something is missing, or something more came.
        """
        self.refill = _NEVER
        load.run(lambda: not self.under_way(), patience, lambda: f"{self.under_way()} messages")
        load.rest(AFTERWARDS)
        for talker in self.talkers:
            if not talker.arrivals.between:
                raise WrongResult(f"a piece of a message that nobody sent came to {talker.user}")

    def under_way(self) -> int:
        """How many messages were sent and have not arrived."""
        return sum(int(sent[0]) for talker in self.talkers for sent in talker.sends)

    def blame(self, receiver: "Talker", error: WrongMessage) -> WrongResult:
        """Say more about a wrong message, if it was meant for somebody else."""
        for talker in self.talkers:
            meant = talker.partner
            if meant and meant is not receiver and number_of(error.payload, talker.ring) is not None:
                return WrongResult(f"a message from {talker.user} to {meant.user} came to {receiver.user}")
        return error


class Talker(Asker):
    """One of a pair: sends to its partner, and compares what comes from there.

    `free` is how many more messages may be under way; `sends` has, for every write that has not arrived as a
    whole, how many of its messages have not, and when it was.
    """

    __slots__ = ("_place", "arrivals", "free", "partner", "ring", "sends", "traffic")

    ring: Ring
    arrivals: Arrivals
    traffic: Traffic

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.partner: Talker | None = None
        self.sends: deque[list[float]] = deque()
        self.free = self._place = 0

    def on_bytes(self, data: bytes) -> None:
        """Compare what has come, and let whoever has sent it know."""
        partner = self.partner
        if partner is None:  # still being matched
            super().on_bytes(data)
            return
        arrivals = self.arrivals
        try:
            count = arrivals.feed(data)
        except WrongMessage as error:  # only together do all the pairs know whose it is
            raise self.traffic.blame(self, error) from None
        if arrivals.control:
            control, arrivals.control = arrivals.control, []
            for opcode, payload in control:
                self.on_frame(opcode, payload)
        if count:
            partner.on_arrived(count)

    def on_arrived(self, count: int) -> None:
        """Note that so many more of the messages from here have arrived; send new ones for them."""
        traffic, sends = self.traffic, self.sends
        now = traffic.clock()
        traffic.arrived += count
        self.free += count
        if self.free > self.ring.window:
            raise WrongResult(f"more messages came from {self.user} than it had sent")
        record = traffic.latency.record
        while count:
            oldest = sends[0]
            part = int(oldest[0])
            if count < part:
                oldest[0] = part - count
                record(now - oldest[1], count)
                break
            sends.popleft()
            record(now - oldest[1], part)
            count -= part
        if self.free >= traffic.refill:
            self.send_window(now)

    def send_window(self, now: float) -> None:
        """Send as many messages as may be under way, in one write."""
        ring, count, first = self.ring, self.free, self._place
        self.free = 0
        place = first + count
        self._place = place - ring.length if place >= ring.length else place
        self.sends.append([count, now])
        self.send(ring.slice(first, count))


class Relay(Mode):
    """Measure relayed messages: how many a second, and from the write of each to its read."""

    what = "messages"
    timed = ("relay",)

    def __init__(self, load: Load, settings: Settings) -> None:
        super().__init__(load, settings)
        self.traffic = Traffic(load, settings.refill)
        self.latencies["relay"] = self.traffic.latency
        self._talkers: list[Talker] = []

    @property
    def count(self) -> int:
        """How many messages have arrived."""
        return self.traffic.arrived

    def prepare(self) -> None:
        """Connect and match everybody."""
        settings, load = self.settings, self.load
        users = settings.users()
        hall = Hall(users, 2)
        self._talkers = load.open(Talker, users, settings.at_once, settings.patience)
        for talker in self._talkers:
            talker.ask(hall, ASK_FOR_TWO)
        load.run(lambda: not hall.asked, settings.patience, lambda: f"{len(hall.asked)} room-found")
        self.traffic.pair(self._talkers, settings.window, settings.size)

    def begin(self) -> None:
        """Send everybody's first window."""
        self.traffic.begin()

    def finish(self) -> None:
        """Wait for what is under way, and leave."""
        self.traffic.finish(self.load, self.settings.patience)
        self.load.leave(self._talkers, self.settings.patience)

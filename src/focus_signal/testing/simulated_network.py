"""The network as a simulated test uses it: what is done to a client's link goes into the run's plan as well.

So the invariants know which links were meddled with, the diagram shows it, and the plan runs by itself.
"""

from typing import Literal, Protocol

from focus_signal.testing.net.faults import Direction, Who, label_of
from focus_signal.testing.net.network import Network
from focus_signal.testing.plan import FaultKind

LinkEnd = Literal["reset", "half-close"]


class FaultRecorder(Protocol):
    """Write down what is done to links."""

    def record_fault(
        self, label: str, fault: FaultKind, amount: float = 0.0, direction: Direction = "both"
    ) -> None:
        """Write down a fault, in the words of a plan."""
        ...

    def end_link(self, label: str, by: LinkEnd) -> None:
        """Let the client of a link end it."""
        ...

    def label_named(self, name: str) -> str:
        """Give the label of the newest client of a user; what names no user is a label already."""
        ...


class SimulatedNetwork(Network):
    """Be a network whose verbs are written down; they take the name of a user, too."""

    recorder: FaultRecorder | None = None

    def partition(self, who: Who, seconds: float | None = None, *, direction: Direction = "both") -> None:
        """Let nothing arrive for a time, then everything in its order."""
        who = self._label_of(who)
        super().partition(who, seconds, direction=direction)
        if seconds is None:
            self._record(who, "hold", 0.0, direction)
        else:
            self._record(who, "partition", seconds, direction)

    def hold(self, who: Who) -> None:
        """Let nothing arrive, either way, until `release` or `heal`."""
        who = self._label_of(who)
        super().hold(who)
        self._record(who, "hold")

    def release(self, who: Who) -> None:
        """Let arrive now, in its order, what `hold` kept."""
        who = self._label_of(who)
        super().release(who)
        self._record(who, "release")

    def reset(self, who: Who) -> None:
        """Cut the present links."""
        who = self._label_of(who)
        super().reset(who)
        if self.recorder is not None:
            self.recorder.end_link(who, "reset")

    def half_close(self, who: Who) -> None:
        """Let the client end its sending on the present links."""
        who = self._label_of(who)
        super().half_close(who)
        if self.recorder is not None:
            self.recorder.end_link(who, "half-close")

    def slow_reader(self, who: Who, bytes_per_second: float) -> None:
        """Let the client take its bytes in slowly, so that the window fills; 0 ends it."""
        who = self._label_of(who)
        super().slow_reader(who, bytes_per_second)
        self._record(who, "slow-reader", bytes_per_second)

    def latency(self, who: Who, low: float, high: float) -> None:
        """Let what is sent from now on travel from `low` to `high` seconds."""
        who = self._label_of(who)
        super().latency(who, low, high)
        # A plan says by how much a way takes longer than it did.
        self._record(who, "latency", max(0.0, high - self.options.latency[1]))

    def bandwidth(self, who: Who, bytes_per_second: float) -> None:
        """Limit what is sent from now on, each way; 0 is no limit."""
        who = self._label_of(who)
        super().bandwidth(who, bytes_per_second)
        self._record(who, "bandwidth", bytes_per_second)

    def window(self, who: Who, size: int) -> None:
        """Let each way hold so many bytes that were not read."""
        who = self._label_of(who)
        super().window(who, size)
        self._record(who, "window", size)

    def chunks(self, who: Who, size: int) -> None:
        """Cut what is sent from now on into 1 to `size` bytes, 0 not at all."""
        who = self._label_of(who)
        super().chunks(who, size)
        self._record(who, "chunks", size)

    def fin_delay(self, who: Who, seconds: float) -> None:
        """Let an end of stream that comes from now on wait before it travels."""
        who = self._label_of(who)
        super().fin_delay(who, seconds)
        self._record(who, "fin-delay", seconds)

    def refuse(self, who: Who, times: int = 1) -> None:
        """Refuse the next connections of a label, or to a "host:port"."""
        who = self._label_of(who)
        super().refuse(who, times)
        self._record(who, "refuse", times)

    def _label_of(self, who: Who) -> str:
        if isinstance(who, str) and self.recorder is not None:
            return self.recorder.label_named(who)
        return label_of(who)  # a client is meant itself, even if its user has a newer one

    def _record(self, who: str, fault: FaultKind, amount: float = 0.0, direction: Direction = "both") -> None:
        if self.recorder is not None:
            self.recorder.record_fault(who, fault, amount, direction)

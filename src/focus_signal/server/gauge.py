"""What one connection sends, measured: whether it is too much, and how much of it is not whole."""

from collections.abc import Sequence

from attrs import define, field

from focus_signal.access.rates import Meter
from focus_signal.core.commands import Command, Invalid, RelayClump
from focus_signal.server.logic import Hearing
from focus_signal.server.shared import Shared

# By then there is room for a message again, unless the limits are very small.
_RETRY_SECONDS = 1


@define(eq=False)
class Gauge:
    """Measure, and make commands of what is not too much.

    Args:
      number: the connection's.
      hearing: how it is heard.
      shared: what all connections have in common.
    """

    _number: int
    _hearing: Hearing
    _shared: Shared
    _meter: Meter | None = field(default=None, init=False)
    size: int = field(default=0, init=False)
    """How many bytes came with the last read."""
    goes_on: bool = field(default=False, init=False)
    """Whether too much has come for as long as is borne."""

    def read(self, messages: Sequence[bytes]) -> Sequence[Command | RelayClump]:
        """Make commands of what came with a read; what is too much gets its error in its place."""
        meter = self._meter or self._begin()
        fits = meter.takes_all(messages, self._shared.clock())
        self.size = meter.size
        return self._hearing.read(messages) if fits else self._read_some(messages, meter)

    def count_controls(self, count: int) -> None:
        """Count frames that are no part of a message; they cost as much as messages that hold nothing."""
        if count:
            meter = self._meter or self._begin()
            meter.takes_frames(count, self._shared.clock())
            self.goes_on = meter.goes_on

    def _begin(self) -> Meter:
        """Begin to measure: not before something comes, since many connections only wait."""
        self._meter = Meter(self._shared.rates)
        return self._meter

    def _read_some(self, messages: Sequence[bytes], meter: Meter) -> list[Command | RelayClump]:
        now = self._shared.clock()
        commands: list[Command | RelayClump] = []
        taken: list[bytes] = []
        for message in messages:
            if meter.takes(message, now):
                taken.append(message)
                continue
            if taken:
                commands += self._hearing.read(taken)
                taken = []
            refusal = Invalid(self._number, "rate-limited", self._shared.too_much, None, _RETRY_SECONDS)
            commands.append(self._hearing.refuse(message, refusal))
        self.goes_on = meter.goes_on
        return commands + self._hearing.read(taken) if taken else commands

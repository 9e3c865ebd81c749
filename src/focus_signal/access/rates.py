"""How much one connection may send: a bucket of tokens for messages and one for bytes.

A bucket holds as many tokens as a burst has and fills up at its rate. What does not fit into both is too
much; it takes nothing, so that a smaller one behind it may fit. Whoever goes on with too much, with no whole
second in between without, is told apart from who once sent too much and then held back.
"""

import math
from collections.abc import Sequence

from attrs import define, field, frozen

_PAUSE = 1.0
# Times are floats, and a token that is there by all rights must not be missed by the last bit of one.
_ROUNDING = 1e-6


@frozen
class Rates:
    """Be how much a connection may send.

    Args:
      message_rate: messages a second, for long; `math.inf` for no limit.
      message_burst: messages at once.
      byte_rate: bytes a second, for long; `math.inf` for no limit.
      byte_burst: bytes at once.
      grace: the seconds for which too much may go on.
    """

    message_rate: float
    message_burst: float
    byte_rate: float
    byte_burst: float
    grace: float

    @classmethod
    def of(cls, message: tuple[int, int], byte: tuple[int, int], grace: float) -> "Rates | None":
        """Make rates of pairs of rate and burst; where one of a pair is 0 there is no limit.

        Returns:
          None when nothing is limited.
        """
        if not (all(message) or all(byte)):
            return None
        messages: tuple[float, float] = message if all(message) else (math.inf, math.inf)
        sizes: tuple[float, float] = byte if all(byte) else (math.inf, math.inf)
        return cls(*messages, *sizes, grace)


@define(eq=False)
class Meter:
    """Measure what one connection sends.

    Args:
      rates: how much it may.
      now: the time at which it begins, in seconds.
    """

    _rates: Rates
    _at: float
    _messages: float = field(init=False)
    _bytes: float = field(init=False)
    size: int = field(default=0, init=False)
    """How many bytes the messages had that were looked at last."""
    # When too much came first, without a pause since, and when last.
    _first: float = field(default=0.0, init=False)
    _last: float = field(default=-math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        self._messages, self._bytes = self._rates.message_burst, self._rates.byte_burst

    def takes_all(self, messages: Sequence[bytes], now: float) -> bool:
        """Take messages that came together, if all of them fit; else none."""
        rates, passed = self._rates, now - self._at
        if passed > 0:
            self._at = now
            self._messages = min(rates.message_burst, self._messages + passed * rates.message_rate)
            self._bytes = min(rates.byte_burst, self._bytes + passed * rates.byte_rate)
        count = len(messages)
        size = self.size = sum(map(len, messages))
        if count > self._messages + _ROUNDING or size > self._bytes + _ROUNDING:
            return False
        self._messages -= count
        self._bytes -= size
        return True

    def takes(self, message: bytes, now: float) -> bool:
        """Take a message if it fits."""
        if self.takes_all((message,), now):
            return True
        self._note(now)
        return False

    def takes_frames(self, count: int, now: float) -> None:
        """Take frames that are no messages, as far as they fit; they cost as much as empty ones."""
        if not self.takes_all((b"",) * count, now):
            self._messages = 0.0
            self._note(now)

    @property
    def goes_on(self) -> bool:
        """Tell whether too much has come for as long as the grace."""
        return self._last - self._first >= self._rates.grace

    def _note(self, now: float) -> None:
        if now - self._last > _PAUSE:
            self._first = now
        self._last = now

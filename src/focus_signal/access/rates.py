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
    def of(cls, message: tuple[int, int], byte: tuple[int, int], grace: float) -> "Rates":
        """Make rates of pairs of rate and burst; where one of a pair is 0 there is no limit."""
        messages: tuple[float, float] = message if all(message) else (math.inf, math.inf)
        sizes: tuple[float, float] = byte if all(byte) else (math.inf, math.inf)
        return cls(*messages, *sizes, grace)


def _window(rate: float, burst: float) -> float:
    return math.inf if rate == math.inf else (burst + _ROUNDING) / rate


@define(eq=False)
class Meter:
    """Measure what one connection sends.

    A bucket is kept as the time at which it will be full again: what is taken moves that away, and more than
    a whole bucket cannot be taken. So time itself fills it, and nothing is to be done until the next look.

    Args:
      rates: how much it may.
    """

    _rates: Rates
    _message_seconds: float = field(init=False)
    _byte_seconds: float = field(init=False)
    # A bucket, from empty to full.
    _message_window: float = field(init=False)
    _byte_window: float = field(init=False)
    _messages_full: float = field(default=-math.inf, init=False)
    _bytes_full: float = field(default=-math.inf, init=False)
    size: int = field(default=0, init=False)
    """How many bytes the messages had that were looked at last."""
    # When too much came first, without a pause since, and when last.
    _first: float = field(default=0.0, init=False)
    _last: float = field(default=-math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        rates = self._rates
        self._message_seconds, self._byte_seconds = 1.0 / rates.message_rate, 1.0 / rates.byte_rate
        self._message_window = _window(rates.message_rate, rates.message_burst)
        self._byte_window = _window(rates.byte_rate, rates.byte_burst)

    def takes_all(self, messages: Sequence[bytes], now: float) -> bool:
        """Take messages that came together, if all of them fit; else none."""
        # Every read goes through here, and calls of max() would cost more than all the rest.
        count = len(messages)
        size = self.size = len(messages[0]) if count == 1 else sum(map(len, messages))
        messages_full, bytes_full = self._messages_full, self._bytes_full
        if messages_full < now:  # noqa: PLR1730 - see above
            messages_full = now
        if bytes_full < now:  # noqa: PLR1730 - see above
            bytes_full = now
        messages_full += count * self._message_seconds
        bytes_full += size * self._byte_seconds
        if messages_full - now > self._message_window or bytes_full - now > self._byte_window:
            return False
        self._messages_full, self._bytes_full = messages_full, bytes_full
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
            self._messages_full = now + self._message_window
            self._note(now)

    @property
    def goes_on(self) -> bool:
        """Tell whether too much has come for as long as the grace."""
        return self._last - self._first >= self._rates.grace

    def _note(self, now: float) -> None:
        if now - self._last > _PAUSE:
            self._first = now
        self._last = now

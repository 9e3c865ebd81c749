"""What one simulated link is like: how long it takes, how it cuts, how much it holds."""

from math import isfinite

from msgspec import Struct

from focus_signal.errors import PlanError


class LinkOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe one link; both directions are alike.

    Args:
      latency: the shortest and the longest time that a segment travels, in seconds; each draws its own, and
        none overtakes another.
      chunk: 0 sends what is sent at once as one segment; else it is cut into segments of 1 to so many bytes,
        and a read gets one of them at a time.
      bandwidth: bytes a second at most; 0 is no limit.
      window: how many bytes a direction holds that were sent, and of which the sender does not know yet
        that they were read.
      fin_delay: seconds that the end of the stream waits before it travels.
    """

    latency: tuple[float, float] = (0.001, 0.01)
    chunk: int = 0
    bandwidth: float = 0.0
    window: int = 65536
    fin_delay: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no link can be like.

        Raises:
          PlanError: says which field is wrong.
        """
        low, high = self.latency
        if not (0 <= low <= high and isfinite(high)):
            raise _refuse("latency", self.latency, "two finite times, 0 <= shortest <= longest")
        if self.chunk < 0:
            raise _refuse("chunk", self.chunk, "0 or a number of bytes")
        if not (isfinite(self.bandwidth) and self.bandwidth >= 0):
            raise _refuse("bandwidth", self.bandwidth, "0 or a number of bytes a second")
        if self.window < 1:
            raise _refuse("window", self.window, "at least 1 byte")
        if not (isfinite(self.fin_delay) and self.fin_delay >= 0):
            raise _refuse("fin_delay", self.fin_delay, "0 or a number of seconds")


def _refuse(name: str, came: object, allowed: str) -> PlanError:
    return PlanError(f"{name} must be {allowed}, not {came!r}")

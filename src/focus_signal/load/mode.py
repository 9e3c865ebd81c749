"""What the four kinds of measurement have in common."""

from abc import ABC, abstractmethod

from focus_signal.load.generator import Load
from focus_signal.load.histogram import Histogram
from focus_signal.load.settings import Settings

AFTERWARDS = 0.05
"""Seconds in which nothing may come any more, when everything has come."""


class Mode(ABC):
    """One kind of measurement: it is prepared, begun, read twice, and ended with a last check.

    Args:
      load: the connections.
      settings: what is wanted.
    """

    what: str
    """What is counted, in the plural."""
    timed: tuple[str, ...]
    """What has latencies."""

    def __init__(self, load: Load, settings: Settings) -> None:
        self.load = load
        self.settings = settings
        self.lost = 0
        self.latencies = {name: Histogram() for name in self.timed}

    @property
    @abstractmethod
    def count(self) -> int:
        """How many of `what` there were, from the beginning."""

    @abstractmethod
    def prepare(self) -> None:
        """Connect whoever must be there before the clock starts."""

    @abstractmethod
    def begin(self) -> None:
        """Start the load."""

    @abstractmethod
    def finish(self) -> None:
        """Stop the load, wait for what is under way, and see that nothing is missing.

        Raises:
          WrongResult: something is.
        """

    def reset(self) -> None:
        """Forget the latencies up to now: the warm-up is over."""
        for histogram in self.latencies.values():
            histogram.clear()

"""Time as a queue of events, and the ways on which things travel: in order, and until they are cut."""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf

from attrs import define, field

Action = Callable[[], None]


@define(eq=False)
class Clock:
    """Hold what is to happen, and when."""

    now: float = field(default=0.0, init=False)
    _heap: list[tuple[float, int, Action]] = field(factory=list[tuple[float, int, Action]], init=False)
    _order: "count[int]" = field(factory=count, init=False)

    @property
    def next(self) -> float:
        """Tell when something happens next."""
        return self._heap[0][0] if self._heap else inf

    def at(self, time: float, action: Action) -> None:
        """Let something happen at a time, behind all that is to happen then already."""
        heappush(self._heap, (max(time, self.now), next(self._order), action))

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, action = heappop(self._heap)
        action()


@define(eq=False)
class Way:
    """Be one direction of a connection.

    Args:
      clock: the time.
      takes: gives how long the next thing travels, in seconds.
    """

    _clock: Clock
    _takes: Callable[[], float]
    dead: bool = field(default=False, init=False)
    """Whether nothing arrives any more."""
    _clear: float = field(default=0.0, init=False)
    _blocked_until: float = field(default=0.0, init=False)
    _travelling: deque[tuple[float, Action]] = field(factory=deque[tuple[float, Action]], init=False)

    def send(self, arrive: Action) -> None:
        """Let something arrive behind all that was sent before."""
        if self.dead:
            return
        due = self._clear = max(self._clock.now + self._takes(), self._clear)
        self._travelling.append((due, arrive))
        self._clock.at(due, self._pump)

    def cut(self) -> None:
        """Let nothing arrive any more, not even what is on the way."""
        self.dead = True
        self._travelling.clear()

    def delay(self, seconds: float) -> None:
        """Let nothing arrive before so many seconds have passed."""
        self._blocked_until = max(self._blocked_until, self._clock.now + seconds)

    def _pump(self) -> None:
        if self._blocked_until > self._clock.now:
            self._clock.at(self._blocked_until, self._pump)
            return
        while self._travelling and self._travelling[0][0] <= self._clock.now:
            self._travelling.popleft()[1]()

"""When the process looks for garbage that is in circles: the young often, everything hardly ever.

Python looks at the young objects once so many more were made than have gone. Where many wait, as many go as
are made, of which those that go are old: then the young become more and more, and a look at all of them has
taken 50 ms. Looks at everything, as Python has them by and by, take a third of a second with 10,000 waiting.
Yet hardly anything here is ever in a circle (nothing was, in the arrival and the matching of 10,000).

So the young are looked at ten times a second, when there are few; and everything, once there are four times
as many objects as the last look at everything has left, or have been since. What is missed until then cannot
be more than three times what is in use.
"""

import gc
import sys
from collections.abc import Callable

import trio
from attrs import define, field

_YOUNG_EVERY = 0.1
_TURNS_BETWEEN_COUNTS = 20
_GROWTH = 4
# Between two looks at the young, a burst may make many. Measured: docs/performance.md.
_MOST_YOUNG = 10_000
_NEVER = 2**31 - 1


def take_over() -> None:
    """Have Python leave alone what was imported, and look at young objects only.

    From here on somebody has to look at the others: see `run_collector`.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MOST_YOUNG, _NEVER, _NEVER)


async def run_collector() -> None:
    """Look at the young, and where it is due at everything; runs until cancelled."""
    collector = Collector(sys.getallocatedblocks, gc.collect)
    while True:
        await trio.sleep(_YOUNG_EVERY)
        collector.turn()


@define(eq=False)
class Collector:
    """Decide what is looked at.

    Args:
      count: counts the objects that are in use, garbage in circles included; takes up to a millisecond.
      collect: looks at the objects up to a generation.
    """

    _count: Callable[[], int]
    _collect: Callable[[int], object]
    _left: int = field(init=False)  # the fewest that there were since the last look at everything
    _turns: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self._count()

    def turn(self) -> None:
        """Look at the young, and now and then count; to be called several times a second."""
        self._turns += 1
        if self._turns % _TURNS_BETWEEN_COUNTS:
            self._collect(0)
            return
        now = self._count()
        if now > _GROWTH * self._left:
            self._collect(2)
            self._left = self._count()
        else:
            self._collect(0)
            self._left = min(self._left, now)

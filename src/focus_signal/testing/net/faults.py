"""What a test does to the network, by label: the verbs.

A verb takes a label, or anything that has one. It takes effect at once, and never waits. "Present" links are
those that are open; a verb for future links too holds for every link that the label opens until `heal`.
"""

from math import inf
from typing import Literal, Protocol

import msgspec
import trio

from focus_signal.errors import PlanError
from focus_signal.testing.keyed import quantized
from focus_signal.testing.net.link import SimLink, Tell
from focus_signal.testing.net.listener import SimListener
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import Address
from focus_signal.testing.net.weather import Way, Weather

Direction = Literal["both", "up", "down"]
_WAYS: dict[Direction, tuple[Way, ...]] = {
    "both": (Way.UP, Way.DOWN),
    "up": (Way.UP,),
    "down": (Way.DOWN,),
}


class Labelled(Protocol):
    """Have a label, as a simulated client has."""

    @property
    def label(self) -> str:
        """Give the label of its links."""
        ...


Who = str | Labelled


class Faults:
    """Carry out the verbs; the part of `Network` that a test turns against its links."""

    def __init__(self, options: LinkOptions, tell: Tell) -> None:
        self.options = options
        self._tell = tell
        self._weathers: dict[str, Weather] = {}
        # Those of which an end is open, in the order in which they were opened.
        self._links: dict[str, dict[int, SimLink]] = {}
        self._listeners: dict[Address, SimListener] = {}
        self._refusals: dict[str, int] = {}

    def partition(self, who: Who, seconds: float | None = None, *, direction: Direction = "both") -> None:
        """Let nothing arrive for a time, then everything in its order; present and future links.

        Who is partitioned already stays so at least for as long as was said before.

        Args:
          who: whose links.
          seconds: how long; None until `heal`.
          direction: "up" is from the client to the server.
        """
        if seconds is not None and not 0 <= seconds < inf:
            raise PlanError(f"seconds must be a finite time of 0 or more, or None, not {seconds!r}")
        until = inf if seconds is None else trio.current_time() + quantized(seconds)
        if direction not in _WAYS:
            raise PlanError(f"direction must be 'both', 'up' or 'down', not {direction!r}")
        weather, links = self._settled(who)
        for way in _WAYS[direction]:
            weather.gates[way].close_until(until)
        self._rearm(weather, links)
        lasts = "until healed" if seconds is None else f"{seconds:g} s"
        self._tell("partition", label_of(who), f"{direction} {lasts}")

    def hold(self, who: Who) -> None:
        """Let nothing arrive, either way, until `release` or `heal`; present and future links."""
        weather, links = self._settled(who)
        for gate in weather.gates.values():
            gate.hold()
        self._rearm(weather, links)
        self._tell("hold", label_of(who), "")

    def release(self, who: Who) -> None:
        """Let arrive now, in its order, what `hold` kept."""
        weather, links = self._settled(who)
        for gate in weather.gates.values():
            gate.release(trio.current_time())
        self._rearm(weather, links)
        self._tell("release", label_of(who), "")

    def reset(self, who: Who) -> None:
        """Cut the present links: each end gets a RST, behind what is on its way to it."""
        _, links = self._settled(who)
        for link in links:
            link.cut_both(trio.current_time())
        self._tell("reset", label_of(who), "")

    def half_close(self, who: Who) -> None:
        """Let the client end its sending on the present links, as with `send_eof`; it can still read."""
        _, links = self._settled(who)
        for link in links:
            link.end(link.client, trio.current_time())
        self._tell("half-close", label_of(who), "")

    def slow_reader(self, who: Who, bytes_per_second: float) -> None:
        """Let the client take its bytes in slowly, so that the window fills; present and future links.

        Args:
          who: whose links.
          bytes_per_second: the rate at most; 0 ends it.
        """
        if not 0 <= bytes_per_second < inf:
            raise PlanError(f"bytes_per_second must be a finite rate of 0 or more, not {bytes_per_second!r}")
        weather, links = self._settled(who)
        weather.read_rate = bytes_per_second
        self._adopt(weather, links)
        self._tell("slow-reader", label_of(who), f"{bytes_per_second:g} B/s")

    def latency(self, who: Who, low: float, high: float) -> None:
        """Let what is sent from now on travel from `low` to `high` seconds; present and future links."""
        self._override(who, "latency", (low, high))

    def bandwidth(self, who: Who, bytes_per_second: float) -> None:
        """Limit what is sent from now on, each way; 0 is no limit; present and future links."""
        self._override(who, "bandwidth", bytes_per_second)

    def window(self, who: Who, size: int) -> None:
        """Let each way hold so many bytes that were not read; present and future links."""
        self._override(who, "window", size)

    def chunks(self, who: Who, size: int) -> None:
        """Cut what is sent from now on into 1 to `size` bytes, 0 not at all; present and future links."""
        self._override(who, "chunk", size)

    def fin_delay(self, who: Who, seconds: float) -> None:
        """Let an end of stream that comes from now on wait before it travels; present and future links."""
        self._override(who, "fin_delay", seconds)

    def refuse(self, who: Who, times: int = 1) -> None:
        """Refuse the next connections of a label, or to a "host:port".

        Args:
          who: a label, or "host:port" in the words in which it is connected to, or with its address.
          times: how many, on top of those that are still to be refused.
        """
        if times < 1:
            raise PlanError(f"times must be at least 1, not {times!r}")
        label = label_of(who)
        self._refusals[label] = self._refusals.get(label, 0) + times
        self._tell("refuse", label, str(times))

    def heal(self) -> None:
        """End every fault: default options again, and what travels arrives within the default latency."""
        now = trio.current_time()
        self._refusals.clear()
        latest = now + quantized(self.options.latency[1])
        for listener in self._listeners.values():
            listener.hurry(latest)
        for label, weather in self._weathers.items():
            links = self._settled(label)[1]
            weather.clear(now, latest)
            for link in links:
                link.adopt_weather()
                link.hurry(now)
            self._rearm(weather, links)
        self._tell("heal", "", "")

    def _override(self, who: Who, name: str, value: object) -> None:
        weather, links = self._settled(who)
        changed = {**weather.overrides, name: value}
        msgspec.structs.replace(self.options, **changed)  # refuses what no link can be like
        weather.overrides = changed
        self._adopt(weather, links)
        self._tell(name.replace("_", "-"), label_of(who), str(value))

    def _adopt(self, weather: Weather, links: list[SimLink]) -> None:
        for link in links:
            link.adopt_weather()
        self._rearm(weather, links)

    def _settled(self, who: Who) -> tuple[Weather, list[SimLink]]:
        """Find a label's weather and present links, on which all has arrived that arrives by now."""
        label = label_of(who)
        links = list(self._links.get(label, {}).values())
        now = trio.current_time()
        for link in links:
            link.settle(now)
        return self._weather_of(label), links

    def _weather_of(self, label: str) -> Weather:
        return self._weathers.setdefault(label, Weather())

    def _rearm(self, weather: Weather, links: list[SimLink]) -> None:
        """Let everyone whom a change may concern wait for what is next now."""
        now = trio.current_time()
        weather.rearm()
        for link in links:
            link.rearm(now)
        for listener in self._listeners.values():
            listener.rearm()


def label_of(who: Who) -> str:
    """Give the label that is meant."""
    return who if isinstance(who, str) else who.label

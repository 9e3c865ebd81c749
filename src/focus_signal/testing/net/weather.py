"""What holds for every link of one label, those it has and those it will have.

A gate lets through what travels in one direction, or lets it wait. `Crossing` is for what travels outside
of any link: the handshake of a connection that is being opened.
"""

from enum import StrEnum
from math import inf

import trio
from attrs import define, field


class Way(StrEnum):
    """Say which way something travels: up to the server, or down to the client."""

    UP = "up"
    DOWN = "down"


@define(eq=False)
class Gate:
    """Let one direction's traffic arrive, from a moment on or not at all."""

    opens_at: float = -inf
    held: bool = False

    def arrival(self, due: float) -> float:
        """Tell when something arrives that would be there at `due`."""
        if self.held:
            return inf
        return max(due, self.opens_at)

    def close_until(self, moment: float) -> None:
        """Let nothing arrive before a moment, and before any other that was named."""
        self.opens_at = max(self.opens_at, moment)

    def hold(self) -> None:
        """Let nothing arrive before `release`."""
        self.held = True

    def release(self, now: float) -> None:
        """Let arrive now what was held; a partition that still lasts goes on."""
        if self.held:
            self.held = False
            self.opens_at = max(self.opens_at, now)

    def clear(self, now: float) -> None:
        """Let everything arrive, what was held at once."""
        if self.held or self.opens_at > now:
            self.held = False
            self.opens_at = now


@define(eq=False)
class Weather:
    """Hold the faults of one label.

    Args:
      overrides: the fields of `LinkOptions` that a verb has set.
      read_rate: how many bytes a second the client takes in; 0 is no limit.
    """

    overrides: dict[str, object] = field(factory=dict[str, object])
    read_rate: float = 0.0
    gates: dict[Way, Gate] = field(factory=lambda: {Way.UP: Gate(), Way.DOWN: Gate()})
    _crossings: dict[int, "Crossing"] = field(factory=dict[int, "Crossing"], init=False)
    _count: int = field(default=0, init=False)

    async def cross(self, way: Way, due: float) -> None:
        """Wait until something that would arrive at `due` has arrived."""
        gate = self.gates[way]
        self._count += 1
        number = self._count
        crossing = self._crossings[number] = Crossing(gate, due)
        try:
            await crossing.wait()
        finally:
            del self._crossings[number]

    def rearm(self) -> None:
        """Let those that cross look at their gates again."""
        for crossing in self._crossings.values():
            crossing.rearm()

    def clear(self, now: float, latest: float) -> None:
        """End every fault; what crosses arrives by `latest`."""
        self.overrides.clear()
        self.read_rate = 0.0
        for gate in self.gates.values():
            gate.clear(now)
        for crossing in self._crossings.values():
            crossing.due = min(crossing.due, latest)


@define(eq=False)
class Crossing:
    """Wait for one thing to arrive."""

    _gate: Gate
    due: float
    _scope: trio.CancelScope | None = field(default=None, init=False)

    async def wait(self) -> None:
        """Wait until it has arrived."""
        await trio.lowlevel.checkpoint()
        while (arrival := self._gate.arrival(self.due)) > trio.current_time():
            with trio.CancelScope(deadline=arrival) as self._scope:
                await trio.sleep_forever()

    def rearm(self) -> None:
        """Look at the gate again."""
        if self._scope is not None:
            self._scope.deadline = self._gate.arrival(self.due)

"""One test in every way in which the shell is simulated: on both transports, and without WebSocket."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import pytest
from attrs import frozen

from focus_signal.server.config import TransportName
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.simulated import SimulatedTest, simulate


@frozen
class Way:
    """Be one way of simulating the shell."""

    level: Level
    transport: TransportName


NATIVE = Way("full", "native")
LIBRARY = Way("full", "trio-websocket")
MESSAGE = Way("message", "native")
NAMES = {NATIVE: "native", LIBRARY: "trio-websocket", MESSAGE: "message"}


def at_every_level(seeds: int, config: RunConfig | None = None) -> Callable[[SimulatedTest], object]:
    """Make three of a test: on each transport at the full level, and one at the message level.

    Args:
      seeds: how many, in each way.
      config: every option but the transport; None draws one for each seed.
    """
    return _in_each_of((NATIVE, LIBRARY, MESSAGE), seeds, config, invariants=True)


def on_both_transports(
    seeds: int, config: RunConfig | None = None, *, invariants: bool = True
) -> Callable[[SimulatedTest], object]:
    """Make two of a test: at the full level, one on each transport.

    Args:
      seeds: how many, on each.
      config: every option but the transport; None draws one for each seed.
      invariants: whether to check them.
    """
    return _in_each_of((NATIVE, LIBRARY), seeds, config, invariants=invariants)


def _in_each_of(
    ways: Sequence[Way], seeds: int, config: RunConfig | None, *, invariants: bool
) -> Callable[[SimulatedTest], object]:
    def decorate(test: SimulatedTest) -> object:
        runs = {
            way: simulate(
                seeds, level=way.level, transport=way.transport, config=config, invariants=invariants
            )(test)
            for way in ways
        }

        def run(way: Way, **given: object) -> None:
            runs[way](**given)

        way = inspect.Parameter("way", inspect.Parameter.KEYWORD_ONLY)
        own = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in inspect.signature(runs[ways[0]]).parameters.values()
        ]
        # pytest looks here for what a test is to be given.
        run.__signature__ = inspect.Signature([way, *own])  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return pytest.mark.parametrize("way", ways, ids=NAMES.__getitem__)(run)

    return decorate

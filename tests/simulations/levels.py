"""One test at both levels that have a shell: over WebSocket, and over a transport that takes what it can."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.simulated import SimulatedTest, simulate

LEVELS: tuple[Level, ...] = ("full", "message")


def at_both_levels(seeds: int, config: RunConfig | None = None) -> Callable[[SimulatedTest], object]:
    """Make a test of what `simulate` makes of it at the full level and at the message level.

    Args:
      seeds: how many, at each level.
      config: every option; None draws one for each seed.
    """

    def decorate(test: SimulatedTest) -> object:
        runs = {level: simulate(seeds, level=level, config=config)(test) for level in LEVELS}

        def run(level: Level, **given: object) -> None:
            runs[level](**given)

        level = inspect.Parameter("level", inspect.Parameter.KEYWORD_ONLY)
        own = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in inspect.signature(runs["full"]).parameters.values()
        ]
        # pytest looks here for what a test is to be given.
        run.__signature__ = inspect.Signature([level, *own])  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return pytest.mark.parametrize("level", LEVELS)(run)

    return decorate

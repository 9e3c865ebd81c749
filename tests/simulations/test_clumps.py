"""Like relays in a row are decided as one clump; that a swarm has such clumps is seen here."""

from __future__ import annotations

from collections import Counter

import pytest

from focus_signal.core.commands import RelayClump
from focus_signal.core.effects import DeliverClump, Effect
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.testing.plan import Level
from focus_signal.testing.run import run_simulation
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import building

SEEDS = 60


def counted(decided: Counter[str]) -> Subject:
    """Make a subject of the real server that counts what becomes of each clump."""

    class Counting(Matchmaker):
        def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
            effects = super().handle_clump(clump, now)
            if isinstance(effects, DeliverClump):
                assert effects.payloads == clump.payloads
                decided["delivered"] += 1
            elif effects:
                assert len(effects) == len(clump.payloads)
                decided["refused"] += 1
            return effects

    return Subject("counted", "the real server, which counts clumps", building(Counting))


@pytest.mark.parametrize("level", ["message", "full"])
def test_clumps_are_delivered_and_refused_and_all_holds(level: Level) -> None:
    decided: Counter[str] = Counter()
    subject = counted(decided)
    for seed in range(SEEDS):
        assert run_simulation(seed=seed, level=level, subject=subject).violations == (), f"seed {seed}"
    assert decided["delivered"] >= 5
    assert decided["refused"] >= 2

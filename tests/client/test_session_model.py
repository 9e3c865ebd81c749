"""A session and a small server that follows the rules, cut anywhere: nothing lost, nothing doubled."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.client.model import GENTLE, STEPS, Step, live_through, random_history

_BOUNDS = st.sampled_from((2, 5, 1000))


@given(st.lists(st.sampled_from(GENTLE), max_size=120), _BOUNDS)
def test_cuts_lose_nothing(steps: list[Step], bound: int) -> None:
    live_through(steps, bound, gentle=True)


@given(st.lists(st.sampled_from(STEPS), max_size=120), _BOUNDS)
def test_what_is_lost_is_told_and_nothing_is_doubled(steps: list[Step], bound: int) -> None:
    live_through(steps, bound, gentle=False)


def test_the_histories_go_everywhere() -> None:
    """The two above show nothing where no history leads."""
    fates: Counter[str] = Counter()
    overflows = stretches = 0
    for seed in range(200):
        world = random_history(seed)
        fates.update(fate for each in world.fates.values() for fate in each)
        overflows += world.server.overflows
        stretches += world.server.stretch > 3
    assert min(fates[fate] for fate in ("done", "refused", "lost")) > 50
    assert overflows > 10
    assert stretches > 50

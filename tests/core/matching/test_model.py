"""Whom a ticket meets is what the rules say, whoever came, went and lost patience before."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.core.matching.enemies import many_crowds
from tests.core.matching.history import Difference, run_many
from tests.core.matching.mutants import MUTANTS

QUICK = range(2_000)
CROWD, STEPS = 7, 24
SEEN = (
    "group",
    "pair",
    "nobody",
    "alone",
    "room",
    "no room",
    "guest",
    "no guest",
    "rooms",
    "joined",
    "position",
)


def enough(met: Counter[str], each: int) -> None:
    """See that the histories have asked every kind of question, with every kind of answer."""
    assert {what: met[what] for what in SEEN if met[what] < each} == {}


def test_histories() -> None:
    enough(run_many(QUICK, CROWD, STEPS), 150)


def test_enemies() -> None:
    met = many_crowds(range(300))
    assert met["somebody"] >= 300
    assert met["nobody"] >= 300


@pytest.mark.long
def test_many_histories() -> None:
    """Among them are some of larger crowds."""
    many_crowds(range(1_000, 6_000))
    enough(run_many(range(10_000, 28_000), CROWD, 40), 1_500)
    enough(run_many(range(30_000, 32_000), 11, 60), 100)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_found(name: str) -> None:
    """All of this passes without the mistake; with it, something shows a difference, or crashes."""
    with MUTANTS[name](), pytest.raises((Difference, LookupError, ValueError, StopIteration)):
        run_many(QUICK[:200], CROWD, STEPS)
        many_crowds(range(100))
        run_many(QUICK[200:], CROWD, STEPS)


def test_there_are_mistakes_to_find() -> None:
    assert len(MUTANTS) >= 12

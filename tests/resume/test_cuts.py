"""A conversation cut anywhere goes on as if nothing had been: no message lost, doubled or out of order."""

from __future__ import annotations

import pytest

from tests.resume import tables
from tests.resume.cutting import PLACES
from tests.resume.sweep import (
    COMPANIES,
    THREE,
    TWO,
    WITH_SEED,
    Company,
    Tally,
    single_cuts,
    sweep,
    sweep_pairs,
)

TITLES = [company.title for company in COMPANIES]


def fine(tally: Tally) -> None:
    assert tally.bad == []
    runs, resumed = sum(tally.runs.values()), sum(tally.resumed.values())
    # What is left are cuts before there was a session, and those behind the last byte.
    assert resumed + sum(tally.first_again.values()) >= 0.9 * runs


@pytest.mark.parametrize("company", COMPANIES, ids=TITLES)
def test_there_are_many_places_to_cut(company: Company) -> None:
    cuts = single_cuts(company)
    assert len(cuts) > 2_000
    assert {(cut.way, place) for cut, place in cuts} == {
        (way, each) for way in ("up", "down") for each in PLACES
    }


@pytest.mark.parametrize(("company", "every"), [(TWO, 43), (WITH_SEED, 61), (THREE, 397)], ids=TITLES)
def test_some_cuts(company: Company, every: int) -> None:
    fine(sweep(company, every))


def test_some_pairs_of_cuts() -> None:
    fine(sweep_pairs(TWO, 901, 97))
    fine(sweep_pairs(WITH_SEED, 1397, 97, first=5))


@pytest.mark.long
def test_every_cut() -> None:
    tally = tables.single()
    assert sum(tally.runs.values()) > 6_000
    fine(tally)


@pytest.mark.long
def test_thousands_of_pairs_of_cuts() -> None:
    tally = tables.pairs()
    assert sum(tally.runs.values()) > 2_000
    fine(tally)

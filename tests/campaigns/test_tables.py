"""docs/simulations.md tells what the code gives: the seed's defects now, the planted bugs in the long run."""

from __future__ import annotations

import pytest

from focus_signal.testing.diagram.svg import to_svg
from focus_signal.testing.invariants.names import INVARIANTS
from scripts.simulation_tables import (
    DEFECTS,
    DOCUMENT,
    PICTURE,
    SEEDS,
    Found,
    document,
    drawn,
    runs_of_the_seed,
    seed_table,
)


@pytest.fixture(scope="module")
def found() -> dict[str, Found]:
    return runs_of_the_seed()


def test_all_seven_defects_of_the_seed_are_found(found: dict[str, Found]) -> None:
    assert set(DEFECTS) <= set(found) <= set(INVARIANTS)
    assert all(found[name].first.seed < SEEDS for name in DEFECTS)


def test_each_defect_shrinks_to_fourteen_operations_at_the_most(found: dict[str, Found]) -> None:
    rows = [line.split("|") for line in seed_table(found).splitlines()[2:]]
    left = {row[1].strip(" `"): int(row[4].split()[0]) for row in rows}
    assert set(DEFECTS) <= set(left)
    assert {name: number for name, number in left.items() if number > 14} == {}


def test_the_document_holds_the_table_of_the_seed(found: dict[str, Found]) -> None:
    assert seed_table(found) in DOCUMENT.read_text()
    assert PICTURE.read_text() == to_svg(drawn(found))


@pytest.mark.long
def test_the_document_is_what_the_code_gives(found: dict[str, Found]) -> None:
    assert DOCUMENT.read_text() == document(found)

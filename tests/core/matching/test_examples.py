"""The examples of docs/matching.md happen as they are told there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.matching.lobby import Lobby

PAGE = Path(__file__).parents[3] / "docs" / "matching.md"
TITLE = "### Example: "
HEAD = ["| what happens | what follows |", "|---|---|"]

Rows = list[tuple[str, str]]


def examples_of(page: str) -> dict[str, Rows]:
    """Read each example's table, by the example's title."""
    found: dict[str, Rows] = {}
    for part in page.split(TITLE)[1:]:
        title, *rest = part.split("\n#", 1)[0].splitlines()
        table = [line for line in rest if line.startswith("|")]
        assert table[:2] == HEAD, f"{title}: no table of what happens and what follows"
        assert title not in found, f"{title}: twice"
        rows: Rows = []
        for line in table[2:]:
            empty, what, follows, end = (cell.strip() for cell in line.split("|"))
            assert (empty, end) == ("", "")
            rows.append((what, follows))
        found[title] = rows
    return found


def happens(rows: Rows) -> Rows:
    lobby = Lobby()
    return [(what, lobby.do(what)) for what, _ in rows]


EXAMPLES = examples_of(PAGE.read_text())


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example(title: str) -> None:
    assert happens(EXAMPLES[title]) == EXAMPLES[title]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10
    assert all(len(rows) >= 3 for rows in EXAMPLES.values())
    # Every table of the page is one of them.
    assert PAGE.read_text().count(HEAD[0]) == len(EXAMPLES) == PAGE.read_text().count("|---|")


def test_an_example_that_is_wrong_is_found() -> None:
    page = PAGE.read_text()
    wrong = page.replace("ben, dee and eli meet |", "ana, dee and eli meet |")
    assert wrong != page
    rows = examples_of(wrong)["first come, first served"]
    assert happens(rows) != rows


def test_something_unheard_of_is_found() -> None:
    with pytest.raises(ValueError, match="ana sings"):
        Lobby().do("ana sings")

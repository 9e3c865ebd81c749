"""The page about browsers tells of every scenario that there is, and shows what it says it shows."""

from __future__ import annotations

import re

import pytest

from scripts.browser_table import BEGIN, END, PAGE, PICTURES, SHOWN, document_with, table_of

from .program import SCENARIOS


def test_the_page_has_all_scenarios() -> None:
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(SCENARIOS)
    for play in SCENARIOS.values():
        assert f"| {(play.__doc__ or '').strip().splitlines()[0]} |" in text


def test_the_pictures_are_there() -> None:
    shown = re.findall(r"\(browser/([a-z-]+)\.png\)", PAGE.read_text(encoding="utf-8"))
    assert shown == list(SHOWN)
    assert sorted(file.stem for file in PICTURES.glob("*.png")) == sorted(SHOWN)


def test_a_document_without_a_place() -> None:
    with pytest.raises(ValueError, match="no place"):
        document_with("nothing", "| |")


def test_a_line_of_the_table() -> None:
    line = table_of({"two": {"first_frame_ms": 412, "all_frames_ms": 1500}}).splitlines()[-1]
    assert line == "| `two` | Two pages meet. | 0.41 | 1.50 |  |"

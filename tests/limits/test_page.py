"""docs/limits.md tells what the code does: every setting with its flag, its default and its reaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from focus_signal.server.config import Config, deadlines, limits
from scripts import limits_page
from scripts.limits_page import DOCUMENT, main, readable, rewritten, table_of_deadlines, table_of_limits

PAGE = DOCUMENT.read_text()


def test_the_page_holds_the_tables() -> None:
    assert rewritten(PAGE, Config()) == PAGE, "run scripts/limits_page.py"


def test_every_setting_has_a_row() -> None:
    rows = [line.split("|")[1:4] for line in PAGE.splitlines() if line.startswith("| `")]
    names = [name.strip(" `") for name, _, _ in rows]
    assert names == [*limits(), *deadlines()]
    assert [flag.strip(" `") for _, flag, _ in rows] == [f"--{name.replace('_', '-')}" for name in names]


@pytest.mark.parametrize(
    ("setting", "value", "row"),
    [
        ("frame_bytes", 100_000, "| 100,000 bytes |"),
        ("total_outbox_bytes", 3 << 20, "| 3 MiB |"),
        ("max_connections", 12, "| 12 connections |"),
        ("rate_grace", 2.5, "| 2.5 s |"),
    ],
)
def test_another_default_makes_another_page(setting: str, value: float, row: str) -> None:
    changed: dict[str, Any] = {setting: value}
    config = evolve(Config(), **changed)
    tables = table_of_limits(config) + table_of_deadlines(config)
    [line] = [line for line in tables.splitlines() if line.startswith(f"| `{setting}` |")]
    assert row in line
    assert line not in PAGE


def test_what_was_changed_by_hand_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "limits.md"
    monkeypatch.setattr(limits_page, "DOCUMENT", page)
    page.write_text(PAGE)
    assert main(["--check"]) == 0
    page.write_text(PAGE.replace("| 256 KiB |", "| 255 KiB |", 1))
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert page.read_text() == PAGE
    page.write_text(PAGE.replace("<!-- The table of limits ends. -->", ""))
    with pytest.raises(ValueError, match="no place for the table of limits"):
        main(["--check"])


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0, "bytes", "0 bytes"),
        (1023, "bytes", "1,023 bytes"),
        (1024, "bytes a second", "1 KiB a second"),
        (1025, "bytes", "1,025 bytes"),
        (24 << 20, "bytes", "24 MiB"),
        (128, "bytes of UTF-8", "128 bytes of UTF-8"),
        (20_000, "connections", "20,000 connections"),
        (999, "messages", "999 messages"),
    ],
)
def test_numbers_that_can_be_read(value: int, unit: str, shown: str) -> None:
    assert readable(value, unit) == shown

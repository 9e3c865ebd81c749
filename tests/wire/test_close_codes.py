"""The table of close codes is one that RFC 6455 allows, and has a row for every reason that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from focus_signal.core.effects import CloseReason
from focus_signal.wire.close_codes import CLOSE_CODES, CloseCode, CloseName

ROWS = list(CLOSE_CODES.items())


def test_every_name_has_a_row_and_every_row_a_name() -> None:
    assert list(CLOSE_CODES) == list(get_args(CloseName))


def test_every_reason_of_the_core_is_in_the_table() -> None:
    reasons = get_args(CloseReason)
    assert len(reasons) >= 2
    assert set(reasons) <= set(CLOSE_CODES)


def test_no_code_has_two_meanings() -> None:
    codes = [row.code for row in CLOSE_CODES.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=list(CLOSE_CODES))
def test_a_row_can_go_onto_the_wire(name: str, row: CloseCode) -> None:
    # Section 7.4: what may be sent. 1004, 1005, 1006 and 1015 are reserved, 3000 to 3999 are registered.
    sendable = {*range(1000, 1004), *range(1007, 1015), *range(4000, 5000)}
    assert row.code in sendable
    # A control frame has 125 bytes, and two of them are the code.
    assert len(row.reason.encode()) <= 123
    assert row.reason == row.reason.strip()
    assert row.reason.isprintable()
    assert row.meaning
    assert name == name.lower()


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("user-id-missing", 1008, "Missing userId parameter."),
        ("text-only", 1003, None),
        ("too-big", 1009, None),
        ("internal-error", 1011, None),
        ("restart", 1012, None),
        ("too-slow", 4001, None),
        ("no-pong", 4002, None),
        ("replaced", 4501, None),
    ],
)
def test_codes_of_the_contract(name: CloseName, code: int, reason: str | None) -> None:
    assert CLOSE_CODES[name].code == code
    if reason is not None:
        assert CLOSE_CODES[name].reason == reason


def test_the_page_for_clients_lists_every_close() -> None:
    """All but the answer to the client's own goodbye, in order, with the reason."""
    page = (Path(__file__).parents[2] / "docs" / "seed-clients.md").read_text()
    lines = [line for line in page.splitlines() if re.match(r"\| [0-9]{4} \|", line)]
    rows = [row for row in CLOSE_CODES.values() if row.code != 1000]
    assert [line[2:6] for line in lines] == [str(row.code) for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert f"`{row.reason}`" in line


def test_only_who_was_replaced_is_told_not_to_come_back() -> None:
    """4000 to 4499 say come back, 4500 to 4999 say do not; clients go by the range."""
    terminal = {name for name, row in CLOSE_CODES.items() if row.code >= 4500}
    assert terminal == {"replaced"}

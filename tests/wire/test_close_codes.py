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
        ("id-in-use", 4004, "id-in-use"),
        ("bad-request", 4500, "bad-request"),
        ("replaced", 4501, None),
        ("not-allowed", 4502, "not-allowed"),
        ("token-ended", 4503, "token-ended"),
        ("removed", 4504, "removed"),
    ],
)
def test_codes_of_the_contract(name: CloseName, code: int, reason: str | None) -> None:
    assert CLOSE_CODES[name].code == code
    if reason is not None:
        assert CLOSE_CODES[name].reason == reason


def test_the_page_for_clients_lists_every_close() -> None:
    """All that a client of the seed's dialect can get but the answer to its own goodbye, in order."""
    page = (Path(__file__).parents[2] / "docs" / "seed-clients.md").read_text()
    lines = [line for line in page.splitlines() if re.match(r"\| [0-9]{4} \|", line)]
    rows = [row for row in CLOSE_CODES.values() if row.code != 1000 and not row.v1_only]
    assert [line[2:6] for line in lines] == [str(row.code) for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert f"`{row.reason}`" in line


def test_who_is_told_not_to_come_back() -> None:
    """4000 to 4499 say come back, 4500 to 4999 say do not; clients go by the range."""
    own = {name: row.code for name, row in CLOSE_CODES.items() if row.code >= 4000}
    assert {name for name, code in own.items() if code < 4500} == {
        "too-slow",
        "no-pong",
        "flood",
        "id-in-use",
    }
    assert {name for name, code in own.items() if code >= 4500} == {
        "bad-request",
        "replaced",
        "not-allowed",
        "token-ended",
        "removed",
    }


def test_the_rows_are_in_the_order_of_their_codes() -> None:
    codes = [row.code for row in CLOSE_CODES.values()]
    assert codes == sorted(codes)


def test_what_only_the_newer_protocol_knows_says_do_not_come_back_as_you_are() -> None:
    assert {name for name, row in CLOSE_CODES.items() if row.v1_only} == {
        "bad-request",
        "not-allowed",
        "token-ended",
        "removed",
    }

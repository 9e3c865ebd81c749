"""docs/protocol.md leaves nothing out: no message, error, close or reason; its links lead somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from focus_signal.access import session_tokens
from focus_signal.core import arrivals
from focus_signal.core.effects import ClosedReason, EndReason, LeftReason
from focus_signal.core.matchmaker import Rules
from focus_signal.server.config import Config
from focus_signal.wire.close_codes import CLOSE_CODES
from scripts.schema.closes import closes, comes_back
from scripts.schema.error_codes import ERROR_CODES, KINDS
from scripts.schema.model import structs
from tests.schema.conversations import PAGE, Gets, conversations

TEXT = PAGE.read_text()
SOURCE = PAGE.parents[1] / "src" / "focus_signal"
# Who makes errors: these calls have the code among their arguments, these names hold one.
MAKERS = ("refuse", "Refused", "Unusable", "Invalid", "Mismatch")
HOLDERS = ("code", "BAD_MESSAGE", "BAD_MATCH_SIZE", "WRONG_SENDER")
# Codes that come about where no conversation of the page goes: in the minute after a start, in a drain.
HARD_TO_PROVOKE = ("try-later", "draining")


def section(title: str) -> str:
    """Give what is under a heading of the second level."""
    found = TEXT.partition(f"\n## {title}\n")[2]
    assert found, title
    return found.partition("\n## ")[0]


@pytest.mark.parametrize(
    ("direction", "title"), [("FromClient", "What a client sends"), ("FromServer", "What the server sends")]
)
def test_every_message_has_its_reference(direction: str, title: str) -> None:
    tags = [each.__struct_config__.tag for each in structs()[direction]]
    text = section(title)
    assert re.findall(r"^#### `(.*)`$", text, re.MULTILINE) == tags
    assert re.findall(r'^```json\n{"type":"(.*?)"', text, re.MULTILINE) == tags


def test_every_field_has_its_row() -> None:
    text = section("What a client sends")
    party = text.partition("#### Party\n")[2]
    assert (
        "| `code` | string, 8 to 64 characters | always there | random, and known to the party alone |"
        in party
    )
    assert "| `seen` | integer, at least 0 | always there |" not in text.partition("#### `ping`")[0]
    matchmaking = text.partition("#### `matchmaking`")[2].partition("####")[0]
    assert "| `patience` | integer, 0 to 3,600 | `10` if absent |" in matchmaking
    assert (
        "| `avoid` | array, at most 32 items: string, at least 1 character | `[]` if absent |" in matchmaking
    )
    assert "| `party` | [party](#party) | may be absent | Name those with whom" in matchmaking


def test_every_code_of_an_error_is_told_of_and_no_other() -> None:
    """The table has the codes that the source can give, all of them, and nothing that it cannot."""
    assert set(codes_in_the_source()) == set(ERROR_CODES)
    told = re.findall(r"^\| `([a-z-]+)` \|", section("Errors"), re.MULTILINE)
    assert told == list(ERROR_CODES)


def test_a_code_that_is_new_would_be_seen() -> None:
    tree = ast.parse('self._telling.refuse(session, "bad-luck", "no luck today", retry_after=5)')
    assert list(codes_of(tree)) == ["bad-luck"]
    tree = ast.parse('code = BAD_MESSAGE if kind is None else "bad-mood"')
    assert list(codes_of(tree)) == ["bad-mood"]


def test_errors_stand_with_their_kind_and_name_messages_that_there_are() -> None:
    tags = [each.__struct_config__.tag for each in structs()["FromClient"]]
    assert [row.kind for row in ERROR_CODES.values()] == sorted(
        (row.kind for row in ERROR_CODES.values()), key=list(KINDS).index
    )
    for code, row in ERROR_CODES.items():
        assert set(row.messages) <= set(tags), code


def test_nearly_every_error_is_in_a_conversation() -> None:
    shown = {
        line.frame["code"]
        for lines in conversations(TEXT)
        for line in lines
        if isinstance(line, Gets) and line.frame["type"] == "error"
    }
    assert shown == set(ERROR_CODES) - set(HARD_TO_PROVOKE)


def test_every_close_is_told_of() -> None:
    rows = re.findall(r"^\| (\d{4}) \|", section("Closes"), re.MULTILINE)
    assert rows == [str(row.code) for row in closes()]
    assert {row.code for row in CLOSE_CODES.values()} <= {row.code for row in closes()}
    assert {1001, 1005, 1006, 1013} <= {row.code for row in closes()}


def test_who_comes_back_does_so_by_the_contract() -> None:
    back = [code for code in range(1000, 5000) if comes_back(code)]
    assert back == [1001, 1005, 1006, 1011, 1012, 1013, *range(4000, 4500)]
    for row in closes():
        assert row.comes_back == row.advice.startswith("yes"), row
        assert ("resume" in row.advice) == (row.comes_back or row.code in {4502, 4503}), row
    assert {row.code: row.advice for row in closes()}[1012] == "yes, with back-off and resume"


@pytest.mark.parametrize(
    ("reasons", "title"),
    [
        (ClosedReason, "Rooms and relay"),
        (LeftReason, "Rooms and relay"),
        (EndReason, "Matching"),
        (session_tokens.Reason, "Sessions and resume"),
    ],
)
def test_every_reason_is_told_of(reasons: object, title: str) -> None:
    for reason in get_args(reasons):
        assert f"`{reason}`" in section(title)


def test_every_why_of_the_core_is_told_of() -> None:
    source = Path(arrivals.__file__).read_text()
    whys = [*get_args(session_tokens.Reason), "wrong-user", "unknown", "superseded"]
    for why in whys[4:]:
        assert f'"{why}"' in source
    table = (
        section("Sessions and resume").partition("### Why a session is not resumed")[2].partition("###")[0]
    )
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)[1:] == whys


def test_the_numbers_are_those_of_the_settings() -> None:
    rules, config = Rules(), Config()
    text = " ".join(TEXT.split())
    life, renewal = session_tokens.TOKEN_LIFE / 60, arrivals.TOKEN_RENEWAL / 60
    for words in (
        f"for `welcome.limits.grace` seconds ({rules.seat_grace:g})",
        f"time (`within`, {rules.ready_timeout:g} s)",
        f"pong within {config.pong_timeout:g} seconds it closes with 4002",
        f"has changed (the room, its members), and every {renewal:g} minutes, half of its life of {life:g}.",
    ):
        assert words in text


def test_links_lead_somewhere() -> None:
    anchors = [slug(title) for title in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)]
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) > 5
    for link in links:
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("https://"):
            assert (PAGE.parent / link.partition("#")[0]).exists(), link


def slug(title: str) -> str:
    """Give the anchor that a heading gets."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def codes_in_the_source() -> Iterator[str]:
    for folder in ("core", "server", "wire"):
        for file in sorted((SOURCE / folder).rglob("*.py")):
            if file.name != "frames.py":  # what it refuses are frames of WebSocket, by a close
                yield from codes_of(ast.parse(file.read_text()))


def codes_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in MAKERS:
            # A mismatch begins with the names of fields, which look like codes.
            first = 3 if name_of(node.func) == "Mismatch" else 0
            yield from (text for argument in node.args[first:] for text in strings(argument))
        elif isinstance(node, ast.Assign) and name_of(node.targets[0]) in HOLDERS:
            yield from strings(node.value)


def strings(value: ast.expr) -> Iterator[str]:
    """Give the texts in an argument that can be a code."""
    if isinstance(value, ast.IfExp):
        yield from strings(value.body)
        yield from strings(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield from re.findall(r"^[a-z]+(?:-[a-z]+)*$", value.value)


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""

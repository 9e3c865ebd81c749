"""`matchSize` in every type that JSON has: what counts, and what the error says when it does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.core.commands import Connect, Invalid, RequestMatch
from focus_signal.core.effects import Deliver, Refused
from focus_signal.core.matchmaker import Matchmaker, Rules
from tests.wire.dialect import CONNECTION, LARGEST, decode, refusal_of, size_of


def asked(size: str) -> str:
    return f'{{"type":"matchmaking","matchSize":{size}}}'


def answer_to(size: str) -> Refused:
    """Return the error that the client gets in the end, whether the dialect or the matchmaker finds it."""
    command = decode(asked(size))
    if isinstance(command, Invalid):
        return Refused(command.code, command.message, command.to)
    assert isinstance(command, RequestMatch)
    matchmaker = Matchmaker(Rules(max_match_size=LARGEST), lambda: "room")
    matchmaker.handle(Connect(CONNECTION, "ada"), 0.0)
    (effect,) = matchmaker.handle(command, 0.0)
    assert isinstance(effect, Deliver)
    assert isinstance(effect.message, Refused), effect
    return effect.message


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("2", 2),
        ("16", 16),
        ("2.0", 2),
        ("2.000", 2),
        ("2e0", 2),
        ("0.2E+1", 2),
        ("20e-1", 2),
        ("2." + "0" * 5_000, 2),
        ('"1"', 1),
        ('"2"', 2),
        ('"16"', 16),
        ('"\\u0032"', 2),
        (" \t\r\n2 ", 2),
    ],
    ids=lambda value: str(value)[:20],
)
def test_numbers_and_decimal_strings_count(text: str, size: int) -> None:
    assert size_of(asked(text)) == size


# What the error shows is what came, but for a number that was read, and for what is long.
AS_IT_CAME = (
    "true",
    "false",
    "null",
    "[]",
    "[2]",
    "{}",
    '{"matchSize":2}',
    "1.5",
    "2.0000001",
    "1e-5",
    "0",
    "-1",
    "17",
    "9007199254740993",
    "1e999",
    "-1e999",
    '""',
    '"0"',
    '"-2"',
    '"+2"',
    '" 2"',
    '"2 "',
    '"2\\n"',
    '"02"',
    '"2.0"',
    '"2e0"',
    '"0x2"',
    '"two"',
    '"true"',
    '"٢"',
    '"\uff12"',
)
SHOWN_OTHERWISE = {
    "-0": "0",
    "-2.0": "-2",
    "17.0": "17",
    "1e2": "100",
    "1e-400": "0",
    '"17"': "17",
    f'"{"9" * 15}"': "9" * 15,
    f'"{"9" * 16}"': "a number beyond all sizes",
    f'"{"9" * 17}"': f'"{"9" * 17}"',
    f'"{"9" * 5_000}"': f'"{"9" * 39}...',
    "9" * 5_000: "9" * 40 + "...",
    "-" + "9" * 5_000: "-" + "9" * 39 + "...",
    f'"{"x" * 100_000}"': f'"{"x" * 39}...',
    "[" * 32 + "]" * 32: "[" * 32 + "]" * 8 + "...",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [*zip(AS_IT_CAME, AS_IT_CAME, strict=True), *SHOWN_OTHERWISE.items()],
    ids=lambda text: ascii(text[:20]),
)
def test_nothing_else_counts(text: str, shown: str) -> None:
    message = f"matchSize must be a whole number from 1 to {LARGEST}, not {shown}"
    assert answer_to(text) == Refused("bad-match-size", message)
    assert len(message) < 120


def test_absent_is_said() -> None:
    refused = refusal_of('{"type":"matchmaking"}', "bad-match-size")
    assert refused.message == f"matchSize must be a whole number from 1 to {LARGEST}, not absent"


def test_other_spellings_of_the_field_do_not_count() -> None:
    for name in ("matchsize", "match_size", "MatchSize", "size", "matchSize "):
        assert "absent" in refusal_of(f'{{"type":"matchmaking","{name}":2}}', "bad-match-size").message


@given(st.integers(1, LARGEST))
def test_a_string_and_a_number_share_a_queue(size: int) -> None:
    spellings = [str(size), f"{size}.0", f"{size}e0", f'"{size}"', f"{size * 10}e-1"]
    assert {size_of(asked(spelling)) for spelling in spellings} == {size}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_counts_when_javascript_calls_it_an_integer(number: float) -> None:
    command = decode(asked(json.dumps(number)))
    if number.is_integer() and abs(number) < 2**53:
        assert command == RequestMatch(CONNECTION, int(number))
    else:
        assert isinstance(command, Invalid)
        assert command.code == "bad-match-size"


@given(st.text(max_size=20) | st.text(alphabet="0123456789", max_size=20))
def test_a_string_counts_when_it_is_a_decimal(text: str) -> None:
    command = decode(asked(json.dumps(text)))
    is_decimal = bool(text) and all(character in "0123456789" for character in text) and text[0] != "0"
    if isinstance(command, RequestMatch):
        assert is_decimal
        assert command.size == int(text)
    else:
        assert not is_decimal or int(text) > LARGEST

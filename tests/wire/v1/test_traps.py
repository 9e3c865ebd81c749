"""What JSON can do to a server: each is an error or passes, and none is an exception."""

from __future__ import annotations

import pytest

from focus_signal.core.commands import Invalid
from tests.wire.test_seed_dialect_traps import LONE_SURROGATES, NO_UTF8, nested
from tests.wire.v1.dialect import LONGEST_MESSAGE, NESTING, bare, decode, refusal_of
from tests.wire.v1.schema import MESSAGES, fields_of, smallest, written

KINDS = list(MESSAGES)


def places() -> list[str]:
    """Write a message for each field, and some more places, with {} where a text may stand."""
    found = ['{"type":"@"}', '{"type":"cancel","@":1}', '{"type":"cancel","x":{"y":["@"]}}']
    found += ['{"type":"offer","to":"b","sdp":{"@":1}}', '{"type":"signal","to":"b","data":["@"]}']
    found += ['{"type":"matchmaking","avoid":["a","@"]}', '{"type":"matchmaking","party":{"code":"@"}}']
    for kind in KINDS:
        for name in fields_of(MESSAGES[kind]):
            found.append(written({**smallest(kind), name: '"@"'}))
    return found


PLACES = places()


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_text_is_bad_json_wherever_it_is(place: str) -> None:
    for text in LONE_SURROGATES:
        refusal_of(place.replace("@", text), "bad-json")
    for data in NO_UTF8:
        refusal_of(place.encode().replace(b"@", b"a" + data + b"b"), "bad-json")
    for control in ("\0", "\x01", "\n", "\x1f"):
        refusal_of(place.replace("@", control), "bad-json")


@pytest.mark.parametrize("place", PLACES)
def test_a_very_long_text_is_in_no_error(place: str) -> None:
    for text in ("x" * 100_000, "é" * 100_000, "\u2028" * 1_000, "\\u2028" * 1_000, "\U000e0001" * 1_000):
        command = bare(decode(place.replace("@", text)))
        if isinstance(command, Invalid):
            assert len(command.message) <= LONGEST_MESSAGE
            assert command.message.isprintable()


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_none(kind: str) -> None:
    for name in ("id", "seen", *fields_of(MESSAGES[kind])):
        for number in ("NaN", "Infinity", "-Infinity", "02", "+2", "2.", ".2", "0x2", "1e", "-", "undefined"):
            refusal_of(written({**smallest(kind), name: number}), "bad-json")


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_very_long(kind: str) -> None:
    for name, field in fields_of(MESSAGES[kind]).items():
        for number in ("9" * 5_000, "-" + "9" * 5_000, "1" * 100_000, "1." + "0" * 5_000, "1e" + "9" * 5_000):
            command = bare(decode(written({**smallest(kind), name: number})))
            # Only where anything goes.
            assert isinstance(command, Invalid) == ("type" in field or "anyOf" in field)
            assert len(getattr(command, "message", "")) <= LONGEST_MESSAGE


HOW = ("arrays", "objects", "both")
DEEP = {how: [nested(depth, how) for depth in (NESTING, NESTING + 1, 200, 1_100)] for how in HOW}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", HOW)
def test_nesting(kind: str, how: str) -> None:
    just, *deeper = DEEP[how]
    for name in (*fields_of(MESSAGES[kind]), "x"):
        taken = bare(decode(written({**smallest(kind), name: just})))
        assert "nested" not in getattr(taken, "message", "")
        for deep in deeper:
            refused = refusal_of(written({**smallest(kind), name: deep}), "bad-message")
            assert refused.message == "fields may be nested 32 deep, and these are deeper"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_that_no_stack_holds(opening: str, closing: str) -> None:
    deep = opening * 100_000 + "1" + closing * 100_000
    for name in ("data", "id", "party", "x"):
        refused = refusal_of(written({**smallest("signal"), name: deep}), "bad-message")
        assert "nested" in refused.message


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeated_type_is_a_bad_message(kind: str) -> None:
    for key in ('"type"', '"ty\\u0070e"', '"type" '):
        for other in (kind, "cancel", "x"):
            plain = written(smallest(kind))
            for frame in (f'{plain[:-1]},{key}:"{other}"}}', f'{{{key}:"{other}",{plain[1:]}'):
                refused = refusal_of(frame, "bad-message")
                assert refused.message == "type must be there once, not repeatedly"


def test_a_type_further_down_is_not_repeated() -> None:
    payload = '{"type":"offer","sdp":"v=0\\r\\n","type":"answer","ty\\u0070e":[{"type":1}]}'
    for frame in ('{"type":"offer","to":"bob","sdp":@}', '{"type":"broadcast","x":{"type":1},"data":@}'):
        assert not isinstance(bare(decode(frame.replace("@", payload))), Invalid)


@pytest.mark.parametrize(
    "frame", ["", " ", "null", "true", "5", '"offer"', "[]", "{", "{}{}", "{},", "\ufeff{}"]
)
def test_what_is_no_object_is_bad_json(frame: str) -> None:
    assert "JSON object" in refusal_of(frame, "bad-json").message

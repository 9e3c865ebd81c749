"""Every field of every message, missing and wrong in every way: the error says which, and what may be."""

from __future__ import annotations

from typing import get_args

import pytest

from focus_signal.core.commands import Invalid
from focus_signal.wire.messages.from_client import AnyFromClient
from focus_signal.wire.v1_reading import SIZES as SETTINGS_OF_SIZE
from focus_signal.wire.v1_reading import USER_IDS
from focus_signal.wire.v1_shapes import SHAPES
from tests.wire.v1.dialect import bare, decode, numbers, refusal_of
from tests.wire.v1.schema import (
    MESSAGES,
    SIZES,
    VALUES,
    Schema,
    Wrong,
    allowed,
    fields_of,
    good,
    is_user_id,
    resolved,
    smallest,
    types_of,
    written,
    wrong_values,
)

KINDS = list(MESSAGES)
# This message is refused whatever is in it.
TAKEN = [kind for kind in KINDS if kind != "renew"]


def cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def missing() -> list[tuple[str, str]]:
    """List every field that has to be there."""
    return [(kind, name) for kind in KINDS for name in smallest(kind)]


def wrong() -> list[tuple[str, str, Wrong]]:
    return [
        (kind, name, each)
        for kind in KINDS
        for name, schema in fields_of(MESSAGES[kind]).items()
        for each in wrong_values(name, schema)
    ]


WRONG = wrong()


def test_there_is_a_shape_for_every_message() -> None:
    assert len(KINDS) == len(get_args(AnyFromClient)) >= 14
    assert list(SHAPES) == KINDS


def test_the_cases_are_many() -> None:
    """A mistake in what makes them could leave most of them out, and no other test would tell."""
    assert len(WRONG) > 700
    assert {kind for kind, _, _ in WRONG} == set(KINDS)
    paths = {each.path for _, _, each in WRONG}
    assert paths >= {"id", "seen", "party.code", "party.size", "avoid[1]", "party", "avoid", *SIZES}
    assert {each.code for _, _, each in WRONG} == {"bad-message", "bad-match-size", "wrong-sender"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_message_is_taken(kind: str) -> None:
    command = bare(decode(written(smallest(kind))))
    assert isinstance(command, Invalid) == (kind not in TAKEN)
    if isinstance(command, Invalid):
        assert command.code == "not-allowed"


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_that_may_be_there_is_taken(kind: str) -> None:
    for name, schema in fields_of(MESSAGES[kind]).items():
        if name in {"minSize", "maxSize"} and kind == "matchmaking":
            continue  # not beside matchSize
        command = bare(decode(written({**smallest(kind), name: good(name, schema)})))
        assert isinstance(command, Invalid) == (kind not in TAKEN), name
        if isinstance(command, Invalid):
            assert command.code == "not-allowed"


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_fields_are_ignored(kind: str) -> None:
    plain = smallest(kind)
    known = decode(written(plain))
    for value in VALUES.values():
        for name in ("x", "Type", "ID", "from_", "match_size", "", "\\u0000"):
            assert decode(written({name: value, **plain})) == known
            assert decode(written({**plain, name: value})) == known


@pytest.mark.parametrize(("kind", "name"), missing())
def test_a_field_that_must_be_there(kind: str, name: str) -> None:
    fields = smallest(kind)
    del fields[name]
    if name == "type":
        refused = refusal_of(written(fields), "bad-message")
        assert refused.message == f"type must be one of {', '.join(KINDS)}, not absent"
        return
    code, says = allowed(name, fields_of(MESSAGES[kind])[name])
    refused = refusal_of(written(fields), code)
    assert refused.message == f"{name} must be {says}, not absent"
    assert refused.to == ("bob" if "to" in fields else None)


def case_of(case: tuple[str, str, Wrong]) -> str:
    kind, _, each = case
    return f"{kind} {each.path} {ascii(each.came[:24])[1:-1]}"


def frame_with(kind: str, name: str, each: Wrong) -> str:
    """Write a message in which a single thing is wrong."""
    fields = {**smallest(kind), "id": "3", "seen": "4", name: each.value}
    if kind == "matchmaking" and name in {"minSize", "maxSize"}:
        fields |= {"minSize": "2", "maxSize": "2", name: each.value}
        del fields["matchSize"]
    return written(fields)


def text_of(each: Wrong) -> str:
    """Tell what the error says."""
    return f"{each.path} must be {each.allowed}, not {cut(each.came)}"


@pytest.mark.parametrize("case", WRONG, ids=case_of)
def test_a_wrong_value(case: tuple[str, str, Wrong]) -> None:
    kind, name, each = case
    frame = frame_with(kind, name, each)
    refused = refusal_of(frame, each.code)
    assert refused.message == text_of(each)
    # Whose it is can still be told, unless that is what is wrong.
    assert numbers(decode(frame)) == (None if name == "id" else 3, None if name == "seen" else 4)
    assert refused.to == ("bob" if "to" in smallest(kind) and name != "to" else None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["id", "seen"])
def test_numbers_of_a_frame_are_taken_up_to_the_largest(kind: str, name: str) -> None:
    schema = fields_of(MESSAGES[kind])[name]
    for number in (schema["minimum"], schema["maximum"]):
        fields = {**smallest(kind), name: str(number)}
        command = decode(written(fields))
        assert numbers(command)[("id", "seen").index(name)] == number


def user_ids(path: str, schema: Schema) -> list[str]:
    if types_of(schema) == {"array"}:
        return user_ids(f"{path}[]", resolved(schema["items"]))
    return [path] if is_user_id(schema) else []


def test_what_the_settings_bound_is_what_the_schema_calls_so() -> None:
    """A field with a user id, or a size, that is added to the schema has to be added to the reader, too."""
    all_fields = [(name, field) for schema in MESSAGES.values() for name, field in fields_of(schema).items()]
    found = {path for name, field in all_fields for path in user_ids(name, field)}
    assert found == set(USER_IDS)
    assert {name for name, _ in all_fields if name.endswith("Size")} == set(SETTINGS_OF_SIZE) == set(SIZES)

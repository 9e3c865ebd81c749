"""schema/focus-signal.v1.schema.json is a JSON Schema, and takes what the structs of the schema take.

The library `jsonschema` judges the one, msgspec the other.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from focus_signal.core.commands import Invalid, Numbered
from focus_signal.wire.messages.from_client import AnyFromClient
from focus_signal.wire.messages.from_server import AnyFromServer
from focus_signal.wire.v1 import V1Dialect
from scripts.schema.beyond import BEYOND
from scripts.schema.examples import FROM_CLIENT, FROM_SERVER
from scripts.schema.model import structs
from tests.schema.stage import SETTINGS
from tests.schema.strictly import complaints, is_valid, schema

EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    *(("FromClient", json.loads(text)) for text in FROM_CLIENT.values()),
    *(("FromServer", json.loads(text)) for text in FROM_SERVER.values()),
]
IDS = [f"{direction}-{example['type']}" for direction, example in EXAMPLES]
SERVERS_OWN = ("bad-match-size",)
_UNIONS: dict[str, Any] = {"FromClient": AnyFromClient, "FromServer": AnyFromServer}


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_reference_leads_somewhere() -> None:
    there = {f"#/$defs/{name}" for name in schema()["$defs"]}
    assert set(references(schema())) <= there
    # And nothing is there that nobody needs.
    assert there == set(references(schema()))


def test_every_message_is_in_it_once() -> None:
    for direction, types in structs().items():
        tags = [each.__struct_config__.tag for each in types]
        named = [entry["$ref"].removeprefix("#/$defs/") for entry in schema()["$defs"][direction]["oneOf"]]
        assert [schema()["$defs"][name]["properties"]["type"] for name in named] == [
            {"const": tag} for tag in tags
        ]
        assert len(set(tags)) == len(tags)


def test_every_field_of_a_message_is_described() -> None:
    """But for those whose name and type say it all."""
    plain = {"roomId", "id", "proposal", "size", "pool", "from", "token", "reason", "iceExpiresIn"}
    for name, definition in schema()["$defs"].items():
        for field, inner in definition.get("properties", {}).items():
            described = "description" in inner or "$ref" in inner or "const" in inner or field in plain
            assert described, f"{name}.{field}"


@pytest.mark.parametrize(("direction", "example"), EXAMPLES, ids=IDS)
def test_an_example_of_each_message_is_right(direction: str, example: dict[str, Any]) -> None:
    assert complaints(direction, example, known_only=True) == []


@pytest.mark.parametrize(("direction", "example"), EXAMPLES, ids=IDS)
def test_unknown_fields_are_ignored(direction: str, example: dict[str, Any]) -> None:
    more = example | {"ofTomorrow": {"any": ["thing"]}}
    assert is_valid(direction, more)
    assert complaints(direction, more, known_only=True) != []


@pytest.mark.parametrize(("direction", "example"), EXAMPLES, ids=IDS)
def test_it_takes_what_the_structs_take(direction: str, example: dict[str, Any]) -> None:
    """Each field missing, of each type, at the ends of its range: both agree."""
    tag = example["type"]
    agreed = refused = 0
    for changed in variants(example):
        by_structs = is_decoded(direction, changed)
        by_schema = is_valid(direction, changed)
        if by_structs and not by_schema:
            assert tag in BEYOND, changed
        else:
            assert by_schema == by_structs, (changed, complaints(direction, changed))
            agreed += 1
            refused += not by_schema
    fields = len(example) - 1
    assert agreed > 5 * fields
    assert refused > fields


def test_what_is_beyond_types_the_dialect_refuses_too() -> None:
    """And what the schema takes of these messages, the dialect takes."""
    dialect = V1Dialect(SETTINGS, lambda _: "")
    refused = taken = 0
    for tag in BEYOND:
        for changed in [*variants(json.loads(FROM_CLIENT[tag])), *combinations(tag)]:
            if not is_decoded("FromClient", changed):
                continue
            command = dialect.decode(json.dumps(changed).encode(), 1, "ana")
            request = command.request if isinstance(command, Numbered) else command
            if not is_valid("FromClient", changed):
                assert isinstance(request, Invalid), changed
                refused += 1
            else:
                # Sizes that this server has no rooms for are no business of the schema's.
                assert not isinstance(request, Invalid) or request.code in SERVERS_OWN, changed
                taken += 1
    assert refused > 20
    assert taken > 20


def combinations(tag: str) -> Iterator[dict[str, Any]]:
    """Give messages with each choice of the fields that belong together."""
    choices = {"matchSize": 2, "minSize": 2, "maxSize": 3, "readyCheck": True, "backfill": True}
    names = list(choices)
    for bits in range(1 << len(names)):
        chosen = {name: choices[name] for at, name in enumerate(names) if bits >> at & 1}
        yield {"type": tag, "seen": 1} | chosen
    yield {"type": tag, "seen": 1, "matchSize": 2, "readyCheck": True, "backfill": False}


def variants(value: Any) -> Iterator[Any]:
    """Give a value with one thing changed, for every part and every change that may matter."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: each for key, each in value.items() if key != name}
            if name != "type":  # another type is another message
                yield from (value | {name: changed} for changed in variants(inner))
        return
    if isinstance(value, list):
        yield from ([*value, each] for each in (1, "", "x", None))
        yield ["x"] * 32
        yield ["x"] * 33
    yield from copy.deepcopy(
        [
            None,
            True,
            0,
            -1,
            1,
            2,
            16,
            2**53 - 1,
            2**53,
            0.5,
            "",
            "x",
            "x" * 8,
            "x" * 64,
            "x" * 65,
            [],
            {},
            [1],
        ]
    )
    yield from ("x" * 128, "x" * 129, 3600, 3601, 86_400, 86_401)


def is_decoded(direction: str, value: object) -> bool:
    try:
        msgspec.json.decode(json.dumps(value), type=_UNIONS[direction])
    except msgspec.ValidationError:
        return False
    return True


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)

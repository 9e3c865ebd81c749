"""schema/asyncapi.yaml is an AsyncAPI 3.0 document, and says of each message what the schema says.

AsyncAPI's own schema judges it where npm has brought that; what matters most is looked at here in any case.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from scripts.schema.asyncapi import document
from scripts.schema.model import structs
from scripts.schema.yaml_text import yaml_text
from tests.schema.installed import require_npm
from tests.schema.strictly import ROOT, schema

TEXT = (ROOT / "schema" / "asyncapi.yaml").read_text()
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)


def test_the_yaml_holds_the_document() -> None:
    assert document() == DOCUMENT


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1, "b": [1, [2, {"c": None}], {}, []], "d": {"e": {}}, "f": True, "g": False},
        {"no": 1, "null": 2, "1": 3, "a b": 4, "$ref": "#/x", "a.b-c": 5, "Yes": 6, "": 7},
        {"text": ["no", "1", "a: b", "- a", "# a", "'\"\\", "ä…😀", "a\nb", " a ", "", "~", "1e3", "|"]},
        {"list": [{"a": {"b": 1}, "c": [{"d": 1}]}, [], [[]], {}]},
    ],
)
def test_yaml_that_is_read_as_it_was_meant(value: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_text(value)) == value


def test_asyncapis_own_schema_finds_nothing_wrong() -> None:
    validator = official()
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["asyncapi"], "4.0.0"),
        (["info", "version"], 1),
        (["channels", "signal", "messages"], []),
        (["operations", "fromClient", "action"], "listen"),
        (["components", "schemas", "FromClient.Ping", "required"], "seen"),
        (["components", "messages", "FromClient.Ping", "examples"], {}),
    ],
)
def test_asyncapis_own_schema_finds_what_is_wrong(path: list[str], value: object) -> None:
    wrong = copy.deepcopy(DOCUMENT)
    part = wrong
    for name in path[:-1]:
        part = part[name]
    assert path[-1] in part
    part[path[-1]] = value
    assert list(official().iter_errors(wrong)) != []


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 100
    for reference in found:
        part: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def test_every_message_is_in_its_operation() -> None:
    for direction, operation, action in (
        ("FromClient", "fromClient", "receive"),
        ("FromServer", "fromServer", "send"),
    ):
        told = DOCUMENT["operations"][operation]
        assert told["action"] == action
        names = [entry["$ref"].rsplit("/", 1)[1] for entry in told["messages"]]
        assert names == [f"{direction}.{each.__name__}" for each in structs()[direction]]
        assert set(names) <= set(DOCUMENT["channels"]["signal"]["messages"])


def test_the_schemas_are_those_of_the_json_schema() -> None:
    moved = json.loads(
        json.dumps(DOCUMENT["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/")
    )
    both = {name: each for name, each in schema()["$defs"].items() if "." in name}
    assert moved == both


def official() -> Draft7Validator:
    """Make a validator of AsyncAPI's own schema; skip the test without it."""
    return Draft7Validator(json.loads(require_npm("@asyncapi/specs/schemas/3.0.0.json").read_text()))


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)

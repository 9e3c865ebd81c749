"""Good and bad values for every field of every message, made of the JSON Schema of what a client sends.

The dialect does not use the JSON Schema, so it is an opinion of its own on what is allowed. A new message, or
a new field, is tested because it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
from attrs import frozen

from focus_signal.wire.messages.from_client import AnyFromClient
from tests.wire.v1.dialect import LARGEST, USER_BYTES

Schema = dict[str, Any]

_ROOTS, _DEFINITIONS = msgspec.json.schema_components(get_args(AnyFromClient))
SIZES = ("matchSize", "minSize", "maxSize")
# Fields about which the dialect knows more than the schema.
_SETTINGS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(SIZES, ("bad-match-size", f"a whole number from 1 to {LARGEST}")),
    "from": ("wrong-sender", "absent or your own user id"),
}
_USER_ID = f"a user id of 1 to {USER_BYTES} bytes of UTF-8 without control characters"
# One value of each type that JSON has.
VALUES: dict[str, str] = {
    "null": "null",
    "boolean": "true",
    "integer": "7",
    "number": "7.5",
    "string": '"seven"',
    "array": "[7]",
    "object": '{"seven":7}',
}


def resolved(schema: Schema) -> Schema:
    """Follow a reference."""
    reference = schema.get("$ref")
    return schema if reference is None else _DEFINITIONS[str(reference).rsplit("/", 1)[1]]


def _of_type(schema: Schema) -> tuple[str, Schema]:
    whole = resolved(schema)
    return str(whole["properties"]["type"]["enum"][0]), whole


MESSAGES: dict[str, Schema] = dict(map(_of_type, _ROOTS))
"""The schema of every message, by its type."""


def fields_of(schema: Schema) -> dict[str, Schema]:
    """Give the fields of an object, but for the type."""
    return {name: resolved(field) for name, field in schema["properties"].items() if name != "type"}


def types_of(schema: Schema) -> set[str]:
    """Tell which types of JSON a value may have; a whole number is no other number."""
    if "anyOf" in schema:
        return {name for one in schema["anyOf"] for name in types_of(one)}
    return {str(schema["type"])} if "type" in schema else set(VALUES)


# A good value for what rules besides the schema say something about.
_GOOD = {"to": '"bob"', "from": '"ada"', **dict.fromkeys(SIZES, "2")}


def good(name: str, schema: Schema) -> str:
    """Write a value that is allowed."""
    return _GOOD.get(name) or _good(schema)


def _good(schema: Schema) -> str:
    kinds = types_of(schema)
    if len(kinds) > 1:
        return '"any"'
    match kinds.pop():
        case "integer":
            return str(schema["minimum"])
        case "string":
            return f'"{"x" * max(1, schema.get("minLength", 1))}"'
        case "boolean":
            return "false"
        case "array":
            return f"[{_good(resolved(schema['items']))}]"
        case "object":
            return written({name: good(name, field) for name, field in fields_of(schema).items()})
        case kind:
            raise AssertionError(f"nothing here writes a {kind}")


def written(fields: dict[str, str]) -> str:
    """Write an object."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def smallest(kind: str) -> dict[str, str]:
    """Give the fields that a message must have, its type among them."""
    schema = MESSAGES[kind]
    fields = {"type": f'"{kind}"'}
    for name, field in fields_of(schema).items():
        if name in schema["required"]:
            fields[name] = good(name, field)
    # What no schema says.
    fields |= {"matchmaking": {"matchSize": "2"}, "ping": {"seen": "0"}}.get(kind, {})
    return fields


def allowed(path: str, schema: Schema) -> tuple[str, str]:
    """Give the code that a wrong value gets, and what its error says is allowed."""
    if path in _SETTINGS:
        return _SETTINGS[path]
    return "bad-message", _USER_ID if is_user_id(schema) else _allowed(schema)


def is_user_id(schema: Schema) -> bool:
    """Tell whether a field holds the user id of somebody else, as its description says."""
    return types_of(schema) == {"string"} and "user id" in schema.get("description", "")


def _allowed(schema: Schema) -> str:
    kinds = types_of(schema)
    if len(kinds) > 1:
        return "any JSON"
    match kinds.pop():
        case "integer":
            return f"a whole number from {schema['minimum']} to {schema['maximum']}"
        case "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength")
            if most is None:
                return f"text of at least {least} characters" if least else "text"
            return f"text of {least} to {most} characters" if least else f"text of at most {most} characters"
        case "boolean":
            return "true or false"
        case "array":
            return f"an array of at most {schema['maxItems']}"
        case kind:
            return f"an {kind}"


@frozen
class Wrong:
    """Be a value that is wrong.

    Args:
      path: the field, as an error names it.
      value: the value of the outermost field.
      came: what is wrong, as it was written.
      code: that of the error.
      allowed: what the error says is allowed.
    """

    path: str
    value: str
    came: str
    code: str
    allowed: str


def wrong_values(path: str, schema: Schema) -> Iterator[Wrong]:
    """Make every kind of wrong value for a field."""
    code, says = allowed(path, schema)
    kinds = types_of(schema)
    bad = [value for kind, value in VALUES.items() if kind not in kinds]
    if kinds == {"integer"}:
        bad += ["7.0", "-0.5", "1e999", "7e0", "9" * 30, "9" * 5000, "-1"]
        bad += [str(schema["minimum"] - 1), str(schema["maximum"] + 1), str(-schema["maximum"] - 1)]
    if schema.get("minLength", 0) > 0:
        bad.append(f'"{"x" * (schema["minLength"] - 1)}"')
    if "maxLength" in schema:
        bad += [f'"{"x" * (schema["maxLength"] + 1)}"', f'"{"é" * (schema["maxLength"] + 1)}"']
    if is_user_id(schema):
        bad += [f'"{"é" * 64}x"', '"b\\u0000b"', '"\\n"', '"\\u007f"', '"\\u009f"']
    if kinds == {"array"}:
        item = good("", resolved(schema["items"]))
        bad.append(f"[{','.join([item] * (schema['maxItems'] + 1))}]")
        for wrong in wrong_values(f"{path}[1]", resolved(schema["items"])):
            yield Wrong(wrong.path, f"[{item},{wrong.value},{item}]", wrong.came, wrong.code, wrong.allowed)
    if kinds == {"object"}:
        yield from _wrong_members(path, schema)
    for value in bad:
        yield Wrong(path, value, value, code, says)


def _wrong_members(path: str, schema: Schema) -> Iterator[Wrong]:
    fields = fields_of(schema)
    whole = {name: good(name, field) for name, field in fields.items()}
    for name, field in fields.items():
        for wrong in wrong_values(f"{path}.{name}", field):
            value = written({**whole, name: wrong.value})
            yield Wrong(wrong.path, value, wrong.came, wrong.code, wrong.allowed)
        if name in schema["required"]:
            code, says = allowed(f"{path}.{name}", field)
            value = written({other: each for other, each in whole.items() if other != name})
            yield Wrong(f"{path}.{name}", value, "absent", code, says)

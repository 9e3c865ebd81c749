"""The messages of the protocol as every writer here sees them: read from the structs of `wire.messages`.

The base is the JSON Schema that msgspec makes of a struct: names on the wire, types, ranges, descriptions and
defaults. To it comes what `beyond` knows and no type says.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any, get_args

import msgspec
from attrs import frozen
from msgspec import Struct

from focus_signal.wire.messages import from_client, from_server
from scripts.schema.beyond import BEYOND

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

LARGEST = from_client.LARGEST


@frozen
class Shape:
    """Be one object on the wire: a message, or a part of messages.

    Args:
      name: the struct's name, in TypeScript the type's.
      tag: the `type` of a message; None for a part.
      text: what it is for, as its docstring has it.
      note: what holds besides and no type says; "" if nothing.
      schema: its JSON Schema.
      is_heir: whether it has the fields that are common to the messages of its direction.
    """

    name: str
    tag: str | None
    text: str
    note: str
    schema: Schema
    is_heir: bool

    @property
    def fields(self) -> dict[str, Schema]:
        """Give the schema of each field by its name on the wire, `type` aside."""
        return {name: each for name, each in self.schema["properties"].items() if name != "type"}

    @property
    def required_beyond(self) -> tuple[str, ...]:
        """Give the fields that must be there although their type lets them be absent."""
        beyond = BEYOND.get(self.tag or "")
        return () if beyond is None else beyond.required

    def is_required(self, field: str) -> bool:
        """Tell whether a field must be there."""
        return field in self.schema["required"]


@frozen
class Direction:
    """Be all that goes one way.

    Args:
      name: `FromClient` or `FromServer`.
      messages: the messages, in the order of the schema.
      parts: the objects within them.
      common: the fields that all messages have, or all but a few.
    """

    name: str
    messages: tuple[Shape, ...]
    parts: tuple[Shape, ...]
    common: tuple[str, ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Give the messages, then the parts."""
        return self.messages + self.parts

    def own_fields(self, shape: Shape) -> list[str]:
        """Give the names of the fields that a shape has besides those that are common."""
        return [name for name in shape.fields if not (shape.is_heir and name in self.common)]


def directions(prefix: str) -> tuple[Direction, Direction]:
    """Read the schema: what a client sends, and what it gets.

    Args:
      prefix: what stands before `FromClient.Offer` in a reference to that shape.
    """
    return (
        _direction("FromClient", from_client.FromClient, prefix),
        _direction("FromServer", from_server.FromServerNumbered, prefix),
    )


def structs() -> dict[str, tuple[type[Struct], ...]]:
    """Give the structs of the messages by direction."""
    return {
        "FromClient": get_args(from_client.AnyFromClient),
        "FromServer": get_args(from_server.AnyFromServer),
    }


def referred(schema: Schema) -> str | None:
    """Give the name of the part that a schema refers to, without its direction; None if to none."""
    reference = schema.get("$ref")
    return None if reference is None else str(reference).rsplit(".", 1)[1]


def _direction(name: str, base: type[Struct], prefix: str) -> Direction:
    types = structs()[name]
    components = msgspec.json.schema_components(types, ref_template=f"{prefix}{name}.{{name}}")[1]
    tags = {each.__name__: each.__struct_config__.tag for each in types}
    heirs = [each.__name__ for each in types if issubclass(each, base)]
    shapes = [_shape(key, tags.get(key), schema, is_heir=key in heirs) for key, schema in components.items()]
    return Direction(
        name,
        tuple(shape for shape in shapes if shape.tag is not None),
        tuple(shape for shape in shapes if shape.tag is None),
        base.__struct_encode_fields__,
    )


def _shape(name: str, tag: str | int | None, made: Schema, *, is_heir: bool) -> Shape:
    assert tag is None or isinstance(tag, str)
    schema: Schema = json.loads(json.dumps(made))  # a default may be a tuple
    text = re.sub(r"\s+", " ", schema.pop("description"))
    schema["title"] = tag or name
    schema["description"] = text
    note = ""
    if tag is not None:
        schema["properties"]["type"] = {"const": tag}
        beyond = BEYOND.get(tag)
        if beyond is not None:
            note = beyond.note
            schema["description"] = f"{text} {note}".strip()
            schema["required"] = [
                *schema["required"],
                *(field for field in beyond.required if field not in schema["required"]),
            ]
            schema |= copy.deepcopy(beyond.conditions)
    return Shape(name, tag, text, note, schema, is_heir)

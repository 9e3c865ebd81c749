"""The protocol as TypeScript types: a union for each direction, told apart by `type`, with all comments."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator

from scripts.schema.error_codes import ERROR_CODES
from scripts.schema.model import Direction, Schema, Shape, directions, referred
from scripts.schema.words import range_of

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_WIDTH = 110
_HEAD = """\
// The messages of the WebSocket subprotocol focus-signal.v1. Made from src/focus_signal/wire/messages.
//
//     const message: FromServer = JSON.parse(event.data);
//     switch (message.type) { case "room-found": ... }
//
// Ignore fields and types that are not here: a later server may send more.
"""
_PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def text() -> str:
    """Give the file."""
    unions = ("\n".join(_direction(each)) for each in directions("#/"))
    return "\n".join([_HEAD, *unions, _error_codes()])


def _direction(direction: Direction) -> Iterator[str]:
    what = "a client sends" if direction.name == "FromClient" else "a client gets"
    yield f"/** Any message that {what}. */"
    yield f"export type {direction.name} ="
    members = [f"  | {direction.name}.{message.name}" for message in direction.messages]
    yield "\n".join(members) + ";"
    yield ""
    yield f"export namespace {direction.name} {{"
    heir = next(shape for shape in direction.messages if shape.is_heir)
    yield "  /** The fields that nearly all of them have. */"
    yield "  export interface Common {"
    yield from (f"    {line}" for name in direction.common for line in _field(heir, name))
    yield "  }"
    for shape in direction.shapes:
        yield ""
        yield from (f"  {line}" for line in _interface(direction, shape))
    yield "}"
    yield ""


def _interface(direction: Direction, shape: Shape) -> Iterator[str]:
    yield from _comment(f"{shape.text} {shape.note}".strip())
    yield f"export interface {shape.name} {'extends Common ' if shape.is_heir else ''}{{"
    if shape.tag is not None:
        yield f"  type: {json.dumps(shape.tag)};"
    own = direction.own_fields(shape)
    for name in shape.fields:
        # A common field that is required in this one alone is told once more.
        if name in own or (name in shape.required_beyond):
            yield from (f"  {line}" for line in _field(shape, name))
    yield "}"


def _field(shape: Shape, name: str) -> Iterator[str]:
    field = shape.fields[name]
    yield from _comment(". ".join(filter(None, [_sentence(field.get("description", "")), _bounds(field)])))
    yield f"{_property(name)}{'' if shape.is_required(name) else '?'}: {_type(field)};"


def _bounds(field: Schema) -> str:
    bounds = [_sentence(range_of(field))] if range_of(field) else []
    if "default" in field:
        bounds.append(f"Default: {json.dumps(field['default'])}")
    return ". ".join(bounds)


def _type(field: Schema) -> str:
    part = referred(field)
    if part is not None:
        return part
    if "enum" in field:
        return " | ".join(json.dumps(each) for each in field["enum"])
    if "anyOf" in field:
        return " | ".join(_type(each) for each in field["anyOf"])
    kind = field.get("type")
    if kind is None:
        return "unknown"
    if kind == "array":
        return f"{_type(field.get('items', {}))}[]"
    return "null" if kind == "null" else _PRIMITIVES[kind]


def _error_codes() -> str:
    lines = [
        "/** The codes of `FromServer.Error` that there are; a later server may have more. */",
        "export type ErrorCode =",
    ]
    return "\n".join([*lines, "\n".join(f"  | {json.dumps(each)}" for each in ERROR_CODES) + ";", ""])


def _comment(told: str) -> Iterator[str]:
    if not told:
        return
    told = told.replace("*/", "* /")
    if len(told) <= _WIDTH - 10:
        yield f"/** {told} */"
    else:
        yield "/**"
        yield from (f" * {line}" for line in textwrap.wrap(told, _WIDTH - 7))
        yield " */"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _property(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name)

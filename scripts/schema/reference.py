"""The parts of docs/protocol.md that are made: every message, every error, every close.

What stands around them is written by hand and stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.schema.closes import closes
from scripts.schema.error_codes import ERROR_CODES, KINDS
from scripts.schema.examples import example_text
from scripts.schema.model import Direction, Schema, Shape, directions, referred
from scripts.schema.words import range_of

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def messages_of(direction: Direction) -> str:
    """Give the reference of every message that goes one way."""
    heir = next(each for each in direction.messages if each.is_heir)
    who = "a client" if direction.name == "FromClient" else "the server"
    but = "" if direction.name == "FromClient" else ", but for `welcome` and `pong`"
    sections = [
        f"Every message of {who} has `type`, and{but}:\n\n{_fields(direction, heir, direction.common)}",
        *(_message(direction, each) for each in direction.messages),
        *(_part(direction, each) for each in direction.parts),
    ]
    return "\n\n".join(sections)


def table_of_errors() -> str:
    """Give every code of an error, by what a client does about it."""
    sections = []
    for kind, told in KINDS.items():
        rows = [
            (f"`{code}`", row.meaning, _types(row.messages), row.next)
            for code, row in ERROR_CODES.items()
            if row.kind == kind
        ]
        sections.append(
            f"**{told}**\n\n{_table(('code', 'what is the case', 'which messages', 'next'), rows)}"
        )
    return "\n\n".join(sections)


def table_of_closes() -> str:
    """Give every close code, and whether to come back."""
    rows = [
        (str(row.code), f"`{row.reason}`" if row.reason else "", row.meaning, row.advice) for row in closes()
    ]
    return _table(("code", "reason", "what has happened", "come back?"), rows)


def rewritten(document: str) -> str:
    """Put what is made where the document has a place for it; raises `ValueError` where it has none."""
    from_the_client, from_the_server = directions("#/")
    made: dict[str, Callable[[], str]] = {
        "messages of a client": lambda: messages_of(from_the_client),
        "messages of the server": lambda: messages_of(from_the_server),
        "table of errors": table_of_errors,
        "table of closes": table_of_closes,
    }
    for name, make in made.items():
        begin, end = f"<!-- The {name} begins: made by make schema. -->\n", f"<!-- The {name} ends. -->"
        before, found, rest = document.partition(begin)
        _, closed, behind = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the document has no place for the {name}")
        document = f"{before}{begin}\n{make()}\n\n{end}{behind}"
    return document


def text() -> str:
    """Give the document as it should be."""
    return rewritten(DOCUMENT.read_text())


def _message(direction: Direction, message: Shape) -> str:
    own = direction.own_fields(message)
    return "\n\n".join(
        filter(
            None,
            [
                f"#### `{message.tag}`",
                f"{message.text} {message.note}".strip(),
                _fields(direction, message, own) if own else "",
                f"```json\n{example_text(direction.name, message)}\n```",
            ],
        )
    )


def _part(direction: Direction, part: Shape) -> str:
    return f"#### {_title(part.name)}\n\n{part.text}\n\n{_fields(direction, part, list(part.fields))}"


def _fields(direction: Direction, shape: Shape, names: Sequence[str]) -> str:
    rows = [
        (
            f"`{name}`",
            _type(shape.fields[name]),
            _presence(shape, name),
            _told(direction, shape.fields[name]),
        )
        for name in names
    ]
    return _table(("field", "type", "", "what it is"), rows)


def _told(direction: Direction, field: Schema) -> str:
    """Say what a field is for; one that is an object without words of its own says what the object is."""
    told: str = field.get("description", "")
    if not told:
        told = next((part.text for part in direction.parts if part.name == referred(field)), "")
    return told


def _presence(shape: Shape, name: str) -> str:
    field = shape.fields[name]
    if shape.is_required(name):
        return "always there"
    return f"`{json.dumps(field['default'])}` if absent" if "default" in field else "may be absent"


def _type(field: Schema) -> str:
    part = referred(field)
    if part is not None:
        return f"[{_title(part).lower()}](#{_title(part).lower()})"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(each)}`" for each in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    kind = field.get("type", "any JSON")
    bounds = range_of(field)
    if kind == "array":
        inner = _type(field["items"]) if "items" in field else "any JSON"
        return f"array, {bounds}: {inner}" if bounds else f"array: {inner}"
    return f"{kind}, {bounds}" if bounds else kind


def _title(name: str) -> str:
    return name.removesuffix("Fields")


def _types(messages: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in messages) if messages else "any"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

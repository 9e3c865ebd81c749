"""The protocol as a JSON Schema 2020-12: `#/$defs/FromClient` is what clients send, `FromServer` the rest."""

from __future__ import annotations

import json

from scripts.schema.model import Schema, directions

PREFIX = "#/$defs/"


def schema() -> Schema:
    """Give the whole schema."""
    both = directions(PREFIX)
    any_of_each = {
        each.name: {"oneOf": [{"$ref": f"{PREFIX}{each.name}.{message.name}"} for message in each.messages]}
        for each in both
    }
    shapes = {f"{each.name}.{shape.name}": shape.schema for each in both for shape in each.shapes}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:focus-signal:v1",
        "title": "focus-signal.v1",
        "description": "The messages of the WebSocket subprotocol focus-signal.v1. Both sides ignore fields "
        "that they do not know, clients also types that they do not know: what comes anew is no mistake.",
        "anyOf": [{"$ref": f"{PREFIX}{each.name}"} for each in both],
        "$defs": any_of_each | shapes,
    }


def text() -> str:
    """Give the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"

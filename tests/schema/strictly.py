"""Validators made from schema/focus-signal.v1.schema.json, as it is and stricter than it is."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "schema" / "focus-signal.v1.schema.json"


@cache
def schema() -> dict[str, Any]:
    """Read the file."""
    read: dict[str, Any] = json.loads(FILE.read_text())
    return read


def complaints(name: str, value: object, *, known_only: bool = False, partial: bool = False) -> list[str]:
    """Say what the schema finds wrong with a value; nothing if it is right.

    Args:
      name: which definition it is to be, `FromClient` or `FromServer.Ack`.
      value: JSON values.
      known_only: whether fields are wrong that the schema does not know.
      partial: whether any field may be missing.
    """
    return [error.message for error in _validator(name, known_only, partial).iter_errors(value)]


def is_valid(name: str, value: object) -> bool:
    """Tell whether the schema finds nothing wrong."""
    return not complaints(name, value)


@cache
def _validator(name: str, known_only: bool, partial: bool) -> Draft202012Validator:
    whole = copy.deepcopy(schema())
    for definition in whole["$defs"].values():
        if "properties" in definition:
            if known_only:
                definition["additionalProperties"] = False
            if partial:
                definition["required"] = ["type"] if "type" in definition["properties"] else []
    del whole["anyOf"]
    return Draft202012Validator(whole | {"$ref": f"#/$defs/{name}"})

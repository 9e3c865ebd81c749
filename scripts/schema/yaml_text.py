"""JSON values as YAML that people can read: blocks, with every string quoted as JSON has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import cast

_PLAIN_KEY = re.compile(r"[A-Za-z$][A-Za-z0-9_.$-]*")
# What some reader of YAML takes for something else than text.
_NO_TEXT = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")


def yaml_text(value: object) -> str:
    """Write a value, whose outermost part is an object."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(f"{_key(key)}:", inner)
    else:
        for inner in cast("list[object]", value):
            yield from _item(inner)


def _entry(head: str, value: object) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: object) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        lines = _lines(value)
        yield f"- {next(lines)}"
        yield from (f"  {line}" for line in lines)
    else:
        yield f"- {_scalar(value)}"


def _key(key: str) -> str:
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _NO_TEXT
    return key if plain else json.dumps(key, ensure_ascii=False)


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

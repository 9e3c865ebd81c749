"""What a field may hold, in words."""

from __future__ import annotations

from scripts.schema.model import LARGEST, Schema


def range_of(field: Schema) -> str:
    """Say in which range the values of a field lie; "" if in any."""
    if field.get("type") in {"integer", "number"}:
        return _between(field.get("minimum"), _unless_largest(field.get("maximum")), "")
    if field.get("type") == "string":
        return _between(field.get("minLength"), field.get("maxLength"), "character")
    if field.get("type") == "array":
        return _between(field.get("minItems"), field.get("maxItems"), "item")
    return ""


def _unless_largest(most: int | None) -> int | None:
    # Up to there all numbers go, so that it is no news.
    return None if most == LARGEST else most


def _between(least: int | None, most: int | None, unit: str) -> str:
    unit = f" {unit}s" if unit else ""
    if most is not None:
        return f"{least} to {most:,}{unit}" if least is not None else f"at most {most:,}{unit}"
    if least is None:
        return ""
    return f"at least {least}{unit if least != 1 else unit.removesuffix('s')}"

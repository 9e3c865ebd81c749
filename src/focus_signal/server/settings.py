"""What a setting may be, and what there is to say about it: for the checks, the flags and the documentation.

A limit is a whole number whose 0 means no limit at all. What it bounds and what happens there stands beside
its default, in `Config`, and nowhere else.
"""

import sys
from collections.abc import Callable
from typing import Any

from attrs import Attribute, frozen

from focus_signal.errors import ConfigError

NO_LIMIT = 1 << 62
"""What stands for a limit of 0 wherever numbers are compared."""

Check = Callable[[object, "Attribute[Any]", object], None]

_LARGEST = 1 << 30


@frozen
class Limit:
    """Tell about a limit.

    Args:
      unit: what is counted.
      bounds: what may not be more than that.
      reaction: what happens to whoever brings more.
    """

    unit: str
    bounds: str
    reaction: str


@frozen
class Deadline:
    """Tell about a deadline; all of them are in seconds.

    Args:
      of: what has to be over by then.
      reaction: what happens when it is not.
    """

    of: str
    reaction: str


def limit(unit: str, bounds: str, reaction: str) -> dict[str, Limit]:
    """Make the metadata of a setting that is a limit; see `Limit`."""
    return {"limit": Limit(unit, bounds, reaction)}


def deadline(of: str, reaction: str) -> dict[str, Deadline]:
    """Make the metadata of a setting that is a deadline; see `Deadline`."""
    return {"deadline": Deadline(of, reaction)}


def bound(setting: int) -> int:
    """Give the number to compare with, for a limit of which 0 is none."""
    return setting or NO_LIMIT


def refuse(attribute: "Attribute[Any]", came: object, allowed: str) -> ConfigError:
    """Make the error that says which setting is wrong, what came and what is allowed."""
    try:
        shown = repr(came)
    except ValueError:  # Python shows no number of more than 4,300 digits
        shown = "a number too long to show"
    return ConfigError(f"{attribute.name} must be {allowed}, not {shown}")


def a_text(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Refuse what is no text, or an empty one."""
    if not isinstance(value, str) or not value:
        raise refuse(attribute, value, "a text that is not empty")


def any_text(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Refuse what is no text; an empty one is right."""
    if not isinstance(value, str):
        raise refuse(attribute, value, "a text")


def a_truth(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise refuse(attribute, value, "True or False")


def one_of(first: str, second: str) -> Check:
    """Make a check that takes one of two texts."""

    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        if value not in (first, second):
            raise refuse(attribute, value, f"{first!r} or {second!r}")

    return check


def whole(least: int, most: int) -> Check:
    """Make a check that takes the whole numbers from `least` to `most`."""

    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        # True is an int to Python, and no number to anybody else.
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise refuse(attribute, value, f"a whole number from {least} to {most}")

    return check


def seconds(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Refuse what is no time that a clock can show."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        raise refuse(attribute, value, "a finite number of seconds above 0")


COUNT = whole(1, _LARGEST)
LIMIT = whole(0, _LARGEST)

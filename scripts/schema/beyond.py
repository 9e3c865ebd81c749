"""What holds for a message and no type of a field says: which fields go together, which exclude each other.

The dialect looks at these by itself; a test sees that it refuses what is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class Beyond:
    """Be what holds besides.

    Args:
      note: the rule in words, whole sentences; "" if the docstring of the message has it.
      required: fields that must be there although their type lets them be absent.
      conditions: further keywords of the message's JSON Schema.
    """

    note: str
    required: tuple[str, ...] = ()
    conditions: Mapping[str, Any] = field(factory=dict)


BEYOND: dict[str, Beyond] = {
    "matchmaking": Beyond(
        "Either `matchSize` is there, or both of `minSize` and `maxSize`; `readyCheck` and `backfill` "
        "exclude each other.",
        conditions={
            "oneOf": [
                {"required": ["matchSize"], "properties": {"minSize": False, "maxSize": False}},
                {"required": ["minSize", "maxSize"], "properties": {"matchSize": False}},
            ],
            "not": {
                "required": ["readyCheck", "backfill"],
                "properties": {"readyCheck": {"const": True}, "backfill": {"const": True}},
            },
        },
    ),
    "ping": Beyond("", required=("seen",)),
}
"""By the type of the message; all of them are a client's."""

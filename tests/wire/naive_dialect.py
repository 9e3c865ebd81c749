"""The dialect once more, with Python's own JSON: values and loops in place of scans over text.

Like the naive matchmaker it is written from the contract alone, so that the real one has something to differ
from.
"""

from __future__ import annotations

import json
from typing import NoReturn

import attrs

from focus_signal.core.commands import Command, Invalid, Relay, RequestMatch
from tests.wire.dialect import LARGEST, NESTING, RELAYED, TYPES, USER, USER_BYTES


class Number(str):
    """A number as it was written."""

    __slots__ = ()


@attrs.frozen
class Object:
    """An object with all its members, the repeated ones too."""

    members: tuple[tuple[str, object], ...]

    def last(self, name: str) -> list[object]:
        """List the value that counts of a field, if there is one."""
        return [value for key, value in self.members if key == name][-1:]


def read(text: str) -> object:
    """Read strict JSON; whatever is none raises ValueError."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    def make(members: list[tuple[str, object]]) -> Object:
        return Object(tuple(members))

    value: object = json.loads(
        text, object_pairs_hook=make, parse_constant=refuse, parse_int=Number, parse_float=Number
    )
    for string in strings_of(value):
        string.encode()  # UnicodeEncodeError, a ValueError: a lone surrogate
    return value


def strings_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [string for member in value for string in strings_of(member)]
    if isinstance(value, Object):
        keys = [key for key, _ in value.members]
        return keys + [string for _, member in value.members for string in strings_of(member)]
    return []


def depth_of(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    if isinstance(value, Object):
        return 1 + max((depth_of(member) for _, member in value.members), default=0)
    return 0


def expected(frame: bytes) -> tuple[object, ...]:
    """Say what is to become of a frame from ada, in the terms of `seen`."""
    try:
        value = read(frame.decode())
    except ValueError:
        return ("bad-json", None)
    if not isinstance(value, Object):
        return ("bad-json", None)
    to = value.last("to")
    named = to[0] if to and is_user(to[0]) else None
    kinds = [member for key, member in value.members if key == "type"]
    kind = kinds[0] if kinds else None
    if depth_of(value) > NESTING + 1 or len(kinds) > 1:
        return ("bad-message", named)
    if type(kind) is not str:
        return ("bad-message", named)
    if kind not in TYPES:
        return ("unknown-type", named)
    if kind not in RELAYED:
        return size_of(value.last("matchSize"))
    if named is None:
        return ("bad-message", None)
    if value.last("from") not in ([], [None], [USER]):
        return ("wrong-sender", named)
    return (kind, named, value.last("sdp"), value.last("candidate"))


def is_user(value: object) -> bool:
    return type(value) is str and 0 < len(value.encode()) <= USER_BYTES


def size_of(came: list[object]) -> tuple[object, ...]:
    value = came[0] if came else None
    good = {str(size) for size in range(1, LARGEST + 1)}
    if type(value) is str and value in good:
        return ("match", int(value))
    if type(value) is Number and float(value) in range(1, LARGEST + 1):
        return ("match", int(float(value)))
    return ("bad-match-size", None)


def seen(command: Command) -> tuple[object, ...]:
    """Say what the dialect has made of a frame."""
    match command:
        case Invalid(_, code, _, to):
            return (code, to)
        case RequestMatch(_, size):
            return ("match", size) if 1 <= size <= LARGEST else ("bad-match-size", None)
        case Relay(_, to, kind, payload):
            relayed = read("{" + payload.decode().removeprefix(",") + "}")
            assert isinstance(relayed, Object)
            return (kind, to, relayed.last("sdp"), relayed.last("candidate"))
        case _:
            raise AssertionError(f"no frame makes a {command}")

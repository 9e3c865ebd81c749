"""A frame of `focus-signal.v1`, read with care: what it asks for, or what is wrong with it.

An error names the field, what came and what is allowed. What can be told of a frame that is wrong is told
with its error: its number, what the peer has handled, and for whom it was.
"""

import re
from collections.abc import Mapping
from typing import cast

import msgspec
from msgspec import UNSET, Raw

from focus_signal.core.commands import Command, Invalid, Numbered, Request
from focus_signal.wire.json_text import has_repeated_type, is_nested_deeper
from focus_signal.wire.messages.from_client import AnyFromClient
from focus_signal.wire.unusable import Unusable, read_object, string_of, too_deep
from focus_signal.wire.user_ids import is_user_id
from focus_signal.wire.v1_requests import (
    BAD_MATCH_SIZE,
    BAD_MESSAGE,
    SENDER_ALLOWED,
    WRONG_SENDER,
    request_of,
)
from focus_signal.wire.v1_settings import V1Settings
from focus_signal.wire.v1_shapes import SHAPES, Members, Mismatch

SIZES = frozenset({"matchSize", "minSize", "maxSize"})
"""The fields whose largest value is a setting."""
USER_IDS = frozenset({"to", "avoid[]"})
"""The fields that hold a user id, whose length is a setting."""

_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_ANY = next(iter(SHAPES.values()))
_INDEX = re.compile(r"\[[0-9]+\]")


def read_with_care(frame: bytes, connection: int, user: str, settings: V1Settings) -> Command:
    """Make a command of any frame; never raises.

    Args:
      frame: what came, without the WebSocket framing.
      connection: the connection on which it came.
      user: the user for whom that connection speaks.
      settings: those of the server.
    """
    try:
        fields = read_object(frame, _decode_fields, settings.max_nesting)
    except Unusable as refusal:
        return Invalid(connection, refusal.code, refusal.message)
    # These two come before all others: an error tells whose it is, and an error answers.
    number, seen = (_number_of(fields, name) for name in ("id", "seen"))
    request: Request
    try:
        request = request_of(_message_of(frame, fields, settings), connection, user, settings)
    except Mismatch as wrong:
        text = f"{wrong.path} must be {wrong.allowed}, not {wrong.came}"
        request = Invalid(connection, _code(wrong), text, _addressee(fields, settings))
    except Unusable as refusal:
        request = Invalid(connection, refusal.code, refusal.message, _addressee(fields, settings))
    if number is None and seen is None:
        return request
    return Numbered(connection, request, number, seen)


def _message_of(frame: bytes, fields: Mapping[str, Raw], settings: V1Settings) -> AnyFromClient:
    # The message itself is an object; what is counted is what it holds.
    if is_nested_deeper(frame, settings.max_nesting + 1):
        raise Unusable(BAD_MESSAGE, too_deep(settings.max_nesting))
    if has_repeated_type(frame):
        raise Unusable(BAD_MESSAGE, "type must be there once, not repeatedly")
    shape = _shape_of(fields)
    if shape is None:
        kind = fields.get("type", UNSET)
        code = BAD_MESSAGE if string_of(kind) is None else "unknown-type"
        raise Mismatch("type", f"one of {', '.join(SHAPES)}", kind, code)
    try:
        return cast("AnyFromClient", shape.read_fields(fields))
    except Mismatch as wrong:
        wrong.allowed = _allowed(wrong, settings)
        raise


def _allowed(wrong: Mismatch, settings: V1Settings) -> str:
    """Say what a field may be; the schema does not know the settings."""
    place = _INDEX.sub("[]", wrong.path)
    if place in SIZES:
        return settings.size_allowed
    if place in USER_IDS:
        return settings.user_allowed
    return SENDER_ALLOWED if place == "from" else wrong.allowed


def _code(wrong: Mismatch) -> str:
    if wrong.code is not None:
        return wrong.code
    if wrong.path in SIZES:
        return BAD_MATCH_SIZE
    return WRONG_SENDER if wrong.path == "from" else BAD_MESSAGE


def _shape_of(fields: Mapping[str, Raw]) -> Members | None:
    kind = string_of(fields.get("type", UNSET))
    return None if kind is None else SHAPES.get(kind)


def _number_of(fields: Mapping[str, Raw], name: str) -> int | None:
    """Read `id` or `seen`, which are the same in every message; None if there is none that could be one."""
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return cast("int", _ANY.members[name].shape.read(raw, name))
    except Mismatch:
        return None  # the message as a whole is refused for it


def _addressee(fields: Mapping[str, Raw], settings: V1Settings) -> str | None:
    """Read the user id that an error may name, if the message is for somebody."""
    shape = _shape_of(fields)
    to = string_of(fields.get("to", UNSET))
    if to is None or (shape is not None and "to" not in shape.members):
        return None
    return to if is_user_id(to, settings.max_user_bytes) else None

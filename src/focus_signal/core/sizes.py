"""How much a message takes: about that in memory, and no less on the wire.

It is an estimate: the texts in the message, whatever its kind, and what is the same for all. So a new kind
cannot be forgotten. What has to be escaped in JSON may take more.
"""

from typing import cast

from msgspec import Struct

from focus_signal.core.effects import Ack, Message, Queued, Relayed, SessionIssued

LEAST = 200
"""What is the same for all: an object or a few of them, the entry of a log, names of fields on the wire."""
# A pointer; on the wire quotes and a comma.
_EACH = 8
# A character takes one byte in a text of ASCII alone, and up to this many in others.
_WIDEST = 4


def size_of(message: Message) -> int:
    """Estimate the bytes that a message takes."""
    # Most messages are one of these.
    if type(message) is Relayed:
        return LEAST + _text(message.sender) + len(message.payload)
    if type(message) is Ack:
        return LEAST
    if type(message) is Queued:
        return LEAST + 6 * _EACH + _text(message.view.pool)
    size = LEAST + _inside(message)
    # A token is written in base64.
    return size * 4 // 3 if type(message) is SessionIssued else size


def _text(text: str) -> int:
    return len(text) if text.isascii() else _WIDEST * len(text)


def _inside(value: object) -> int:
    """Add up the texts in a value and in whatever it is made of."""
    size = _EACH
    if isinstance(value, str):
        size += _text(value)
    elif isinstance(value, bytes):
        size += len(value)
    elif isinstance(value, tuple):
        size += sum(map(_inside, cast("tuple[object, ...]", value)))
    elif isinstance(value, Struct):
        size += sum(_inside(getattr(value, name)) for name in value.__struct_fields__)
    return size

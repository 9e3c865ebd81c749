"""Why a frame is of no use, and what every dialect asks of one before it looks at a field.

A frame has to be UTF-8, JSON, and an object; what it holds has to be nested no deeper than is allowed. And
what came is shown in the error that it gets, in few characters.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Raw, UnsetType

from focus_signal.errors import FocusSignalError

LONGEST_SHOWN = 40
"""How many characters of what came an error shows; three dots stand for the rest."""
# What the parser takes at least, where no bound is set.
_DEEPEST = 128

_decode_string = msgspec.json.Decoder(str).decode
_Object = TypeVar("_Object")


class Unusable(FocusSignalError):
    """Carry the error that a frame gets.

    Args:
      code: what is wrong, for a program.
      message: what is wrong, for people.
      to: the user for whom the frame was, as far as that can be told.
    """

    def __init__(self, code: str, message: str, to: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.to = to


def read_object(frame: bytes, decode: Callable[[bytes], _Object], max_nesting: int) -> _Object:
    """Read the object that a frame is.

    Args:
      frame: what came.
      decode: reads the object, and takes any value for any field of it.
      max_nesting: how deep the fields may be nested, for the text of an error; what `decode` itself can read
        may be deeper.

    Raises:
      Unusable: it is none.
    """
    try:
        frame.decode()  # the decoder passes payloads by without a look at their UTF-8
        return decode(frame)
    except msgspec.ValidationError:
        # Every field takes any value, so this can only be the outermost one.
        raise Unusable("bad-json", "a frame must be a JSON object, not another JSON value") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unusable("bad-json", f"a frame must be a JSON object; this is no JSON: {error}") from None
    except RecursionError:
        raise Unusable("bad-message", too_deep(max_nesting)) from None


def too_deep(max_nesting: int) -> str:
    """Say how deep fields may be nested, when they are deeper."""
    return f"fields may be nested {min(max_nesting, _DEEPEST)} deep, and these are deeper"


def string_of(raw: Raw | UnsetType) -> str | None:
    """Read a JSON string; None when it is absent or something else."""
    if isinstance(raw, UnsetType):
        return None
    try:
        return _decode_string(raw)
    except msgspec.ValidationError:
        return None


def shown(raw: Raw | UnsetType) -> str:
    """Show what came, in as few characters as make it known."""
    if isinstance(raw, UnsetType):
        return "absent"
    return shortened(bytes(raw).decode())


def shortened(text: str) -> str:
    """Cut off what is more than an error shows."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."

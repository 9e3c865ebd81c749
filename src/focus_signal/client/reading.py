"""A frame of the server's, read: a message of the protocol, or one that only a later protocol knows."""

from collections.abc import Callable
from typing import get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from focus_signal.client.faults import ProtocolBroken
from focus_signal.wire.messages.from_server import AnyFromServer, FromServer

_decode: Callable[[str | bytes], FromServer] = msgspec.json.Decoder(AnyFromServer).decode
_KNOWN = {kind.__struct_config__.tag for kind in get_args(AnyFromServer)}


class UnknownFrame(Struct, frozen=True, gc=False):
    """Be a message of which nothing else is known."""

    type: str
    seq: int | UnsetType = UNSET


_decode_unknown = msgspec.json.Decoder(UnknownFrame).decode


def read_frame(frame: str | bytes) -> FromServer | UnknownFrame:
    """Read a frame.

    Raises:
      ProtocolBroken: it is none.
    """
    try:
        try:
            return _decode(frame)
        except msgspec.ValidationError:
            unknown = _decode_unknown(frame)
            if unknown.type in _KNOWN:
                raise
            return unknown
    # The last two are for text that is not Unicode, and for what is nested too deeply.
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolBroken(f"no frame of the protocol: {error}") from error

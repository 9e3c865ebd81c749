"""The dialect of `focus-signal.v1`: a frame to a command, a message to a frame.

Frames in which nothing is wrong, as in nearly every one, are read in one step, by the schema; all others are
read with care, and what is wrong with them becomes a command too (`Invalid`), so that its error keeps its
place among the answers. Both ways give the same command. Numbers are written as JSON writes whole ones: `2`,
not `2.0` or `"2"`.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from attrs import field, frozen
from msgspec import UNSET, Meta, Struct, UnsetType

from focus_signal.core.commands import Command, Invalid, Numbered, RelayClump, Request
from focus_signal.core.effects import Message
from focus_signal.core.tokens import SessionToken
from focus_signal.wire.json_text import has_repeated_type, is_nested_deeper
from focus_signal.wire.messages.from_client import LARGEST, AnyFromClient
from focus_signal.wire.unusable import Unusable
from focus_signal.wire.v1_reading import read_with_care
from focus_signal.wire.v1_requests import KINDS, TO_PEER, relay_of, request_of
from focus_signal.wire.v1_settings import V1Settings
from focus_signal.wire.v1_shapes import Mismatch
from focus_signal.wire.v1_writing import V1Writer

__all__ = ["V1Dialect", "V1Settings"]

_decode = msgspec.json.Decoder(AnyFromClient).decode
# The bytes of what is written without a space, besides its values.
_OUTSIDE = {kind: len(f'{{"type":"{kind}","to":""}}') for kind in KINDS.values()}
_FROM = len(',"from":""')
_ROOM = len(',"roomId":""')
_ID = len(',"id":')
_SEEN = len(',"seen":')


class _Numbers(Struct, frozen=True, gc=False):
    """Be the numbers of a message, of whatever type; as in `FromClient`, which asks for a type too."""

    id: Annotated[int, Meta(ge=1, le=LARGEST)] | UnsetType = UNSET
    seen: Annotated[int, Meta(ge=0, le=LARGEST)] | UnsetType = UNSET


_decode_numbers = msgspec.json.Decoder(_Numbers).decode


@frozen
class V1Dialect:
    """Speak `focus-signal.v1`.

    Args:
      settings: those of the server.
      seal: makes what a client is given for a token.
    """

    settings: V1Settings
    seal: Callable[[SessionToken], str]
    _writer: V1Writer = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_writer", V1Writer(self.settings, self.seal))

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        """Make a command of a text frame; never raises, whatever the frame holds.

        Args:
          frame: what came, without the WebSocket framing.
          connection: the connection on which it came.
          user: the user for whom that connection speaks.
        """
        try:
            if not frame.isascii():
                frame.decode()  # see `read_object`
            message: AnyFromClient = _decode(frame)
            request = self._request(message, frame, connection, user)
        # A number of 5,000 digits is a ValueError.
        except (msgspec.DecodeError, ValueError, RecursionError, Mismatch, Unusable):
            return read_with_care(frame, connection, user, self.settings)
        if request is None:
            return read_with_care(frame, connection, user, self.settings)
        number, seen = message.id, message.seen
        if number is UNSET and seen is UNSET:
            return request
        return Numbered(
            connection, request, None if number is UNSET else number, None if seen is UNSET else seen
        )

    def _request(self, message: AnyFromClient, frame: bytes, connection: int, user: str) -> Request | None:
        """Make the request that a message is; None if it may be something else, read with care."""
        settings = self.settings
        if is_nested_deeper(frame, settings.max_nesting + 1):
            return None
        if not isinstance(message, TO_PEER):
            return None if has_repeated_type(frame) else request_of(message, connection, user, settings)
        relay = relay_of(message, connection, user, settings)
        # To look for a second type costs more than all the rest, for a description has one of its own. Where
        # these fields fill the frame there is no room for one.
        outside = _OUTSIDE[relay.kind] + len(relay.to) + len(relay.payload)
        if message.from_ == user:
            outside += _FROM + len(user)
        if message.id is not UNSET:
            outside += _ID + len(str(message.id))
        if message.seen is not UNSET:
            outside += _SEEN + len(str(message.seen))
        if relay.room is not None:
            outside += _ROOM + len(relay.room)
        return None if outside != len(frame) and has_repeated_type(frame) else relay

    def reader(self, connection: int, user: str) -> Callable[[Sequence[bytes]], list[Command | RelayClump]]:
        """Make what reads one connection, the frames of each read at once: a command for each.

        Args are those of `decode`.
        """

        def read(frames: Sequence[bytes]) -> list[Command | RelayClump]:
            return [self.decode(frame, connection, user) for frame in frames]

        return read

    def refuse(self, frame: bytes, connection: int, refusal: Invalid) -> Command:
        """Make a command of the refusal of a frame that is not looked at, but for the numbers that it has.

        Args:
          frame: what came.
          connection: the connection on which it came.
          refusal: what is to be told.
        """
        try:
            numbers = _decode_numbers(frame)
        except (msgspec.DecodeError, ValueError, RecursionError):  # see `decode`
            return refusal
        number = None if numbers.id is UNSET else numbers.id
        seen = None if numbers.seen is UNSET else numbers.seen
        return refusal if number is None and seen is None else Numbered(connection, refusal, number, seen)

    def encode(self, message: Message, seq: int) -> bytes:
        """Make a text frame of a message; see `V1Writer.encode`."""
        return self._writer.encode(message, seq)

"""The schema of what is on the wire.

Inbound fields are `Raw`: their JSON is kept as it came, so that a payload can be passed on byte for byte and
a wrong value can be shown in the error that it gets. What a field may hold is decided in the dialect.
"""

from msgspec import UNSET, Raw, Struct, UnsetType, field


class Inbound(Struct, frozen=True, gc=False):
    """Be any object that a client sends; other fields are ignored."""

    type: Raw | UnsetType = UNSET
    match_size: Raw | UnsetType = field(default=UNSET, name="matchSize")
    to: Raw | UnsetType = UNSET
    from_: Raw | UnsetType = field(default=UNSET, name="from")
    sdp: Raw | UnsetType = UNSET
    candidate: Raw | UnsetType = UNSET


class _InboundRelay(Struct, frozen=True, gc=False, tag_field="type"):
    to: str
    from_: str | UnsetType | None = field(default=UNSET, name="from")
    sdp: Raw | UnsetType = UNSET
    candidate: Raw | UnsetType = UNSET


class InboundOffer(_InboundRelay, frozen=True, gc=False, tag="offer"):
    """Be an offer with fields of the right types."""


class InboundAnswer(_InboundRelay, frozen=True, gc=False, tag="answer"):
    """Be an answer with fields of the right types."""


class InboundCandidate(_InboundRelay, frozen=True, gc=False, tag="ice-candidate"):
    """Be an ice-candidate with fields of the right types."""


class InboundMatch(Struct, frozen=True, gc=False, tag_field="type", tag="matchmaking"):
    """Be a request for a room whose size is written as a whole number."""

    match_size: int = field(name="matchSize")


PlainInbound = InboundOffer | InboundAnswer | InboundCandidate | InboundMatch
"""What nearly every message is; `Inbound` is for all others."""


class RoomFoundFrame(Struct, frozen=True, gc=False, tag_field="type", tag="room-found"):
    """Be the news of a room; the order of the fields is the order on the wire."""

    room_id: str = field(name="roomId")
    peers: tuple[str, ...]


class ErrorFrame(Struct, frozen=True, gc=False, tag_field="type", tag="error", omit_defaults=True):
    """Be the answer to what is not done; the order of the fields is the order on the wire."""

    code: str
    message: str
    to: str | None = None

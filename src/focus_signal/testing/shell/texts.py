"""The server's texts read back into the messages that the core had sent."""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from focus_signal.core.effects import Refused, Relayed, RoomFound, SeedMessage


class _Text(Struct):
    """Be any of the server's texts; every field is one of theirs."""

    type: str
    roomId: str | UnsetType = UNSET  # noqa: N815 - the wire's name
    peers: tuple[str, ...] | UnsetType = UNSET
    from_: str | UnsetType = msgspec.field(default=UNSET, name="from")
    sdp: Raw | UnsetType = UNSET
    candidate: Raw | UnsetType = UNSET
    code: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    to: str | None = None


_decode = msgspec.json.Decoder(_Text).decode


def read_text(text: bytes) -> SeedMessage | None:
    """Read a text of the server's; None if it is none of those that it may send."""
    try:
        came = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    match came:
        case _Text(type="room-found", roomId=str(room), peers=tuple(peers)):
            return RoomFound(room, peers)
        case _Text(type="error", code=str(code), message=str(message), to=to):
            return Refused(code, message, to)
        case _Text(type="offer" | "answer" | "ice-candidate", from_=str(sender)):
            payload = b"" if came.sdp is UNSET else b',"sdp":%b' % bytes(came.sdp)
            if came.candidate is not UNSET:
                payload += b',"candidate":%b' % bytes(came.candidate)
            return Relayed(sender, came.type, payload)
        case _:
            return None

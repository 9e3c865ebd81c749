"""What goes out: everything that the core can want done, as values."""

from typing import Literal

from msgspec import Struct


class RoomFound(Struct, frozen=True, gc=False):
    """A room stands; `peers` are all its users, the receiver too, in the order in which they arrived."""

    room: str
    peers: tuple[str, ...]


class Relayed(Struct, frozen=True, gc=False):
    """The user `sender` has sent an offer, an answer or an ice-candidate."""

    sender: str
    kind: str
    payload: bytes


class Refused(Struct, frozen=True, gc=False):
    """Something that was asked for is not done; nothing has changed."""

    code: str
    message: str
    to: str | None = None


Message = Relayed | RoomFound | Refused

CloseReason = Literal["replaced", "restart"]


class Deliver(Struct, frozen=True, gc=False):
    """Send a message to a connection, behind what was delivered to it before."""

    connection: int
    message: Message


class Close(Struct, frozen=True, gc=False):
    """Close a connection, behind what was delivered to it before."""

    connection: int
    reason: CloseReason


Effect = Deliver | Close


class DeliverClump(Struct, frozen=True, gc=False):
    """Deliver several `Relayed` of one sender and one kind, in this order: a short way to write them."""

    connection: int
    sender: str
    kind: str
    payloads: tuple[bytes, ...]

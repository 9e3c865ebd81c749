"""What goes out: everything that the core can want done, as values."""

from typing import Literal

from attrs import frozen


@frozen
class RoomFound:
    """A room stands; `peers` are all its users, the receiver too, in the order in which they arrived."""

    room: str
    peers: tuple[str, ...]


@frozen
class Relayed:
    """The user `sender` has sent an offer, an answer or an ice-candidate."""

    sender: str
    kind: str
    payload: bytes


@frozen
class Refused:
    """Something that was asked for is not done; nothing has changed."""

    code: str
    message: str
    to: str | None = None


Message = Relayed | RoomFound | Refused

CloseReason = Literal["replaced", "restart"]


@frozen
class Deliver:
    """Send a message to a connection, behind what was delivered to it before."""

    connection: int
    message: Message


@frozen
class Close:
    """Close a connection, behind what was delivered to it before."""

    connection: int
    reason: CloseReason


Effect = Deliver | Close

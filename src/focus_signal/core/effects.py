"""What goes out: everything that the core can want done, as values."""

from typing import Literal

from msgspec import Struct

from focus_signal.core.tokens import SessionToken


class RoomFound(Struct, frozen=True, gc=False):
    """A room stands; `peers` are all its users, the receiver too, in the order in which they arrived."""

    room: str
    peers: tuple[str, ...]


class Relayed(Struct, frozen=True, gc=False):
    """The user `sender` has sent an offer, an answer, an ice-candidate, a signal or a broadcast."""

    sender: str
    kind: str
    payload: bytes


class Refused(Struct, frozen=True, gc=False):
    """Something that was asked for is not done; nothing has changed.

    Args:
      code: what is wrong, for a program.
      message: what is wrong, for people.
      to: whom it was for, if for anybody.
      id: the number of the request; None if it had none.
      retry_after: seconds after which it may be asked again; None if that is not the point.
    """

    code: str
    message: str
    to: str | None = None
    id: int | None = None
    retry_after: int | None = None


# From here on only for sessions of the protocol `focus-signal.v1`.

EndReason = Literal["cancelled", "timed-out", "declined", "not-ready", "replaced", "party-ended", "draining"]
"""Why a ticket has ended without a room."""
ClosedReason = Literal["left", "moved", "removed", "closed"]
"""Why somebody is no longer in a room."""
LeftReason = Literal["left", "moved", "removed", "lost", "replaced"]
"""Why a peer is no longer in a room."""


class RoomView(Struct, frozen=True, gc=False):
    """Be a room as one of its members sees it.

    Args:
      room: its id.
      peers: the user ids of all its members, the receiver too, in the order of arrival.
      offer_to: those to whom the receiver offers.
      code: by which others may enter; None if they may not.
      seeds: those who speak the seed's dialect.
      away: those who are away at this moment.
    """

    room: str
    peers: tuple[str, ...]
    offer_to: tuple[str, ...]
    code: str | None = None
    seeds: tuple[str, ...] = ()
    away: tuple[str, ...] = ()


class RoomEntered(Struct, frozen=True, gc=False):
    """The receiver is in a room from here on."""

    view: RoomView


class TicketView(Struct, frozen=True, gc=False):
    """Be where somebody stands among those who wait.

    Args:
      pool: the pool's name.
      position: how many people there are from the oldest one up to oneself.
      waiting: how many there are in all.
      needed: how many are missing for the smallest room that one accepts by now.
    """

    pool: str
    position: int
    waiting: int
    needed: int


class Queued(Struct, frozen=True, gc=False):
    """The receiver waits."""

    view: TicketView


class ProposalView(Struct, frozen=True, gc=False):
    """Be a match that stands once everyone has said that they are ready.

    Args:
      proposal: its id.
      size: how many people it is for.
      within: seconds that are left to say so.
    """

    proposal: str
    size: int
    within: int


class MatchProposed(Struct, frozen=True, gc=False):
    """A match stands once everyone has said that they are ready."""

    view: ProposalView


class MatchEnded(Struct, frozen=True, gc=False):
    """The receiver no longer waits, and has no room by it."""

    reason: EndReason


class RoomClosed(Struct, frozen=True, gc=False):
    """The receiver is no longer in a room."""

    room: str
    reason: ClosedReason


class PeerJoined(Struct, frozen=True, gc=False):
    """Somebody has come into the receiver's room."""

    peer: str


class PeerAway(Struct, frozen=True, gc=False):
    """A peer's connection has ended; it has `grace` seconds to come back."""

    peer: str
    grace: int


class PeerBack(Struct, frozen=True, gc=False):
    """A peer has come back; if it has not resumed, what was sent to it may be lost."""

    peer: str
    resumed: bool


class PeerLeft(Struct, frozen=True, gc=False):
    """A peer is no longer in the receiver's room."""

    peer: str
    reason: LeftReason


class Ack(Struct, frozen=True, gc=False):
    """All requests up to this number are done that got no error."""

    id: int


class Pong(Struct, frozen=True, gc=False):
    """Be the answer to a `Ping`; it has no number."""


class State(Struct, frozen=True, gc=False):
    """Be all that a session has."""

    ticket: TicketView | None = None
    proposal: ProposalView | None = None
    room: RoomView | None = None


class Welcome(Struct, frozen=True, gc=False):
    """Be the first message of a connection; it has no number.

    Args:
      user: the user id.
      resumed: whether every message that the peer has not seen follows.
      seq: the number before that of the next message.
      last_id: the number of the last request that was answered; None when that is not known any more.
      state: what the session has; None where the messages that follow tell it.
      why: why the session that the peer has named was not resumed; None if it was, or if it named none.
    """

    user: str
    resumed: bool
    seq: int
    last_id: int | None
    state: State | None = None
    why: str | None = None


class SessionIssued(Struct, frozen=True, gc=False):
    """Be what the session's next token says."""

    token: SessionToken


class GoingAway(Struct, frozen=True, gc=False):
    """The server is about to close the connection; come back in `reconnect_in` seconds."""

    reconnect_in: int


SeedMessage = Relayed | RoomFound | Refused
"""What a client of the seed's dialect can be sent."""

Message = (
    Relayed
    | RoomFound
    | Refused
    | RoomEntered
    | Queued
    | MatchProposed
    | MatchEnded
    | RoomClosed
    | PeerJoined
    | PeerAway
    | PeerBack
    | PeerLeft
    | Ack
    | Pong
    | Welcome
    | SessionIssued
    | GoingAway
)

CloseReason = Literal["replaced", "restart", "id-in-use", "bad-request", "removed"]


class Deliver(Struct, frozen=True, gc=False):
    """Send a message of the seed's dialect to a connection, behind what was delivered to it before."""

    connection: int
    message: SeedMessage


class DeliverNumbered(Struct, frozen=True, gc=False):
    """Send a message of the protocol `focus-signal.v1`, behind what was delivered before.

    Args:
      connection: to which.
      message: what.
      seq: the message's number in its session; 0 for a message that has none.
    """

    connection: int
    message: Message
    seq: int


class Close(Struct, frozen=True, gc=False):
    """Close a connection, behind what was delivered to it before."""

    connection: int
    reason: CloseReason


Effect = Deliver | DeliverNumbered | Close


class DeliverClump(Struct, frozen=True, gc=False):
    """Deliver several `Relayed` of one sender and one kind, in this order: a short way to write them."""

    connection: int
    sender: str
    kind: str
    payloads: tuple[bytes, ...]

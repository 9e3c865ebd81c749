"""What comes in: everything that can happen to the server, as values.

A connection is named by a number that the shell gives out once and never again; a user is named by its user
id. Payloads are opaque: the core hands them on and never looks inside.

These are Structs and no attrs classes since one is made of every message: that takes a seventh of the time,
and the garbage collector has none of them to look at.
"""

from msgspec import Struct

from focus_signal.core.tokens import SessionToken


class Connect(Struct, frozen=True, gc=False):
    """A connection has opened in the name of `user`."""

    connection: int
    user: str


class RequestMatch(Struct, frozen=True, gc=False):
    """The user behind the connection asks for a room of `size`."""

    connection: int
    size: int


class Relay(Struct, frozen=True, gc=False):
    """The user behind the connection has an offer, an answer, an ice-candidate or a signal for the user `to`.

    Args:
      connection: the sender's.
      to: the user id of the peer.
      kind: the type of the message.
      payload: its fields as they came, from the comma on.
      room: the room that the sender believes to share with the peer; None if it does not say.
    """

    connection: int
    to: str
    kind: str
    payload: bytes
    room: str | None = None


class Invalid(Struct, frozen=True, gc=False):
    """Something came that is no command; it takes its turn like one, so that its error keeps its place.

    Args are those of the `Refused` that it gets.
    """

    connection: int
    code: str
    message: str
    to: str | None = None
    retry_after: int | None = None


class Withdraw(Struct, frozen=True, gc=False):
    """The connection's end has been read: no match may hold it from here on.

    What it had sent before is still on its way; `Disconnect` follows behind the last of that.
    """

    connection: int


class Disconnect(Struct, frozen=True, gc=False):
    """The connection has ended and nothing more of it will come.

    Args:
      connection: the one that has ended.
      finished: whether the peer has closed it with 1000: it does not mean to come back.
    """

    connection: int
    finished: bool = False


class TimePassed(Struct, frozen=True, gc=False):
    """A deadline that `Matchmaker.next_deadline()` named may be over."""


class Drain(Struct, frozen=True, gc=False):
    """The server is about to stop: everyone is to be closed, and whoever still comes as well."""


class Begin(Struct, frozen=True, gc=False):
    """The server has started, ahead of everything else.

    Args:
      wall: the time of the wall clock, in seconds since the epoch.
      restores: whether tokens of the server before can be known here. Then its sessions are taken back for
        a while from here on.
    """

    wall: float
    restores: bool = True


class OpenSession(Struct, frozen=True, gc=False):
    """A connection of the protocol `focus-signal.v1` has opened.

    Args:
      connection: its number.
      user: in whose name.
      token: the session that it means to resume, as its token says; whether that is one of ours was proved.
      seen: the number of the last message that the peer has handled in it.
      why: why a session that it has named cannot be resumed, whatever this server knows; None if there is no
        such reason.
      address: what the peer's address counts as; None if it counts for nothing.
      authenticated: whether it was proved that this is the user.
    """

    connection: int
    user: str
    token: SessionToken | None = None
    seen: int = 0
    why: str | None = None
    address: str | None = None
    authenticated: bool = False


class Party(Struct, frozen=True, gc=False):
    """Be a party as one of its members names it: those who ask with the same code want to be together."""

    code: str
    size: int


class Terms(Struct, frozen=True, gc=False):
    """Be what somebody asks of a match.

    Args:
      least: the fewest people, oneself among them.
      most: the most.
      pool: the name of the pool; only tickets of one pool meet.
      ready_check: whether everyone has to say that they are ready; only tickets that agree in it meet.
      backfill: whether the room takes others in later; only tickets that agree in it meet.
      party: with whom to stay together.
      avoid: the user ids of those with whom not to meet.
      patience: seconds for which only `most` will do.
      timeout: seconds after which the ticket ends; None for never.
    """

    least: int
    most: int
    pool: str = ""
    ready_check: bool = False
    backfill: bool = False
    party: Party | None = None
    avoid: tuple[str, ...] = ()
    patience: float = 10.0
    timeout: float | None = None


class RequestTicket(Struct, frozen=True, gc=False):
    """The user behind the connection asks for a match on these terms."""

    connection: int
    terms: Terms


class Cancel(Struct, frozen=True, gc=False):
    """The user behind the connection gives its ticket back."""

    connection: int


class Ready(Struct, frozen=True, gc=False):
    """The user behind the connection is ready for the match that was proposed."""

    connection: int
    proposal: str


class Decline(Struct, frozen=True, gc=False):
    """The user behind the connection does not want the match that was proposed."""

    connection: int
    proposal: str


class CreateRoom(Struct, frozen=True, gc=False):
    """The user behind the connection opens a room; `code` is its own choice, or None."""

    connection: int
    max_size: int
    code: str | None = None


class JoinRoom(Struct, frozen=True, gc=False):
    """The user behind the connection enters the room of this code."""

    connection: int
    code: str


class LeaveRoom(Struct, frozen=True, gc=False):
    """The user behind the connection leaves its room."""

    connection: int


class Broadcast(Struct, frozen=True, gc=False):
    """The user behind the connection has something for everyone else in its room.

    Args are those of `Relay`.
    """

    connection: int
    payload: bytes
    room: str | None = None


class Ping(Struct, frozen=True, gc=False):
    """The peer wants a sign of life."""

    connection: int


Request = (
    Relay
    | RequestTicket
    | Cancel
    | Ready
    | Decline
    | CreateRoom
    | JoinRoom
    | LeaveRoom
    | Broadcast
    | Ping
    | Invalid
)
"""What a client of the protocol `focus-signal.v1` can send."""


class Numbered(Struct, frozen=True, gc=False):
    """A request came with a number of its own, or with that of what the peer has handled.

    Args:
      connection: the sender's.
      request: what came; its connection is the same.
      id: the number that the peer has given it; None if none.
      seen: the number of the last message that the peer has handled; None if it does not say.
    """

    connection: int
    request: Request
    id: int | None = None
    seen: int | None = None


Command = (
    Relay
    | RequestMatch
    | Connect
    | Invalid
    | Withdraw
    | Disconnect
    | TimePassed
    | Drain
    | Begin
    | OpenSession
    | Numbered
    | RequestTicket
    | Cancel
    | Ready
    | Decline
    | CreateRoom
    | JoinRoom
    | LeaveRoom
    | Broadcast
    | Ping
)


class RelayClump(Struct, frozen=True, gc=False):
    """Several relays of one kind to one user, in this order, as candidates often come; at least one.

    No command of its own but a short way to write several: see `Matchmaker.handle_clump`.
    """

    connection: int
    to: str
    kind: str
    payloads: tuple[bytes, ...]

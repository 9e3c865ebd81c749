"""What comes in: everything that can happen to the server, as values.

A connection is named by a number that the shell gives out once and never again; a user is named by its user
id. Payloads are opaque: the core hands them on and never looks inside.

These are Structs and no attrs classes since one is made of every message: that takes a seventh of the time,
and the garbage collector has none of them to look at.
"""

from msgspec import Struct


class Connect(Struct, frozen=True, gc=False):
    """A connection has opened in the name of `user`."""

    connection: int
    user: str


class RequestMatch(Struct, frozen=True, gc=False):
    """The user behind the connection asks for a room of `size`."""

    connection: int
    size: int


class Relay(Struct, frozen=True, gc=False):
    """The user behind the connection has an offer, an answer or an ice-candidate for the user `to`."""

    connection: int
    to: str
    kind: str
    payload: bytes


class Invalid(Struct, frozen=True, gc=False):
    """Something came that is no command; it takes its turn like one, so that its error keeps its place."""

    connection: int
    code: str
    message: str
    to: str | None = None


class Withdraw(Struct, frozen=True, gc=False):
    """The connection's end has been read: no match may hold it from here on.

    What it had sent before is still on its way; `Disconnect` follows behind the last of that.
    """

    connection: int


class Disconnect(Struct, frozen=True, gc=False):
    """The connection has ended and nothing more of it will come."""

    connection: int


class TimePassed(Struct, frozen=True, gc=False):
    """A deadline that `Matchmaker.next_deadline()` named may be over."""


class Drain(Struct, frozen=True, gc=False):
    """The server is about to stop: everyone is to be closed, and whoever still comes as well."""


Command = Relay | RequestMatch | Connect | Invalid | Withdraw | Disconnect | TimePassed | Drain


class RelayClump(Struct, frozen=True, gc=False):
    """Several relays of one kind to one user, in this order, as candidates often come; at least one.

    No command of its own but a short way to write several: see `Matchmaker.handle_clump`.
    """

    connection: int
    to: str
    kind: str
    payloads: tuple[bytes, ...]

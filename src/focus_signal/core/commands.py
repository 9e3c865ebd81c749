"""What comes in: everything that can happen to the server, as values.

A connection is named by a number that the shell gives out once and never again; a user is named by its user
id. Payloads are opaque: the core hands them on and never looks inside.
"""

from attrs import frozen


@frozen
class Connect:
    """A connection has opened in the name of `user`."""

    connection: int
    user: str


@frozen
class RequestMatch:
    """The user behind the connection asks for a room of `size`."""

    connection: int
    size: int


@frozen
class Relay:
    """The user behind the connection has an offer, an answer or an ice-candidate for the user `to`."""

    connection: int
    to: str
    kind: str
    payload: bytes


@frozen
class Invalid:
    """Something came that is no command; it takes its turn like one, so that its error keeps its place."""

    connection: int
    code: str
    message: str
    to: str | None = None


@frozen
class Withdraw:
    """The connection's end has been read: no match may hold it from here on.

    What it had sent before is still on its way; `Disconnect` follows behind the last of that.
    """

    connection: int


@frozen
class Disconnect:
    """The connection has ended and nothing more of it will come."""

    connection: int


@frozen
class TimePassed:
    """A deadline that `Matchmaker.next_deadline()` named may be over."""


@frozen
class Drain:
    """The server is about to stop: everyone is to be closed, and whoever still comes as well."""


Command = Relay | RequestMatch | Connect | Invalid | Withdraw | Disconnect | TimePassed | Drain

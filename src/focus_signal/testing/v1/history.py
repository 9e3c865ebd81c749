"""What happened in a run of the workload `v1`, in order: the one thing at which the invariants look.

Clients tell what they ask and what they are told; the server's owner tells what it was asked and what it
decided. Connections go by the numbers that the server gave them.
"""

from collections.abc import Iterable
from hashlib import blake2b

import msgspec
from msgspec import Struct

from focus_signal.core.commands import Command
from focus_signal.core.effects import Effect, SeedMessage
from focus_signal.wire.messages.from_client import FromClient
from focus_signal.wire.messages.from_server import AnyFromServer, Welcome


class _Event(Struct, tag_field="event"):
    """Be one thing that happened, `t` virtual seconds after the start."""

    t: float


class _OfUser(_Event):
    user: str


class Came(_OfUser, tag="came"):
    """Somebody has a new client; `seed` if it speaks the seed's dialect."""

    seed: bool = False


class Went(_OfUser, tag="went"):
    """Somebody has closed with 1000, and does not mean to come back."""


class Over(_OfUser, tag="over"):
    """A client was told not to come back, or has found the server to break the protocol.

    Args:
      code: the close code.
      text: which rule the server broke; empty if it broke none.
    """

    code: int
    text: str = ""


class Dialled(_OfUser, tag="dialled"):
    """A client has begun to connect.

    Args:
      conn: the server's number of the connection; 0 where that is not known.
      held: whether it offers to resume.
      rival: whether it is another one than the user's own.
    """

    conn: int
    held: bool
    rival: bool = False


class Dropped(_OfUser, tag="dropped"):
    """A client has lost its connection, or given it up; it comes back."""

    code: int


class Asked(_OfUser, tag="asked"):
    """A client has a request for the server.

    Args:
      number: counts this user's requests.
      op: the operation of the plan; -1 for what the client does by itself.
      request: what.
      mark: what its payload begins with; empty if it has none.
    """

    number: int
    op: int
    request: FromClient | None
    mark: str = ""
    to: str | None = None


class Welcomed(_OfUser, tag="welcomed"):
    """A client was welcomed."""

    welcome: Welcome


class Answered(_OfUser, tag="answered"):
    """A client has the answer to a request; `code` is the error's, None if it is done."""

    number: int
    code: str | None


class Lost(_OfUser, tag="lost"):
    """A client was told that nobody knows whether a request was done."""

    number: int


class Told(_OfUser, tag="told"):
    """A client was told something else."""

    message: AnyFromServer


class ToldSeed(_OfUser, tag="told-seed"):
    """A client of the seed's dialect was told something."""

    message: SeedMessage


class Decided(_Event, tag="decided"):
    """The owner has carried out a command."""

    command: Command
    effects: list[Effect]


class Begun(_Event, tag="begun"):
    """A server has started; what the one before knew is forgotten."""


class Ended(_Event, tag="ended"):
    """The server has gone; `tidy` if it has said so to everyone."""

    tidy: bool


class Faulted(_Event, tag="faulted"):
    """The server has met a fault of its own."""

    error: str


class Healed(_Event, tag="healed"):
    """Nothing is cut from here on."""


class Settled(_Event, tag="settled"):
    """Everything has to be well.

    Args:
      live: who has a client that the server has welcomed, or that speaks the seed's dialect.
      rooms: the server's own rooms: for each id, who is in it, in order.
      away: who is in a room and has no connection.
      waiting: who waits for a match.
    """

    live: tuple[str, ...]
    rooms: dict[str, tuple[str, ...]]
    away: tuple[str, ...]
    waiting: tuple[str, ...]


class Emptied(_Event, tag="emptied"):
    """Everyone has left and all times are over; what is still there has leaked, by its name."""

    left: dict[str, int]


Event = (
    Came
    | Went
    | Over
    | Dialled
    | Dropped
    | Asked
    | Welcomed
    | Answered
    | Lost
    | Told
    | ToldSeed
    | Decided
    | Begun
    | Ended
    | Faulted
    | Healed
    | Settled
    | Emptied
)


def mark_in(payload: bytes) -> str | None:
    """Read from a payload the mark that it bears; None if it bears none."""
    at = payload.find(b'"m:')
    if at < 0:
        return None
    end = payload.find(b" ", at)
    return payload[at + 3 : end].decode()


def digest_of(history: Iterable[Event]) -> str:
    """Compute one value of a whole history."""
    return blake2b(msgspec.json.encode(list(history)), digest_size=16).hexdigest()


def lines_of(history: Iterable[Event]) -> list[str]:
    """Print a history, an event a line of JSON."""
    return [msgspec.json.encode(event).decode() for event in history]

"""What there is: sessions, their places, proposals, parties and rooms, and how they hang together.

None of them shows what it holds: they lead to each other on so many ways that it would not end, and what
they hold is nobody's business. Each has one module that changes it: `sessions`, `lobby`, `proposals` or
`rooms`. Who is asked for everybody's state is the `Matchmaker`.
"""

from attrs import define, field

from focus_signal.core.commands import Party as PartyTerms
from focus_signal.core.commands import Terms
from focus_signal.core.effects import TicketView
from focus_signal.core.open_rooms import OpenRoom
from focus_signal.core.replay import ReplayLog
from focus_signal.core.tickets import Ticket
from focus_signal.core.tokens import RoomKind


@define(eq=False, repr=False)
class Resumption:
    """Be what lets a session of the protocol `focus-signal.v1` outlive its connection.

    Args:
      id: the session's id, which its tokens carry.
      log: the messages that the peer has not seen.
      generation: the newest token's.
      least_generation: the oldest one that is good: all before it are known to have been replaced.
      held: whether the peer is known to have a token; a session without ends with its connection.
      issued: when the token was issued by which it came back after a restart, in milliseconds; 0 for others.
      proved: whether the peer is known to have a token of this server, not only of the one before.
      address: what the peer's address counts as; None if it counts for nothing.
    """

    id: str
    log: ReplayLog
    generation: int = 0
    least_generation: int = 0
    held: bool = False
    issued: int = 0
    proved: bool = False
    address: str | None = None
    last_id: int = field(default=0, init=False)
    """The number of the last request that was answered."""
    on_their_way: list[tuple[int, int]] = field(factory=list[tuple[int, int]], init=False)
    """The tokens that the peer may have or not: their generation, and the number of their message."""


@define(eq=False, repr=False)
class Session:
    """Be one user's stay.

    Args:
      user: the user id.
      connection: the one that speaks for it; None while it is away.
      resumption: None for a session of the seed's dialect.
    """

    user: str
    connection: int | None
    resumption: Resumption | None = None
    leaving: bool = field(default=False, init=False)
    """Whether the connection's end has been read, though what it sent before may still be on its way."""
    place: "Place | None" = field(default=None, init=False)
    """Where it waits."""
    waits_for: int | None = field(default=None, init=False)
    """For which size it waits, if that is all that it asks for and it has no place."""
    room: "Room | None" = field(default=None, init=False)
    """Where it has a seat."""
    rev: int = field(default=0, init=False)
    """When the seat was taken or left."""

    @property
    def present(self) -> bool:
        """Tell whether it can be met at this moment."""
        return self.connection is not None and not self.leaving


@define(eq=False, repr=False)
class Place:
    """Be where a session waits: alone, or as a member of a party.

    Args:
      session: whose it is.
      terms: what it asked for.
      party: with whom; None if alone.
    """

    session: Session
    terms: Terms
    party: "Party | None" = None
    ticket: Ticket[Session] | None = field(default=None, init=False)
    """None for as long as the party is not complete."""
    proposal: "Proposal | None" = field(default=None, init=False)
    told: TicketView | None = field(default=None, init=False)
    """What the session was told last of where it stands."""
    next_notice: float = field(default=0.0, init=False)
    """When it is to be told again."""
    overdue: bool = field(default=False, init=False)
    """Whether its time was over while a proposal stood."""


@define(eq=False, repr=False)
class Party:
    """Be those who have come so far of those who want to stay together.

    Args:
      terms: the code and the size.
    """

    terms: PartyTerms
    places: dict[Place, None] = field(factory=dict[Place, None], init=False)
    """In the order in which they came."""

    @property
    def complete(self) -> bool:
        """Tell whether all have come."""
        return len(self.places) == self.terms.size


@define(eq=False, repr=False)
class Proposal:
    """Be a match that stands once everyone is ready.

    Args:
      id: its id.
      tickets: those who are to meet, in the order of arrival.
      until: the time at which it ends.
    """

    id: str
    tickets: list[Ticket[Session]]
    until: float
    ready: dict[Session, None] = field(factory=dict[Session, None], init=False)
    impatient: list[Ticket[Session]] = field(factory=list[Ticket[Session]], init=False)
    """Those whose patience was over while it stood."""


@define(eq=False, repr=False)
class Room:
    """Be a room.

    Args:
      id: its id.
      kind: how it came to be.
      max_size: how many may be in it.
      code: by which others may enter; None if they may not.
    """

    id: str
    kind: RoomKind
    max_size: int
    code: str | None = None
    rev: int = 0
    """When its members last changed."""
    members: dict[Session, None] = field(factory=dict[Session, None], init=False)
    """In the order of arrival."""
    mixed: bool = field(default=False, init=False)
    """Whether anybody in it speaks `focus-signal.v1`, or did: nobody else is told of changes."""
    restored: bool = field(default=False, init=False)
    """Whether it was there before the server was started, and may have members who are yet to come."""
    open: OpenRoom | None = field(default=None, init=False)
    """What those who wait know of it, if it takes them in."""

"""What may be due at a time: values that say of what."""

from msgspec import Struct

from focus_signal.core.state import Place, Proposal, Session
from focus_signal.core.tickets import Ticket


class SessionDue(Struct, frozen=True):
    """A session's grace is over, or the half of its token's life."""

    session: Session


class PatienceOver(Struct, frozen=True):
    """A ticket accepts less than its largest size from now on."""

    ticket: Ticket[Session]


class TimeOver(Struct, frozen=True):
    """Somebody has waited for as long as they meant to."""

    place: Place


class NoticeDue(Struct, frozen=True):
    """Somebody who waits is to be told where they stand."""

    place: Place


class ProposalOver(Struct, frozen=True):
    """The time to say that one is ready has passed."""

    proposal: Proposal


class WindowOver(Struct, frozen=True):
    """Whoever has not come back since the server's start does not come any more."""


Alarm = SessionDue | PatienceOver | TimeOver | NoticeDue | ProposalOver | WindowOver

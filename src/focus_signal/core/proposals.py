"""Matches that stand once everyone has said that they are ready.

For as long as a match is proposed its tickets are in no pool, and what falls due for them waits. If anybody
is not ready, that ticket ends and the others are given back.
"""

from collections.abc import Callable, Mapping

from attrs import define, field

from focus_signal.core.alarms import Alarm, ProposalOver
from focus_signal.core.effects import EndReason, MatchProposed, ProposalView
from focus_signal.core.moment import Moment
from focus_signal.core.penalties import Penalties
from focus_signal.core.state import Place, Proposal, Session
from focus_signal.core.telling import Telling
from focus_signal.core.tickets import Ticket
from focus_signal.core.timers import Timers, seconds_until

Reasons = Mapping[Session, EndReason | None]
"""Why tickets end, by those whose doing it is; None for somebody who is not told."""


@define(eq=False)
class Proposals:
    """Hold the matches that are proposed.

    Args:
      ready_timeout: seconds to say that one is ready.
      moment: now.
      telling: tells those who are asked.
      timers: wakes this when time is over.
      new_id: gives a fresh id.
      found: makes a room of tickets.
      remove: ends the ticket of a place, for these reasons.
      give_back: takes tickets back that wait on.
    """

    _ready_timeout: float
    _moment: Moment
    _telling: Telling
    _timers: Timers[Alarm]
    _new_id: Callable[[], str]
    _found: Callable[[list[Ticket[Session]]], None]
    _remove: Callable[[Place, Reasons], None]
    _give_back: Callable[[list[Ticket[Session]], list[Ticket[Session]]], None]
    penalties: Penalties = field(factory=Penalties, init=False)
    """How long those have to wait who were not ready."""
    _by_id: dict[str, Proposal] = field(factory=dict[str, Proposal], init=False)

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_id)

    def propose(self, tickets: list[Ticket[Session]]) -> None:
        """Ask everyone whether they are ready."""
        until = self._moment.now + self._ready_timeout
        proposal = Proposal(self._new_id(), tickets, until)
        self._by_id[proposal.id] = proposal
        for member in members_of(tickets):
            place_of(member).proposal = proposal
            self._telling.tell(member, MatchProposed(self.view(proposal)))
        self._timers.set(ProposalOver(proposal), until)

    def view(self, proposal: Proposal) -> ProposalView:
        """Tell of a proposal as of now."""
        size = sum(len(ticket.members) for ticket in proposal.tickets)
        return ProposalView(proposal.id, size, seconds_until(proposal.until, self._moment.now))

    def ready(self, session: Session, name: str) -> None:
        """Note that somebody is ready, or refuse if nothing of the kind is proposed."""
        proposal = self._asked(session, name)
        if proposal is not None:
            proposal.ready[session] = None
            self.look(proposal)

    def decline(self, session: Session, name: str) -> None:
        """End a proposal that somebody does not want, or refuse if nothing of the kind is proposed."""
        proposal = self._asked(session, name)
        if proposal is not None:
            self.break_up(proposal, {session: "declined"})

    def look(self, proposal: Proposal) -> None:
        """Make a room of it if everyone is ready, and there."""
        if all(member in proposal.ready and member.present for member in members_of(proposal.tickets)):
            self.dissolve(proposal)
            self._found(proposal.tickets)

    def end(self, proposal: Proposal) -> None:
        """End it, since its time is over."""
        late = [m for m in members_of(proposal.tickets) if m not in proposal.ready or not m.present]
        self.break_up(proposal, dict.fromkeys(late, "not-ready"))

    def break_up(self, proposal: Proposal, blamed: Reasons) -> None:
        """End it for those whose doing it is and who they came with; the others wait on."""
        self.dissolve(proposal)
        back: list[Ticket[Session]] = []
        for ticket in proposal.tickets:
            if any(member in blamed for member in ticket.members):
                self._remove(place_of(ticket.members[0]), blamed)
            else:
                back.append(ticket)
        for session in blamed:
            self.penalties.note(session.user, self._moment.now)
        self._give_back(back, proposal.impatient)

    def dissolve(self, proposal: Proposal) -> None:
        """Let go of it, whatever becomes of its tickets."""
        del self._by_id[proposal.id]
        self._timers.cancel(ProposalOver(proposal))
        for member in members_of(proposal.tickets):
            place_of(member).proposal = None

    def all(self) -> list[Proposal]:
        """List them."""
        return list(self._by_id.values())

    def _asked(self, session: Session, name: str) -> Proposal | None:
        proposal = None if session.place is None else session.place.proposal
        if proposal is not None and proposal.id == name:
            return proposal
        self._telling.refuse(session, "not-proposed", "no match of this id is proposed to you")
        return None


def members_of(tickets: list[Ticket[Session]]) -> list[Session]:
    """List the sessions behind tickets."""
    return [member for ticket in tickets for member in ticket.members]


def place_of(session: Session) -> Place:
    """Give the place of a session that has one."""
    assert session.place is not None  # noqa: S101 - whoever is behind a ticket has one
    return session.place

"""Who waits: places and tickets, from the request to the room.

A session has one place at the most. Alone it has a ticket at once; the members of a party share one once all
have come. Clients of the seed's dialect need neither while they are among themselves: see `queues`. A ticket
is tried when it comes, comes back or loses its patience; what it meets becomes a room, or a proposal if those
who meet want to be asked.
"""

from collections.abc import Callable
from itertools import count

from attrs import define, field

from focus_signal.core.alarms import Alarm, NoticeDue, PatienceOver, TimeOver
from focus_signal.core.backfill import Backfill
from focus_signal.core.commands import Terms
from focus_signal.core.effects import EndReason, MatchEnded, ProposalView, Queued, TicketView
from focus_signal.core.moment import Moment
from focus_signal.core.pools import Pools
from focus_signal.core.proposals import Proposals, Reasons, members_of, place_of
from focus_signal.core.queues import Queues
from focus_signal.core.rooms import Rooms
from focus_signal.core.state import Party, Place, Room, Session
from focus_signal.core.telling import Telling
from focus_signal.core.tickets import PoolKey, Ticket
from focus_signal.core.timers import Timers

_BETWEEN_NOTICES = 5.0
_PLAIN = PoolKey("", ready_check=False, backfill=False)


def match_size_message(came: str, largest: int) -> str:
    """Say what a match size may be, in the one wording that every layer uses."""
    return f"matchSize must be a whole number from 1 to {largest}, not {came}"


@define(eq=False)
class Lobby:
    """Hold everybody who waits.

    Args:
      max_match_size: the largest room that may be asked for.
      ready_timeout: seconds to say that one is ready.
      moment: now.
      telling: tells those who wait.
      timers: wakes this when something is due.
      rooms: where those go who have met.
      new_id: gives a fresh id.
    """

    _max_match_size: int
    _ready_timeout: float
    _moment: Moment
    _telling: Telling
    _timers: Timers[Alarm]
    _rooms: Rooms
    _new_id: Callable[[], str]
    proposals: Proposals = field(init=False)
    """Those who are asked whether they are ready."""
    pools: Pools[Session] = field(factory=Pools[Session], init=False)
    """The tickets that can be met; changed here only."""
    _places: int = field(default=0, init=False)
    _queues: Queues = field(factory=Queues, init=False)
    # Tickets whose like those of the seed's dialect are: while there are any, all have tickets.
    _plain_tickets: int = field(default=0, init=False)
    matches: int = field(default=0, init=False)
    """How many rooms were found since the start."""
    backfill: Backfill = field(init=False)
    """The rooms that take others in later."""
    _parties: dict[str, Party] = field(factory=dict[str, Party], init=False)
    _arrivals: "count[int]" = field(factory=lambda: count(1), init=False)

    def __attrs_post_init__(self) -> None:
        self.backfill = Backfill(self._rooms, self.pools, self._leave_for_room)
        self.proposals = Proposals(
            self._ready_timeout,
            self._moment,
            self._telling,
            self._timers,
            self._new_id,
            self._found,
            self._remove,
            self._give_back,
        )

    @property
    def waiting(self) -> int:
        """Count the sessions that wait."""
        return self._places + self._queues.waiting

    def request_plain(self, session: Session, size: int) -> None:
        """Let a session of the seed's dialect wait for exactly `size`; asking alike keeps its place."""
        if not self._plain_tickets:
            members = self._queues.join(session, size)
            if members:
                self._rooms.open(Room(self._new_id(), "match", size), members)
                self.matches += 1
            return
        if session.place is not None:
            if session.place.terms.most == size:
                return
            self.end(session, None)
        self._arrive([self._new_place(session, Terms(size, size))])

    def request(self, session: Session, terms: Terms) -> None:
        """Give a session a place on these terms, or refuse."""
        if not 1 <= terms.least <= terms.most <= self._max_match_size:
            came = f"{terms.least} to {terms.most}"
            self._telling.refuse(
                session, "bad-match-size", match_size_message(came[:40], self._max_match_size)
            )
            return
        seconds = self.proposals.penalties.blocked(session.user, self._moment.now)
        if seconds:
            text = f"you were not ready for a match: ask again in {seconds} s"
            self._telling.refuse(session, "rate-limited", text, retry_after=seconds)
            return
        place = session.place
        if place is not None and place.terms == terms:
            self._tell_where(place)
            return
        party = None if terms.party is None else self._parties.get(terms.party.code)
        if party is not None and not self._may_join(party, session, terms):
            text = "a party's members all ask alike, and this one is complete or asks for something else"
            self._telling.refuse(session, "party-mismatch", text)
            return
        self.replace(session)
        place = self._new_place(session, terms)
        if terms.timeout is not None:
            self._timers.set(TimeOver(place), self._moment.now + terms.timeout)
        if terms.party is None:
            self._arrive([place])
            return
        party = self._parties.get(terms.party.code)  # it may have ended just now
        if party is None:
            party = self._parties[terms.party.code] = Party(terms.party)
        place.party = party
        party.places[place] = None
        if party.complete:
            self._arrive(list(party.places))
        else:
            self._begin_notices(place)

    def cancel(self, session: Session) -> None:
        """Take a session's place back because it says so, or refuse if it has none."""
        if session.place is None:
            self._telling.refuse(session, "not-queued", "you wait for no match")
        else:
            self.end(session, "cancelled")

    def end(self, session: Session, reason: EndReason | None) -> None:
        """End a session's place, if it has one, and with it those of its party.

        Args:
          session: whose doing it is.
          reason: what it is told; nothing if None.
        """
        place = session.place
        if place is None:
            if session.waits_for is not None:
                self._queues.leave(session)
        elif place.proposal is not None:
            self.proposals.break_up(place.proposal, {session: reason})
        else:
            self._remove(place, {session: reason})

    def replace(self, session: Session) -> None:
        """End a session's place, if it has one, since it gets something else instead."""
        self.end(session, "replaced")

    def end_all(self, sessions: list[Session], reason: EndReason) -> None:
        """End every place that these sessions have, for one reason."""
        for proposal in self.proposals.all():
            self.proposals.dissolve(proposal)
        reasons: Reasons = dict.fromkeys(sessions, reason)
        for session in sessions:
            self._queues.leave(session)
            if session.place is not None:
                self._remove(session.place, reasons)

    def suspend(self, session: Session) -> None:
        """Let nobody meet a session whose connection's end was read; it keeps its place."""
        place = session.place
        if place is not None and place.ticket is not None and place.proposal is None:
            self.pools.leave(place.ticket)

    def come_back(self, session: Session) -> None:
        """Let a session be met again that has come back."""
        place = session.place
        if place is None or place.ticket is None:
            return
        if place.proposal is not None:
            self.proposals.look(place.proposal)
        elif self._enter(place.ticket):
            self._try(place.ticket)

    def views(self, session: Session) -> tuple[TicketView | None, ProposalView | None]:
        """Tell where a session stands."""
        place = session.place
        if place is None:
            return None, None
        proposal = None if place.proposal is None else self.proposals.view(place.proposal)
        return self._view(place), proposal

    def fill(self) -> None:
        """Let those who wait into the seats that have become free."""
        self.matches += self.backfill.fill()

    def lose_patience(self, ticket: Ticket[Session]) -> None:
        """Let a ticket accept less than its largest size."""
        proposal = place_of(ticket.members[0]).proposal
        if proposal is not None:
            proposal.impatient.append(ticket)
            return
        self.pools.lose_patience(ticket)
        if is_present(ticket):
            self._try(ticket)

    def time_over(self, place: Place) -> None:
        """End a place whose time is over, but not while a match is proposed to it."""
        if place.proposal is not None:
            place.overdue = True
        else:
            self._remove(place, {place.session: "timed-out"})

    def notice(self, place: Place) -> None:
        """Tell somebody who waits where they stand, if that has changed."""
        if place.session.present and place.proposal is None:
            view = self._view(place)
            if view != place.told:
                place.told = view
                self._telling.tell(place.session, Queued(view))
        # By when it was due: those that were late together are not due together for ever.
        late = max(0.0, self._moment.now - place.next_notice)
        self._set_notice(place, place.next_notice + late // _BETWEEN_NOTICES * _BETWEEN_NOTICES)

    def _set_notice(self, place: Place, before: float) -> None:
        place.next_notice = before + _BETWEEN_NOTICES
        self._timers.set(NoticeDue(place), place.next_notice)

    @staticmethod
    def _may_join(party: Party, session: Session, terms: Terms) -> bool:
        others = [place for place in party.places if place.session is not session]
        return not others or (not party.complete and all(place.terms == terms for place in others))

    def _new_place(self, session: Session, terms: Terms) -> Place:
        place = session.place = Place(session, terms)
        self._places += 1
        return place

    def _give_tickets(self) -> None:
        """Give tickets to those who needed none while they were among themselves."""
        for session, size in self._queues.take_all():
            place = self._new_place(session, Terms(size, size))
            self._enter(self._new_ticket([place]))
            self._plain_tickets += 1

    def _new_ticket(self, places: list[Place]) -> Ticket[Session]:
        terms = places[0].terms
        ticket: Ticket[Session] = Ticket(
            key=PoolKey(terms.pool, terms.ready_check, terms.backfill),
            arrival=next(self._arrivals),
            members=tuple(place.session for place in places),
            least=terms.least,
            most=terms.most,
            avoid=frozenset(terms.avoid),
            patient=terms.patience > 0 and terms.least < terms.most,
        )
        for place in places:
            place.ticket = ticket
        return ticket

    def _arrive(self, places: list[Place]) -> None:
        terms = places[0].terms
        if not (terms.pool or terms.ready_check or terms.backfill):
            if not self._plain_tickets:
                self._give_tickets()
            self._plain_tickets += 1
        ticket = self._new_ticket(places)
        if ticket.patient:
            self._timers.set(PatienceOver(ticket), self._moment.now + terms.patience)
        if not (self._enter(ticket) and self._try(ticket)):
            for place in places:
                self._begin_notices(place)

    def _enter(self, ticket: Ticket[Session]) -> bool:
        """Let a ticket be met if all of its members are there, and tell whether they are."""
        if not is_present(ticket):
            return False
        self.pools.enter(ticket)
        return True

    def _try(self, ticket: Ticket[Session]) -> bool:
        """Find out whom a ticket meets, and tell whether it meets anybody."""
        if ticket.key.backfill:
            room = self.backfill.find(ticket)
            if room is not None:
                self.matches += 1
                self.backfill.let_in(ticket, room)
                return True
        group = self.pools.find(ticket)
        if not group:
            return False
        if ticket.key.ready_check:
            for each in group:
                self.pools.leave(each)
            self.proposals.propose(group)
        else:
            self._found(group)
        return True

    def _found(self, group: list[Ticket[Session]]) -> None:
        members = members_of(group)
        backfill = group[0].key.backfill
        size = min(ticket.most for ticket in group) if backfill else len(members)
        for ticket in group:
            self._leave_for_room(ticket)
        room = Room(self._new_id(), "backfill" if backfill else "match", size)
        self._rooms.open(room, members)
        self.matches += 1
        if backfill:
            self.backfill.open(room, group)

    def _leave_for_room(self, ticket: Ticket[Session]) -> None:
        for member in ticket.members:
            self.proposals.penalties.forgive(member.user)
        self._remove(place_of(ticket.members[0]), None)

    def _remove(self, place: Place, reasons: Reasons | None) -> None:
        """Take a ticket and its places back, and tell why; without reasons it has met others."""
        if place.ticket is not None:
            self.pools.leave(place.ticket)
            if place.ticket.patient:
                self._timers.cancel(PatienceOver(place.ticket))
            if place.ticket.key == _PLAIN:
                self._plain_tickets -= 1
        if place.party is not None:
            del self._parties[place.party.terms.code]
        for each in (place,) if place.party is None else tuple(place.party.places):
            session = each.session
            session.place = None
            self._places -= 1
            if session.resumption is None:
                continue
            if each.terms.timeout is not None:
                self._timers.cancel(TimeOver(each))
            self._timers.cancel(NoticeDue(each))
            reason = None if reasons is None else reasons.get(session, "party-ended")
            if reason is not None:
                self._telling.tell(session, MatchEnded(reason))

    def _give_back(self, back: list[Ticket[Session]], impatient: list[Ticket[Session]]) -> None:
        """Take tickets back from a proposal: what fell due meanwhile is carried out, then they are tried."""
        alive: list[Ticket[Session]] = []
        for ticket in back:
            places = [place_of(member) for member in ticket.members]
            late = {place.session: "timed-out" for place in places if place.overdue}
            if late:
                self._remove(places[0], dict.fromkeys(late, "timed-out"))
                continue
            if ticket in impatient:
                self.pools.lose_patience(ticket)
            self._enter(ticket)
            alive.append(ticket)
        for ticket in alive:
            first = ticket.members[0]
            # One that was tried before it may have met it.
            place = first.place
            if place is None or place.ticket is not ticket or place.proposal is not None:
                continue
            if not (is_present(ticket) and self._try(ticket)):
                for member in ticket.members:
                    self._begin_notices(place_of(member))

    def _begin_notices(self, place: Place) -> None:
        if place.session.resumption is not None:
            self._tell_where(place)
            self._set_notice(place, self._moment.now)

    def _tell_where(self, place: Place) -> None:
        place.told = self._view(place)
        if place.proposal is None:
            self._telling.tell(place.session, Queued(place.told))

    def _view(self, place: Place) -> TicketView:
        if place.ticket is not None:
            return TicketView(place.terms.pool, *self.pools.position(place.ticket))
        party = place.party
        assert party is not None  # noqa: S101 - only a party's members are without a ticket
        came = len(party.places)
        return TicketView(place.terms.pool, came, came, party.terms.size - came)


def is_present(ticket: Ticket[Session]) -> bool:
    """Tell whether everyone behind a ticket can be met at this moment."""
    return all(member.present for member in ticket.members)

"""What must always hold inside the matchmaker: everything that is told in two places is told alike in both.

Sessions and connections, places and tickets, parties, proposals, rooms, timers and what is kept for replay
are looked at after a command was carried out, whatever the command. A broken rule is told in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from focus_signal.core.alarms import (
    Alarm,
    NoticeDue,
    PatienceOver,
    ProposalOver,
    SessionDue,
    TimeOver,
    WindowOver,
)
from focus_signal.core.codes import normalized
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.core.state import Place, Proposal, Session
from focus_signal.core.tickets import PoolKey, Ticket

_PLAIN = PoolKey("", ready_check=False, backfill=False)


def broken_inside(core: Matchmaker) -> list[str]:
    """Say which of the things that must always hold inside do not."""
    return [
        broken
        for look in (
            _sessions,
            _seats,
            _open_rooms,
            _queues,
            _places,
            _parties,
            _tickets,
            _proposals,
            _timers,
            _rest,
        )
        for broken, good in look(core)
        if not good
    ]


Looks = Iterator[tuple[str, bool]]


def _all(core: Matchmaker) -> list[Session]:
    """List the sessions, those too that hold a seat for somebody who has yet to come."""
    return [*core._sessions.by_user.values(), *core._restoring._expected.values()]


def _places_of(core: Matchmaker) -> list[Place]:
    return [session.place for session in core._sessions.by_user.values() if session.place is not None]


def _tickets_of(core: Matchmaker) -> dict[Ticket[Session], list[Place]]:
    tickets: dict[Ticket[Session], list[Place]] = {}
    for place in _places_of(core):
        if place.ticket is not None:
            tickets.setdefault(place.ticket, []).append(place)
    return tickets


def _proposals_of(core: Matchmaker) -> list[Proposal]:
    return core._lobby.proposals.all()


def _same(left: Iterable[object], right: Iterable[object]) -> bool:
    """Tell whether there are the same things on both sides, each as often."""
    return Counter(iter(left)) == Counter(iter(right))  # a mapping would be taken for its counts


def _sessions(core: Matchmaker) -> Looks:
    by_user, by_connection = core._sessions.by_user, core._sessions.by_connection
    here = [session for session in by_user.values() if session.connection is not None]
    away = [session for session in by_user.values() if session.connection is None]
    resumable = [
        (session, session.resumption) for session in by_user.values() if session.resumption is not None
    ]
    yield "a user and its session disagree", all(s.user == user for user, s in by_user.items())
    yield "a connection speaks for somebody else", all(s.connection == c for c, s in by_connection.items())
    yield "a connection speaks for nobody", _same(by_connection.values(), here)
    yield "somebody of the seed is away without a seat", all(s.room or s.resumption for s in away)
    yield "somebody is away who has no token", all(s.resumption is None or s.resumption.held for s in away)
    yield "a session is not found by its id", core._sessions.by_id == {r.id: s for s, r in resumable}
    yield (
        "a token was given out that is too old",
        all(r.least_generation <= r.generation for _, r in resumable),
    )
    expected = core._restoring._expected
    yield (
        "somebody who is expected is here",
        all(s.user == user and s.connection is None and s.place is None for user, s in expected.items()),
    )
    yield "somebody is expected who has no seat", all(s.room for s in expected.values())


def _seats(core: Matchmaker) -> Looks:
    rooms = core._rooms
    seats = [(room, member) for room in rooms.by_id.values() for member in room.members]
    yield "a room has another id", all(room.id == name for name, room in rooms.by_id.items())
    yield "a room is empty", all(room.members for room in rooms.by_id.values())
    yield "a room is too large", all(len(room.members) <= room.max_size for room in rooms.by_id.values())
    yield "somebody has two seats", all(n == 1 for n in Counter(s for _, s in seats).values())
    yield (
        "a user is in a room twice",
        all(
            len({member.user for member in room.members}) == len(room.members)
            for room in rooms.by_id.values()
        ),
    )
    yield "a seat and its session disagree", all(s.room is room for room, s in seats)
    yield "a seat is nobody's", _same((s for _, s in seats), (s for s in _all(core) if s.room is not None))
    coded = {normalized(room.code): room for room in rooms.by_id.values() if room.code is not None}
    yield "a room is not found by its code", rooms.by_code == coded
    yield "somebody was not told of a change", not rooms.stale
    yield "a free seat was not looked at", not (rooms.thinned or core._lobby.backfill.to_fill)
    yield (
        "a room is restored for ever",
        core._timers.at(WindowOver()) is not None or not any(room.restored for room in rooms.by_id.values()),
    )


def _open_rooms(core: Matchmaker) -> Looks:
    lobby = core._lobby
    opened = {room.open.age: room for room in core._rooms.by_id.values() if room.open is not None}
    yield "the open rooms are others", lobby.backfill._by_age == opened
    yield "another number of rooms is open", len(lobby.backfill._open_rooms) == len(opened)
    for room in opened.values():
        assert room.open is not None
        yield "an open room has other members", _same(room.open.members, (s.user for s in room.members))
        yield "an open room has another size", room.open.capacity == room.max_size
        yield "a room takes others in that is not for that", room.kind == "backfill"


def _queues(core: Matchmaker) -> Looks:
    queues = core._lobby._queues
    by_size, by_user = queues._by_size, core._sessions.by_user
    waiting = [(size, session) for size, queue in by_size.items() for session in queue]
    yield "a queue is empty or as long as its size", all(0 < len(q) < size for size, q in by_size.items())
    yield "somebody is in two queues", all(n == 1 for n in Counter(s for _, s in waiting).values())
    yield "a queue and its session disagree", all(s.waits_for == size for size, s in waiting)
    yield "somebody in a queue is nobody", all(by_user.get(s.user) is s for _, s in waiting)
    yield "somebody who is leaving or away is in a queue", all(s.present for _, s in waiting)
    yield "somebody in a queue speaks v1", all(s.resumption is None for _, s in waiting)
    yield (
        "a session waits in no queue",
        len(waiting) == sum(s.waits_for is not None for s in by_user.values()),
    )
    yield "those in queues are miscounted", queues.waiting == len(waiting)
    yield "somebody is in a queue and has a place", all(s.place is None for _, s in waiting)
    yield "there are queues beside tickets that could be met", not (by_size and core._lobby._plain_tickets)


def _places(core: Matchmaker) -> Looks:
    places = _places_of(core)
    yield "a place is somebody else's", all(place.session.place is place for place in places)
    yield "the places are miscounted", core._lobby._places == len(places)
    yield (
        "a place is beyond every size",
        all(1 <= place.terms.least <= place.terms.most <= core.rules.max_match_size for place in places),
    )
    yield (
        "somebody of the seed waits who is not there",
        all(place.session.present for place in places if place.session.resumption is None),
    )
    yield "a place is alone without a ticket", all(place.ticket or place.party for place in places)
    yield (
        "a place is overdue without a proposal",
        all(p.proposal or not p.overdue for p in places),
    )


def _parties(core: Matchmaker) -> Looks:
    parties = core._lobby._parties
    behind: dict[str, list[Place]] = {}
    for place in _places_of(core):
        if place.party is not None:
            behind.setdefault(place.party.terms.code, []).append(place)
    yield "a party has no members", parties.keys() == behind.keys()
    for code, party in parties.items():
        members = behind.get(code, [])
        yield "a party has another code", party.terms.code == code
        yield "a party and its members disagree", _same(party.places, members)
        yield "a member is of another party", all(place.party is party for place in members)
        yield "a party is too large", len(party.places) <= party.terms.size
        yield "a party asks for different things", len({str(place.terms) for place in members}) <= 1
        yield (
            "a party has no ticket, or too early",
            all((place.ticket is not None) == party.complete for place in members),
        )
        yield "a party has several tickets", len({place.ticket for place in members}) <= 1


def _tickets(core: Matchmaker) -> Looks:
    lobby, tickets = core._lobby, _tickets_of(core)
    entered = [ticket for ticket in tickets if ticket.entered]
    yield "two tickets came at once", len({ticket.arrival for ticket in tickets}) == len(tickets)
    yield (
        "a ticket is of others",
        all(
            ticket.members == tuple(place.session for place in sorted(places, key=_order(ticket)))
            for ticket, places in tickets.items()
        ),
    )
    yield (
        "a ticket can be met though somebody is not there, or cannot though all are",
        all(
            ticket.entered == (all(m.present for m in ticket.members) and places[0].proposal is None)
            for ticket, places in tickets.items()
        ),
    )
    there = [ticket for pool in lobby.pools._pools.values() for ticket in pool.tickets.values()]
    yield "others can be met than have tickets", _same(there, entered)
    yield "those who can be met are miscounted", lobby.pools.waiting == sum(t.weight for t in entered)
    plain = sum(ticket.key == _PLAIN for ticket in tickets)
    yield "the tickets like those of the seed are miscounted", lobby._plain_tickets == plain
    yield "somebody waits who has met others", not any(lobby.pools.find(ticket) for ticket in entered)
    yield (
        "somebody waits whom a room would take",
        not any(lobby.backfill._open_rooms.fits(ticket) for ticket in entered),
    )


def _order(ticket: Ticket[Session]) -> Callable[[Place], int]:
    members = list(ticket.members)
    return lambda place: members.index(place.session)


def _proposals(core: Matchmaker) -> Looks:
    proposals = _proposals_of(core)
    held = [place for place in _places_of(core) if place.proposal is not None]
    yield "a proposal is gone, and somebody holds on to it", all(p.proposal in proposals for p in held)
    for proposal in proposals:
        members = [member for ticket in proposal.tickets for member in ticket.members]
        yield (
            "a proposal and its members disagree",
            _same(members, (place.session for place in held if place.proposal is proposal)),
        )
        yield (
            "a ticket of a proposal is another",
            all(place.ticket in proposal.tickets for place in held if place.proposal is proposal),
        )
        yield "somebody else is ready", all(member in members for member in proposal.ready)
        yield (
            "all are ready, and nothing comes of it",
            not all(member in proposal.ready and member.present for member in members),
        )
        yield "a proposal has no need of one", all(t.key.ready_check for t in proposal.tickets)


def _timers(core: Matchmaker) -> Looks:
    timers, places, proposals = core._timers, _places_of(core), _proposals_of(core)
    wanted: list[Alarm] = [
        SessionDue(session)
        for session in core._sessions.by_user.values()
        if session.resumption is not None or session.connection is None
    ]
    for place in places:
        if place.session.resumption is None:
            continue
        if place.proposal is None or timers.at(NoticeDue(place)) is not None:
            wanted.append(NoticeDue(place))
        if place.terms.timeout is not None and not place.overdue:
            wanted.append(TimeOver(place))
    wanted += [
        PatienceOver(ticket)
        for ticket, behind in _tickets_of(core).items()
        if ticket.patient and (behind[0].proposal is None or ticket not in behind[0].proposal.impatient)
    ]
    wanted += [ProposalOver(proposal) for proposal in proposals]
    if timers.at(WindowOver()) is not None:
        wanted.append(WindowOver())
    yield "what is due is not what there is", _same(timers._entries, wanted)
    yield (
        "somebody is expected for ever",
        not (core._restoring._expected or core._restoring._known) or timers.at(WindowOver()) is not None,
    )


def _rest(core: Matchmaker) -> Looks:
    logs = [s.resumption.log for s in _all(core) if s.resumption is not None]
    yield "what is kept is miscounted", core._budget.bytes == sum(log.bytes for log in logs)
    yield "too much is kept", core._budget.bytes <= core.rules.total_replay_bytes
    yield "a log keeps too much", all(log.bytes <= core.rules.replay_bytes for log in logs)
    yield "an effect was left behind", not core._telling.effects
    yield "a request was not answered", core._telling._asks is None


_LOOKS = (
    _sessions,
    _seats,
    _open_rooms,
    _queues,
    _places,
    _parties,
    _tickets,
    _proposals,
    _timers,
    _rest,
)

"""Small mistakes in what the core does for `focus-signal.v1`, each put in for the length of a test.

Each is named for what it does wrong, and comes with what the machine has to say about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from focus_signal.core.alarms import Alarm, NoticeDue, ProposalOver, SessionDue, TimeOver
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.backfill import Backfill
from focus_signal.core.commands import OpenSession
from focus_signal.core.effects import (
    ClosedReason,
    DeliverNumbered,
    EndReason,
    LeftReason,
    Message,
    PeerBack,
    PeerJoined,
    Pong,
    RoomClosed,
    RoomView,
)
from focus_signal.core.lobby import Lobby
from focus_signal.core.open_rooms import OpenRoom
from focus_signal.core.pools import Pools
from focus_signal.core.proposals import Proposals
from focus_signal.core.replay import Budget, ReplayLog
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Place, Proposal, Room, Session
from focus_signal.core.telling import Telling
from focus_signal.core.tickets import Ticket
from focus_signal.core.timers import Timers

Patch = pytest.MonkeyPatch
MUTANTS: dict[str, tuple[Callable[[Patch], None], str]] = {}


def found_by(text: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Say what is told of a mistake, as a regular expression."""

    def note(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        MUTANTS[plant.__name__] = (plant, text)
        return plant

    return note


def _without(patch: Patch, owner: Any, name: str, *, skips: Callable[..., bool]) -> None:
    """Let a method do nothing in some cases."""
    method = getattr(owner, name)

    def some(*arguments: Any, **named: Any) -> Any:
        return None if skips(*arguments) else method(*arguments, **named)

    patch.setattr(owner, name, some)


def _never_set(patch: Patch, kind: type[Alarm]) -> None:
    _without(patch, Timers, "set", skips=lambda _, alarm, __: isinstance(alarm, kind))


def _never_cancelled(patch: Patch, kind: type[Alarm]) -> None:
    _without(patch, Timers, "cancel", skips=lambda _, alarm: isinstance(alarm, kind))


def _untold(patch: Patch, kind: type[Message]) -> None:
    _without(patch, Telling, "tell", skips=lambda _, __, message: isinstance(message, kind))


@found_by("what is due is not what there is")
def nobody_who_is_away_ends(patch: Patch) -> None:
    _never_set(patch, SessionDue)


@found_by("what is due is not what there is")
def a_proposal_stands_for_ever(patch: Patch) -> None:
    _never_set(patch, ProposalOver)


@found_by("what is due is not what there is")
def nobody_is_told_again_where_they_stand(patch: Patch) -> None:
    _never_set(patch, NoticeDue)


@found_by("what is due is not what there is")
def the_time_of_a_ticket_that_has_ended_goes_on(patch: Patch) -> None:
    _never_cancelled(patch, TimeOver)


@found_by("an answer to another request|0 answers")
def an_answer_is_lost(patch: Patch) -> None:
    patch.setattr(Telling, "end", lambda telling: setattr(telling, "_asks", None))


@found_by("something comes ahead of the answer")
def the_answer_comes_last(patch: Patch) -> None:
    def tell(telling: Telling, session: Session, message: Message) -> None:
        if session is telling._asks and session.resumption is not None and session.connection is not None:
            seq = session.resumption.log.append(message, 100)
            telling.effects.append(DeliverNumbered(session.connection, message, seq))
        else:
            told(telling, session, message)

    told = Telling.tell
    patch.setattr(Telling, "tell", tell)


@found_by("a pong has a number")
def a_pong_is_numbered(patch: Patch) -> None:
    def tell_now(telling: Telling, connection: int, message: Message, seq: int = 0) -> None:
        told(telling, connection, message, 1 if isinstance(message, Pong) else seq)

    told = Telling.tell_now
    patch.setattr(Telling, "tell_now", tell_now)


@found_by("something has changed that was refused|what was answered before is refused")
def what_was_answered_is_done_again(patch: Patch) -> None:
    def begin(telling: Telling, session: Session, number: int) -> None:
        telling._asks, telling._id = session, number
        assert session.resumption is not None
        session.resumption.last_id = number - 3

    patch.setattr(Telling, "begin", begin)


@found_by("number .* and not|what is kept is miscounted")
def a_message_is_numbered_twice(patch: Patch) -> None:
    def after(log: ReplayLog, seen: int) -> list[tuple[int, Message]] | None:
        kept = real(log, seen)
        return None if kept is None else kept[:1] + kept

    real = ReplayLog.after
    patch.setattr(ReplayLog, "after", after)


@found_by("number .* and not")
def the_first_that_was_missed_is_not_replayed(patch: Patch) -> None:
    def after(log: ReplayLog, seen: int) -> list[tuple[int, Message]] | None:
        kept = real(log, seen)
        return None if kept is None else kept[1:]

    real = ReplayLog.after
    patch.setattr(ReplayLog, "after", after)


@found_by("a log keeps too much|too much is kept")
def a_log_has_no_bound(patch: Patch) -> None:
    def __init__(log: ReplayLog, most_bytes: int, budget: Budget) -> None:  # noqa: N807 - it stands for that one
        del most_bytes
        real(log, 1 << 30, budget)

    real = ReplayLog.__init__
    patch.setattr(ReplayLog, "__init__", __init__)


@found_by("too much is kept")
def all_logs_have_no_bound(patch: Patch) -> None:
    def __init__(budget: Budget, most: int) -> None:  # noqa: N807 - it stands for that one
        del most
        real(budget, 1 << 30)

    real = Budget.__init__
    patch.setattr(Budget, "__init__", __init__)


@found_by("what is kept is miscounted|kept although everybody has left|bytes are kept")
def a_log_is_kept_for_ever(patch: Patch) -> None:
    patch.setattr(ReplayLog, "close", lambda _: None)


@found_by("is not found by its id")
def the_id_of_a_session_outlives_it(patch: Patch) -> None:
    def forget(sessions: Sessions, session: Session) -> None:
        real(sessions, session)
        if session.resumption is not None:
            sessions.by_id[session.resumption.id] = session

    real = Sessions.forget
    patch.setattr(Sessions, "forget", forget)


@found_by("away who has no token")
def whoever_has_no_token_is_waited_for(patch: Patch) -> None:
    def disconnect(arrivals: Arrivals, connection: int, *, finished: bool) -> None:
        session = arrivals._sessions.by_connection.get(connection)
        held = session is not None and session.resumption is not None and session.resumption.held
        if session is not None and session.resumption is not None:
            session.resumption.held = True
        real(arrivals, connection, finished=finished)
        if session is not None and session.resumption is not None:
            session.resumption.held = held

    real = Arrivals.disconnect
    patch.setattr(Arrivals, "disconnect", disconnect)


@found_by("speaks for nobody|behind a close|speaks for somebody else")
def the_connection_before_is_still_heard(patch: Patch) -> None:
    def move(sessions: Sessions, session: Session, connection: int) -> int | None:
        replaced = real(sessions, session, connection)
        if replaced is not None:
            sessions.by_connection[replaced] = session
        return replaced

    real = Sessions.move
    patch.setattr(Sessions, "move", move)


@found_by("can be met though somebody is not there")
def who_is_away_can_be_met(patch: Patch) -> None:
    patch.setattr(Lobby, "suspend", lambda _, __: None)


@found_by("or cannot though all are")
def who_comes_back_cannot_be_met(patch: Patch) -> None:
    patch.setattr(Lobby, "come_back", lambda _, __: None)


@found_by("waits who has met others")
def nobody_is_tried_who_has_lost_patience(patch: Patch) -> None:
    patch.setattr(Lobby, "lose_patience", lambda lobby, ticket: lobby.pools.lose_patience(ticket))


@found_by("a party has no ticket, or too early|a party and its members disagree|a party has no members")
def a_party_outlives_its_members(patch: Patch) -> None:
    def remove(lobby: Lobby, place: Place, reasons: Any) -> None:
        party = place.party
        real(lobby, place, reasons)
        if party is not None:
            lobby._parties[party.terms.code] = party

    real = Lobby._remove
    patch.setattr(Lobby, "_remove", remove)


@found_by("it believes to wait|it believes in the proposal|for which the client did not wait")
def the_others_of_a_party_are_not_told(patch: Patch) -> None:
    def remove(lobby: Lobby, place: Place, reasons: Any) -> None:
        if reasons is not None and place.party is not None:
            nothing: EndReason | None = None
            others = dict.fromkeys([each.session for each in place.party.places], nothing)
            reasons = {**others, **reasons}
        real(lobby, place, reasons)

    real = Lobby._remove
    patch.setattr(Lobby, "_remove", remove)


@found_by("all are ready, and nothing comes of it")
def the_last_one_to_be_ready_is_not_heard(patch: Patch) -> None:
    patch.setattr(Proposals, "look", lambda _, __: None)


@found_by("holds on to it|a proposal and its members|it believes in the proposal|a ticket can be met")
def a_proposal_is_not_let_go_of(patch: Patch) -> None:
    def dissolve(proposals: Proposals, proposal: Proposal) -> None:
        del proposals._by_id[proposal.id]
        proposals._timers.cancel(ProposalOver(proposal))

    patch.setattr(Proposals, "dissolve", dissolve)


@found_by("others can be met than have tickets|a ticket can be met")
def who_is_asked_can_be_met_by_others(patch: Patch) -> None:
    def leave(pools: Pools[Session], ticket: Ticket[Session]) -> None:
        if not ticket.key.ready_check:
            real(pools, ticket)

    real = Pools[Session].leave
    patch.setattr(Pools, "leave", leave)


@found_by("told of .* who is not in the room|it believes to be with|a peer is named twice")
def nobody_is_told_who_comes_in(patch: Patch) -> None:
    _untold(patch, PeerJoined)


@found_by("to be away, not")
def nobody_is_told_who_is_back(patch: Patch) -> None:
    _untold(patch, PeerBack)


@found_by("a room was left and not closed|it believes to be in")
def who_leaves_a_room_is_not_told(patch: Patch) -> None:
    _untold(patch, RoomClosed)


@found_by("an offer to the wrong peers")
def everybody_offers_to_everybody(patch: Patch) -> None:
    def view(room: Room, session: Session) -> RoomView:
        seen = real(room, session)
        others = tuple(user for user in seen.peers if user != session.user)
        return RoomView(seen.room, seen.peers, others, seen.code, seen.seeds, seen.away)

    real = Rooms.view
    patch.setattr(Rooms, "view", staticmethod(view))


@found_by("a room is not found by its code")
def a_code_is_never_free_again(patch: Patch) -> None:
    def forget(rooms: Rooms, room: Room) -> None:
        codes = dict(rooms.by_code)
        real(rooms, room)
        rooms.by_code.update(codes)

    real = Rooms.forget
    patch.setattr(Rooms, "forget", forget)


@found_by("a room is too large")
def there_is_always_a_seat(patch: Patch) -> None:
    def enter(rooms: Rooms, room: Room, members: Any) -> None:
        room.max_size -= 1
        real(rooms, room, members)

    real = Rooms.enter
    patch.setattr(Rooms, "enter", enter)


@found_by("an open room has other members|a user is in a room twice|raised")
def who_has_left_still_has_a_seat(patch: Patch) -> None:
    patch.setattr(OpenRoom, "unseat", lambda _, __: None)


@found_by("whom a room would take")
def a_free_seat_is_not_looked_at(patch: Patch) -> None:
    def fill(backfill: Backfill) -> int:
        backfill._take_in()
        backfill.to_fill.clear()
        return 0

    patch.setattr(Backfill, "fill", fill)


@found_by("speaks for nobody|is not found by its id|neither welcomed nor sent away")
def an_id_is_anybodys(patch: Patch) -> None:
    def opened(arrivals: Arrivals, command: OpenSession) -> bool:
        return arrivals._begin(command, None)

    patch.setattr(Arrivals, "open", opened)
    patch.setattr(Arrivals, "_replace", lambda _, __: None)


@found_by("a seat is nobody's|a seat and its session disagree|raised")
def who_ends_keeps_a_seat(patch: Patch) -> None:
    def end(arrivals: Arrivals, session: Session, told: LeftReason) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Rooms, "leave", _nothing)
            real(arrivals, session, told)

    real = Arrivals.end
    patch.setattr(Arrivals, "end", end)


def _nothing(rooms: Rooms, session: Session, why: ClosedReason, told: LeftReason) -> None:
    """Leave everything as it is."""

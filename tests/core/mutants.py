"""Small mistakes that one could make in the core, each put in for the length of a test.

They show that the comparison with the naive matchmaker can fail. Each is named for what it does wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf, nextafter

import pytest
from msgspec.structs import replace

from focus_signal.core.arrivals import Arrivals
from focus_signal.core.commands import Command, Connect, Relay, RelayClump, RequestMatch
from focus_signal.core.effects import Close, Deliver, DeliverClump, Effect, Refused, RoomFound
from focus_signal.core.lobby import Lobby
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.core.queues import Queues
from focus_signal.core.relays import UNREACHABLE
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Room, Session
from focus_signal.core.timers import Timers

Mutate = Callable[[pytest.MonkeyPatch], None]

_join, _leave = Queues.join, Queues.leave
_open, _forget = Rooms.open, Rooms.forget
_move = Sessions.move
_arrive, _disconnect = Arrivals.connect, Arrivals.disconnect
_handle, _handle_clump = Matchmaker.handle, Matchmaker.handle_clump
_request, _relay = Matchmaker._request_match, Matchmaker._relay


def newest_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queues, "join", lambda queues, session, size: _join(queues, session, size)[::-1])


def asking_again_goes_to_the_end(patch: pytest.MonkeyPatch) -> None:
    def join(queues: Queues, session: Session, size: int) -> list[Session]:
        queues.leave(session)
        return _join(queues, session, size)

    patch.setattr(Queues, "join", join)


def moving_keeps_the_old_place_too(patch: pytest.MonkeyPatch) -> None:
    def join(queues: Queues, session: Session, size: int) -> list[Session]:
        if session.waits_for not in {None, size}:
            session.waits_for = None
        return _join(queues, session, size)

    patch.setattr(Queues, "join", join)


def asking_for_another_size_is_ignored(patch: pytest.MonkeyPatch) -> None:
    def join(queues: Queues, session: Session, size: int) -> list[Session]:
        return [] if session.waits_for is not None else _join(queues, session, size)

    patch.setattr(Queues, "join", join)


def survivors_lose_their_order(patch: pytest.MonkeyPatch) -> None:
    def leave(queues: Queues, session: Session) -> None:
        size = session.waits_for
        _leave(queues, session)
        if size in queues._by_size:
            queues._by_size[size] = dict.fromkeys(reversed(queues._by_size[size]))

    patch.setattr(Queues, "leave", leave)


def waiting_is_counted_wrongly(patch: pytest.MonkeyPatch) -> None:
    def leave(queues: Queues, session: Session) -> None:
        queues._waiting += session.waits_for == 4
        _leave(queues, session)

    patch.setattr(Queues, "leave", leave)


def empty_queues_stay(patch: pytest.MonkeyPatch) -> None:
    def leave(queues: Queues, session: Session) -> None:
        size = session.waits_for
        _leave(queues, session)
        if size is not None:
            queues._by_size.setdefault(size, {})

    patch.setattr(Queues, "leave", leave)


def the_queue_place_is_taken_over(patch: pytest.MonkeyPatch) -> None:
    def connect(arrivals: Arrivals, connection: int, user: str) -> bool:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Lobby, "end", lambda *_: None)
            return _arrive(arrivals, connection, user)

    patch.setattr(Arrivals, "connect", connect)


def the_older_connection_still_speaks(patch: pytest.MonkeyPatch) -> None:
    def move(sessions: Sessions, session: Session, connection: int) -> int | None:
        replaced = _move(sessions, session, connection)
        if replaced is not None:
            sessions.by_connection[replaced] = session
        return replaced

    patch.setattr(Sessions, "move", move)


def the_oldest_connection_wins(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, command: Command, now: float) -> list[Effect]:
        if isinstance(command, Connect):
            session = core._sessions.by_user.get(command.user)
            if session is not None and session.connection is not None:
                return [Close(command.connection, "replaced")]
        return _handle(core, command, now)

    patch.setattr(Matchmaker, "handle", handle)


def who_comes_back_still_expires(patch: pytest.MonkeyPatch) -> None:
    def connect(arrivals: Arrivals, connection: int, user: str) -> bool:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Timers, "cancel", lambda *_: None)
            return _arrive(arrivals, connection, user)

    patch.setattr(Arrivals, "connect", connect)


def who_comes_back_is_still_leaving(patch: pytest.MonkeyPatch) -> None:
    def move(sessions: Sessions, session: Session, connection: int) -> int | None:
        leaving = session.leaving
        replaced = _move(sessions, session, connection)
        session.leaving = leaving
        return replaced

    patch.setattr(Sessions, "move", move)


def the_grace_lasts_beyond_its_deadline(patch: pytest.MonkeyPatch) -> None:
    due = Timers[object].due

    def later(timers: Timers[object], now: float) -> Iterator[object]:
        return due(timers, nextafter(now, -inf))

    patch.setattr(Timers, "due", later)


def a_seat_ends_with_its_connection(patch: pytest.MonkeyPatch) -> None:
    def disconnect(arrivals: Arrivals, connection: int, *, finished: bool) -> None:
        session = arrivals._sessions.by_connection.get(connection)
        _disconnect(arrivals, connection, finished=finished)
        if session is not None:
            arrivals._rooms.leave(session, "left", "left")

    patch.setattr(Arrivals, "disconnect", disconnect)


def time_may_run_backwards(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, command: Command, now: float) -> list[Effect]:
        core._moment.now = float("-inf")
        return _handle(core, command, now)

    patch.setattr(Matchmaker, "handle", handle)


def a_withdrawn_one_still_waits(patch: pytest.MonkeyPatch) -> None:
    def withdraw(arrivals: Arrivals, connection: int) -> None:
        session = arrivals._sessions.by_connection.get(connection)
        if session is not None:
            session.leaving = True

    patch.setattr(Arrivals, "withdraw", withdraw)


def a_withdrawn_one_may_ask(patch: pytest.MonkeyPatch) -> None:
    def request(core: Matchmaker, command: RequestMatch) -> None:
        session = core._sessions.by_connection.get(command.connection)
        leaving = session is not None and session.leaving
        if session is not None:
            session.leaving = False
        _request(core, command)
        if session is not None:
            session.leaving = leaving

    patch.setattr(Matchmaker, "_request_match", request)


def a_withdrawn_one_relays_nothing(patch: pytest.MonkeyPatch) -> None:
    def relay(core: Matchmaker, command: Relay) -> list[Effect]:
        session = core._sessions.by_connection.get(command.connection)
        return [] if session is not None and session.leaving else _relay(core, command)

    patch.setattr(Matchmaker, "_relay", relay)


def a_withdrawn_one_can_be_reached(patch: pytest.MonkeyPatch) -> None:
    def relay(core: Matchmaker, command: Relay) -> list[Effect]:
        target = core._sessions.by_user.get(command.to)
        with pytest.MonkeyPatch.context() as inner:
            if target is not None:
                inner.setattr(target, "leaving", False)
            return _relay(core, command)

    patch.setattr(Matchmaker, "_relay", relay)


def anybody_may_relay_to_anybody(patch: pytest.MonkeyPatch) -> None:
    def relay(core: Matchmaker, command: Relay) -> list[Effect]:
        core._any_scope = True
        return _relay(core, command)

    patch.setattr(Matchmaker, "_relay", relay)


def those_without_a_room_share_one(patch: pytest.MonkeyPatch) -> None:
    nowhere = Room("nowhere", "match", 2)

    def relay(core: Matchmaker, command: Relay) -> list[Effect]:
        sender = core._sessions.by_connection.get(command.connection)
        target = core._sessions.by_user.get(command.to)
        with pytest.MonkeyPatch.context() as inner:
            for session in (sender, target):
                if session is not None and session.room is None:
                    inner.setattr(session, "room", nowhere)
            return _relay(core, command)

    patch.setattr(Matchmaker, "_relay", relay)


def nobody_relays_to_oneself(patch: pytest.MonkeyPatch) -> None:
    def relay(core: Matchmaker, command: Relay) -> list[Effect]:
        sender = core._sessions.by_connection.get(command.connection)
        if sender is not None and sender.user == command.to:
            core._telling.refused += 1
            return [Deliver(command.connection, Refused("peer-unavailable", UNREACHABLE, command.to))]
        return _relay(core, command)

    patch.setattr(Matchmaker, "_relay", relay)


def the_room_before_is_kept(patch: pytest.MonkeyPatch) -> None:
    def opened(rooms: Rooms, room: Room, members: Sequence[Session]) -> None:
        for member in members:
            member.room = None
        _open(rooms, room, members)

    patch.setattr(Rooms, "open", opened)


def asking_leaves_the_room(patch: pytest.MonkeyPatch) -> None:
    def join(queues: Queues, session: Session, size: int) -> list[Session]:
        session.room = None
        return _join(queues, session, size)

    patch.setattr(Queues, "join", join)


def empty_rooms_stay(patch: pytest.MonkeyPatch) -> None:
    def forget(rooms: Rooms, room: Room) -> None:
        _forget(rooms, room)
        rooms.by_id[room.id] = room

    patch.setattr(Rooms, "forget", forget)


def expired_seats_stay(patch: pytest.MonkeyPatch) -> None:
    def due(arrivals: Arrivals, session: Session) -> None:
        arrivals._sessions.forget(session)

    patch.setattr(Arrivals, "due", due)


def one_member_is_not_told(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, command: Command, now: float) -> list[Effect]:
        effects = _handle(core, command, now)
        return effects[:-1] if isinstance(command, RequestMatch) and len(effects) > 2 else effects

    patch.setattr(Matchmaker, "handle", handle)


def peers_leave_the_receiver_out(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, command: Command, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for effect in _handle(core, command, now):
            if isinstance(effect, Deliver) and isinstance(effect.message, RoomFound):
                own = core._sessions.by_connection[effect.connection].user
                peers = tuple(peer for peer in effect.message.peers if peer != own)
                effects.append(Deliver(effect.connection, RoomFound(effect.message.room, peers)))
            else:
                effects.append(effect)
        return effects

    patch.setattr(Matchmaker, "handle", handle)


def draining_forgets_who_comes_later(patch: pytest.MonkeyPatch) -> None:
    def connect(arrivals: Arrivals, connection: int, user: str) -> bool:
        return _arrive(arrivals, connection, user) and False

    patch.setattr(Arrivals, "connect", connect)


def a_clump_counts_once(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        before = core._relays.relayed
        decided = _handle_clump(core, clump, now)
        core._relays.relayed = min(before + 1, core._relays.relayed)
        return decided

    patch.setattr(Matchmaker, "handle_clump", handle)


def a_clump_is_refused_once(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        decided = _handle_clump(core, clump, now)
        return decided if isinstance(decided, DeliverClump) else decided[:1]

    patch.setattr(Matchmaker, "handle_clump", handle)


def a_clump_comes_out_backwards(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        return _handle_clump(core, replace(clump, payloads=clump.payloads[::-1]), now)

    patch.setattr(Matchmaker, "handle_clump", handle)


def a_clump_takes_no_time(patch: pytest.MonkeyPatch) -> None:
    def handle(core: Matchmaker, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        del now
        return _handle_clump(core, clump, core._moment.now)

    patch.setattr(Matchmaker, "handle_clump", handle)


MUTANTS: tuple[Mutate, ...] = tuple(
    value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", None) == __name__ and not name.startswith("_")
)

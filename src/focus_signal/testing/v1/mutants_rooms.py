"""Mistakes about rooms: what their members are told, and what becomes of them behind a restart."""

from typing import Any

from msgspec.structs import replace

from focus_signal.core.code_rooms import CodeRooms
from focus_signal.core.effects import PeerLeft
from focus_signal.core.restoring import Restoring
from focus_signal.core.rooms import Rooms
from focus_signal.core.telling import Telling
from focus_signal.testing.v1.subject import V1Subject

# ruff: noqa: ANN401 - a mistake takes the real function, whichever, and reaches inside
# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false


def _everybody_offers(real: Any) -> Any:
    def view(room: Any, session: Any) -> Any:
        seen = real(room, session)
        return replace(seen, offer_to=tuple(peer for peer in seen.peers if peer != session.user))

    return view


def _moves_in_silence(real: Any) -> Any:
    def leave(self: Rooms, session: Any, why: Any, told: Any) -> None:
        resumption = session.resumption
        if why != "moved" or resumption is None:
            real(self, session, why, told)
            return
        telling = self._telling
        try:
            self._telling = _Without(telling, session)  # type: ignore[assignment] # tells all others
            real(self, session, why, told)
        finally:
            self._telling = telling

    return leave


class _Without:
    """Tell everybody but one."""

    def __init__(self, real: Telling, silent: Any) -> None:
        self._real = real
        self._silent = silent

    def tell(self, session: Any, message: Any) -> None:
        if session is not self._silent:
            self._real.tell(session, message)


def _leaves_in_silence(real: Any) -> Any:
    def tell(self: Telling, session: Any, message: Any) -> None:
        if not isinstance(message, PeerLeft):
            real(self, session, message)

    return tell


def _codes_stay(real: Any) -> Any:
    def forget(self: Rooms, room: Any) -> None:
        code, room.code = room.code, None
        real(self, room)
        room.code = code

    return forget


def _any_record_counts(real: Any) -> Any:
    def show(self: Restoring, record: Any) -> None:
        room = self._rooms.by_id.get(record.id)
        if room is not None:
            room.rev = -1
        self._shown.clear()
        self._known.clear()
        real(self, record)

    return show


def _waits_for_ever(real: Any) -> Any:
    del real
    return lambda _self: None


def _takes_for_ever(real: Any) -> Any:
    del real
    return lambda self, token: token.process != self._sessions.process


def _takes_nobody(real: Any) -> Any:
    del real
    return lambda _self, _token: False


def _lets_in_too_soon(real: Any) -> Any:
    def join(self: CodeRooms, session: Any, code: str) -> None:
        room = self._rooms.of_code(code)
        restored = room is not None and room.restored
        if room is not None:
            room.restored = False
        real(self, session, code)
        if room is not None:
            room.restored = restored

    return join


def _knows_too_soon(real: Any) -> Any:
    del real
    return lambda _self, _session: False


def _forgets_the_last(real: Any) -> Any:
    def record(room: Any) -> Any:
        told = real(room)
        return told if told is None or len(told.members) < 3 else replace(told, members=told.members[:-1])

    return record


ROOM_MUTANTS: tuple[V1Subject, ...] = (
    V1Subject("everybody-offers", "both of a pair offer", "offerer", ((Rooms, "view", _everybody_offers),)),
    V1Subject(
        "moves-in-silence",
        "who meets others is not told that the room before is closed",
        "room-view",
        ((Rooms, "leave", _moves_in_silence),),
    ),
    V1Subject(
        "leaves-in-silence",
        "nobody is told who has left",
        "room-view",
        ((Telling, "tell", _leaves_in_silence),),
    ),
    V1Subject("codes-stay", "a code outlives its room", "leak", ((Rooms, "forget", _codes_stay),)),
    V1Subject(
        "any-record-counts",
        "the record that came last counts, and not the latest",
        "restore",
        ((Restoring, "_show", _any_record_counts),),
        within=4_100,
    ),
    V1Subject(
        "waits-for-ever",
        "who does not come back is never lost",
        "restore",
        ((Restoring, "end", _waits_for_ever),),
        within=300,
    ),
    V1Subject(
        "takes-for-ever",
        "tokens of the server before are taken when the window is over",
        "restore",
        ((Restoring, "takes", _takes_for_ever),),
    ),
    V1Subject(
        "takes-nobody",
        "no token of the server before is taken",
        "restore",
        ((Restoring, "takes", _takes_nobody),),
    ),
    V1Subject(
        "lets-in-too-soon",
        "somebody new gets into a room that is coming back",
        "restore",
        ((CodeRooms, "join", _lets_in_too_soon),),
        within=200,
    ),
    V1Subject(
        "knows-too-soon",
        "a code is said to be of no room while rooms come back",
        "restore",
        ((CodeRooms, "_may_come_back", _knows_too_soon),),
    ),
    V1Subject(
        "forgets-the-last",
        "tokens leave the last member of a room out",
        "token",
        ((Rooms, "record", _forgets_the_last),),
    ),
)

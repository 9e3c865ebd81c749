"""Mutants of the queues: who waits, in which order, and when enough do."""

from focus_signal.core.arrivals import Arrivals
from focus_signal.core.commands import Connect, RequestMatch
from focus_signal.core.effects import Effect, EndReason
from focus_signal.core.lobby import Lobby
from focus_signal.core.queues import Queues
from focus_signal.core.state import Session
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import (
    PlantedMatchmaker,
    mutant,
    mutant_of_arrivals,
    mutant_of_queues,
)


class _Stack(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        return super().join(session, size)[::-1]


class _BackToTheEnd(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        self.leave(session)
        return super().join(session, size)


class _TwoPlaces(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        if session.waits_for not in {None, size}:
            session.waits_for = None  # the ticket in the other queue is forgotten, and stays there
        return super().join(session, size)


class _FirstSizeCounts(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        return [] if session.waits_for is not None else super().join(session, size)


class _SurvivorsTurnRound(Queues):
    def leave(self, session: Session) -> None:
        size = session.waits_for
        super().leave(session)
        if size is not None and size in self._by_size:
            self._by_size[size] = dict.fromkeys(reversed(self._by_size[size]))


class _OneTooFew(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        members = super().join(session, size)
        queue = self._by_size.get(size, {})
        if size < 3 or members or len(queue) != size - 1:
            return members
        members = list(queue)
        for member in members:
            self.leave(member)
        return members


class _OneTooMany(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        if size in {1, session.waits_for}:
            return super().join(session, size)
        self.leave(session)
        queue = self._by_size.setdefault(size, {})
        queue[session] = None
        session.waits_for = size
        self._waiting += 1
        if len(queue) <= size:
            return []
        members = list(queue)[:size]
        for member in members:
            self.leave(member)
        return members


class _TicketStays(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        members = super().join(session, size)
        if len(members) > 1:
            super().join(members[0], size)
        return members


class _Twins(Queues):
    def join(self, session: Session, size: int) -> list[Session]:
        if session.waits_for != size:
            return super().join(session, size)
        return super().join(Session(session.user, session.connection), size)


class _Miscounted(Queues):
    def leave(self, session: Session) -> None:
        self._waiting += session.waits_for is not None
        super().leave(session)


class _SeatedDoNotWait(PlantedMatchmaker):
    def _request_match(self, command: RequestMatch) -> None:
        session = self._sessions.by_connection.get(command.connection)
        if session is None or session.room is None or command.size == 1:
            super()._request_match(command)


class _WithdrawnStillWaits(Arrivals):
    def withdraw(self, connection: int) -> None:
        session = self._sessions.by_connection.get(connection)
        if session is not None:
            session.leaving = True

    def disconnect(self, connection: int, *, finished: bool) -> None:
        session = self._sessions.by_connection.get(connection)
        if session is not None:
            self._lobby.end(session, None)
        super().disconnect(connection, finished=finished)


class _WithdrawnMayAsk(PlantedMatchmaker):
    def _request_match(self, command: RequestMatch) -> None:
        session = self._sessions.by_connection.get(command.connection)
        if session is None or not session.leaving:
            super()._request_match(command)
            return
        session.leaving = False
        super()._request_match(command)
        session.leaving = True


class _LatchedLobby(Lobby):
    latched: bool = False

    def end(self, session: Session, reason: EndReason | None) -> None:
        if not self.latched:
            super().end(session, reason)


class _PlaceTakenOver(PlantedMatchmaker):
    lobby = _LatchedLobby

    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        lobby = self._lobby
        assert isinstance(lobby, _LatchedLobby)  # noqa: S101 - said so above
        lobby.latched = True
        effects = super().on_connect(command, now)
        lobby.latched = False
        return effects


class _SizesShareOne(Queues):
    """Match by the number of all who wait, whatever they wait for."""

    def join(self, session: Session, size: int) -> list[Session]:
        members = super().join(session, size)
        if members or size == 1:
            return members
        waiting = [other for queue in self._by_size.values() for other in queue]
        if len(waiting) < size:
            return []
        members = waiting[:size]
        for member in members:
            self.leave(member)
        return members


QUEUE_MUTANTS: tuple[Subject, ...] = (
    mutant_of_queues("queue-is-a-stack", "peers are named from the last to the first", "fifo", _Stack),
    mutant_of_queues(
        "asking-again-goes-back", "asking again for a size gives up the place", "fifo", _BackToTheEnd
    ),
    mutant_of_queues(
        "survivors-turn-round", "when somebody leaves, those who stay turn round", "fifo", _SurvivorsTurnRound
    ),
    mutant("place-is-taken-over", "a newer connection takes the older one's place", "fifo", _PlaceTakenOver),
    mutant_of_queues(
        "two-places", "who asks for another size keeps the place before as well", "two-queues", _TwoPlaces
    ),
    mutant_of_queues(
        "first-size-counts", "who waits for a size cannot ask for another", "two-queues", _FirstSizeCounts
    ),
    mutant_of_queues("one-too-few", "a room opens when one is still missing", "room-size", _OneTooFew),
    mutant_of_queues("sizes-share-one", "who waits is matched with any size", "room-size", _SizesShareOne),
    mutant_of_queues(
        "one-too-many", "a room opens when one more waits than it holds", "starved-queue", _OneTooMany
    ),
    mutant(
        "seated-do-not-wait", "who is in a room cannot wait for another", "starved-queue", _SeatedDoNotWait
    ),
    mutant_of_queues("ticket-stays", "the first of a match still waits after it", "two-rooms", _TicketStays),
    mutant_of_queues("twins", "asking again for a size gives a second place", "self-match", _Twins),
    mutant_of_arrivals(
        "withdrawn-still-waits", "an end that was read gives up no place", "dead-match", _WithdrawnStillWaits
    ),
    mutant(
        "withdrawn-may-ask", "what came before an end still asks for a room", "dead-match", _WithdrawnMayAsk
    ),
    mutant_of_queues("miscounted", "who leaves a queue is counted twice", "leak", _Miscounted),
)

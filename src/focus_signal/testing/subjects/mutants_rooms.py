"""Mutants of the rooms and of what is said in them."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from focus_signal.core.commands import Command, Invalid, Relay, RequestMatch
from focus_signal.core.effects import (
    Deliver,
    Effect,
    Message,
    Refused,
    Relayed,
    RoomFound,
)
from focus_signal.core.relays import UNREACHABLE
from focus_signal.core.rooms import Rooms
from focus_signal.core.state import Room, Session
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import PlantedMatchmaker, mutant, mutant_of_rooms


def _changed(effects: list[Effect], change: Callable[[Relayed], Relayed]) -> list[Effect]:
    """Change every relayed message."""
    return [
        Deliver(effect.connection, change(effect.message))
        if isinstance(effect, Deliver) and isinstance(effect.message, Relayed)
        else effect
        for effect in effects
    ]


def _is_a(effect: Effect, kind: type[Message]) -> bool:
    return isinstance(effect, Deliver) and isinstance(effect.message, kind)


def _unreachable(command: Relay) -> Effect:
    return Deliver(command.connection, Refused("peer-unavailable", UNREACHABLE, command.to))


class _OneIsNotTold(PlantedMatchmaker):
    def on_request(self, command: RequestMatch, now: float) -> list[Effect]:
        effects = super().on_request(command, now)
        return effects[:-1] if len(effects) > 1 else effects


class _PeersWithoutOneself(PlantedMatchmaker):
    def on_request(self, command: RequestMatch, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for effect in super().on_request(command, now):
            own = self._sessions.by_connection.get(effect.connection)
            if isinstance(effect, Deliver) and isinstance(effect.message, RoomFound) and own is not None:
                found = effect.message
                others = tuple(peer for peer in found.peers if peer != own.user)
                effects.append(Deliver(effect.connection, RoomFound(found.room, others)))
            else:
                effects.append(effect)
        return effects


class _EachSeesAnotherOrder(PlantedMatchmaker):
    def on_request(self, command: RequestMatch, now: float) -> list[Effect]:
        effects = super().on_request(command, now)
        for place, effect in enumerate(effects):
            if isinstance(effect, Deliver) and isinstance(effect.message, RoomFound):
                found = effect.message
                turned = found.peers[place:] + found.peers[:place]
                effects[place] = Deliver(effect.connection, RoomFound(found.room, turned))
        return effects


class _AnybodyMay(PlantedMatchmaker):
    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._any_scope = True


class _TheRoomlessShareOne(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        sender = self._sessions.by_connection.get(command.connection)
        target = self._sessions.by_user.get(command.to)
        before = self._any_scope
        if sender is not None and target is not None and sender.room is target.room:
            self._any_scope = True
        effects = super()._relay(command)
        self._any_scope = before
        return effects


class _NotToOneself(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        sender = self._sessions.by_connection.get(command.connection)
        if sender is not None and sender.user == command.to:
            return [_unreachable(command)]
        return super()._relay(command)


class _WholeRoomHears(PlantedMatchmaker):
    """Send every message to a whole room, whomever it is for."""

    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        sender = self._sessions.by_connection.get(command.connection)
        if sender is None or sender.room is None or not isinstance(effects[0], Deliver):
            return effects
        first = effects[0]
        if isinstance(first.message, Relayed):
            for connection in self._sessions.connections():
                other = self._sessions.by_connection.get(connection)
                if other is not None and other.room is sender.room and connection != first.connection:
                    effects.append(Deliver(connection, first.message))
        return effects


class _AskingLeaves(PlantedMatchmaker):
    def _request_match(self, command: RequestMatch) -> None:
        session = self._sessions.by_connection.get(command.connection)
        if session is not None and not session.leaving:
            self._rooms.leave(session, "left", "left")
        super()._request_match(command)


class _NoErrorForStrangers(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        unknown = self._sessions.by_user.get(command.to) is None
        return [] if unknown else effects


class _WithdrawnIsNotHeard(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        session = self._sessions.by_connection.get(command.connection)
        return [] if session is not None and session.leaving else super()._relay(command)


class _WithdrawnIsReached(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        target = self._sessions.by_user.get(command.to)
        if target is None or not target.leaving:
            return super()._relay(command)
        target.leaving = False
        effects = super()._relay(command)
        target.leaving = True
        return effects


class _EveryFifthIsLost(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        return [] if self._relays.relayed % 5 == 4 else effects


class _SaidTwice(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        return effects * 2 if command.kind == "ice-candidate" else effects


class _DeliveredAndRefused(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        if any(_is_a(effect, Relayed) for effect in effects):
            effects.append(_unreachable(command))
        return effects


class _HeldBack(PlantedMatchmaker):
    """Hold an offer back until the next message of its sender, and let that go first."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.held: dict[int, list[Effect]] = {}

    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        if command.kind == "offer" and command.connection not in self.held:
            self.held[command.connection] = effects
            return []
        return effects + self.held.pop(command.connection, [])


class _LastSpeakerSaidIt(PlantedMatchmaker):
    """Name whoever spoke last before as the sender."""

    last = ""

    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        session = self._sessions.by_connection.get(command.connection)
        before, self.last = self.last, session.user if session is not None else self.last
        return _changed(effects, lambda message: replace(message, sender=before)) if before else effects


class _LongIsCut(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        if len(command.payload) <= 1024:
            return effects
        return _changed(effects, lambda message: replace(message, payload=message.payload[:1000] + b'"'))


class _AnswersAreOffers(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        effects = super()._relay(command)
        return _changed(
            effects,
            lambda message: replace(message, kind="offer" if message.kind == "answer" else message.kind),
        )


class _BadSizeIsSilent(PlantedMatchmaker):
    def on_request(self, command: RequestMatch, now: float) -> list[Effect]:
        effects = super().on_request(command, now)
        return [effect for effect in effects if not _is_a(effect, Refused)]


class _BadSizeIsTwo(PlantedMatchmaker):
    def on_request(self, command: RequestMatch, now: float) -> list[Effect]:
        if not 1 <= command.size <= self.rules.max_match_size:
            return super().on_request(RequestMatch(command.connection, 2), now)
        return super().on_request(command, now)


class _MalformedIsSilent(PlantedMatchmaker):
    def handle(self, command: Command, now: float) -> list[Effect]:
        effects = super().handle(command, now)
        return [] if isinstance(command, Invalid) and command.code == "bad-json" else effects


class _EmptyRoomsStay(Rooms):
    def forget(self, room: Room) -> None:
        super().forget(room)
        self.by_id[room.id] = room


class _OldRoomIsNotLeft(Rooms):
    def open(self, room: Room, members: Sequence[Session]) -> None:
        for member in members:
            member.room = None
        super().open(room, members)


ROOM_MUTANTS: tuple[Subject, ...] = (
    mutant("one-is-not-told", "the last of a match does not hear of it", "room-size", _OneIsNotTold),
    mutant("peers-without-oneself", "peers leave the receiver out", "room-size", _PeersWithoutOneself),
    mutant("peers-differ", "each member sees the peers in another order", "room-size", _EachSeesAnotherOrder),
    mutant("anybody-may", "a relay reaches anybody, whatever room they are in", "outsider", _AnybodyMay),
    mutant(
        "roomless-share-one", "those without a room can reach each other", "outsider", _TheRoomlessShareOne
    ),
    mutant("whole-room-hears", "the whole room gets what is for one of it", "duplicate", _WholeRoomHears),
    mutant("not-to-oneself", "what is for oneself is refused", "unreachable", _NotToOneself),
    mutant("asking-leaves", "who asks for the next room is out of this one", "unreachable", _AskingLeaves),
    mutant(
        "no-error-for-strangers",
        "a user id that nobody has gets no error",
        "silent-loss",
        _NoErrorForStrangers,
    ),
    mutant(
        "withdrawn-is-not-heard", "what came before an end is dropped", "silent-loss", _WithdrawnIsNotHeard
    ),
    mutant("withdrawn-is-reached", "a relay goes to whose end was read", "silent-loss", _WithdrawnIsReached),
    mutant("every-fifth-is-lost", "now and then a message is lost", "silent-loss", _EveryFifthIsLost),
    mutant("said-twice", "candidates are delivered twice", "duplicate", _SaidTwice),
    mutant(
        "delivered-and-refused", "what is delivered is refused as well", "duplicate", _DeliveredAndRefused
    ),
    mutant("held-back", "an offer waits until its sender has said more", "pair-order", _HeldBack),
    mutant(
        "last-speaker-said-it", "the sender is whoever spoke before", "spoofed-sender", _LastSpeakerSaidIt
    ),
    mutant("long-is-cut", "a long payload loses its end", "altered", _LongIsCut),
    mutant("answers-are-offers", "an answer arrives as an offer", "altered", _AnswersAreOffers),
    mutant("bad-size-is-silent", "a bad size gets no error", "bad-request", _BadSizeIsSilent),
    mutant("bad-size-is-two", "a bad size is taken for 2", "bad-request", _BadSizeIsTwo),
    mutant("malformed-is-silent", "a text that is no JSON gets no error", "bad-request", _MalformedIsSilent),
    mutant_of_rooms("empty-rooms-stay", "a room outlives its last member", "leak", _EmptyRoomsStay),
    mutant_of_rooms(
        "old-room-is-not-left", "the next room leaves a seat in the old one", "leak", _OldRoomIsNotLeft
    ),
)

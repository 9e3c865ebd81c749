"""Mutants of the sessions: who speaks for a user, and for how long a seat is kept."""

from collections.abc import Sequence

import msgspec
from attrs import frozen
from msgspec import Struct, field

from focus_signal.core.alarms import SessionDue
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.commands import Command, Connect, Disconnect, Invalid, Relay
from focus_signal.core.effects import Close, Deliver, Effect, Relayed, SeedMessage
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Session
from focus_signal.server.logic import Dialect, ReadFrames
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import (
    PlantedMatchmaker,
    building,
    mutant,
    mutant_of_arrivals,
    mutant_of_sessions,
)


class _OlderStillSpeaks(Sessions):
    def move(self, session: Session, connection: int) -> int | None:
        replaced = super().move(session, connection)
        if replaced is not None:
            self.by_connection[replaced] = session
        return replaced

    def disconnect(self, connection: int) -> Session | None:
        session = self.by_connection.get(connection)
        if session is not None and session.connection != connection:
            del self.by_connection[connection]
            return None
        return super().disconnect(connection)


class _StillLeaving(Sessions):
    def move(self, session: Session, connection: int) -> int | None:
        leaving = session.leaving
        replaced = super().move(session, connection)
        session.leaving = leaving
        return replaced


class _SeatEndsAtOnce(Arrivals):
    def disconnect(self, connection: int, *, finished: bool) -> None:
        session = self._sessions.by_connection.get(connection)
        if session is not None:
            self._rooms.leave(session, "left", "left")
        super().disconnect(connection, finished=finished)


class _SeatStaysForever(Arrivals):
    def disconnect(self, connection: int, *, finished: bool) -> None:
        session = self._sessions.by_connection.get(connection)
        super().disconnect(connection, finished=finished)
        if session is not None:
            self._timers.cancel(SessionDue(session))


class _OldEndEndsTheNew(PlantedMatchmaker):
    """Know by a user id who has ended, and not by a connection."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.user_of: dict[int, str] = {}

    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        self.user_of[command.connection] = command.user
        return super().on_connect(command, now)

    def handle(self, command: Command, now: float) -> list[Effect]:
        if isinstance(command, Disconnect):
            session = self._sessions.by_user.get(self.user_of.pop(command.connection, ""))
            if session is not None and session.connection is not None:
                command = Disconnect(session.connection)
        return super().handle(command, now)


class _ToTheOlder(PlantedMatchmaker):
    """Deliver to the connection that a user had before."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.older: dict[int, int] = {}

    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        effects = super().on_connect(command, now)
        for effect in effects:
            if isinstance(effect, Close) and effect.reason == "replaced":
                self.older[command.connection] = effect.connection
        return effects

    def _relay(self, command: Relay) -> list[Effect]:
        return [
            Deliver(self.older.get(effect.connection, effect.connection), effect.message)
            if isinstance(effect, Deliver) and isinstance(effect.message, Relayed)
            else effect
            for effect in super()._relay(command)
        ]


class _OldestWins(PlantedMatchmaker):
    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        session = self._sessions.by_user.get(command.user)
        if session is not None and session.connection is not None:
            return [Close(command.connection, "replaced")]
        return super().on_connect(command, now)


class _ReplacedStaysOpen(PlantedMatchmaker):
    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        return [
            effect
            for effect in super().on_connect(command, now)
            if not isinstance(effect, Close) or effect.reason != "replaced"
        ]


class _ClaimedRelay(Relay, frozen=True, gc=False):
    claim: str = ""


@frozen
class _Believing:
    """Read what a message says of its sender, where the real dialect refuses it."""

    real: Dialect

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        command = self.real.decode(frame, connection, user)
        if not isinstance(command, Invalid) or command.code != "wrong-sender":
            return command
        claim = _decode_claim(frame).sender
        believed = self.real.decode(frame, connection, claim)
        if not isinstance(believed, Relay):
            return believed
        return _ClaimedRelay(connection, believed.to, believed.kind, believed.payload, claim=claim)

    def reader(self, connection: int, user: str) -> ReadFrames:
        return lambda frames: [self.decode(frame, connection, user) for frame in frames]

    def encode_clump(self, sender: str, kind: str, payloads: Sequence[bytes]) -> list[bytes]:
        return self.real.encode_clump(sender, kind, payloads)

    def encode(self, message: SeedMessage) -> bytes | None:
        return self.real.encode(message)


class _Claim(Struct):
    sender: str = field(name="from", default="")


_decode_claim = msgspec.json.Decoder(_Claim).decode


class _ClaimsAreBelieved(PlantedMatchmaker):
    def _relay(self, command: Relay) -> list[Effect]:
        claim = command.claim if isinstance(command, _ClaimedRelay) else None
        return [
            Deliver(effect.connection, Relayed(claim, effect.message.kind, effect.message.payload))
            if claim is not None and isinstance(effect, Deliver) and isinstance(effect.message, Relayed)
            else effect
            for effect in super()._relay(command)
        ]


class _RaisesOnTakeover(PlantedMatchmaker):
    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        effects = super().on_connect(command, now)
        if len(effects) > 0:
            raise KeyError(command.user)
        return effects


SESSION_MUTANTS: tuple[Subject, ...] = (
    mutant_of_sessions(
        "older-still-speaks", "who was replaced is still listened to", "newest-wins", _OlderStillSpeaks
    ),
    mutant("oldest-wins", "a newer connection is sent away", "newest-wins", _OldestWins),
    mutant("replaced-stays-open", "who was replaced is not closed", "newest-wins", _ReplacedStaysOpen),
    mutant_of_sessions(
        "still-leaving", "who comes back in time is taken for gone", "takeover-unreachable", _StillLeaving
    ),
    mutant_of_arrivals(
        "seat-ends-at-once", "a seat ends with its connection", "takeover-unreachable", _SeatEndsAtOnce
    ),
    mutant(
        "old-end-ends-the-new",
        "an older connection's end ends the newer",
        "takeover-unreachable",
        _OldEndEndsTheNew,
    ),
    mutant("to-the-older", "a relay goes to the connection before", "takeover-unreachable", _ToTheOlder),
    mutant_of_arrivals("seat-stays-forever", "the grace of a seat never ends", "leak", _SeatStaysForever),
    mutant("raises-on-takeover", "a takeover is more than the server can bear", "fault", _RaisesOnTakeover),
    Subject(
        "claims-are-believed",
        "the sender is whoever the message says",
        building(_ClaimsAreBelieved, _Believing),
        "spoofed-sender",
    ),
)

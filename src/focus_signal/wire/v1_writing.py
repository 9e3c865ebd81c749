"""Messages of the core to frames of `focus-signal.v1`."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from attrs import field, frozen
from msgspec import UNSET, Struct, UnsetType

from focus_signal.core import effects
from focus_signal.core.effects import Message
from focus_signal.core.tokens import SessionToken
from focus_signal.wire.messages import from_server
from focus_signal.wire.v1_settings import V1Settings

_T = TypeVar("_T")
_RELAYED = ("offer", "answer", "ice-candidate", "signal", "broadcast")
_HEADS = {kind: f'{{"type":"{kind}","seq":'.encode() for kind in _RELAYED}

_encode = msgspec.json.Encoder().encode


@frozen
class V1Writer:
    """Write frames.

    Args:
      settings: those of the server, for the welcome.
      seal: makes what a client is given for a token.
    """

    settings: V1Settings
    seal: Callable[[SessionToken], str]
    _limits: from_server.LimitFields = field(init=False)

    def __attrs_post_init__(self) -> None:
        settings = self.settings
        limits = from_server.LimitFields(
            frame_bytes=settings.frame_bytes,
            match_size=settings.max_match_size,
            grace=settings.grace,
            replay_bytes=settings.replay_bytes,
            message_rate=settings.message_rate,
            message_burst=settings.message_burst,
            byte_rate=settings.byte_rate,
            byte_burst=settings.byte_burst,
        )
        object.__setattr__(self, "_limits", limits)

    def encode(self, message: Message, seq: int) -> bytes:
        """Make a text frame of a message.

        Args:
          message: what a session of this protocol is sent.
          seq: its number; no matter for a message that has none.

        Raises:
          TypeError: it is not for this protocol, as the seed's `RoomFound`.
        """
        if type(message) is effects.Relayed:  # nearly every one
            sender = _encode(message.sender)
            return b'%b%d,"from":%b%b}' % (_HEADS[message.kind], seq, sender, message.payload)
        if type(message) is effects.Welcome:
            return _encode(self._welcome(message))
        if type(message) is effects.SessionIssued:
            return _encode(from_server.Session(seq=seq, session=self.seal(message.token)))
        make = _MAKERS.get(type(message))
        if make is None:
            raise TypeError(f"no session of this protocol is sent a {type(message).__name__}")
        return _encode(make(message, seq))

    def _welcome(self, message: effects.Welcome) -> from_server.Welcome:
        settings = self.settings
        return from_server.Welcome(
            protocol=1,
            user_id=message.user,
            resumed=message.resumed,
            seq=message.seq,
            last_id=_or_unset(message.last_id),
            state=UNSET if message.state is None else _state(message.state),
            why=_or_unset(message.why),
            heartbeat=settings.heartbeat,
            ice_servers=settings.ice_servers,
            ice_expires_in=_or_unset(settings.ice_expires_in),
            features=settings.features,
            limits=self._limits,
        )


def _or_unset(value: _T | None) -> _T | UnsetType:
    return UNSET if value is None else value


def _state(state: effects.State) -> from_server.StateFields:
    return from_server.StateFields(
        ticket=UNSET if state.ticket is None else from_server.TicketFields(**_ticket(state.ticket)),
        proposal=UNSET if state.proposal is None else from_server.ProposalFields(**_proposal(state.proposal)),
        room=UNSET if state.room is None else from_server.RoomFields(**_room(state.room)),
    )


def _ticket(view: effects.TicketView) -> dict[str, Any]:
    return {
        "pool": view.pool,
        "position": view.position,
        "waiting": view.waiting,
        "needed": view.needed,
    }


def _proposal(view: effects.ProposalView) -> dict[str, Any]:
    return {"proposal": view.proposal, "size": view.size, "within": view.within}


def _room(view: effects.RoomView) -> dict[str, Any]:
    return {
        "room_id": view.room,
        "peers": view.peers,
        "offer_to": view.offer_to,
        "code": _or_unset(view.code),
        # Nobody is the same as nothing said.
        "seed": view.seeds or UNSET,
        "away": view.away or UNSET,
    }


def _refused(message: effects.Refused, seq: int) -> Struct:
    return from_server.Error(
        seq=seq,
        code=message.code,
        message=message.message,
        id=_or_unset(message.id),
        to=_or_unset(message.to),
        retry_after=_or_unset(message.retry_after),
    )


_MAKERS: dict[type, Callable[[Any, int], Struct]] = {
    effects.Refused: _refused,
    effects.RoomEntered: lambda message, seq: from_server.RoomFound(seq=seq, **_room(message.view)),
    effects.Queued: lambda message, seq: from_server.Queued(seq=seq, **_ticket(message.view)),
    effects.MatchProposed: lambda message, seq: from_server.MatchProposed(seq=seq, **_proposal(message.view)),
    effects.MatchEnded: lambda message, seq: from_server.MatchEnded(seq=seq, reason=message.reason),
    effects.RoomClosed: lambda message, seq: from_server.RoomClosed(
        seq=seq, room_id=message.room, reason=message.reason
    ),
    effects.PeerJoined: lambda message, seq: from_server.PeerJoined(seq=seq, peer=message.peer),
    effects.PeerAway: lambda message, seq: from_server.PeerAway(
        seq=seq, peer=message.peer, grace=message.grace
    ),
    effects.PeerBack: lambda message, seq: from_server.PeerBack(
        seq=seq, peer=message.peer, resumed=message.resumed
    ),
    effects.PeerLeft: lambda message, seq: from_server.PeerLeft(
        seq=seq, peer=message.peer, reason=message.reason
    ),
    effects.Ack: lambda message, seq: from_server.Ack(seq=seq, id=message.id),
    effects.Pong: lambda _, __: from_server.Pong(),
    effects.GoingAway: lambda message, seq: from_server.GoingAway(seq=seq, reconnect_in=message.reconnect_in),
}

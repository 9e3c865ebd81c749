"""Messages of `focus-signal.v1` to requests, with all that no schema says of them.

What depends on the server's settings is looked at here, and what depends on more than one field: both ways to
read a frame end here.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from focus_signal.core.commands import (
    Broadcast,
    Cancel,
    CreateRoom,
    Decline,
    JoinRoom,
    LeaveRoom,
    Party,
    Ping,
    Ready,
    Relay,
    Request,
    RequestTicket,
    Terms,
)
from focus_signal.wire.messages import from_client
from focus_signal.wire.messages.from_client import LARGEST, WIDEST, AnyFromClient
from focus_signal.wire.unusable import Unusable
from focus_signal.wire.user_ids import is_user_id
from focus_signal.wire.v1_settings import V1Settings
from focus_signal.wire.v1_shapes import Mismatch

TO_PEER = (from_client.Offer, from_client.Answer, from_client.IceCandidate, from_client.Signal)
"""What is relayed to a single peer."""
KINDS: dict[type, str] = dict(zip(TO_PEER, ("offer", "answer", "ice-candidate", "signal"), strict=True))
BAD_MESSAGE = "bad-message"
BAD_MATCH_SIZE = "bad-match-size"
WRONG_SENDER = "wrong-sender"
SENDER_ALLOWED = "absent or your own user id"

_encode = msgspec.json.Encoder().encode
ToPeer = from_client.Offer | from_client.Answer | from_client.IceCandidate | from_client.Signal


def request_of(message: AnyFromClient, connection: int, user: str, settings: V1Settings) -> Request:
    """Make the request that a message is.

    Args:
      message: one that is as the schema has it.
      connection: the connection on which it came.
      user: the user for whom that connection speaks.
      settings: those of the server.

    Raises:
      Mismatch: a field is not what it may be.
      Unusable: this server takes no such message.
    """
    if isinstance(message, TO_PEER):
        return relay_of(message, connection, user, settings)
    return _MAKERS[type(message)](message, connection, settings)


def relay_of(message: ToPeer, connection: int, user: str, settings: V1Settings) -> Relay:
    """Make the relay that a message to a peer is; see `request_of`."""
    to, claim, room = message.to, message.from_, message.room_id
    # So few characters are short enough whatever they are: none takes more than four bytes.
    surely = len(to) * 4 <= settings.max_user_bytes and to.isprintable()
    if not surely and not is_user_id(to, settings.max_user_bytes):
        raise Mismatch("to", settings.user_allowed, _raw(to))
    if claim != user and claim is not UNSET and claim is not None:
        raise Mismatch("from", SENDER_ALLOWED, _raw(claim))
    return Relay(connection, to, KINDS[type(message)], _payload_of(message), None if room is UNSET else room)


def _payload_of(message: ToPeer) -> bytes:
    """Give the fields that are passed on, from the comma on, in the one order in which they go out."""
    if isinstance(message, from_client.Signal):
        return b',"data":%b' % message.data
    if message.sdp is UNSET:
        return b"" if message.candidate is UNSET else b',"candidate":%b' % message.candidate
    if message.candidate is UNSET:
        return b',"sdp":%b' % message.sdp
    return b',"sdp":%b,"candidate":%b' % (message.sdp, message.candidate)


def _raw(value: object) -> Raw:
    """Write a value as it could have come, to be shown."""
    return Raw(_encode(value))


def _ticket(message: from_client.Matchmaking, connection: int, settings: V1Settings) -> RequestTicket:
    least, most = _sizes(message, settings)
    party: Party | None = None
    if message.party is not UNSET:
        if message.party.size > most:
            allowed = f"at most the largest size that is asked for, {most}"
            raise Mismatch("party.size", allowed, _raw(message.party.size))
        party = Party(message.party.code, message.party.size)
    for at, avoided in enumerate(message.avoid):
        if not is_user_id(avoided, settings.max_user_bytes):
            raise Mismatch(f"avoid[{at}]", settings.user_allowed, _raw(avoided))
    if message.ready_check and message.backfill:
        raise Mismatch("readyCheck", "false where backfill is true", _raw(value=True))
    terms = Terms(
        least,
        most,
        pool=message.pool,
        ready_check=message.ready_check,
        backfill=message.backfill,
        party=party,
        avoid=message.avoid,
        patience=message.patience,
        timeout=None if message.timeout is UNSET else message.timeout,
    )
    return RequestTicket(connection, terms)


def _sizes(message: from_client.Matchmaking, settings: V1Settings) -> tuple[int, int]:
    """Read the least and the most."""
    exact, least, most = message.match_size, message.min_size, message.max_size
    if least is UNSET and most is UNSET:
        size = _size("matchSize", exact, settings)
        return size, size
    if exact is not UNSET:
        raise Mismatch("matchSize", "absent where minSize or maxSize is there", _raw(exact), BAD_MESSAGE)
    most, least = _size("maxSize", most, settings), _size("minSize", least, settings)
    if least > most:
        raise Mismatch("minSize", f"at most maxSize, {most}", _raw(least))
    if most - least >= WIDEST:
        allowed = f"at least {most - WIDEST + 1}, for no more than {WIDEST} sizes up to maxSize, {most}"
        raise Mismatch("minSize", allowed, _raw(least))
    return least, most


def _size(name: str, size: int | UnsetType, settings: V1Settings) -> int:
    if size is UNSET:
        raise Mismatch(name, settings.size_allowed, UNSET)
    if size > settings.max_match_size:
        raise Mismatch(name, settings.size_allowed, _raw(size))
    return size


def _room(message: from_client.RoomCreate, connection: int, settings: V1Settings) -> CreateRoom:
    code = None if message.code is UNSET else message.code
    return CreateRoom(connection, _size("maxSize", message.max_size, settings), code)


def _broadcast(message: from_client.Broadcast, connection: int, _: V1Settings) -> Broadcast:
    room = None if message.room_id is UNSET else message.room_id
    return Broadcast(connection, b',"data":%b' % message.data, room)


def _ping(message: from_client.Ping, connection: int, _: V1Settings) -> Ping:
    if message.seen is UNSET:
        raise Mismatch("seen", f"a whole number from 0 to {LARGEST}", UNSET)
    return Ping(connection)


def _renew(_: from_client.Renew, __: int, ___: V1Settings) -> Request:
    raise Unusable("not-allowed", "renew is for servers that ask for tokens, and this one does not")


_MAKERS: dict[type, Callable[[Any, int, V1Settings], Request]] = {
    from_client.Matchmaking: _ticket,
    from_client.Cancel: lambda _, connection, __: Cancel(connection),
    from_client.Ready: lambda message, connection, _: Ready(connection, message.proposal),
    from_client.Decline: lambda message, connection, _: Decline(connection, message.proposal),
    from_client.RoomCreate: _room,
    from_client.RoomJoin: lambda message, connection, _: JoinRoom(connection, message.code),
    from_client.RoomLeave: lambda _, connection, __: LeaveRoom(connection),
    from_client.Broadcast: _broadcast,
    from_client.Ping: _ping,
    from_client.Renew: _renew,
}

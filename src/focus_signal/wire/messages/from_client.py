"""What a client of the protocol `focus-signal.v1` sends: every message, every field, every range.

The docstring of a message, and the description of a field, are what the reference page says of it. Payloads
are `Raw`: their JSON is passed on as it came. A field that is absent is not `null`.

Some things no schema says: that a `matchmaking` has `matchSize` or both of `minSize` and `maxSize`, that
`readyCheck` excludes `backfill`, and whatever depends on the server's settings. The dialect looks at those.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

LARGEST = (1 << 53) - 1
"""The largest number on the wire: up to here JavaScript holds every whole one exactly."""
LONGEST_USER = 128
"""The longest user id in bytes of UTF-8, unless the server is set otherwise."""
LONGEST_POOL = 128
SHORTEST_PARTY_CODE, LONGEST_PARTY_CODE = 8, 64
MOST_AVOIDED = 32
WIDEST = 64
"""How many sizes lie between the least and the most that a ticket accepts, at the most."""
MOST_PATIENCE = 3600
MOST_TIMEOUT = 86_400
SHORTEST_ROOM_CODE, LONGEST_ROOM_CODE = 4, 32

_Size = Annotated[int, Meta(ge=1, le=LARGEST, description="how many people, the sender among them")]
_UserId = Annotated[str, Meta(min_length=1, description="a user id: 1 to 128 bytes of UTF-8, no controls")]
_Peer = Annotated[str, Meta(min_length=1, description="the user id of a peer in the sender's room")]
_Text = Annotated[str, Meta(min_length=1, max_length=128)]
_Payload = Annotated[Raw, Meta(description="any JSON; it is passed on as it came")]
_RoomId = Annotated[
    str, Meta(description="the room that is meant: if it is not the sender's, nothing is relayed")
]


class FromClient(Struct, frozen=True, gc=False, kw_only=True, rename="camel", tag_field="type"):
    """Be what every message of a client may carry."""

    id: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=LARGEST,
                description="the client's number for this message, larger than each before: with it "
                "the message is answered by an `ack` or an `error`, and may be sent again after a cut",
            ),
        ]
        | UnsetType
    ) = UNSET
    seen: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=LARGEST,
                description="the `seq` of the last message that was handled: the server keeps none up to it",
            ),
        ]
        | UnsetType
    ) = UNSET


class PartyFields(Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Name those with whom to stay together."""

    code: Annotated[
        str,
        Meta(
            min_length=SHORTEST_PARTY_CODE,
            max_length=LONGEST_PARTY_CODE,
            description="random, and known to the party alone",
        ),
    ]
    size: Annotated[int, Meta(ge=1, le=LARGEST, description="how many people the party has")]


class Matchmaking(FromClient, frozen=True, kw_only=True, tag="matchmaking"):
    """Ask for a match. Asking alike keeps the place; asking for anything else replaces the ticket."""

    match_size: Annotated[_Size, Meta(description="so many people, and no other number")] | UnsetType = UNSET
    min_size: Annotated[_Size, Meta(description="so many people at least")] | UnsetType = UNSET
    max_size: Annotated[_Size, Meta(description="so many people at most")] | UnsetType = UNSET
    pool: Annotated[str, Meta(max_length=LONGEST_POOL, description="only tickets of one pool meet")] = ""
    party: PartyFields | UnsetType = UNSET
    avoid: Annotated[
        tuple[_UserId, ...], Meta(max_length=MOST_AVOIDED, description="user ids not to meet")
    ] = ()
    patience: Annotated[
        int, Meta(ge=0, le=MOST_PATIENCE, description="seconds for which only the largest size will do")
    ] = 10
    timeout: (
        Annotated[int, Meta(ge=1, le=MOST_TIMEOUT, description="seconds after which the ticket ends")]
        | UnsetType
    ) = UNSET
    ready_check: Annotated[bool, Meta(description="whether everyone has to say that they are ready")] = False
    backfill: Annotated[bool, Meta(description="whether others may come into the room later")] = False


class Cancel(FromClient, frozen=True, kw_only=True, tag="cancel"):
    """Give the ticket back."""


class Ready(FromClient, frozen=True, kw_only=True, tag="ready"):
    """Be ready for a match that was proposed."""

    proposal: Annotated[_Text, Meta(description="the proposal's id")]


class Decline(FromClient, frozen=True, kw_only=True, tag="decline"):
    """Turn a match down that was proposed."""

    proposal: Annotated[_Text, Meta(description="the proposal's id")]


class RoomCreate(FromClient, frozen=True, kw_only=True, tag="room-create"):
    """Open a room that others enter by its code."""

    max_size: Annotated[_Size, Meta(description="how many people may be in it")]
    code: (
        Annotated[
            str,
            Meta(
                min_length=SHORTEST_ROOM_CODE,
                max_length=LONGEST_ROOM_CODE,
                description="a code of one's own choice: letters and digits",
            ),
        ]
        | UnsetType
    ) = UNSET


class RoomJoin(FromClient, frozen=True, kw_only=True, tag="room-join"):
    """Enter a room by its code."""

    code: Annotated[str, Meta(min_length=1, max_length=64, description="the room's code")]


class RoomLeave(FromClient, frozen=True, kw_only=True, tag="room-leave"):
    """Leave the room."""


class _ToPeer(FromClient, frozen=True, kw_only=True):
    to: _Peer
    # Clients of the seed name themselves; whoever does has to say the truth.
    from_: str | UnsetType | None = field(default=UNSET, name="from")
    room_id: _RoomId | UnsetType = UNSET


class Offer(_ToPeer, frozen=True, kw_only=True, tag="offer"):
    """Hand a peer an offer."""

    sdp: _Payload | UnsetType = UNSET
    candidate: _Payload | UnsetType = UNSET


class Answer(_ToPeer, frozen=True, kw_only=True, tag="answer"):
    """Hand a peer an answer."""

    sdp: _Payload | UnsetType = UNSET
    candidate: _Payload | UnsetType = UNSET


class IceCandidate(_ToPeer, frozen=True, kw_only=True, tag="ice-candidate"):
    """Hand a peer an ICE candidate."""

    sdp: _Payload | UnsetType = UNSET
    candidate: _Payload | UnsetType = UNSET


class Signal(_ToPeer, frozen=True, kw_only=True, tag="signal"):
    """Hand a peer anything else."""

    data: _Payload


class Broadcast(FromClient, frozen=True, kw_only=True, tag="broadcast"):
    """Hand something to everyone else in the room."""

    data: _Payload
    room_id: _RoomId | UnsetType = UNSET


class Ping(FromClient, frozen=True, kw_only=True, tag="ping"):
    """Ask for a sign of life; `seen` must be there."""


class Renew(FromClient, frozen=True, kw_only=True, tag="renew"):
    """Bring a new token before the old one ends, where the server asks for tokens."""

    token: Annotated[str, Meta(min_length=1, max_length=8192)]


AnyFromClient = (
    Matchmaking
    | Cancel
    | Ready
    | Decline
    | RoomCreate
    | RoomJoin
    | RoomLeave
    | Offer
    | Answer
    | IceCandidate
    | Signal
    | Broadcast
    | Ping
    | Renew
)

"""What the server sends to a client of the protocol `focus-signal.v1`: every message, every field.

The docstring of a message, and the description of a field, are what the reference page says of it. Every
message but `welcome` and `pong` has a `seq`, one more than the one before.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

_User = Annotated[str, Meta(description="a user id")]
_Users = Annotated[tuple[str, ...], Meta(description="user ids")]
_Payload = Annotated[Raw, Meta(description="as the peer has sent it, byte for byte")]


class FromServer(
    Struct, frozen=True, gc=False, kw_only=True, rename="camel", tag_field="type", omit_defaults=True
):
    """Be any message of the server."""


class FromServerNumbered(FromServer, frozen=True, kw_only=True):
    """Be a message that is kept until the client has seen it."""

    seq: Annotated[int, Meta(ge=1, description="the message's number in this session")]


class RoomFields(Struct, frozen=True, gc=False, kw_only=True, rename="camel", omit_defaults=True):
    """Be a room as the receiver sees it."""

    room_id: str
    peers: Annotated[
        tuple[str, ...],
        Meta(description="the user ids of all members, the receiver too, in the order of arrival"),
    ]
    offer_to: Annotated[
        tuple[str, ...],
        Meta(description="those to whom the receiver offers and is impolite; to all others it is polite"),
    ]
    code: Annotated[str, Meta(description="by which others may enter")] | UnsetType = UNSET
    seed: (
        Annotated[
            tuple[str, ...],
            Meta(description="who speaks the seed's dialect: wait 2 s for their offer first, and be polite"),
        ]
        | UnsetType
    ) = UNSET
    away: Annotated[tuple[str, ...], Meta(description="those who are away at this moment")] | UnsetType = (
        UNSET
    )


class TicketFields(Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Be where the receiver stands among those who wait."""

    pool: str
    position: Annotated[int, Meta(description="how many people there are up to the receiver")]
    waiting: Annotated[int, Meta(description="how many people wait in all")]
    needed: Annotated[
        int, Meta(description="how many are missing for the smallest room that the receiver accepts by now")
    ]


class ProposalFields(Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Be a match that stands once everyone is ready."""

    proposal: str
    size: int
    within: Annotated[int, Meta(description="seconds that are left to say `ready`")]


class StateFields(Struct, frozen=True, gc=False, kw_only=True, rename="camel", omit_defaults=True):
    """Be all that stands; what is not here has ended."""

    ticket: TicketFields | UnsetType = UNSET
    proposal: ProposalFields | UnsetType = UNSET
    room: RoomFields | UnsetType = UNSET


class LimitFields(Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Be the server's limits; 0 is no limit."""

    frame_bytes: Annotated[int, Meta(description="the largest message, in bytes")]
    match_size: Annotated[int, Meta(description="the largest room")]
    grace: Annotated[int, Meta(description="seconds for which a session outlives its connection")]
    replay_bytes: Annotated[
        int, Meta(description="how much is kept of what the client has not seen, in bytes")
    ]
    message_rate: Annotated[int, Meta(description="messages a second for long")]
    message_burst: Annotated[int, Meta(description="messages at once")]
    byte_rate: Annotated[int, Meta(description="bytes a second for long")]
    byte_burst: Annotated[int, Meta(description="bytes at once")]


class Welcome(FromServer, frozen=True, kw_only=True, tag="welcome"):
    """Say who the client is and what stands. The first message of each connection."""

    protocol: Annotated[int, Meta(description="the protocol's version")]
    user_id: _User
    resumed: Annotated[bool, Meta(description="whether every message follows that the client has not seen")]
    seq: Annotated[int, Meta(description="the number before that of the next message")]
    last_id: (
        Annotated[
            int,
            Meta(
                description="the largest `id` that was answered; absent after a restart, when that is unknown"
            ),
        ]
        | UnsetType
    ) = UNSET
    state: StateFields | UnsetType = UNSET
    why: (
        Annotated[str, Meta(description="why the session that the client named is not resumed")] | UnsetType
    ) = UNSET
    heartbeat: Annotated[int, Meta(description="seconds between the server's WebSocket pings")]
    ice_servers: Annotated[tuple[Any, ...], Meta(description="as RTCPeerConnection takes them")]
    ice_expires_in: (
        Annotated[int, Meta(description="seconds for which the ICE servers' credentials hold")] | UnsetType
    ) = UNSET
    features: Annotated[tuple[str, ...], Meta(description="what this server can do beyond the protocol")]
    limits: LimitFields


class Session(FromServerNumbered, frozen=True, kw_only=True, tag="session"):
    """Bring the token by which the session is resumed; the last one counts."""

    session: Annotated[str, Meta(description="opaque; for a `resume` at the next connection")]


class Ack(FromServerNumbered, frozen=True, kw_only=True, tag="ack"):
    """Answer all messages up to `id` that got no `error`: they are done, or in the peer's buffer."""

    id: int


class Queued(FromServerNumbered, frozen=True, kw_only=True, tag="queued"):
    """Tell where the receiver stands among those who wait; at once, then every 5 s if it has changed."""

    pool: str
    position: Annotated[int, Meta(description="how many people there are up to the receiver")]
    waiting: Annotated[int, Meta(description="how many people wait in all")]
    needed: Annotated[
        int, Meta(description="how many are missing for the smallest room that the receiver accepts by now")
    ]


class MatchProposed(FromServerNumbered, frozen=True, kw_only=True, tag="match-proposed"):
    """Propose a match, which stands once everyone has said `ready`."""

    proposal: str
    size: int
    within: Annotated[int, Meta(description="seconds to say `ready`")]


class MatchEnded(FromServerNumbered, frozen=True, kw_only=True, tag="match-ended"):
    """Tell that the ticket has ended without a room."""

    reason: Literal["cancelled", "timed-out", "declined", "not-ready", "replaced", "party-ended", "draining"]


class RoomFound(FromServerNumbered, frozen=True, kw_only=True, tag="room-found"):
    """Tell that the receiver is in a room from here on, until a `room-closed`."""

    room_id: str
    peers: Annotated[
        tuple[str, ...],
        Meta(description="the user ids of all members, the receiver too, in the order of arrival"),
    ]
    offer_to: Annotated[
        tuple[str, ...],
        Meta(description="those to whom the receiver offers and is impolite; to all others it is polite"),
    ]
    code: Annotated[str, Meta(description="by which others may enter")] | UnsetType = UNSET
    seed: (
        Annotated[
            tuple[str, ...],
            Meta(description="who speaks the seed's dialect: wait 2 s for their offer first, and be polite"),
        ]
        | UnsetType
    ) = UNSET
    away: Annotated[tuple[str, ...], Meta(description="those who are away at this moment")] | UnsetType = (
        UNSET
    )


class RoomClosed(FromServerNumbered, frozen=True, kw_only=True, tag="room-closed"):
    """Tell that the receiver is no longer in the room."""

    room_id: str
    reason: Literal["left", "moved", "removed", "closed"]


class PeerJoined(FromServerNumbered, frozen=True, kw_only=True, tag="peer-joined"):
    """Tell that somebody has come into the room, and will offer to the receiver."""

    peer: _User


class PeerAway(FromServerNumbered, frozen=True, kw_only=True, tag="peer-away"):
    """Tell that a peer's connection has ended; what is relayed to it is kept."""

    peer: _User
    grace: Annotated[int, Meta(description="seconds in which it may come back")]


class PeerBack(FromServerNumbered, frozen=True, kw_only=True, tag="peer-back"):
    """Tell that a peer has come back."""

    peer: _User
    resumed: Annotated[
        bool,
        Meta(description="false: what was sent to it may be lost, and the pair's offerer restarts ICE"),
    ]


class PeerLeft(FromServerNumbered, frozen=True, kw_only=True, tag="peer-left"):
    """Tell that a peer is no longer in the room."""

    peer: _User
    reason: Literal["left", "moved", "removed", "lost", "replaced"]


class _FromPeer(FromServerNumbered, frozen=True, kw_only=True):
    from_: Annotated[str, Meta(description="the user id of the sender")] = field(name="from")


class Offer(_FromPeer, frozen=True, kw_only=True, tag="offer"):
    """Bring a peer's offer."""

    sdp: _Payload | UnsetType = UNSET
    candidate: _Payload | UnsetType = UNSET


class Answer(_FromPeer, frozen=True, kw_only=True, tag="answer"):
    """Bring a peer's answer."""

    sdp: _Payload | UnsetType = UNSET
    candidate: _Payload | UnsetType = UNSET


class IceCandidate(_FromPeer, frozen=True, kw_only=True, tag="ice-candidate"):
    """Bring a peer's ICE candidate."""

    sdp: _Payload | UnsetType = UNSET
    candidate: _Payload | UnsetType = UNSET


class Signal(_FromPeer, frozen=True, kw_only=True, tag="signal"):
    """Bring what a peer has sent to the receiver alone."""

    data: _Payload


class Broadcast(_FromPeer, frozen=True, kw_only=True, tag="broadcast"):
    """Bring what a peer has sent to the whole room."""

    data: _Payload


class Pong(FromServer, frozen=True, kw_only=True, tag="pong"):
    """Answer a `ping`."""


class IceServers(FromServerNumbered, frozen=True, kw_only=True, tag="ice-servers"):
    """Bring new ICE servers, before the credentials of the old ones end."""

    ice_servers: Annotated[tuple[Any, ...], Meta(description="as RTCPeerConnection takes them")]
    ice_expires_in: int | UnsetType = UNSET


class GoingAway(FromServerNumbered, frozen=True, kw_only=True, tag="going-away"):
    """Tell that the server is about to close the connection."""

    reconnect_in: Annotated[int, Meta(description="seconds after which to come back")]


class Error(FromServerNumbered, frozen=True, kw_only=True, tag="error"):
    """Answer what is not done. Nothing has changed, and the connection is kept."""

    code: Annotated[str, Meta(description="what is wrong, for a program")]
    message: Annotated[str, Meta(description="what is wrong, for people")]
    id: Annotated[int, Meta(description="the message's number, if it had one")] | UnsetType = UNSET
    to: Annotated[str, Meta(description="whom it was for, if for anybody")] | UnsetType = UNSET
    retry_after: Annotated[int, Meta(description="seconds after which to ask again")] | UnsetType = UNSET


AnyFromServer = (
    Welcome
    | Session
    | Ack
    | Queued
    | MatchProposed
    | MatchEnded
    | RoomFound
    | RoomClosed
    | PeerJoined
    | PeerAway
    | PeerBack
    | PeerLeft
    | Offer
    | Answer
    | IceCandidate
    | Signal
    | Broadcast
    | Pong
    | IceServers
    | GoingAway
    | Error
)

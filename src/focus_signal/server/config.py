"""The settings of a server: every one has a name, a unit, a default and a check."""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import Attribute, field, fields, frozen

from focus_signal.access.ice_servers import fault_of
from focus_signal.access.origins import is_origin
from focus_signal.core.matchmaker import RelayScope
from focus_signal.core.sizes import LEAST
from focus_signal.errors import ConfigError
from focus_signal.server.settings import (
    COUNT,
    LIMIT,
    Deadline,
    Limit,
    a_text,
    a_truth,
    any_text,
    bound,
    deadline,
    limit,
    one_of,
    refuse,
    seconds,
    whole,
)

TransportName = Literal["native", "trio-websocket"]

_KIB = 1024
_MIB = 1024 * 1024
_DROPPED = "`error` `rate-limited`, and the message is dropped; 4003 when that goes on"


def _origins(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, tuple):
        raise refuse(attribute, value, "a tuple of origins, each as in 'https://example.org'")
    for origin in value:  # pyright: ignore[reportUnknownVariableType] - whatever it is, it is looked at
        if not isinstance(origin, str) or not is_origin(origin):
            raise refuse(attribute, origin, "origins, each as in 'https://example.org'")  # pyright: ignore[reportUnknownArgumentType]


def _ice_servers(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, tuple):
        raise refuse(attribute, value, "a tuple of ICE servers, each as in {'urls': 'stun:example.org:3478'}")
    for server in value:  # pyright: ignore[reportUnknownVariableType] - whatever it is, it is looked at
        fault = fault_of(server)  # pyright: ignore[reportUnknownArgumentType]
        if fault is not None:
            # It may hold a password, and is not shown.
            raise ConfigError(f"{attribute.name} must be ICE servers as browsers take them, and one {fault}")


@frozen(kw_only=True)
class Config:
    """Hold the settings of one server; a value that is not allowed raises `ConfigError`.

    A limit of 0 is no limit. What each one does: docs/limits.md.

    Args:
      host: the address or the name to listen on.
      port: the TCP port to listen on; 0 takes a free one.
      relay_scope: "room" relays between members of one room only; "any" between any two users, as the seed
        does.
      max_match_size: the largest room that may be asked for.
      seed_silent: send no `error` frames to seed clients.
      transport: "native" for this server's own WebSocket, "trio-websocket" for the library's; a mounted
        server is always on the library's.
      allowed_origins: the origins of the pages that may connect, each as in "https://example.org" or
        "https://*.example.org"; any if there are none. What is no page sends no origin, and may connect.
      demo: serve the demo page, and its files, at "/"; the module for browsers is served in any case.
      secret_file: a file with the secret, or two, by which sessions are known again when the server is
        started anew; see `focus_signal.access.keys.read_keys`. If there is none, they end with the process.
      ice_servers: what clients are told to use for ICE, each as in {"urls": "stun:example.org:3478"}.
      seat_grace: seconds for which a seat in a room outlives its connection.
      ready_timeout: seconds in which everyone has to be ready for a match that was proposed.
      handshake_timeout: seconds from accepting a connection to the end of its handshake.
      write_timeout: seconds that a peer may take for one message that it is sent.
      close_timeout: seconds for closing a connection, from the close frame to the end of the stream.
      ping_interval: seconds between two WebSocket pings.
      pong_timeout: seconds that a peer may take to answer one.
      linger_timeout: seconds for which unread input is drained after an HTTP answer.
      rate_grace: seconds for which a peer may go on sending more than it may.
      drain_grace: seconds in which everyone has to be gone after `focus-signal serve` was told to end.
      head_bytes: the largest request head.
      head_lines: the most header lines in it.
      target_bytes: the longest request target.
      user_bytes: the longest user id, in bytes of UTF-8.
      frame_bytes: the largest message from a peer.
      max_fragments: the most fragments of one message.
      nesting: how deep arrays and objects in a message may be nested.
      message_rate: how many messages a second a connection may send for long.
      message_burst: how many it may send at once.
      byte_rate: how many bytes of messages a second a connection may send for long.
      byte_burst: how many it may send at once.
      max_connections: the most connections in all.
      max_connections_per_address: the most from one address, or from one /64 of IPv6; loopback has no limit.
      max_connections_per_user: the most in the name of one user, those that are being closed among them.
      max_failures_per_address: how many handshakes may fail from one address, within a minute.
      max_handshakes: the most connections whose handshake is not over.
      inbox_batches: how many batches of commands may wait for the matchmaker before connections have to wait.
      inbox_bytes: how much may wait for it; an empty inbox takes a message of any size.
      outbox_bytes: how much may wait for one peer; an empty outbox takes one message of any size.
      outbox_messages: how many messages may wait for one peer.
      total_outbox_bytes: how much may wait for all peers together.
      total_unfinished_bytes: how much may be kept of messages that are not whole, from all peers together.
      replay_bytes: how much is kept of what a session's client has not seen yet; see `replay_bound`.
      total_replay_bytes: how much of that is kept for all sessions together.
    """

    host: str = field(default="0.0.0.0", validator=a_text)  # noqa: S104 - a server for the open internet
    port: int = field(default=8000, validator=whole(0, 65535))
    relay_scope: RelayScope = field(default="room", validator=one_of("room", "any"))
    max_match_size: int = field(default=16, validator=COUNT)
    seed_silent: bool = field(default=False, validator=a_truth)
    transport: TransportName = field(default="native", validator=one_of("native", "trio-websocket"))
    allowed_origins: tuple[str, ...] = field(default=(), validator=_origins)
    demo: bool = field(default=True, validator=a_truth)
    secret_file: str = field(default="", validator=any_text)
    # What is in it can be changed, so it has no part in the hash.
    ice_servers: tuple[Mapping[str, Any], ...] = field(default=(), validator=_ice_servers, hash=False)
    seat_grace: float = field(
        default=30.0,
        validator=seconds,
        metadata=deadline("the absence of a user who has a seat in a room", "the seat is given up"),
    )
    ready_timeout: float = field(
        default=15.0,
        validator=seconds,
        metadata=deadline("saying `ready` for a match that was proposed", "`match-ended` `not-ready`"),
    )
    handshake_timeout: float = field(
        default=5.0,
        validator=seconds,
        metadata=deadline("a handshake, from the moment its connection is accepted", "408, or just the end"),
    )
    write_timeout: float = field(
        default=10.0,
        validator=seconds,
        metadata=deadline(
            "a write, until the peer takes something of it; 4 KiB of a file", "4001; a file is cut"
        ),
    )
    close_timeout: float = field(
        default=2.0,
        validator=seconds,
        metadata=deadline("closing, from the close frame to the end of the stream", "the stream is reset"),
    )
    ping_interval: float = field(
        default=20.0, validator=seconds, metadata=deadline("the time between two pings", "the next ping")
    )
    pong_timeout: float = field(
        default=10.0, validator=seconds, metadata=deadline("the answer to a ping", "4002")
    )
    linger_timeout: float = field(
        default=1.0,
        validator=seconds,
        metadata=deadline("what a peer still sends behind an HTTP answer", "it is no longer read"),
    )
    rate_grace: float = field(
        default=10.0,
        validator=seconds,
        metadata=deadline("sending more than is taken, with no second in between without", "4003"),
    )
    drain_grace: float = field(
        default=10.0,
        validator=seconds,
        metadata=deadline("the goodbye to everyone when the program is told to end", "who is left is cut"),
    )
    head_bytes: int = field(
        default=8 * _KIB, validator=LIMIT, metadata=limit("bytes", "the head of a request", "431")
    )
    head_lines: int = field(
        default=100, validator=LIMIT, metadata=limit("lines", "the header lines of a request", "431")
    )
    target_bytes: int = field(
        default=4 * _KIB, validator=LIMIT, metadata=limit("bytes", "the target of a request", "414")
    )
    user_bytes: int = field(
        default=128,
        validator=LIMIT,
        metadata=limit("bytes of UTF-8", "a user id", "414; in a message, `error` `bad-message`"),
    )
    frame_bytes: int = field(
        default=256 * _KIB,
        validator=LIMIT,
        metadata=limit("bytes", "a frame, by the length it announces, and a message", "1009"),
    )
    max_fragments: int = field(
        default=64, validator=LIMIT, metadata=limit("frames", "the fragments of a message", "1009")
    )
    nesting: int = field(
        default=32,
        validator=whole(0, 128),
        metadata=limit("levels", "arrays and objects within each other in a field", "`error` `bad-message`"),
    )
    message_rate: int = field(
        default=100,
        validator=LIMIT,
        metadata=limit("messages a second", "what one connection sends for long", _DROPPED),
    )
    message_burst: int = field(
        default=2000,
        validator=LIMIT,
        metadata=limit("messages", "what one connection sends at once", _DROPPED),
    )
    byte_rate: int = field(
        default=32 * _KIB,
        validator=LIMIT,
        metadata=limit("bytes a second", "what one connection sends for long", _DROPPED),
    )
    byte_burst: int = field(
        default=768 * _KIB,
        validator=LIMIT,
        metadata=limit("bytes", "what one connection sends at once", _DROPPED),
    )
    max_connections: int = field(
        default=20_000,
        validator=LIMIT,
        metadata=limit("connections", "all that are open", "503 with Retry-After"),
    )
    max_connections_per_address: int = field(
        default=256,
        validator=LIMIT,
        metadata=limit("connections", "those from one address (IPv6: one /64)", "429 with Retry-After"),
    )
    max_connections_per_user: int = field(
        default=8,
        validator=LIMIT,
        metadata=limit("connections", "those in the name of one user", "the oldest of them is cut"),
    )
    max_failures_per_address: int = field(
        default=64,
        validator=LIMIT,
        metadata=limit("handshakes a minute", "those from one address that fail", "429 with Retry-After"),
    )
    max_handshakes: int = field(
        default=4096,
        validator=LIMIT,
        metadata=limit("connections", "those whose handshake is not over", "the oldest of them is cut"),
    )
    inbox_batches: int = field(default=1024, validator=COUNT)
    inbox_bytes: int = field(
        default=512 * _KIB,
        validator=LIMIT,
        metadata=limit("bytes", "what waits for the matchmaker", "who brings more waits, and is not read"),
    )
    outbox_bytes: int = field(
        default=_MIB, validator=LIMIT, metadata=limit("bytes", "what waits for one peer", "4001")
    )
    outbox_messages: int = field(
        default=4096, validator=LIMIT, metadata=limit("messages", "what waits for one peer", "4001")
    )
    total_outbox_bytes: int = field(
        default=24 * _MIB,
        validator=LIMIT,
        metadata=limit(
            "bytes", "the memory that takes what waits for all peers", "4001 to the one for whom most waits"
        ),
    )
    total_unfinished_bytes: int = field(
        default=64 * _MIB,
        validator=LIMIT,
        metadata=limit(
            "bytes",
            "what has come of messages that are not whole, from all peers",
            "the one with most is cut",
        ),
    )
    replay_bytes: int = field(
        default=256 * _KIB,
        validator=LIMIT,
        metadata=limit(
            "bytes",
            "what is kept of what a session's client has not seen; never more than half of `outbox_bytes`",
            "the oldest is dropped: it comes back with `resumed` false",
        ),
    )
    total_replay_bytes: int = field(
        default=64 * _MIB,
        validator=LIMIT,
        metadata=limit(
            "bytes",
            "what is kept like that for all sessions",
            "the one for which most is kept loses the oldest",
        ),
    )

    def __attrs_post_init__(self) -> None:
        # A message that no bucket could ever hold would be refused for ever, and the peer told to wait.
        if 0 < self.byte_burst < bound(self.frame_bytes) and self.byte_rate:
            largest = self.frame_bytes or "which has no limit"
            raise ConfigError(
                f"byte_burst must be 0 or at least frame_bytes, {largest}, not {self.byte_burst}"
            )


def replay_bound(config: Config) -> int:
    """Tell how many bytes are kept of what a session's client has not seen.

    That is never more than half of an outbox, whatever the setting: all of it goes into one when the client
    comes back, and who was closed for that as too slow would come back to the same.
    """
    # No message counts for less, so that their number is bounded too.
    most_messages = bound(config.outbox_messages) // 2
    return min(bound(config.replay_bytes), bound(config.outbox_bytes) // 2, most_messages * LEAST)


def limits() -> dict[str, Limit]:
    """List every limit by the name of its setting."""
    return {each.name: each.metadata["limit"] for each in fields(Config) if "limit" in each.metadata}


def deadlines() -> dict[str, Deadline]:
    """List every deadline by the name of its setting."""
    return {each.name: each.metadata["deadline"] for each in fields(Config) if "deadline" in each.metadata}

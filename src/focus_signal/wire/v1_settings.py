"""What a server is set to, as far as `focus-signal.v1` has to know."""

from typing import Any

from attrs import frozen


@frozen
class V1Settings:
    """Be what a server is set to, as far as its clients are held to it, or told of it.

    The first three are limits that hold here. What is only told is told as it is; 0 is no limit there.

    Args:
      max_match_size: the largest room.
      max_user_bytes: the longest user id, in bytes of UTF-8.
      max_nesting: how deep arrays and objects in a message may be nested.
      frame_bytes: the largest message, in bytes.
      grace: seconds for which a session outlives its connection.
      replay_bytes: how much is kept of what a client has not seen, in bytes.
      message_rate: messages a second for long.
      message_burst: messages at once.
      byte_rate: bytes a second for long.
      byte_burst: bytes at once.
      heartbeat: seconds between two WebSocket pings.
      ice_servers: what a client is to give to its RTCPeerConnection.
      ice_expires_in: seconds for which their credentials hold; None if they do not end.
      features: what this server can do beyond the protocol.
    """

    max_match_size: int
    max_user_bytes: int
    max_nesting: int
    frame_bytes: int
    grace: int
    replay_bytes: int
    message_rate: int
    message_burst: int
    byte_rate: int
    byte_burst: int
    heartbeat: int
    ice_servers: tuple[Any, ...] = ()
    ice_expires_in: int | None = None
    features: tuple[str, ...] = ()

    @property
    def size_allowed(self) -> str:
        """Say what the size of a match or a room may be."""
        return f"a whole number from 1 to {self.max_match_size}"

    @property
    def user_allowed(self) -> str:
        """Say what a user id may be."""
        return f"a user id of 1 to {self.max_user_bytes} bytes of UTF-8 without control characters"

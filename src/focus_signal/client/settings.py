"""What can be set about a client."""

import math

from attrs import field, frozen
from attrs import validators as must


@frozen
class ClientSettings:
    """Hold a client's settings; times are in seconds.

    Args:
      patience: for how long the first connection is tried; 0 tries once. Later ones are tried without end.
      connect_timeout: for a connection, from its beginning until the server's welcome.
      write_timeout: for one frame to go out.
      close_timeout: for the end in good order.
      pong_timeout: for a sign of life, once the server was silent for two of its heartbeats and was asked.
      first_delay: the longest wait before the first attempt to come back; it doubles with each that fails.
      longest_delay: the longest of all; while the server keeps the session, a quarter of that time is.
      event_bytes: how much of what came is kept for whoever reads the events; beyond it the client ends
        with `EventsUnread`.
      request_bytes: how much of what is unanswered is kept; beyond it requests raise `RequestsFull`.
      message_bytes: the largest message that is taken from the server.
    """

    patience: float = field(default=0.0, validator=must.ge(0))
    connect_timeout: float = field(default=10.0, validator=must.gt(0))
    write_timeout: float = field(default=20.0, validator=must.gt(0))
    close_timeout: float = field(default=2.0, validator=must.gt(0))
    pong_timeout: float = field(default=10.0, validator=must.gt(0))
    first_delay: float = field(default=0.5, validator=[must.gt(0), must.lt(math.inf)])
    longest_delay: float = field(default=30.0, validator=[must.gt(0), must.lt(math.inf)])
    event_bytes: int = field(default=4 << 20, validator=must.ge(1))
    request_bytes: int = field(default=1 << 20, validator=must.ge(1))
    message_bytes: int = field(default=4 << 20, validator=must.ge(1))

"""What a client tells its owner: what the server sends, as it does, and what becomes of the connection.

What is on the wire is told by the Structs of `wire.messages.from_server`; payloads in them are `msgspec.Raw`,
to be read with `msgspec.json.decode`.
"""

from attrs import frozen

from focus_signal.client.unanswered import Request
from focus_signal.wire.messages import from_server
from focus_signal.wire.messages.from_server import StateFields, Welcome


@frozen
class Connected:
    """The client is connected.

    Args:
      resumed: whether it goes on where it was: nothing is lost, and every event that was missed follows.
      state: what stands, if it does not go on: whatever is not in it has ended. None if it goes on.
      welcome: the server's own words: user id, limits, ICE servers.
    """

    resumed: bool
    state: StateFields | None
    welcome: Welcome


@frozen
class Disconnected:
    """The connection has ended; the client comes back by itself.

    Args:
      why: why, for people.
      code: the close code; 1006 if there was none.
      retry_in: seconds until it tries to.
    """

    why: str
    code: int
    retry_in: float


@frozen
class Lost:
    """Nobody knows any more whether these requests were done; their answers will not come.

    Args:
      requests: those for whose answer nobody waits; who waits gets a `RequestLost`.
    """

    requests: tuple[Request, ...]


@frozen
class Answered:
    """A request is answered; the client's owner gets no such event.

    Args:
      request: which.
      error: why it is not done; None if it is done.
    """

    request: Request
    error: from_server.Error | None = None


FromSession = Connected | Lost | Answered | from_server.FromServerNumbered
"""What a session tells."""

Event = Connected | Disconnected | Lost | from_server.FromServerNumbered
"""What a client tells."""

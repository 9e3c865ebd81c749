"""What a server tells of itself."""

from collections.abc import Mapping

from attrs import frozen

from focus_signal.core.matchmaker import MatchmakerStatistics
from focus_signal.wire.close_codes import CloseName


@frozen
class Statistics:
    """Be a look at a server at one moment.

    Args:
      connections: connections that speak for a user.
      users: users known, those within their grace too.
      waiting: users who wait for a room.
      rooms: rooms that stand.
      matches: rooms found since the start.
      relayed: messages relayed since the start.
      refused: messages refused since the start.
      handshakes: connections whose handshake is not over.
      backlog: bytes that wait for peers, of what could not be sent at once.
      closed: connections closed since the start, by the name of the close frame (`wire/close_codes.py`).
      draining: whether the server takes nobody new.
    """

    connections: int
    users: int
    waiting: int
    rooms: int
    matches: int
    relayed: int
    refused: int
    handshakes: int
    backlog: int
    closed: Mapping[CloseName, int]
    draining: bool

    @classmethod
    def of(
        cls,
        matchmaker: MatchmakerStatistics,
        *,
        handshakes: int,
        backlog: int,
        closed: Mapping[CloseName, int],
        draining: bool,
    ) -> "Statistics":
        """Put together what the parts of a server tell."""
        return cls(
            connections=matchmaker.connections,
            users=matchmaker.users,
            waiting=matchmaker.waiting,
            rooms=matchmaker.rooms,
            matches=matchmaker.matches,
            relayed=matchmaker.relayed,
            refused=matchmaker.refused,
            handshakes=handshakes,
            backlog=backlog,
            closed=closed,
            draining=draining,
        )

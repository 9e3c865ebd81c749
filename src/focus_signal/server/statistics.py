"""What a server tells of itself."""

from attrs import frozen

from focus_signal.core.matchmaker import MatchmakerStatistics


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
      draining: whether the server takes nobody new.
    """

    connections: int
    users: int
    waiting: int
    rooms: int
    matches: int
    relayed: int
    refused: int
    draining: bool

    @classmethod
    def of(cls, matchmaker: MatchmakerStatistics, *, draining: bool) -> "Statistics":
        """Put together what the parts of a server tell."""
        return cls(
            connections=matchmaker.connections,
            users=matchmaker.users,
            waiting=matchmaker.waiting,
            rooms=matchmaker.rooms,
            matches=matchmaker.matches,
            relayed=matchmaker.relayed,
            refused=matchmaker.refused,
            draining=draining,
        )

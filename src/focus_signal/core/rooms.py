"""Who has met: rooms, their members, and when a room ends.

A session is in one room at the most. A room ends with its last member; what it took is given back then.
"""

from attrs import define, field

from focus_signal.core.sessions import Session


@define(eq=False)
class Rooms:
    """Hold the members of every room."""

    _members: dict[str, dict[Session, None]] = field(factory=dict[str, dict[Session, None]], init=False)

    def __len__(self) -> int:
        """Count the rooms that stand."""
        return len(self._members)

    def open(self, room: str, members: list[Session]) -> None:
        """Open a room for its members; each of them leaves the room it was in.

        Raises:
          ValueError: there is a room of this id already.
        """
        if room in self._members:
            raise ValueError(f"the room id {room!r} was given out twice")
        for member in members:
            self.leave(member)
            member.room = room
        self._members[room] = dict.fromkeys(members)

    def leave(self, session: Session) -> None:
        """Take the session out of its room, if it is in one."""
        if session.room is None:
            return
        members = self._members[session.room]
        del members[session]
        if not members:
            del self._members[session.room]
        session.room = None

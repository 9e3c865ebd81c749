"""A rough idea of what the server makes of a plan: who is here, who waits and who has met.

It knows nothing of delays and of faults, so it is wrong now and then; that costs a plan nothing but an
operation with less of a point.
"""

from collections.abc import Sequence

from attrs import define, field


@define(eq=False)
class Crowd:
    """Be the users of a swarm, and what has probably become of them.

    Args:
      users: all of them.
    """

    users: list[str]
    here: list[str] = field(factory=list[str], init=False)
    away: list[str] = field(init=False)
    # The open connections of each user, the newest last.
    lines: dict[str, list[int]] = field(init=False)
    # Who waits: the size that each user asked for, and the users of each size in their order.
    asked: dict[str, int] = field(factory=dict[str, int], init=False)
    _queues: dict[int, list[str]] = field(factory=dict[int, list[str]], init=False)
    # The members of a room are one list, which each of them has.
    rooms: dict[str, list[str]] = field(factory=dict[str, list[str]], init=False)

    def __attrs_post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Let everyone be gone and nothing be left."""
        self.here = []
        self.away = list(self.users)
        self.lines = {user: [] for user in self.users}
        self.asked.clear()
        self._queues.clear()
        self.rooms.clear()

    def connect(self, user: str, conn: int) -> None:
        """Let a user have one connection more; a place in a queue is lost by that."""
        if not self.lines[user]:
            self.away.remove(user)
            self.here.append(user)
        self.lines[user].append(conn)
        self._unqueue(user)

    def leave(self, user: str, conn: int) -> None:
        """Let a user have one connection less; a seat in a room is kept for some time."""
        self.lines[user].remove(conn)
        if not self.lines[user]:
            self.here.remove(user)
            self.away.append(user)
            self._unqueue(user)

    def ask(self, user: str, size: int) -> None:
        """Let a user wait for a room, and all of them meet when they are enough."""
        if self.asked.get(user) == size:
            return
        self._unqueue(user)
        queue = self._queues.setdefault(size, [])
        queue.append(user)
        self.asked[user] = size
        if len(queue) >= size:
            del self._queues[size]
            for member in queue:
                del self.asked[member]
                self._depart(member)
                self.rooms[member] = queue

    def pairs(self, others: Sequence[str]) -> list[tuple[str, str]]:
        """List who is here with each peer in the same room, as far as the peer is among some."""
        rooms = self.rooms
        return [
            (user, peer)
            for user in self.here
            if user in rooms
            for peer in rooms[user]
            if peer != user and peer in others
        ]

    def _unqueue(self, user: str) -> None:
        size = self.asked.pop(user, None)
        if size is not None:
            self._queues[size].remove(user)

    def _depart(self, user: str) -> None:
        members = self.rooms.pop(user, None)
        if members is not None:
            members.remove(user)

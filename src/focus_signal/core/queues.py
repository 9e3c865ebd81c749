"""Who waits for a room of one size and cares for nothing else, as clients of the seed's dialect do.

As long as nobody waits with them who does, there is a queue for each size, and no more is needed. First come,
first served: a queue that holds as many as its size gives all of them away at once, so that no queue is ever
longer than that. Every step costs the same however many are waiting; only a match costs as much as it has
members. When somebody comes who wants more, all of them are given tickets (see `lobby`).
"""

from attrs import define, field

from focus_signal.core.state import Session


@define(eq=False)
class Queues:
    """Hold those who wait, by size and in the order of arrival."""

    # A dict keeps the order of arrival and gives up any ticket at once; its keys are compared by identity.
    _by_size: dict[int, dict[Session, None]] = field(factory=dict[int, dict[Session, None]], init=False)
    _waiting: int = field(default=0, init=False)

    @property
    def waiting(self) -> int:
        """Count those in all queues."""
        return self._waiting

    def join(self, session: Session, size: int) -> list[Session]:
        """Let the session wait for `size` and take out the match that it completes.

        A session that waits for the same size keeps its place; one that waits for another moves.

        Returns:
          the sessions that have met, in the order in which they arrived; empty when more have to come.
        """
        if session.waits_for == size:
            return []
        self.leave(session)
        queue = self._by_size.setdefault(size, {})
        queue[session] = None
        session.waits_for = size
        self._waiting += 1
        if len(queue) < size:
            return []
        del self._by_size[size]
        self._waiting -= len(queue)
        for member in queue:
            member.waits_for = None
        return list(queue)

    def leave(self, session: Session) -> None:
        """Let the session wait no longer, if it does; whoever stood behind it moves up."""
        size = session.waits_for
        if size is None:
            return
        session.waits_for = None
        self._waiting -= 1
        queue = self._by_size[size]
        del queue[session]
        if not queue:
            del self._by_size[size]

    def take_all(self) -> list[tuple[Session, int]]:
        """Give up everyone with the size for which they wait; of one size, in the order of arrival."""
        everyone = [(session, size) for size, queue in self._by_size.items() for session in queue]
        for session, _ in everyone:
            session.waits_for = None
        self._by_size.clear()
        self._waiting = 0
        return everyone

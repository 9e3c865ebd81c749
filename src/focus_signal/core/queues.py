"""Who waits for a room, and who meets whom.

A ticket is one session's place in one queue; there is a queue for each size. First come, first served: a
queue that holds as many tickets as its size gives all of them away at once, so that no queue is ever longer
than that. Every step costs the same however many are waiting; only a match costs as much as it has members.
"""

from attrs import define, field

from focus_signal.core.sessions import Session


@define(eq=False)
class Queues:
    """Hold every ticket, by size and in the order of arrival."""

    # A dict keeps the order of arrival and gives up any ticket at once; its keys are compared by identity.
    _by_size: dict[int, dict[Session, None]] = field(factory=dict[int, dict[Session, None]], init=False)
    _waiting: int = field(default=0, init=False)

    @property
    def waiting(self) -> int:
        """Count the tickets in all queues."""
        return self._waiting

    def join(self, session: Session, size: int) -> list[Session]:
        """Give the session a ticket for `size` and take out the match that it completes.

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
        """Take the session's ticket back, if it has one; whoever stood behind it moves up."""
        size = session.waits_for
        if size is None:
            return
        session.waits_for = None
        self._waiting -= 1
        queue = self._by_size[size]
        del queue[session]
        if not queue:
            del self._by_size[size]

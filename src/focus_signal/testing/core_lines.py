"""A connection as the core level has it: two ways that keep their order, and what is known of either end."""

from collections import deque
from collections.abc import Callable

from attrs import define, field


@define(eq=False)
class Way:
    """Be one direction of a connection: what is on it arrives in order, and not while it is blocked."""

    # When the last of what was sent arrives, and how much longer than usual it all takes.
    clear: float = 0.0
    extra: float = 0.0
    blocked_until: float = 0.0
    held: bool = False
    # What should have arrived while the way was blocked.
    stuck: deque[Callable[[], None]] = field(factory=deque[Callable[[], None]])

    def heal(self) -> None:
        """Undo every fault; what is stuck arrives when it is asked for."""
        self.extra = self.blocked_until = 0.0
        self.held = False


@define(eq=False)
class Line:
    """Be one connection of the plan, both ends of it."""

    conn: int
    user: str
    fin_delay: float
    up: Way = field(factory=Way)
    down: Way = field(factory=Way)
    # The client's end: it has left, or seen the end.
    left: bool = False
    ended: bool = False
    # The server's end, from the moment at which the connection has a number there.
    connection: int | None = None
    said_goodbye: bool = False
    end_read: bool = False
    handed_on_until: float = 0.0
    # The server that had it is gone.
    forgotten: bool = False

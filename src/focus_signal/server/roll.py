"""Every connection that is being served: by its number, by its user, and why those before it have ended."""

from collections import Counter
from collections.abc import Collection
from itertools import count

import trio
from attrs import define, field

from focus_signal.server.connection import Connection
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName

SLICES = 1024
"""With thousands of connections, what is done for all of them at once delays what comes in meanwhile."""


@define(eq=False)
class Roll:
    """Hold the connections whose tasks run, for those who have to reach all of them.

    Args:
      most_of_user: how many there may be in the name of one user; all but the newest are being closed.
    """

    _most_of_user: int
    _numbers: "count[int]" = field(factory=lambda: count(1), init=False)
    _by_number: dict[int, Connection] = field(factory=dict[int, Connection], init=False)
    # Of each user the oldest first.
    _by_user: dict[str, list[Connection]] = field(factory=dict[str, list[Connection]], init=False)
    # The same ones as by number, in slices.
    _slices: list[dict[int, Connection]] = field(
        factory=lambda: [dict[int, Connection]() for _ in range(SLICES)], init=False
    )
    _closed: Counter[CloseName] = field(factory=Counter[CloseName], init=False)
    _none_left: trio.Event = field(factory=trio.Event, init=False)

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_number)

    def next_number(self) -> int:
        """Give out a number that was never given out before."""
        return next(self._numbers)

    def connections(self) -> Collection[Connection]:
        """Give all of them, by the order in which they came."""
        return self._by_number.values()

    def slice_of(self, turn: int) -> Collection[Connection]:
        """Give one of the slices into which they are divided, by the order in which they came."""
        return self._slices[turn].values()

    def closed(self) -> dict[CloseName, int]:
        """Count those that have ended, by the close frame; in the order of the table of close codes."""
        return {name: self._closed[name] for name in CLOSE_CODES if self._closed[name]}

    def enter(self, connection: Connection) -> None:
        """Take a connection in, and cut the oldest ones of its user where there are too many."""
        if not self._by_number:
            self._none_left = trio.Event()  # one for everybody who waits for the last to leave
        self._by_number[connection.number] = connection
        self._slices[connection.number % SLICES][connection.number] = connection
        of_user = self._by_user.setdefault(connection.user, [])
        if len(of_user) >= self._most_of_user:
            for oldest in of_user[: len(of_user) + 1 - self._most_of_user]:
                oldest.cut()
        of_user.append(connection)

    def leave(self, connection: Connection) -> None:
        """Let a connection go whose task ends."""
        self.note_close(connection.closed_as)
        del self._by_number[connection.number]
        del self._slices[connection.number % SLICES][connection.number]
        of_user = self._by_user[connection.user]
        of_user.remove(connection)
        if not of_user:
            del self._by_user[connection.user]
        if not self._by_number:
            self._none_left.set()

    def note_close(self, name: CloseName) -> None:
        """Count a close frame."""
        self._closed[name] += 1

    def cut(self) -> None:
        """End all of them at once, without a goodbye; never waits."""
        for connection in self._by_number.values():
            connection.cut()

    async def wait_none_left(self) -> None:
        """Wait until there is none."""
        while self._by_number:
            await self._none_left.wait()

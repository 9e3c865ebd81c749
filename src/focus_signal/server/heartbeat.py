"""One task that asks every peer for a sign of life: some at a time, not all at once."""

from collections.abc import Callable, Collection

import trio

from focus_signal.server.connection import Connection

# With thousands of connections, what one turn pings delays what comes in meanwhile: many small turns.
_SLICES = 64


async def run_heartbeat(connections: Callable[[], Collection[Connection]], interval: float) -> None:
    """Ping every connection once an interval; runs until cancelled.

    Args:
      connections: gives those that are open at the moment.
      interval: seconds between two pings of the same connection.
    """
    turn = 0
    while True:
        await trio.sleep(interval / _SLICES)
        turn = (turn + 1) % _SLICES
        for connection in connections():
            if connection.number % _SLICES == turn:
                connection.ping_soon()

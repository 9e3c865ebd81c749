"""One task that asks every peer for a sign of life: some at a time, not all at once.

It keeps no task and no timer for a connection: of those that it has asked it keeps lists, and the oldest list
is looked at when its time has come.
"""

import math
from collections import deque
from collections.abc import Callable, Collection

import trio

from focus_signal.server.connection import Connection
from focus_signal.server.roll import SLICES


async def run_heartbeat(
    slice_of: Callable[[int], Collection[Connection]], interval: float, pong_timeout: float
) -> None:
    """Ping every connection once an interval, and close those that do not answer; runs until cancelled.

    Args:
      slice_of: gives those that are open at the moment, of one of `SLICES` slices.
      interval: seconds between two pings of the same connection.
      pong_timeout: seconds that a peer may take to answer one.
    """
    turn = 0
    next_turn = trio.current_time() + interval / SLICES
    asked: deque[tuple[float, list[Connection]]] = deque()
    while True:
        await trio.sleep_until(min(next_turn, asked[0][0] if asked else math.inf))
        now = trio.current_time()
        again: list[Connection] = []
        while asked and asked[0][0] <= now:
            again += [connection for connection in asked.popleft()[1] if connection.judge_silence(now)]
        if next_turn <= now:
            next_turn = now + interval / SLICES
            turn = (turn + 1) % SLICES
            again += [each for each in list(slice_of(turn)) if each.ping_soon(now + pong_timeout)]
        if again:
            asked.append((now + pong_timeout, again))

"""One task that asks every peer for a sign of life: a few at a time, not all at once.

It keeps no task and no timer for a connection: of those that it has asked it keeps lists, and the oldest list
is looked at when its time has come.
"""

import math
from collections import deque
from collections.abc import Callable, Collection

import trio

from focus_signal.server.connection import Connection
from focus_signal.server.roll import SLICES

_LOOK_AHEAD = SLICES // 64


async def run_heartbeat(
    slice_of: Callable[[int], Collection[Connection]], interval: float, pong_timeout: float
) -> None:
    """Ping every connection once an interval, and close those that do not answer; runs until cancelled.

    Args:
      slice_of: gives those that are open at the moment, of one of `SLICES` slices.
      interval: seconds between two pings of the same connection, and at most from its beginning to the first.
      pong_timeout: seconds that a peer may take to answer one.
    """
    began = trio.current_time()
    turns = 0  # each slice has its turn once an interval
    asked: deque[tuple[float, list[Connection]]] = deque()
    while True:
        ahead = range(turns + 1, turns + 1 + _LOOK_AHEAD)
        # Nobody is woken for slices in which nobody is; but others may come, so not for all of them either.
        following = next((turn for turn in ahead if slice_of(turn % SLICES)), ahead[-1])
        next_turn = began + interval * following / SLICES
        await trio.sleep_until(min(next_turn, asked[0][0] if asked else math.inf))
        now = trio.current_time()
        again: list[Connection] = []
        while asked and asked[0][0] <= now:
            again += [connection for connection in asked.popleft()[1] if connection.judge_silence(now)]
        # Who is late, for the machine was asleep, need not catch up with more than one interval.
        turns = max(turns, int((now - began) / interval * SLICES) - SLICES)
        while began + interval * (turns + 1) / SLICES <= now:
            turns += 1
            again += [each for each in list(slice_of(turns % SLICES)) if each.ping_soon(now + pong_timeout)]
        if again:
            asked.append((now + pong_timeout, again))

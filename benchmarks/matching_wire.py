"""From the last join to `room-found`, on the wire: pairs and fours meet while others wait, or nobody does.

Joins are sent at even intervals, whatever has become of those before them: so a pause of the server,
however rare, delays each match that falls into it, instead of only the one that waits for it. A match is
over when the last of its members has read `room-found`; it is timed from the moment at which the last of
them was sent on.
"""

from __future__ import annotations

import math
import select
from collections import deque
from collections.abc import Sequence

import attrs

from benchmarks.load import Load, WrongResult
from benchmarks.meter import Meter, Span
from benchmarks.v1_client import Heard, V1Client

_LIMIT = 30.0
SEEKERS = 96


@attrs.define
class _Meeting:
    peers: tuple[str, ...]
    began: float
    untold: dict[str, None]


class Meetings:
    """Who must be told of which room, of those who ask for rooms of one size. Pure."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: dict[str, float] = {}
        self.open: dict[str, _Meeting] = {}
        self.over = 0
        self._used: dict[str, None] = {}

    def ask(self, user: str, now: float) -> None:
        """Note that a user asks."""
        self.asked[user] = now

    def told(self, user: str, heard: Heard, now: float) -> float | None:
        """Check what a user was told; return the seconds that it took if it is the last one of its room.

        Raises:
            WrongResult: this user, or these members, may not be told so.
        """
        meeting = self.open.get(heard.room_id)
        if meeting is None:
            meeting = self._new(heard)
        if user not in meeting.untold or heard.peers != meeting.peers:
            raise WrongResult(f"{user} may not be told {heard}: {meeting}")
        if heard.offer_to != heard.peers[: heard.peers.index(user)]:
            raise WrongResult(f"{user} is to offer to those before it, and was told {heard}")
        del meeting.untold[user]
        if meeting.untold:
            return None
        del self.open[heard.room_id]
        self.over += 1
        return now - meeting.began

    def _new(self, heard: Heard) -> _Meeting:
        if len(dict.fromkeys(heard.peers)) != self.size or len(heard.peers) != self.size:
            raise WrongResult(f"no room of {self.size}: {heard}")
        if heard.room_id in self._used:
            raise WrongResult(f"the id of a room was used twice: {heard}")
        self._used[heard.room_id] = None
        for peer in heard.peers:
            if peer not in self.asked:
                raise WrongResult(f"{peer} has not asked for a room: {heard}")
        began = max(self.asked.pop(peer) for peer in heard.peers)
        meeting = self.open[heard.room_id] = _Meeting(heard.peers, began, dict.fromkeys(heard.peers))
        return meeting


class Seeker(V1Client):
    """Asks for a room when it is told to, and leaves it as soon as it is in it."""

    __slots__ = ("_game", "_leaves", "_room")

    def __init__(self, load: Load, user: str, game: Game) -> None:
        super().__init__(load, user)
        self._game = game
        self._room = ""
        self._leaves = False

    def seek(self, meetings: Meetings) -> None:
        """Ask for a room; the frame is made before the clock is read."""
        frame = self.frame("matchmaking", matchSize=meetings.size)
        meetings.ask(self.user, self.load.clock())
        self.send(frame)

    def on_heard(self, heard: Heard) -> None:
        match heard.type:
            case "room-found" if not self._room:
                self._game.found(self, heard)
                self._room, self._leaves = heard.room_id, True
                self.ask("room-leave")
            case "room-closed" if self._leaves and heard.room_id == self._room and heard.reason == "left":
                self._room, self._leaves = "", False
                self._game.idle.append(self)
            case "welcome":
                self._game.idle.append(self)
            case "peer-left" if self._room:
                pass
            case "ack" | "queued" | "session" | "pong":
                pass
            case _:
                raise WrongResult(f"{self.user}, in room {self._room or 'none'}, was sent {heard}")


class Game:
    """Those who meet, and the times that it takes them."""

    def __init__(self, load: Load) -> None:
        self.idle: deque[Seeker] = deque()
        self._load = load
        self._meetings = Meetings(1)
        self._times: list[float] = []
        load.open(lambda made_by, user: Seeker(made_by, user, self), [f"seeker-{n}" for n in range(SEEKERS)])
        self._wait_idle()

    def found(self, seeker: Seeker, heard: Heard) -> None:
        """Note that somebody is in a room."""
        taken = self._meetings.told(seeker.user, heard, self._load.clock())
        if taken is not None:
            self._times.append(taken)

    def play(self, size: int, matches: int, every: float, pid: int) -> tuple[list[float], Span]:
        """Let so many rooms of a size come about, with a join every so many seconds.

        Returns:
            the seconds that each match took, and what both sides used meanwhile.

        Raises:
            WrongResult: somebody was told something wrong, or nothing.
        """
        load, idle = self._load, self.idle
        meetings = self._meetings = Meetings(size)
        self._times = []
        meter, next_at = Meter(pid), load.clock()
        for _ in range(size * matches):
            run_until(load, next_at)
            if not idle:
                raise WrongResult(f"all {SEEKERS} still wait for their rooms")
            idle.popleft().seek(meetings)
            next_at += every
        load.run(lambda: meetings.over == matches, _LIMIT, lambda: f"{matches - meetings.over} matches")
        span = meter.read()
        self._wait_idle()
        return self._times, span

    def _wait_idle(self) -> None:
        self._load.run(lambda: len(self.idle) == SEEKERS, _LIMIT, "everyone to be out of their rooms")


def run_until(load: Load, at: float) -> None:
    """Serve every connection until a time, and not beyond it."""
    while (left := at - load.clock()) > 0:
        if select.select([load.epoll], [], [], left)[0]:
            load.step()


def nearest_rank(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

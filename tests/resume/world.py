"""A conversation over lines that are cut: clients that come back by themselves, and what came of it.

One thing happens at a time: a frame arrives somewhere, or time passes. Which one is next is drawn from a
seed, so two runs are alike up to the place where one of them is cut.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Literal

from attrs import Factory, define, field, frozen

from focus_signal.client import session as client
from focus_signal.client.events import Answered, Connected, Lost
from focus_signal.client.faults import ProtocolBroken
from focus_signal.client.unanswered import Request
from focus_signal.core.matchmaker import Rules
from focus_signal.wire.messages.from_client import FromClient
from tests.resume.cutting import next_piece
from tests.resume.house import Ear, House, Line, Way
from tests.resume.player import Player
from tests.resume.seed_player import SeedPlayer

Manner = Literal["noticed", "unnoticed", "late", "deaf"]
MANNERS: tuple[Manner, ...] = ("noticed", "unnoticed", "late", "deaf")
"""Who notices a cut: both ends at once; the client alone, and the server only after a while; the same, and
what was on the way to the server arrives when the client is back; the server at once, the client late."""
_BACK_AFTER, _ENDS_AFTER, _DEAF_FOR = 0.5, 5.0, 3.0
_A_FRAME_TAKES = 0.04
_LONG_AFTER_ITS_START, _PATIENCE = 100.0, 400.0
_STEPS = 20_000


@frozen
class Cut:
    """Be a cut.

    Args:
      user: whose connection.
      ordinal: the how-manieth one, from 1.
      way: the direction whose bytes are counted.
      at: after so many of them nothing arrives any more, in either direction.
      manner: who notices it.
    """

    user: str
    ordinal: int
    way: Way
    at: int
    manner: Manner = "noticed"


@frozen
class Outcome:
    """Be what came of a conversation; all but the first two are faults.

    Args:
      resumed: how often a client went on where it was.
      began_anew: how often one did not, after it had asked for anything.
      first_again: how often one began anew that had asked for nothing yet.
      lost: relays and requests that never came.
      doubled: those that came twice.
      disordered: those that came behind a later one.
      locked_out: clients that did not come to the end.
      apart: rooms of which two members do not say the same.
      refused: requests that were refused.
      left_over: what the server still has when all have left.
    """

    resumed: int
    first_again: int
    began_anew: int
    lost: int
    doubled: int
    disordered: int
    locked_out: int
    apart: int
    refused: int
    left_over: int

    @property
    def faults(self) -> dict[str, int]:
        """Give what went wrong."""
        names = ("began_anew", "lost", "doubled", "disordered", "locked_out", "apart", "refused", "left_over")
        return {name: number for name in names if (number := getattr(self, name))}


@define(eq=False)
class Caller:
    """Be a client of `focus-signal.v1`."""

    player: Player
    session: client.Session = Factory(lambda: client.Session(1 << 20))
    line: Line | None = None
    ear: Ear = Factory(Ear)
    connections: int = 0
    resumed: int = 0
    first_again: int = 0
    began_anew: int = 0
    answers: dict[Request, int] = Factory(dict)
    refused: list[str] = Factory(list)
    lost: int = 0
    broken: str = ""


@define(eq=False)
class World:
    """Be a conversation.

    Args:
      seed: decides what happens next.
      names: who speaks `focus-signal.v1`.
      seeds: who speaks the seed's dialect.
      cuts: what is cut.
      rules: the server's.
    """

    seed: int
    names: tuple[str, ...] = ("ana", "bo")
    seeds: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    rules: Rules = Factory(Rules)
    now: float = field(default=0.0, init=False)
    house: House = field(init=False)
    callers: dict[str, Caller] = field(init=False)
    seed_players: dict[str, SeedPlayer] = field(init=False)
    lines: list[tuple[str, int, Line]] = field(factory=list, init=False)
    """Every line of a caller, with its user and its ordinal."""
    _seed_lines: dict[int, tuple[SeedPlayer, Line, Ear]] = field(factory=dict, init=False)
    _alarms: list[tuple[float, int, Callable[[], None]]] = field(factory=list, init=False)
    _order: count[int] = field(factory=count, init=False)
    _carried: dict[tuple[int, Way], int] = field(factory=dict, init=False)
    _stopped: dict[int, None] = field(factory=dict, init=False)
    # What of a line that was cut is still to arrive at the server, by the user.
    _late: dict[str, Line] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.house = House(self.seed, lambda: self.now, self.rules)
        self.now = _LONG_AFTER_ITS_START
        self.callers = {name: Caller(Player(name, self.names, self.seeds)) for name in self.names}
        size = len(self.names) + len(self.seeds)
        self.seed_players = {name: SeedPlayer(name, size) for name in self.seeds}

    def run(self) -> Outcome:
        """Let the conversation happen, and let everybody leave."""
        chance = random.Random(self.seed)
        for name, player in self.seed_players.items():
            line = self.house.connect(name)
            self._seed_lines[line.number] = (player, line, Ear())
            for frame in player.begin():
                line.say(frame)
        for caller in self.callers.values():
            self._ask(caller, caller.player.begin())
            self._connect(caller)
        for _ in range(_STEPS):
            if all(self._is_through(caller) for caller in self.callers.values()):
                break
            if self._ready():
                self.now += _A_FRAME_TAKES
                self._do_what_is_due()
            elif not self._wait():
                break
            ready = self._ready()
            if ready:
                self._carry(*chance.choice(ready))
        return self._outcome()

    def _ready(self) -> list[tuple[Line, Way]]:
        lines = [line for _, _, line in self.lines] + [line for _, line, _ in self._seed_lines.values()]
        ready: list[tuple[Line, Way]] = []
        for line in lines:
            if line.number not in self._stopped:
                ways: tuple[tuple[Way, bytearray], ...] = (("up", line.up), ("down", line.down))
                ready += [(line, way) for way, flying in ways if flying]
        return ready

    def _wait(self) -> bool:
        """Let time pass until something is due; tell whether anything will ever be."""
        due = self.house.core.next_deadline()
        alarm = self._alarms[0][0] if self._alarms else None
        times = [time for time in (due, alarm) if time is not None]
        if not times or min(times) > _PATIENCE:
            return False
        self.now = max(self.now, min(times))
        self._do_what_is_due()
        return True

    def _do_what_is_due(self) -> None:
        self.house.pass_time()
        while self._alarms and self._alarms[0][0] <= self.now:
            heappop(self._alarms)[2]()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        heappush(self._alarms, (self.now + seconds, next(self._order), action))

    def _carry(self, line: Line, way: Way) -> None:
        """Let one frame arrive, or as much of it as the cut lets pass."""
        flying = line.up if way == "up" else line.down
        piece = next_piece(flying, 0)
        assert piece is not None
        carried = self._carried.get((line.number, way), 0)
        size = min(piece.stop, (self._cut_at(line, way) or (1 << 60)) - carried)
        data = bytes(flying[:size])
        del flying[:size]
        self._carried[line.number, way] = carried + size
        if line.number in self._seed_lines:
            self._carry_seed(line, way, data)
        elif way == "up":
            self.house.take(line, data)
        else:
            self._hear(line, data)
        self._cut_if_due(line, way)

    def _carry_seed(self, line: Line, way: Way, data: bytes) -> None:
        player, _, ear = self._seed_lines[line.number]
        if way == "up":
            self.house.take(line, data)
            return
        for came in ear.take(data):
            assert isinstance(came, bytes), "a client of the seed's was closed"
            for frame in player.hear(came):
                line.say(frame)

    def _hear(self, line: Line, data: bytes) -> None:
        """Let bytes arrive at a client."""
        caller = self.callers[line.user]
        for came in caller.ear.take(data):
            if isinstance(came, int):
                self._stopped[line.number] = None
                self._later(_ENDS_AFTER, lambda: self.house.end(line))
                self._closed(caller, came)
                return
            try:
                events = caller.session.receive(came)
            except ProtocolBroken as broken:
                caller.broken = str(broken)
                return
            for event in events:
                if isinstance(event, Connected):
                    self._note(caller, event)
                elif isinstance(event, Answered):
                    caller.answers[event.request] += 1
                    caller.refused += [] if event.error is None else [event.error.code]
                elif isinstance(event, Lost):
                    caller.lost += len(event.requests)
                else:
                    self._ask(caller, caller.player.hear(event))
        self._speak(caller)

    def _note(self, caller: Caller, event: Connected) -> None:
        if event.resumed:
            caller.resumed += 1
        elif caller.connections > 1:
            asked = any(request.sent for request in caller.answers)
            caller.began_anew += asked
            caller.first_again += not asked

    def _ask(self, caller: Caller, messages: list[FromClient]) -> None:
        for message in messages:
            caller.answers[caller.session.send(message)] = 0

    def _speak(self, caller: Caller) -> None:
        while caller.line is not None and (frame := caller.session.next_frame()) is not None:
            caller.line.say(frame)

    def _connect(self, caller: Caller) -> None:
        name = caller.player.name
        caller.connections += 1
        line = self.house.connect(name, caller.session.protocols())
        caller.line, caller.ear = line, Ear()
        self.lines.append((name, caller.connections, line))
        late = self._late.pop(name, None)
        if late is not None:
            self.house.take(late, bytes(late.up))
            late.up.clear()
        self._cut_if_due(line, "up")
        self._cut_if_due(line, "down")

    def _closed(self, caller: Caller, code: int) -> None:
        if caller.line is None:
            return
        caller.line = None
        if caller.session.closed(code, "").back:
            self._later(_BACK_AFTER, lambda: self._connect(caller))

    def _cuts_of(self, line: Line, way: Way) -> list[Cut]:
        if line.number in self._stopped:
            return []
        here = [(user, ordinal) for user, ordinal, each in self.lines if each is line]
        return [cut for cut in self.cuts if (cut.user, cut.ordinal) in here and cut.way == way]

    def _cut_at(self, line: Line, way: Way) -> int | None:
        return min((cut.at for cut in self._cuts_of(line, way)), default=None)

    def _cut_if_due(self, line: Line, way: Way) -> None:
        carried = self._carried.get((line.number, way), 0)
        for cut in self._cuts_of(line, way):
            if cut.at == carried:
                self._cut(line, cut.manner)
                return

    def _cut(self, line: Line, manner: Manner) -> None:
        caller = self.callers[line.user]
        self._stopped[line.number] = None
        line.down.clear()
        if manner in {"noticed", "deaf"}:
            self.house.end(line)
        else:
            self._later(_ENDS_AFTER, lambda: self.house.end(line))
        if manner == "late":
            self._late[line.user] = line
        if manner == "deaf":
            self._later(_DEAF_FOR, lambda: self._closed(caller, 1006))
        else:
            self._closed(caller, 1006)

    def _is_through(self, caller: Caller) -> bool:
        return caller.player.is_over and not len(caller.session.unanswered) and caller.line is not None

    def _outcome(self) -> Outcome:
        lost = doubled = disordered = 0
        everyone: dict[str, Player | SeedPlayer] = {
            **{name: caller.player for name, caller in self.callers.items()},
            **self.seed_players,
        }
        for name, player in everyone.items():
            for other, peer in everyone.items():
                came, sent = peer.heard.get(name, []), player.sent.get(other, 0)
                once = list(dict.fromkeys(came))
                lost += sent - len(once)
                doubled += len(came) - len(once)
                disordered += once != sorted(once)
        callers = list(self.callers.values())
        locked_out = sum(not self._is_through(caller) or bool(caller.broken) for caller in callers)
        for caller in callers:
            lost += caller.lost + sum(times == 0 for times in caller.answers.values())
            doubled += sum(times - 1 for times in caller.answers.values() if times > 1)
        stories = [caller.player.rooms for caller in callers]
        firsts = [story[:1] for story in (*stories, *(each.rooms for each in self.seed_players.values()))]
        apart = sum(story != stories[0] for story in stories) + sum(first != firsts[0] for first in firsts)
        refused = sum(len(caller.refused) for caller in callers)
        refused += sum(len(each.errors) for each in self.seed_players.values())
        return Outcome(
            resumed=sum(caller.resumed for caller in callers),
            first_again=sum(caller.first_again for caller in callers),
            began_anew=sum(caller.began_anew for caller in callers),
            lost=lost,
            doubled=doubled,
            disordered=disordered,
            locked_out=locked_out,
            apart=apart,
            refused=refused,
            left_over=self._send_home(),
        )

    def _send_home(self) -> int:
        """Let everybody leave, and count what the server still has."""
        for line in self.house.lines.values():
            self.house.end(line, finished=True)
        for _ in range(1000):
            due = self.house.core.next_deadline()
            if due is None:
                break
            self.now = max(self.now, due)
            self.house.pass_time()
        left = self.house.core.statistics()
        return left.users + left.rooms + left.waiting + left.connections + left.replay_bytes

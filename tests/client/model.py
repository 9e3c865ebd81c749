"""A server of `focus-signal.v1` as small as it can be, a network that is cut anywhere, and what must hold.

The server follows the rules of "Session and resume": numbers, a bounded log, tokens, `lastId`, and a restart
that knows no more than what the client's token says. All else of a server is one request that is done or
refused, by its number, and events that it makes up.
"""

from __future__ import annotations

import json
import random
from collections import Counter, deque
from typing import Any, Literal

from attrs import Factory, define

from focus_signal.client import session as module
from focus_signal.client.events import Answered, Connected, Lost
from focus_signal.client.unanswered import Request
from focus_signal.wire.messages import from_server
from focus_signal.wire.messages.from_client import RoomJoin
from tests.client.words import ack, error, pong, queued, token, welcome

Step = Literal["ask", "say", "take", "down", "cut", "connect", "event", "renew", "restart", "crash", "expire"]
STEPS: tuple[Step, ...] = (
    *("ask",) * 6,
    *("say",) * 8,
    *("take",) * 7,
    *("down",) * 10,
    *("cut",) * 2,
    *("connect",) * 4,
    *("event",) * 5,
    "renew",
    "restart",
    "crash",
    "expire",
)
GENTLE: tuple[Step, ...] = tuple(step for step in STEPS if step not in {"restart", "crash", "expire"})
Down = str | int
"""A frame, or a close code."""


@define(eq=False)
class Kept:
    """Be a session as the server keeps it."""

    name: str
    bound: int
    last_id: int = 0
    last: int = 0
    log: deque[tuple[int, str]] = Factory(deque)
    forgotten: int = 0
    """No frame up to this number is kept."""
    generation: int = 0
    least: int = 0
    tokens: list[tuple[int, int]] = Factory(list)
    held: bool = False


@define(eq=False)
class Server:
    """Be the server.

    Args:
      bound: how many unseen frames a session keeps.
    """

    bound: int
    process: int = 0
    window: bool = True
    sessions: dict[str, Kept] = Factory(dict)
    current: Kept | None = None
    made: int = 0
    down: deque[Down] = Factory(deque)
    up: deque[str] = Factory(deque)
    done: list[int] = Factory(list)
    refused: list[int] = Factory(list)
    events: list[tuple[int, int]] = Factory(list)
    """What was made up, as the stretch since the last welcome that did not resume, and its number in it."""
    stretch: int = 0
    in_stretch: int = 0
    overflows: int = 0

    def connect(self, protocols: tuple[str, ...]) -> None:
        self.up.clear()
        self.down.clear()
        offered = [name for name in protocols if name.startswith("resume.")]
        kept, why = self._named(offered[0]) if offered else (None, None)
        if kept is None:
            self.made += 1
            kept = self.sessions[f"s{self.made}"] = Kept(f"s{self.made}", self.bound)
            self._greet(kept, resumed=False, last_id=0, **({} if why is None else {"why": why}))
            return
        seen = int(offered[0].rsplit(".", 1)[1])
        if kept.name not in self.sessions:  # restored
            self.sessions[kept.name] = kept
            self._greet(kept, resumed=False, last_id=None, state={})
            return
        assert seen <= kept.last, "a number that was never sent"
        if seen < kept.forgotten:
            self.overflows += 1
            kept.log.clear()
            kept.forgotten = kept.last
            self._greet(kept, resumed=False, last_id=kept.last_id, state={})
            return
        self._saw(kept, seen)
        self.current = kept
        self.down.append(welcome(seen, resumed=True, last_id=kept.last_id))
        self.down.extend(frame for _, frame in kept.log)

    def _named(self, offer: str) -> tuple[Kept | None, str | None]:
        _, text, _ = offer.split(".")
        process, name, generation = text.split("-")
        kept = self.sessions.get(name)
        if kept is None:
            return (
                (Kept(name, self.bound), None)
                if int(process) < self.process and self.window
                else (None, "unknown")
            )
        # Another process's tokens are older than any of ours.
        if int(process) == self.process and int(generation) < kept.least:
            return None, "superseded"
        return kept, None

    def _greet(self, kept: Kept, *, resumed: bool, last_id: int | None, **more: Any) -> None:
        self.current = kept
        self.stretch += 1
        self.in_stretch = 0
        self.down.append(welcome(kept.last, resumed=resumed, last_id=last_id, **more))
        self.renew()

    def renew(self) -> None:
        """Issue the next token."""
        kept = self.current
        if kept is not None:
            kept.generation += 1
            kept.tokens.append((kept.generation, kept.last + 1))
            self._send(kept, token(kept.last + 1, f"{self.process}-{kept.name}-{kept.generation}"))

    def event(self) -> None:
        kept = self.current
        if kept is not None:
            self.events.append((self.stretch, self.in_stretch))
            self._send(kept, queued(kept.last + 1, self.stretch * 1000 + self.in_stretch))
            self.in_stretch += 1

    def _send(self, kept: Kept, frame: str) -> None:
        kept.last += 1
        kept.log.append((kept.last, frame))
        while len(kept.log) > kept.bound:
            kept.forgotten, _ = kept.log.popleft()
        if kept is self.current:
            self.down.append(frame)

    def _saw(self, kept: Kept, seen: int) -> None:
        while kept.log and kept.log[0][0] <= seen:
            kept.forgotten, _ = kept.log.popleft()
        kept.forgotten = max(kept.forgotten, seen)
        while kept.tokens and kept.tokens[0][1] <= seen:
            kept.least, _ = kept.tokens.pop(0)
            kept.held = True

    def take(self) -> None:
        """Handle one frame of the client's."""
        kept = self.current
        if kept is None or not self.up:
            return
        frame = json.loads(self.up.popleft())
        assert frame["seen"] <= kept.last, "a number that was never sent"
        self._saw(kept, frame["seen"])
        if frame["type"] == "ping":
            self.down.append(pong())
            return
        id_, number = frame["id"], int(frame["code"])
        if id_ <= kept.last_id:
            self._send(kept, ack(kept.last + 1, id_))
            return
        kept.last_id = id_
        if number % 5 == 0:
            self.refused.append(number)
            self._send(kept, error(kept.last + 1, id_))
        else:
            self.done.append(number)
            self._send(kept, ack(kept.last + 1, id_))
            if number % 3 == 0:
                self.event()

    def cut(self) -> None:
        """The connection has ended."""
        kept, self.current = self.current, None
        self.up.clear()
        self.down.clear()
        if kept is not None and not kept.held:
            del self.sessions[kept.name]

    def expire(self) -> None:
        """End what is away, and the time in which tokens of another process restore."""
        self.sessions = {name: kept for name, kept in self.sessions.items() if kept is self.current}
        self.window = False

    def restart(self, *, tidy: bool) -> None:
        """Be a new process; a tidy one says goodbye, behind every answer."""
        if tidy and self.current is not None:
            self.down.append(1012)
        elif not tidy:
            self.down.clear()
            self.down.append(1006)
        self.current = None
        self.up.clear()
        self.sessions.clear()
        self.process += 1
        self.window = True


@define(eq=False)
class World:
    """Be a client, the server, and what lies between them."""

    session: module.Session
    server: Server
    connected: bool = False
    asked: int = 0
    requests: dict[Request, int] = Factory(dict)
    fates: dict[int, list[str]] = Factory(dict)
    events: list[tuple[int, int]] = Factory(list)

    def step(self, step: Step) -> None:
        if step == "ask":
            self.asked += 1
            self.fates[self.asked] = []
            self.requests[self.session.send(RoomJoin(code=str(self.asked)))] = self.asked
        elif step == "say":
            self.say()
        elif step == "take":
            self.server.take()
        elif step == "down":
            self.hear()
        elif step == "cut":
            self.cut()
        elif step == "connect":
            if not self.connected:
                self.connected = True
                self.server.connect(self.session.protocols())
        elif step == "event":
            self.server.event()
        elif step == "renew":
            self.server.renew()
        elif step == "expire":
            self.server.expire()
        else:
            self.server.restart(tidy=step == "restart")

    def say(self) -> None:
        """Put one frame of the client's onto its way."""
        frame = self.session.next_frame() if self.connected else None
        if frame is not None:
            self.server.up.append(frame.decode())

    def hear(self) -> None:
        """Let one thing arrive at the client."""
        if not self.connected or not self.server.down:
            return
        came = self.server.down.popleft()
        if isinstance(came, int):
            self.cut(came)
            return
        for event in self.session.receive(came):
            if isinstance(event, Answered):
                self.fates[self.requests[event.request]].append("done" if event.error is None else "refused")
            elif isinstance(event, Lost):
                for request in event.requests:
                    self.fates[self.requests[request]].append("lost")
            elif isinstance(event, from_server.Queued):
                self.events.append(divmod(event.position, 1000))
            else:
                assert isinstance(event, Connected), f"{event} was never sent"

    def cut(self, code: int = 1006) -> None:
        if self.connected:
            self.connected = False
            self.server.cut()
            assert self.session.closed(code, "").back

    def settle(self) -> None:
        """Let everything arrive that still can."""
        self.cut()
        for _ in range(3):
            self.step("connect")
            before = -1
            while before != (before := self.session.seen + len(self.server.down) + len(self.server.up)) or (
                self.server.down or self.server.up
            ):
                self.say()
                self.server.take()
                self.hear()

    def check(self, *, gentle: bool) -> None:
        """Assert what must hold in the end."""
        server, counted = self.server, Counter(self.server.done)
        for number, fates in self.fates.items():
            assert len(fates) == 1, f"request {number} ended {len(fates)} times: {fates}"
            assert counted[number] <= 1, f"request {number} was done {counted[number]} times"
            assert counted[number] == 1 or fates != ["done"], f"request {number} was not done"
            assert counted[number] == 0 or fates != ["refused"], f"request {number} was done, not refused"
            assert fates != ["lost"] or not gentle or server.overflows, f"request {number} was lost to a cut"
        assert server.done == sorted(server.done), "the requests were done in another order"
        seen = [event for event in self.events if event[0] == server.stretch]
        assert seen == [event for event in server.events if event[0] == server.stretch], "events are missing"
        for stretch in range(server.stretch):
            came = [number for at, number in self.events if at == stretch]
            assert came == list(range(len(came))), "events are missing or doubled"
        assert server.current is not None
        unseen = server.current.last - server.current.forgotten
        assert unseen < module.PING_AFTER, f"the server does not know that {unseen} frames were seen"


def live_through(steps: list[Step], bound: int, *, gentle: bool) -> World:
    """Go through a history, settle, and assert what must hold."""
    world = World(module.Session(1 << 20), Server(bound))
    for step in ("connect", *steps):
        world.step(step)
    world.settle()
    world.check(gentle=gentle)
    return world


def random_history(seed: int) -> World:
    """Go through the history of a seed."""
    chance = random.Random(seed)
    gentle = seed % 2 == 0
    steps = chance.choices(GENTLE if gentle else STEPS, k=chance.choice((20, 60, 150)))
    return live_through(list(steps), chance.choice((2, 5, 1000)), gentle=gentle)

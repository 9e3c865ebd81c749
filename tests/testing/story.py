"""Histories written by hand: a story is told step by step, and each step is plan and history at once.

What the server answers is said with each step, so that a story can hold what the real one would never do.
"""

from __future__ import annotations

from attrs import define, field

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RequestMatch,
    Withdraw,
)
from focus_signal.core.effects import Close, Deliver, Effect, Refused, Relayed, RoomFound, SeedMessage
from focus_signal.testing import history as h
from focus_signal.testing.invariants.check import check
from focus_signal.testing.plan import (
    Fault,
    Join,
    Leave,
    Open,
    Operation,
    Plan,
    RunConfig,
    Say,
    Signal,
    Verb,
)
from focus_signal.testing.violation import Violation

REFUSED = Refused("peer-unavailable", "no peer of this user id can be reached from here")
BAD_SIZE = Refused("bad-match-size", "no such size")


def room(*peers: str, name: str = "r1") -> RoomFound:
    return RoomFound(name, peers)


@define(eq=False)
class Story:
    """Tell what happens; a second passes with each step."""

    config: RunConfig = field(factory=RunConfig)
    operations: list[Operation] = field(factory=list[Operation], init=False)
    events: list[h.Event] = field(factory=list[h.Event], init=False)
    t: float = field(default=0.0, init=False)
    users: dict[int, str] = field(factory=dict[int, str], init=False)
    speakers: dict[str, int] = field(factory=dict[str, int], init=False)
    ended: dict[int, None] = field(factory=dict[int, None], init=False)

    def plan(self) -> Plan:
        return Plan(seed=0, config=self.config, operations=tuple(self.operations))

    def violations(self) -> list[Violation]:
        return check(self.events, self.plan())

    def broken(self) -> set[str]:
        return {violation.invariant for violation in self.violations()}

    def wait(self, seconds: float) -> None:
        self.t += seconds

    def open(self, user: str, *effects: Effect, decided: bool = True) -> int:
        """Open a connection; the one before is closed, as it should be, unless effects say otherwise."""
        conn = len(self.users) + 1
        self.users[conn] = user
        self._op(Open(id=self.next_id, at=self.t, conn=conn, user=user))
        self.events += [h.Served(self.t, conn, conn), h.Connected(self.t, conn)]
        if decided:
            before = self.speakers.get(user)
            usual = () if before is None else (Close(before, "replaced"),)
            self.speakers[user] = conn
            self.decide(Connect(conn, user), *(effects or usual))
        return conn

    @property
    def next_id(self) -> int:
        return len(self.operations) + 1

    def decide(self, command: Command, *effects: Effect) -> None:
        self.events.append(h.Decided(self.t, type(command).__name__, command, list(effects)))

    def join(self, conn: int, size: int, *effects: Effect) -> None:
        self._sent(Join(id=self.next_id, at=self.t, conn=conn, size=size))
        self.decide(RequestMatch(conn, size), *effects)

    def match(self, conn: int, size: int, *members: int, name: str = "r1") -> None:
        """Ask for a room that is found, for these connections and by everybody's account."""
        found = room(*(self.users[member] for member in members), name=name)
        self.join(conn, size, *(Deliver(member, found) for member in members))
        for member in members:
            if member not in self.ended:
                self.get(member, found)

    def signal(self, conn: int, to: str, *effects: Effect, claim: str | None = None) -> Relay:
        """Send an offer of which this comes, and give the command that it was."""
        command = self.send(conn, to, claim=claim)
        self.decide(command, *effects)
        return command

    def send(self, conn: int, to: str, *, claim: str | None = None) -> Relay:
        """Send an offer that is not decided yet."""
        op = self.next_id
        self._sent(Signal(id=op, at=self.t, conn=conn, kind="offer", to=to, claim=claim))
        return Relay(conn, to, "offer", b',"sdp":"m%d "' % op)

    def relay(self, conn: int, to: int) -> Relayed:
        """Send an offer that arrives, as it should."""
        command = self.send(conn, self.users[to])
        message = self.message(command)
        self.decide(command, Deliver(to, message))
        self.get(to, message)
        return message

    def message(self, command: Relay, sender: str | None = None) -> Relayed:
        return Relayed(sender or self.users[command.connection], command.kind, command.payload)

    def refuse(self, conn: int, to: str, message: Refused = REFUSED) -> None:
        """Send an offer that is refused, as it should be."""
        self.signal(conn, to, Deliver(conn, message))
        self.get(conn, message)

    def say(self, conn: int, text: str, *effects: Effect) -> None:
        self._sent(Say(id=self.next_id, at=self.t, conn=conn, text=text))
        self.decide(Invalid(conn, "bad-json", "no JSON"), *effects)

    def get(self, conn: int, message: SeedMessage) -> None:
        self.events.append(h.Got(self.t, conn, message))

    def read_end(self, conn: int) -> None:
        self.ended[conn] = None
        self.events.append(h.EndRead(self.t, conn))

    def end(self, conn: int) -> None:
        """Let the server read an end, and carry it out."""
        self.read_end(conn)
        self.decide(Withdraw(conn))
        self.disconnect(conn)

    def disconnect(self, conn: int) -> None:
        self.decide(Disconnect(conn))
        if self.speakers.get(self.users[conn]) == conn:
            del self.speakers[self.users[conn]]

    def leave(self, conn: int) -> None:
        self._op(Leave(id=self.next_id, at=self.t, conn=conn, by="close"))
        self.events.append(h.Left(self.t, conn, self.operations[-1].id))
        self.end(conn)

    def fault(self, conn: int) -> None:
        self._op(Fault(id=self.next_id, at=self.t, conn=conn, fault="partition", amount=1.0))
        self.events.append(h.Meddled(self.t, self.operations[-1].id))

    def drain(self, grace: float, *effects: Effect) -> None:
        self._op(Verb(id=self.next_id, at=self.t, verb="drain", grace=grace))
        self.events.append(h.Meddled(self.t, self.operations[-1].id))
        self.decide(Drain(), *effects)

    def restart(self) -> None:
        self._op(Verb(id=self.next_id, at=self.t, verb="restart"))
        self.events += [h.Meddled(self.t, self.operations[-1].id), h.Restarted(self.t)]
        self.speakers.clear()

    def settle(self) -> None:
        self.wait(1.0)
        self.events.append(h.Healed(self.t))
        self.wait(self.config.settle)
        self.events.append(h.Settled(self.t))

    def _sent(self, operation: Join | Signal | Say) -> None:
        self._op(operation)
        self.events.append(h.Sent(self.t, operation.conn, operation.id))

    def _op(self, operation: Operation) -> None:
        self.operations.append(operation)
        self.wait(1.0)


def met(config: RunConfig | None = None) -> tuple[Story, int, int]:
    """Tell of two who have met."""
    story = Story(config or RunConfig())
    ana, bo = story.open("ana"), story.open("bo")
    story.join(ana, 2)
    story.match(bo, 2, ana, bo)
    return story, ana, bo


def strangers(config: RunConfig | None = None) -> tuple[Story, int, int]:
    """Tell of two who have not met."""
    story = Story(config or RunConfig())
    return story, story.open("ana"), story.open("bo")


def marks(story: Story, count: int) -> list[Relayed]:
    """Foresee the next offers of ana."""
    payloads = [b',"sdp":"m%d "' % (story.next_id + more) for more in range(count)]
    return [Relayed("ana", "offer", payload) for payload in payloads]

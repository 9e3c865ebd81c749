"""From a config to a plan: what the users of a swarm do, one after the other.

The draft follows roughly what is going on, so that most of what it does is legal and means something; mixed
in is everything that a client should not do. How much of each there is, is in the config's `weights`.
"""

from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal, TypeVar, get_args

from attrs import define, field

from focus_signal.testing.keyed import generator, quantized
from focus_signal.testing.plan import (
    Direction,
    Fault,
    FaultKind,
    Join,
    Leave,
    LeaveBy,
    Open,
    Operation,
    Plan,
    RunConfig,
    Say,
    ServerVerb,
    Signal,
    Verb,
)
from focus_signal.testing.workload.crowd import Crowd
from focus_signal.testing.workload.vocabulary import BAD_SIZES, FAULTS, TEXTS, UNKNOWN_USER

_KINDS: tuple[Literal["offer", "answer", "ice-candidate"], ...] = ("offer", "answer", "ice-candidate")
_WAYS: tuple[LeaveBy, ...] = get_args(LeaveBy)
_DIRECTIONS: tuple[Direction, ...] = ("both", "both", "up", "down")
_GRACES = (0.5, 2.0, 5.0)

# From the least to the most that a fault is drawn with.
_AMOUNTS: dict[FaultKind, tuple[float, float]] = {
    "partition": (0.05, 4.0),
    "slow-reader": (200.0, 5_000.0),
    "latency": (0.02, 1.0),
    "chunks": (1.0, 64.0),
    "bandwidth": (2_000.0, 50_000.0),
    "window": (1.0, 8_192.0),
    "fin-delay": (0.1, 3.0),
}
_TIMES = ("partition", "latency", "fin-delay")

T = TypeVar("T")


def draw_plan(seed: int, config: RunConfig) -> Plan:
    """Draw the operations that a seed and a config lead to."""
    draft = _Draft(config, generator(seed, "plan").random)
    draft.write()
    return Plan(seed=seed, config=config, operations=tuple(draft.operations))


@define(eq=False)
class _Draft:
    """Be a plan in the making."""

    config: RunConfig
    random: Callable[[], float]
    crowd: Crowd = field(init=False)
    operations: list[Operation] = field(factory=list[Operation], init=False)
    now: float = field(default=0.0, init=False)
    conns: int = field(default=0, init=False)
    held: list[int] = field(factory=list[int], init=False)
    # How many operations more come at this same instant, and how many until the restart that ends a drain.
    at_once: int = field(default=0, init=False)
    drained: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.crowd = Crowd([f"u{number}" for number in range(1, self.config.clients + 1)])

    def write(self) -> None:
        """Write all of it."""
        config, random = self.config, self.random
        weights = dict(config.weights)
        last: ServerVerb | None = "stop" if weights.pop("stop", 0.0) else None
        if not weights.get("restart") and weights.pop("drain", 0.0):
            last = last or "drain"
        deeds = [_STEPS[kind] for kind in weights]
        bounds = list(accumulate(weights.values()))
        total = bounds[-1] if bounds else 0.0
        for time in sorted([random() * config.seconds for _ in range(config.operations)]):
            if len(self.operations) >= config.operations:
                break
            if self.at_once:
                self.at_once -= 1
            else:
                self.now = max(self.now, quantized(time))
            if self.drained:
                self.while_drained()
                continue
            index = bisect(bounds, random() * total)
            if index == len(deeds) or not deeds[index](self):
                self.go_on()
        if last is not None:
            self.now = quantized(self.now + (config.seconds - self.now) * random())
            self.add_verb(last)

    def go_on(self) -> None:
        """Do what gets things going, in place of something that cannot be done now."""
        if self.crowd.away and (not self.crowd.here or self.random() < 0.7):
            self.arrive()
        else:
            self.join()

    # Who comes and goes.

    def arrive(self) -> bool:
        """Open a connection for a user who has none."""
        return bool(self.crowd.away) and self.connect(self.one(self.crowd.away))

    def take_over(self) -> bool:
        """Open a second connection for a user who has one."""
        return bool(self.crowd.here) and self.connect(self.one(self.crowd.here))

    def reconnect(self) -> bool:
        """Leave, and come back at once or a little later."""
        if not self.crowd.here:
            return False
        user = self.one(self.crowd.here)
        size = self.crowd.asked.get(user)
        self.end(user, self.crowd.lines[user][-1])
        if self.random() < 0.6:
            self.now = min(quantized(self.now + self.random() * 0.5), self.config.seconds)
        self.connect(user)
        if self.random() < 0.6:
            # A client that comes back asks for what it wanted before.
            self.ask(user, self.one(self.config.sizes) if size is None else size)
        return True

    def leave(self) -> bool:
        """End a connection of a user, not always the newest."""
        if not self.crowd.here:
            return False
        # Whoever leaves a queue is more to a server than whoever just leaves.
        waiting = list(self.crowd.asked) if self.random() < 0.4 else []
        user = self.one(waiting or self.crowd.here)
        return self.end(user, self.one(self.crowd.lines[user]))

    def connect(self, user: str) -> bool:
        """Open a connection for a user."""
        self.conns += 1
        self.operations.append(Open(id=self.next_id(), at=self.now, conn=self.conns, user=user))
        self.crowd.connect(user, self.conns)
        return True

    def end(self, user: str, conn: int) -> bool:
        """End a connection of a user."""
        by = self.one(_WAYS)
        self.operations.append(Leave(id=self.next_id(), at=self.now, conn=conn, by=by))
        self.crowd.leave(user, conn)
        return True

    # Who asks for what.

    def join(self) -> bool:
        """Ask for a room; most of those who ask are neither waiting nor in one."""
        crowd = self.crowd
        if not crowd.here:
            return False
        user = self.one(crowd.here)
        if user in crowd.asked or (user in crowd.rooms and self.random() < 0.7):
            free = [other for other in crowd.here if other not in crowd.asked and other not in crowd.rooms]
            user = self.one(free) if free else user
        return self.ask(user, self.one(self.config.sizes))

    def join_again(self) -> bool:
        """Ask once more for the same size."""
        asked = self.crowd.asked
        return bool(asked) and self.ask(*self.one(list(asked.items())))

    def join_other(self) -> bool:
        """Ask for another size than the one that is waited for."""
        asked = self.crowd.asked
        others = [(user, size) for user in asked for size in self.config.sizes if size != asked[user]]
        return bool(others) and self.ask(*self.one(others))

    def join_badly(self) -> bool:
        """Ask for a size that there cannot be."""
        return bool(self.crowd.here) and self.ask(self.one(self.crowd.here), self.one(BAD_SIZES))

    def ask(self, user: str, size: int) -> bool:
        """Ask for a room of a size."""
        conn = self.conn_of(user)
        self.operations.append(Join(id=self.next_id(), at=self.now, conn=conn, size=size))
        if 1 <= size <= self.config.max_match_size:
            self.crowd.ask(user, size)
        return True

    # Who says what to whom.

    def signal(self) -> bool:
        """Send something to a peer in the same room."""
        pairs = self.crowd.pairs(self.crowd.here)
        return bool(pairs) and self.send(*self.one(pairs))

    def signal_self(self) -> bool:
        """Send something to oneself."""
        return bool(self.crowd.here) and self.send(user := self.one(self.crowd.here), user)

    def signal_stranger(self) -> bool:
        """Send something to somebody who is here, in another room or in none."""
        here = self.crowd.here
        if not here:
            return False
        user = self.one(here)
        strangers = self.strangers_of(user)
        return bool(strangers) and self.send(user, self.one(strangers))

    def signal_unknown(self) -> bool:
        """Send something to a user id that nobody has."""
        return bool(self.crowd.here) and self.send(self.one(self.crowd.here), UNKNOWN_USER)

    def signal_gone(self) -> bool:
        """Send something to a user who has left, from the same room if there is any."""
        here, away = self.crowd.here, self.crowd.away
        if not here or not away:
            return False
        pairs = self.crowd.pairs(away)
        return self.send(*(self.one(pairs) if pairs else (self.one(here), self.one(away))))

    def signal_claim(self) -> bool:
        """Send something in the name of somebody else."""
        pairs = self.crowd.pairs(self.crowd.here)
        if not pairs:
            return False
        user, peer = self.one(pairs)
        others = [other for other in self.crowd.users if other != user]
        return self.send(user, peer, claim=self.one((*others, UNKNOWN_USER)))

    def signal_large(self) -> bool:
        """Send a few kilobytes."""
        pairs = self.crowd.pairs(self.crowd.here)
        return bool(pairs) and self.send(*self.one(pairs), padding=1_000 + int(self.random() * 5_000))

    def signal_clump(self) -> bool:
        """Send a few ice-candidates to a peer at one instant, now and then to somebody in no common room."""
        left = self.config.operations - len(self.operations)
        pairs = self.crowd.pairs(self.crowd.here)
        if not pairs or left < 2:
            return False
        user, to = self.one(pairs)
        if self.random() < 0.2:
            to = self.one((*self.strangers_of(user), UNKNOWN_USER))
        conn = self.conn_of(user)
        for _ in range(min(2 + int(self.random() * 5), left)):
            self.operations.append(
                Signal(id=self.next_id(), at=self.now, conn=conn, kind="ice-candidate", to=to)
            )
        return True

    def say(self) -> bool:
        """Send a text that is no message."""
        if not self.crowd.here:
            return False
        conn = self.conn_of(self.one(self.crowd.here))
        self.operations.append(Say(id=self.next_id(), at=self.now, conn=conn, text=self.one(TEXTS)))
        return True

    def send(self, user: str, to: str, claim: str | None = None, padding: int = 0) -> bool:
        """Send an offer, an answer or an ice-candidate."""
        number, conn, kind = self.next_id(), self.conn_of(user), self.one(_KINDS)
        self.operations.append(
            Signal(id=number, at=self.now, conn=conn, kind=kind, to=to, claim=claim, padding=padding)
        )
        return True

    def strangers_of(self, user: str) -> list[str]:
        """List who is here and in no common room with a user."""
        mates = self.crowd.rooms.get(user, ())
        return [other for other in self.crowd.here if other != user and other not in mates]

    # What happens to links, to the server and to time.

    def meddle(self, fault: FaultKind) -> bool:
        """Do something to the link of a connection."""
        lines = self.crowd.lines
        conns = (
            self.held if fault == "release" else [conn for user in self.crowd.here for conn in lines[user]]
        )
        if not conns:
            return False
        conn = self.one(conns)
        low, high = _AMOUNTS.get(fault, (0.0, 0.0))
        amount = low + (high - low) * self.random() ** 2
        amount = quantized(amount) if fault in _TIMES else float(int(amount))
        direction = "both" if fault == "release" else self.one(_DIRECTIONS)
        self.add_fault(fault, conn, amount, direction)
        if fault == "release":
            self.held.remove(conn)
        elif fault == "hold" and conn not in self.held:
            self.held.append(conn)
        return True

    def refuse(self) -> bool:
        """Refuse the attempt to connect that comes right behind."""
        if not self.crowd.away:
            return False
        self.conns += 1
        self.add_fault("refuse", self.conns, 1.0, "both")
        user = self.one(self.crowd.away)
        self.operations.append(Open(id=self.next_id(), at=self.now, conn=self.conns, user=user))
        return True

    def burst(self) -> bool:
        """Let what comes next come all at this instant."""
        self.at_once = 2 + int(self.random() * 7)
        return self.join()

    def drain(self) -> bool:
        """Drain the server; a restart follows soon."""
        self.drained = 1 + int(self.random() * 4)
        return self.add_verb("drain")

    def restart(self) -> bool:
        """Put another server in the place of this one."""
        return self.add_verb("restart")

    def while_drained(self) -> None:
        """Try in vain, until a restart lets everyone in again."""
        self.drained -= 1
        if not self.drained:
            self.restart()
        elif not self.arrive():
            self.take_over()

    def add_fault(self, fault: FaultKind, conn: int, amount: float, direction: Direction) -> None:
        """Add a fault."""
        self.operations.append(
            Fault(id=self.next_id(), at=self.now, conn=conn, fault=fault, amount=amount, direction=direction)
        )

    def add_verb(self, verb: ServerVerb) -> bool:
        """Do something to the server; everyone is gone after it, and everything is forgotten."""
        grace = self.one(_GRACES) if verb == "drain" else 5.0
        self.operations.append(Verb(id=self.next_id(), at=self.now, verb=verb, grace=grace))
        self.crowd.forget()
        self.held.clear()
        return True

    # Chance, and numbers.

    def next_id(self) -> int:
        """Number the operation that is being added."""
        return len(self.operations) + 1

    def one(self, values: Sequence[T]) -> T:
        """Take one of them."""
        return values[int(self.random() * len(values))]

    def conn_of(self, user: str) -> int:
        """Take a connection of a user: the newest, now and then an older one."""
        conns = self.crowd.lines[user]
        return conns[-1] if len(conns) == 1 or self.random() < 0.8 else self.one(conns)


def _step_of(fault: FaultKind) -> Callable[[_Draft], bool]:
    return lambda draft: draft.meddle(fault)


_STEPS: dict[str, Callable[[_Draft], bool]] = {
    "open": _Draft.arrive,
    "takeover": _Draft.take_over,
    "reconnect": _Draft.reconnect,
    "join": _Draft.join,
    "join-again": _Draft.join_again,
    "join-other": _Draft.join_other,
    "join-bad": _Draft.join_badly,
    "signal": _Draft.signal,
    "signal-self": _Draft.signal_self,
    "signal-stranger": _Draft.signal_stranger,
    "signal-unknown": _Draft.signal_unknown,
    "signal-gone": _Draft.signal_gone,
    "signal-claim": _Draft.signal_claim,
    "signal-large": _Draft.signal_large,
    "signal-clump": _Draft.signal_clump,
    "say": _Draft.say,
    "leave": _Draft.leave,
    "burst": _Draft.burst,
    **{fault: _step_of(fault) for fault in FAULTS},
    "refuse": _Draft.refuse,
    "drain": _Draft.drain,
    "restart": _Draft.restart,
}

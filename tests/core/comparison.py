"""The matchmaker and the naive one side by side: same commands, same effects, and nothing broken inside."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count

import attrs

from focus_signal.core.commands import (
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RelayClump,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import (
    Close,
    Deliver,
    DeliverClump,
    DeliverNumbered,
    Effect,
    Refused,
    Relayed,
    RoomFound,
)
from focus_signal.core.matchmaker import Matchmaker, RelayScope, Rules
from tests.core.naive import Naive, SeedCommand
from tests.core.stage import is_empty
from tests.core.structure import broken_inside

# Few of everything, so that nearly every command meets what another one has left.
CONNECTIONS = range(11)
USERS = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")
STRANGERS = ("nobody", "")
LARGEST = 4
SIZES = (1, 2, 2, 3, 3, 4, 4, 4)
BAD_SIZES = (0, -1, LARGEST + 1, 1 << 53, 10**5000)
GRACE = 8.0
STEPS = (0.0, 0.0, 0.0, 1.0, 1.0, 4.0, 8.0, -3.0)


class Difference(Exception):
    """The two do not agree, or what must always hold does not."""


@attrs.define(eq=False)
class Comparison:
    """Give each command to both and look at everything that can be seen from outside and inside."""

    scope: RelayScope = "room"
    now: float = 0.0
    commands: int = 0
    outcomes: Counter[str] = attrs.field(factory=Counter[str])
    core: Matchmaker = attrs.field(init=False)
    naive: Naive = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        rules = Rules(max_match_size=LARGEST, relay_scope=self.scope, seat_grace=GRACE)
        ours, theirs = count(1), count(1)
        self.core = Matchmaker(rules, lambda: f"room-{next(ours)}")
        self.naive = Naive(rules, lambda: f"room-{next(theirs)}")

    def do(self, command: SeedCommand, step: float = 0.0) -> list[Effect]:
        """Carry out one command, `step` seconds after the one before.

        Raises:
          Difference: the matchmaker raised, or did something else than the naive one, or is broken inside.
        """
        self.now += step
        self.commands += 1
        expected = self.naive.handle(command, self.now)
        try:
            effects = self.core.handle(command, self.now)
        except Exception as error:
            raise Difference(f"{type(command).__name__} raised {error!r}") from error
        _same("effects", effects, expected)
        _same("statistics", self.core.statistics(), self.naive.statistics())
        _same("deadline", self.core.next_deadline(), self.naive.next_deadline())
        for broken in (*broken_effects(effects), *broken_inside(self.core)):
            raise Difference(broken)
        self.outcomes.update(map(outcome_of, effects))
        return effects

    def do_clump(self, clump: RelayClump, step: float = 0.0) -> None:
        """Carry out a clump, which has to do what its relays do one after the other.

        Raises:
          Difference: it does something else.
        """
        self.now += step
        self.commands += len(clump.payloads)
        relays = [Relay(clump.connection, clump.to, clump.kind, payload) for payload in clump.payloads]
        expected = [effect for relay in relays for effect in self.naive.handle(relay, self.now)]
        decided = self.core.handle_clump(clump, self.now)
        if isinstance(decided, DeliverClump):
            at, sender, kind = decided.connection, decided.sender, decided.kind
            _same(
                "effects", [Deliver(at, Relayed(sender, kind, each)) for each in decided.payloads], expected
            )
        else:
            _same("effects", decided, expected)
        _same("statistics", self.core.statistics(), self.naive.statistics())
        _same("deadline", self.core.next_deadline(), self.naive.next_deadline())
        self.outcomes.update(f"clump {outcome_of(effect)}" for effect in expected)

    def everybody_leaves(self) -> None:
        """End every connection and every grace; nothing may be left then."""
        for connection in CONNECTIONS:
            self.do(Disconnect(connection))
        self.do(TimePassed(), GRACE + 100.0)
        if not is_empty(self.core):
            raise Difference("something is kept although everybody has left")


def _same(what: str, ours: object, expected: object) -> None:
    if ours != expected:
        raise Difference(f"{what}: {ours} and not {expected}")


def outcome_of(effect: Effect) -> str:
    """Name what happens, so that a run can be asked whether it has met everything."""
    match effect:
        case Close(_, reason):
            return reason
        case Deliver(_, RoomFound(_, peers)):
            return f"room of {len(peers)}"
        case Deliver(_, Refused(code)):
            return code
        case Deliver():
            return "relayed"
        case DeliverNumbered():
            raise Difference("a client of the seed's dialect is told what it does not understand")


OUTCOMES = (
    *("replaced", "restart", "relayed", "peer-unavailable", "bad-match-size", "bad-json"),
    *(f"room of {size}" for size in range(1, LARGEST + 1)),
    *("clump relayed", "clump peer-unavailable"),
)
"""Everything that can happen, as `outcome_of` names it."""


def broken_effects(effects: list[Effect]) -> list[str]:
    """Say what is wrong with the rooms that these effects tell about."""
    told = [
        (effect.connection, effect.message)
        for effect in effects
        if isinstance(effect, Deliver) and isinstance(effect.message, RoomFound)
    ]
    broken: list[str] = []
    for _, message in told:
        if not 1 <= len(message.peers) <= LARGEST:
            broken.append(f"a room of {len(message.peers)}")
        if len(set(message.peers)) != len(message.peers):
            broken.append(f"somebody is in {message.room} twice")
        if len(message.peers) != len(told):
            broken.append(f"{len(told)} of {len(message.peers)} are told of {message.room}")
    if len({connection for connection, _ in told}) != len(told):
        broken.append("a connection is told of a room twice")
    return broken


def random_stream(seed: int, length: int) -> list[tuple[SeedCommand | RelayClump, float]]:
    """Make a stream of commands, each with the seconds since the one before; the same for the same seed."""
    chance = random.Random(seed)
    stream: list[tuple[SeedCommand | RelayClump, float]] = []
    for _ in range(length):
        connection, step = chance.choice(CONNECTIONS), chance.choice(STEPS)
        command: SeedCommand | RelayClump
        match chance.choices(range(9), (30, 50, 25, 3, 4, 5, 10, 5, 0.3))[0]:
            case 0:
                command = Connect(connection, chance.choice(USERS))
            case 1:
                size = chance.choice(BAD_SIZES) if chance.random() < 0.1 else chance.choice(SIZES)
                command = RequestMatch(connection, size)
            case 2:
                command = Relay(connection, chance.choice((*USERS, *USERS, *STRANGERS)), "offer", b"{}")
            case 3:
                command = Invalid(connection, "bad-json", "no", chance.choice((None, "ada")))
            case 4:
                command = Withdraw(connection)
            case 5:
                command = Disconnect(connection)
            case 6:
                command = TimePassed()
            case 7:
                payloads = tuple(b"%d" % number for number in range(chance.randint(1, 3)))
                command = RelayClump(connection, chance.choice((*USERS, *STRANGERS)), "answer", payloads)
            case _:
                command = Drain()
        stream.append((command, step))
    return stream


def compare(streams: int, length: int) -> Counter[str]:
    """Run so many random streams of so many commands through both, and let everybody leave after each.

    Returns:
      how often each outcome was met, and how many "commands" there were.

    Raises:
      Difference: see `Comparison.do`.
    """
    met: Counter[str] = Counter()
    for seed in range(streams):
        comparison = Comparison(scope="any" if seed % 4 == 3 else "room")
        for command, step in random_stream(seed, length):
            if isinstance(command, RelayClump):
                comparison.do_clump(command, step)
            else:
                comparison.do(command, step)
        comparison.everybody_leaves()
        met.update(comparison.outcomes, commands=comparison.commands)
    return met

"""A swarm: every seed is a run of another character, and says in its config of which.

A generator that does a little of everything in every run hardly ever does much of one thing, and some defects
need just that. So each seed switches kinds of operations, faults and the server's settings on and off, and
draws how much of each there is. What it drew is in the `RunConfig`, all of it; the plan follows from the seed
and the config.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen
from msgspec.structs import replace

from focus_signal.core.matchmaker import RelayScope
from focus_signal.errors import PlanError
from focus_signal.server.config import TransportName
from focus_signal.testing.keyed import generator, quantized
from focus_signal.testing.plan import POINTS, FaultKind, Plan, RunConfig, ServerVerb
from focus_signal.testing.workload.besieging import SECONDS, USERS, draw_siege, draw_siege_config
from focus_signal.testing.workload.drawing import draw_plan
from focus_signal.testing.workload.vocabulary import DEEDS, FAULTS, VERBS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

ALL = FAULTS
"""Every fault."""

MOST_CLIENTS = 1_000
MOST_OPERATIONS = 100_000
LONGEST = 86_400.0

T = TypeVar("T")

# What an option is drawn from: values, each with its share. The first is the usual one.
_LATENCIES: dict[tuple[float, float], float] = {
    (0.001, 0.05): 5,
    (0.001, 0.005): 2,
    (0.02, 0.4): 3,
    (0.0, 1.0): 2,
    (0.125, 0.125): 1,
}
# A connection in threes takes a hundred reads for its handshake alone.
_CHUNKS = {0: 6.0, 64: 2, 16: 1, 3: 0.25}
_BANDWIDTHS = {0.0: 8.0, 50_000.0: 1, 5_000.0: 1}
# The small ones hold no whole message, or not even a whole head of one: everything goes out in parts.
_WINDOWS = {65_536: 6.0, 4_096: 2, 512: 1, 100: 1, 40: 1}
_FIN_DELAYS = {0.0: 6.0, 0.25: 2, 1.0: 1, 2.0: 1}
_RELAY_SCOPES: dict[RelayScope, float] = {"room": 6, "any": 1}
_SEAT_GRACES = {30.0: 1.0, 2.0: 1}
_PING_INTERVALS = {3600.0: 8.0, 20.0: 1, 5.0: 1}
_OUTBOXES = {1024 * 1024: 6.0, 8_192: 2, 1_024: 1, 256: 1}
_INBOXES = {64: 2.0, 2: 1, 1: 1}
# The short one is reached while the chaos lasts.
_WRITE_TIMEOUTS = {10.0: 3.0, 1.0: 1}
_TRANSPORTS: dict[TransportName, float] = {"native": 5, "trio-websocket": 1}
_PLAIN_STREAMS = {False: 3.0, True: 1}
_CLIENT_PINGS = {0.0: 6.0, 3.0: 1, 0.5: 1}
_BUGGED = {0.0: 3.0, 0.05: 1, 0.25: 2, 0.5: 2, 0.9: 2}

# How much more or less than usual there is of a kind, as a power of two.
_SPREAD = 1.5
_OFF = 0.25
# Without these there is nothing to see.
_ALWAYS = ("open", "join")
# Faults are many kinds, and each of them delays something; a run with all of them at once would only wait.
_FAULT_OFF = 0.6


@frozen
class Workload:
    """Be a kind of run: a seed makes a config and a plan of it; made by `swarm` and `siege`."""

    clients: int
    sizes: tuple[int, ...]
    operations: int
    seconds: float
    settle: float
    faults: tuple[FaultKind, ...]
    verbs: tuple[ServerVerb, ...]
    buggify: bool
    transport: TransportName | None = None
    siege: bool = False

    def config(self, seed: int) -> RunConfig:
        """Draw every option of the run that a seed names."""
        if self.siege:
            return draw_siege_config(seed)
        # Everything is drawn, and in this order, whether it is allowed or not: what an author switches off
        # changes nothing else.
        random = generator(seed, "config").random
        chance = _Chance(random)
        sizes = chance.some(self.sizes) if random() < 0.5 else self.sizes
        weights = self._weights(random)
        bugged = {point: chance.one(_BUGGED) for point in POINTS}
        on = random() < 0.55 and self.buggify
        drawn = RunConfig(
            clients=self.clients,
            sizes=sizes,
            operations=self.operations,
            seconds=self.seconds,
            settle=self.settle,
            weights=weights,
            latency=chance.one(_LATENCIES),
            chunk=chance.one(_CHUNKS),
            bandwidth=chance.one(_BANDWIDTHS),
            window=chance.one(_WINDOWS),
            fin_delay=chance.one(_FIN_DELAYS),
            relay_scope=chance.one(_RELAY_SCOPES),
            seat_grace=chance.one(_SEAT_GRACES),
            ping_interval=chance.one(_PING_INTERVALS),
            outbox_bytes=chance.one(_OUTBOXES),
            inbox_batches=chance.one(_INBOXES),
            buggify={point: likely for point, likely in bugged.items() if on and likely},
            write_timeout=chance.one(_WRITE_TIMEOUTS),
            transport=chance.one(_TRANSPORTS),
            plain_streams=chance.one(_PLAIN_STREAMS),
            client_pings=chance.one(_CLIENT_PINGS),
        )
        return drawn if self.transport is None else replace(drawn, transport=self.transport)

    def plan(self, seed: int) -> Plan:
        """Draw what is done in the run that a seed names."""
        draw = draw_siege if self.siege else draw_plan
        return draw(seed, self.config(seed))

    def _weights(self, random: Callable[[], float]) -> dict[str, float]:
        """Draw how much there is of everything, as shares of 1; what there is none of is left out."""
        shares: dict[str, float] = {}
        for kind, usual in DEEDS.items():
            off, factor = random(), 2.0 ** ((2 * random() - 1) * _SPREAD)
            if kind in FAULTS:
                wanted = kind in self.faults and off >= _FAULT_OFF
            elif kind in VERBS:
                wanted = kind in self.verbs and off >= _OFF
            else:
                wanted = off >= _OFF or kind in _ALWAYS
            if wanted:
                shares[kind] = usual * factor
        total = sum(shares.values())
        return {kind: round(share / total, 4) for kind, share in shares.items()}


@frozen
class _Chance:
    """Choose by the numbers that a generator gives."""

    random: Callable[[], float]

    def one(self, shares: dict[T, float]) -> T:
        """Take one value; the larger its share, the likelier."""
        left = self.random() * sum(shares.values())
        for value, share in shares.items():
            left -= share
            if left < 0:
                return value
        return next(iter(shares))

    def some(self, values: tuple[T, ...]) -> tuple[T, ...]:
        """Take some of the values, one at least, in the order in which they are."""
        numbers = [self.random() for _ in values]
        least = min(numbers)
        return tuple(
            value for value, number in zip(values, numbers, strict=True) if number <= max(least, 0.4)
        )


def swarm(  # noqa: PLR0913 - each is an option by itself, and all are named
    *,
    clients: int = 6,
    sizes: Sequence[int] = (2, 3, 4),
    operations: int = 45,
    seconds: float = 10.0,
    settle: float = 30.0,
    faults: Sequence[FaultKind] = ALL,
    verbs: Sequence[ServerVerb] = (),
    buggify: bool = True,
    transport: TransportName | None = None,
) -> Workload:
    """Describe a kind of run, of which every seed then makes one of its own.

    Args:
      clients: how many users there are.
      sizes: the sizes of rooms that they ask for; a seed may take some of them.
      operations: how many operations a plan has.
      seconds: how long the chaos lasts, in virtual seconds.
      settle: how long after it whoever can be matched must be matched, in virtual seconds.
      faults: the faults of links that may occur.
      verbs: what may be done to the server. A drain is followed by a restart if that may be done too; if
        not, a drain is the last that happens, as a stop always is.
      buggify: whether the points in the server may meddle.
      transport: the server's at the full level; None lets each seed draw it.

    Raises:
      PlanError: an argument is wrong; the message names it, what came and what is allowed.
    """
    _check_whole("clients", clients, 1, MOST_CLIENTS)
    _check_whole("operations", operations, 0, MOST_OPERATIONS)
    _check_seconds("seconds", seconds)
    _check_seconds("settle", settle)
    if not sizes:
        raise PlanError("sizes must hold one size at least, not none")
    largest = RunConfig().max_match_size
    for size in sizes:
        _check_whole("sizes", size, 1, largest)
    _check_names("faults", faults, FAULTS)
    _check_names("verbs", verbs, VERBS)
    if transport is not None:
        _check_names("transport", (transport,), tuple(_TRANSPORTS))
    return Workload(
        clients=clients,
        sizes=tuple(dict.fromkeys(sizes)),
        operations=operations,
        seconds=quantized(seconds),
        settle=quantized(settle),
        faults=tuple(faults),
        verbs=tuple(verbs),
        buggify=buggify,
        transport=transport,
    )


def siege() -> Workload:
    """Describe runs in which strangers do what hurts, at a server whose limits are small.

    Only the full level has strangers; below it there are the users, who do nothing wrong.
    """
    return Workload(
        clients=len(USERS),
        sizes=(2,),
        operations=0,
        seconds=SECONDS,
        settle=RunConfig().settle,
        faults=(),
        verbs=(),
        buggify=True,
        siege=True,
    )


def plans(workload: Workload | None = None) -> "SearchStrategy[Plan]":
    """Give a Hypothesis strategy for plans; Hypothesis must be installed.

    It finds less than seeds in a row do, and shrinks values better. Give it to `hypothesis.given`.

    Args:
      workload: the users, sizes, faults and verbs of the plans; the default swarm's if it is None.

    Raises:
      ImportError: Hypothesis is not installed.
    """
    from focus_signal.testing.workload.strategies import plans_of  # noqa: PLC0415 - Hypothesis is no dependency

    workload = swarm() if workload is None else workload
    plain = RunConfig(
        clients=workload.clients,
        sizes=workload.sizes,
        operations=workload.operations,
        seconds=workload.seconds,
        settle=workload.settle,
    )
    return plans_of(plain, workload.config, workload.faults, workload.verbs)


def _check_whole(name: str, value: object, least: int, most: int) -> None:
    # True is an int to Python, and no number to anybody else.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PlanError(f"{name} must be a whole number from {least} to {most}, not {value!r}")


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST:
        raise PlanError(f"{name} must be seconds above 0 and up to {LONGEST:g}, not {value!r}")


def _check_names(name: str, values: Sequence[str], allowed: Sequence[str]) -> None:
    for value in values:
        if value not in allowed:
            raise PlanError(f"{name} must be among {', '.join(allowed)}, not {value!r}")

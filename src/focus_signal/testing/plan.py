"""A plan: everything that a simulated run does, as values that JSON can hold.

A seed gives a config, a config gives a plan, and a plan runs under a schedule; each of them is printed and
replays by itself. An operation has an id that it keeps for good, so that a plan from which operations were
taken still says the same about the ones that are left.
"""

from pathlib import Path
from typing import Any, Literal, get_args

import attrs
import msgspec
from msgspec import Struct, field

from focus_signal.core.matchmaker import RelayScope
from focus_signal.errors import ConfigError, PlanError
from focus_signal.observe.buggify import Point
from focus_signal.server.config import Config, TransportName, deadlines, limits

Level = Literal["core", "message", "full"]
LEVELS: tuple[Level, ...] = ("core", "message", "full")

LeaveBy = Literal["close", "reset", "half-close"]
FaultKind = Literal[
    "partition",  # nothing passes, for `amount` seconds
    "hold",  # nothing passes, until `release`
    "release",
    "slow-reader",  # the client takes in `amount` bytes a second
    "latency",  # a way takes `amount` seconds more than it did
    "chunks",  # segments of 1 to `amount` bytes
    "bandwidth",  # the link carries `amount` bytes a second
    "window",  # at most `amount` bytes are sent and not yet read
    "fin-delay",  # an end arrives `amount` seconds late
    "refuse",  # the next `amount` attempts to connect are refused
]
Direction = Literal["both", "up", "down"]
ServerVerb = Literal["drain", "stop", "restart"]
HostileDeed = Literal[
    "silent",  # connect, and say nothing
    "trickle",  # a request's head, a byte now and then, with no end
    "long-head",  # requests of which something is larger than it may be
    "many-lines",
    "long-target",
    "long-user",
    "failing",  # from one address `times` requests that are wrong, then one that is right
    "lingering",  # ask for a page, and stay
    "crowd",  # stay, each from an address of its own
    "neighbours",  # the same from one address
    "namesakes",  # the same in one user's name, and never read
    "long-message",  # messages that may not be
    "fragments",
    "nested",
    "unfinished",  # begin a message, and do not end it
    "flood",  # small messages, more of them than may be sent, and on and on
    "heavy-flood",  # the same with large ones
    "deaf",  # ask for answers, and never read
    "greedy",  # the same, for more answers than may wait
    "stubborn",  # make the server say goodbye, and neither answer nor leave
    "mute",  # read, and never answer a ping
]

POINTS: tuple[Point, ...] = get_args(Point)
"""Where the server can be meddled with."""
LONGEST_PAUSE = 2.0
"""Seconds that a point may let pass at the most."""
MOST_STRANGERS = 1_000
_FOREVER = 1e9
_LIMITS = tuple({**limits(), **deadlines()})


class _Operation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Be one thing that is done.

    Args:
      id: what names it; a plan has each id once.
      at: when it is done, in virtual seconds from the start.
    """

    id: int
    at: float


class Open(_Operation, frozen=True, tag="open"):
    """Open a connection in the name of a user; a plan opens each connection once."""

    conn: int
    user: str


class Join(_Operation, frozen=True, tag="join"):
    """Ask for a room of `size`."""

    conn: int
    size: int


class Signal(_Operation, frozen=True, tag="signal", omit_defaults=True):
    """Send an offer, an answer or an ice-candidate to a user.

    Args:
      conn: the connection that sends.
      kind: "offer", "answer" or "ice-candidate".
      to: the user id of the peer.
      claim: the user id that stands in `from`; None for the sender's own.
      padding: how many characters the payload has beyond its mark.
    """

    conn: int
    kind: Literal["offer", "answer", "ice-candidate"]
    to: str
    claim: str | None = None
    padding: int = 0


class Say(_Operation, frozen=True, tag="say"):
    """Send any text, if it is one: half a surrogate pair is not."""

    conn: int
    text: str


class Leave(_Operation, frozen=True, tag="leave"):
    """End a connection: in good order, by a reset, or by an end of what is sent."""

    conn: int
    by: LeaveBy


class Fault(_Operation, frozen=True, tag="fault", omit_defaults=True):
    """Do something to the link of a connection; `FaultKind` says what `amount` means."""

    conn: int
    fault: FaultKind
    amount: float = 0.0
    direction: Direction = "both"


class Verb(_Operation, frozen=True, tag="server", omit_defaults=True):
    """Drain, stop or restart the server; `grace` is a drain's, in seconds."""

    verb: ServerVerb
    grace: float = 5.0


class Hostile(_Operation, frozen=True, tag="hostile", omit_defaults=True):
    """Let strangers do what hurts; `HostileDeed` says what. Only the full level has them.

    Args:
      deed: what they do.
      times: how many of them, all at once.
    """

    deed: HostileDeed
    times: int = 1


Operation = Open | Join | Signal | Say | Leave | Fault | Verb | Hostile


class RunConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold every option of a run; the ones that a swarm draws are drawn for each seed.

    Args:
      clients: how many users there are.
      sizes: the sizes of rooms that they ask for.
      operations: about how many operations a generated plan has.
      seconds: how long the chaos lasts.
      settle: how long after it, with every fault healed, whoever can be matched must be matched.
      weights: how often a generated plan holds each kind of operation, as shares of 1.
      latency: the least and the most seconds that a way takes.
      chunk: segments of 1 to so many bytes; 0 leaves them as they were sent.
      bandwidth: bytes a second that a link carries; 0 for no limit.
      window: bytes that may be sent and not yet read.
      fin_delay: seconds by which an end arrives late.
      relay_scope: the server's.
      seat_grace: the server's.
      max_match_size: the server's.
      ping_interval: the server's.
      pong_timeout: the server's.
      outbox_bytes: the server's.
      outbox_messages: the server's.
      inbox_batches: the server's.
      write_timeout: the server's.
      buggify: how likely each named point in the server meddles, from 0 to 1.
      transport: the server's, at the full level.
      plain_streams: whether the server's streams take nothing without waiting, as those under TLS do.
      client_pings: seconds between two pings of a client during the chaos; 0 for none. On trio-websocket
        there are none.
      limits: other settings of the server's, by name.
    """

    clients: int = 6
    sizes: tuple[int, ...] = (2, 3, 4)
    operations: int = 45
    seconds: float = 10.0
    settle: float = 30.0
    weights: dict[str, float] = field(default_factory=dict[str, float])
    latency: tuple[float, float] = (0.001, 0.05)
    chunk: int = 0
    bandwidth: float = 0.0
    window: int = 65_536
    fin_delay: float = 0.0
    relay_scope: RelayScope = "room"
    seat_grace: float = 30.0
    max_match_size: int = 16
    ping_interval: float = 3600.0
    pong_timeout: float = 10.0
    outbox_bytes: int = 1024 * 1024
    outbox_messages: int = 4096
    inbox_batches: int = 64
    write_timeout: float = 10.0
    buggify: dict[str, float] = field(default_factory=dict[str, float])
    transport: TransportName = "native"
    plain_streams: bool = False
    client_pings: float = 0.0
    limits: dict[str, int | float] = field(default_factory=dict[str, int | float])

    def server_config(self) -> Config:
        """Give the settings of the server under test."""
        usual = Config(
            relay_scope=self.relay_scope,
            seat_grace=self.seat_grace,
            max_match_size=self.max_match_size,
            ping_interval=self.ping_interval,
            pong_timeout=self.pong_timeout,
            outbox_bytes=self.outbox_bytes,
            outbox_messages=self.outbox_messages,
            inbox_batches=self.inbox_batches,
            write_timeout=self.write_timeout,
            transport=self.transport,
        )
        changes: dict[str, Any] = dict(self.limits)
        return attrs.evolve(usual, **changes)


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Be what a run does: the seed of its delays, its config, and its operations in order of time."""

    seed: int
    config: RunConfig
    operations: tuple[Operation, ...]

    def keeping(self, operations: tuple[Operation, ...]) -> "Plan":
        """Give the same plan with other operations."""
        return msgspec.structs.replace(self, operations=operations)

    def to_json(self) -> str:
        """Print the plan, an operation a line."""
        head = msgspec.json.encode({"seed": self.seed, "config": self.config}).decode()[:-1]
        lines = ",\n".join(msgspec.json.encode(operation).decode() for operation in self.operations)
        return f'{head},"operations":[\n{lines}\n]}}\n'


def read_plan(text: str | bytes) -> Plan:
    """Read a plan that `Plan.to_json` printed, or that somebody wrote.

    Raises:
      PlanError: a field is wrong; the message names it, what came and what is allowed.
    """
    try:
        plan = msgspec.json.decode(text, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"this is no plan: {error}") from None
    check_plan(plan)
    return plan


def load_plan(path: Path) -> Plan:
    """Read a plan from a file; see `read_plan`."""
    return read_plan(path.read_bytes())


def check_plan(plan: Plan) -> None:
    """Look at what a schema cannot say.

    Raises:
      PlanError: the config holds what cannot be, an id or a connection comes twice, or time runs backwards.
    """
    _check_config(plan.config)
    ids: set[int] = set()
    opened: set[int] = set()
    before = 0.0
    for index, operation in enumerate(plan.operations):
        where = f"operations[{index}]"
        if operation.id in ids:
            raise PlanError(f"{where}.id must be one that no other operation has, not {operation.id}")
        ids.add(operation.id)
        if not before <= operation.at < _FOREVER:
            allowed = f"from that of the operation before ({before}) to below {_FOREVER:g}"
            raise PlanError(f"{where}.at must be {allowed}, not {operation.at}")
        before = operation.at
        if isinstance(operation, Open):
            if operation.conn in opened:
                allowed = "a connection that was not opened yet"
                raise PlanError(f"{where}.conn must be {allowed}, not {operation.conn}")
            opened.add(operation.conn)
        if isinstance(operation, Hostile) and not 1 <= operation.times <= MOST_STRANGERS:
            allowed = f"from 1 to {MOST_STRANGERS}"
            raise PlanError(f"{where}.times must be {allowed}, not {operation.times}")


def _check_config(config: RunConfig) -> None:
    low, high = config.latency
    positive = {"clients": config.clients, "seconds": config.seconds, "settle": config.settle}
    for name, value in positive.items():
        if not 0 < value < _FOREVER:
            raise PlanError(f"config.{name} must be above 0 and below {_FOREVER:g}, not {value}")
    if not 0 <= low <= high < _FOREVER:
        allowed = f"two times in seconds from 0 to below {_FOREVER:g}, the least first"
        raise PlanError(f"config.latency must be {allowed}, not {list(config.latency)}")
    for name, least in (("chunk", 0), ("bandwidth", 0), ("window", 1), ("fin_delay", 0), ("client_pings", 0)):
        value = getattr(config, name)
        if not least <= value < _FOREVER:
            raise PlanError(f"config.{name} must be from {least} to below {_FOREVER:g}, not {value}")
    for name, share in config.buggify.items():
        if name not in POINTS:
            raise PlanError(f"config.buggify must name one of {', '.join(POINTS)}, not {name!r}")
        if not 0 <= share <= 1:
            raise PlanError(f"config.buggify[{name!r}] must be from 0 to 1, not {share}")
    for name in config.limits:
        if name not in _LIMITS:
            raise PlanError(f"config.limits must name one of {', '.join(_LIMITS)}, not {name!r}")
    try:
        config.server_config()
    except ConfigError as error:
        raise PlanError(f"config.{error}") from None


def users_of(plan: Plan) -> dict[int, str]:
    """Tell in whose name each connection of a plan is opened."""
    return {operation.conn: operation.user for operation in plan.operations if isinstance(operation, Open)}


def text_of(operation: Join | Signal | Say, user: str) -> bytes:
    """Write what a client of this user sends for an operation.

    A signal's payload begins with a mark that holds the operation's id, so that whoever meets it again knows
    where it came from; `history.mark_of` reads it.
    """
    match operation:
        case Join(size=size):
            return b'{"type":"matchmaking","matchSize":%d}' % size
        case Signal(id=mark, kind=kind, to=to, claim=claim, padding=padding):
            # Clients of the seed name themselves in every message, and it drops those that do not.
            head = msgspec.json.encode({"type": kind, "to": to, "from": user if claim is None else claim})
            text = b'"m%d %b"' % (mark, b"x" * padding)
            # As a browser writes them: a candidate is an object, and so several in a row are one clump.
            written = b'"candidate":{"candidate":%b}' if kind == "ice-candidate" else b'"sdp":%b'
            return b"%b,%b}" % (head[:-1], written % text)
        case Say(text=text):
            return text.encode()

"""A plan of the workload `v1`: everything that a run does, as values that JSON can hold.

People are named by their user ids, and each has one client at a time. What an operation finds depends on what
came before, so it says whom or what it means in a way that always means something: the n-th peer of whatever
room somebody is in, or the token before the last one.
"""

from typing import Literal

import msgspec
from msgspec import Struct, field

from focus_signal.errors import PlanError
from focus_signal.server.config import Config

Fate = Literal[
    "lost",  # nothing of what is on the way arrives any more
    "late",  # it arrives, `late` seconds late
    "through",  # it arrives
]
SignalKind = Literal["offer", "answer", "ice-candidate", "signal", "broadcast"]
_FOREVER = 1e9


class _Operation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Be one thing that is done.

    Args:
      id: what names it; a plan has each id once.
      at: when it is done, in virtual seconds from the start.
    """

    id: int
    at: float


class _OfUser(_Operation, frozen=True, kw_only=True):
    """Be one thing that somebody does who is there; if nobody is, nothing is done."""

    user: str


class Come(_OfUser, frozen=True, tag="come"):
    """Come, with a client that knows of no session; who is there already stays."""


class Go(_OfUser, frozen=True, tag="go"):
    """Close with 1000, and do not come back by oneself."""


class Cut(_OfUser, frozen=True, tag="cut", omit_defaults=True):
    """Lose the connection.

    Args:
      up: what becomes of what is on its way to the server.
      down: what becomes of what is on its way to the client.
      late: by how many seconds what is late arrives late.
      client: seconds after which the client notices.
      server: seconds after which the server notices.
      away: seconds that the client lets pass, then, before it comes back.
    """

    up: Fate = "lost"
    down: Fate = "lost"
    late: float = 0.0
    client: float = 0.0
    server: float = 0.0
    away: float = 0.5


class Rival(_OfUser, frozen=True, tag="rival", omit_defaults=True):
    """Open another connection in somebody's name, as a second window does with what the first one has kept.

    Args:
      token: the last one that came, or one of those before it, or one that is still on its way, or one that
        nobody has signed, or none.
      seen: what is said to have been seen: what was, or nothing, or more than was sent.
      stays: seconds after which it is gone, without a goodbye.
    """

    token: Literal["last", "older", "oldest", "coming", "forged", "none"] = "last"  # noqa: S105 - which one
    seen: Literal["right", "none", "beyond"] = "right"
    stays: float = 1.0


class Match(_OfUser, frozen=True, tag="match", omit_defaults=True):
    """Ask for a match.

    Args:
      least: the fewest people; who speaks the seed's dialect asks for `most`.
      most: the most.
      pool: the pool's name.
      party: the party's number; None for none.
      party_size: how many are in it.
      avoid: whom not to meet.
      patience: seconds for which only `most` will do.
      timeout: seconds after which the ticket ends; None for never.
      ready: whether everyone has to be ready.
      backfill: whether others may come in later.
    """

    least: int
    most: int
    pool: str = ""
    party: int | None = None
    party_size: int = 2
    avoid: tuple[str, ...] = ()
    patience: int = 10
    timeout: int | None = None
    ready: bool = False
    backfill: bool = False


class Cancel(_OfUser, frozen=True, tag="cancel"):
    """Give the ticket back."""


class Answer(_OfUser, frozen=True, tag="answer"):
    """Say to the proposal that came last whether one is ready."""

    ready: bool


class Create(_OfUser, frozen=True, tag="create", omit_defaults=True):
    """Open a room; `code` is one's own choice, or None."""

    size: int
    code: str | None = None


class Enter(_OfUser, frozen=True, tag="enter", omit_defaults=True):
    """Enter the room by whose code `of` came into theirs, or the one of `code`."""

    of: str | None = None
    code: str = "nowhere"


class Exit(_OfUser, frozen=True, tag="exit"):
    """Leave the room."""


class Say(_OfUser, frozen=True, tag="say", omit_defaults=True):
    """Send something to a peer, or to all of them.

    Args:
      kind: what.
      to: which peer, counted round the room; who is in none sends to whoever has that number.
      times: how many, one behind the other.
      padding: how many characters each has beyond its mark.
      room: whether it says for which room it is meant; "other" names one that is not the sender's.
    """

    kind: SignalKind
    to: int = 0
    times: int = 1
    padding: int = 0
    room: Literal["own", "other", "unsaid"] = "unsaid"


class Again(_OfUser, frozen=True, tag="again", omit_defaults=True):
    """Send the last so many requests once more, as a client that knows too little of what was answered."""

    times: int = 1


class Ping(_OfUser, frozen=True, tag="ping"):
    """Ask for a sign of life."""


class Frame(_OfUser, frozen=True, tag="frame"):
    """Send any text, past the session's count."""

    text: str


class Drain(_Operation, frozen=True, tag="drain", omit_defaults=True):
    """Drain the server, and start another one `down` seconds after the last one was sent away.

    The other one has the same secret and is another process, as behind `Restart`.
    """

    down: float = 1.0


class Restart(_Operation, frozen=True, tag="restart", omit_defaults=True):
    """End the server, and start another one.

    Args:
      down: seconds for which there is none.
      killed: whether it goes without a word; else it closes everyone with 1012.
      rotated: whether the other one signs with a new secret, and knows the old one.
    """

    down: float = 1.0
    killed: bool = True
    rotated: bool = False


Operation = (
    Come
    | Go
    | Cut
    | Rival
    | Match
    | Cancel
    | Answer
    | Create
    | Enter
    | Exit
    | Say
    | Again
    | Ping
    | Frame
    | Drain
    | Restart
)
OF_USER = (Come, Go, Cut, Rival, Match, Cancel, Answer, Create, Enter, Exit, Say, Again, Ping, Frame)


class V1Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold every option of a run.

    Args:
      users: who takes part.
      seeds: which of them speak the seed's dialect.
      seconds: how long the chaos lasts.
      settle: for how long after it nothing is cut any more, until everything has to be well.
      latency: the least and the most seconds that a way takes.
      pause: the most seconds for which the server lets a command wait.
      talk: how likely somebody who has met others sends something to each of them.
      ready: how likely somebody answers at once that they are ready.
      grace: the server's `seat_grace`.
      ready_timeout: the server's.
      max_match_size: the server's.
      replay_bytes: the server's.
      total_replay_bytes: the server's.
      features: what the seed has switched on; for whoever reads it.
    """

    users: tuple[str, ...] = ("ana", "bo", "cy", "di")
    seeds: tuple[str, ...] = ()
    seconds: float = 60.0
    settle: float = 150.0
    latency: tuple[float, float] = (0.001, 0.05)
    pause: float = 0.0
    talk: float = 0.5
    ready: float = 0.7
    grace: float = 30.0
    ready_timeout: float = 15.0
    max_match_size: int = 16
    replay_bytes: int = 256 * 1024
    total_replay_bytes: int = 64 * 1024 * 1024
    features: tuple[str, ...] = ()

    def server_config(self) -> Config:
        """Give the settings of the server under test."""
        return Config(
            seat_grace=self.grace,
            ready_timeout=self.ready_timeout,
            max_match_size=self.max_match_size,
            replay_bytes=self.replay_bytes,
            total_replay_bytes=self.total_replay_bytes,
            outbox_bytes=max(2 * self.replay_bytes, 1024 * 1024),
        )


class V1Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Be what a run does: the seed of its delays, its config, and its operations in order of time."""

    workload: Literal["v1"] = "v1"
    seed: int
    config: V1Config = field(default_factory=V1Config)
    operations: tuple[Operation, ...]

    def keeping(self, operations: tuple[Operation, ...]) -> "V1Plan":
        """Give the same plan with other operations."""
        return msgspec.structs.replace(self, operations=operations)

    def to_json(self) -> str:
        """Print the plan, an operation a line."""
        head = {"workload": self.workload, "seed": self.seed, "config": self.config}
        lines = ",\n".join(msgspec.json.encode(operation).decode() for operation in self.operations)
        return f'{msgspec.json.encode(head).decode()[:-1]},"operations":[\n{lines}\n]}}\n'


def read_v1_plan(text: str | bytes) -> V1Plan:
    """Read a plan that `V1Plan.to_json` printed, or that somebody wrote.

    Raises:
      PlanError: a field is wrong; the message names it, what came and what is allowed.
    """
    try:
        plan = msgspec.json.decode(text, type=V1Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"this is no plan of the workload v1: {error}") from None
    check_v1_plan(plan)
    return plan


def check_v1_plan(plan: V1Plan) -> None:
    """Look at what a schema cannot say.

    Raises:
      PlanError: an id comes twice, time runs backwards, or somebody does something who takes no part.
    """
    ids: set[int] = set()
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
        if isinstance(operation, OF_USER) and operation.user not in plan.config.users:
            allowed = f"one of {', '.join(plan.config.users)}"
            raise PlanError(f"{where}.user must be {allowed}, not {operation.user!r}")

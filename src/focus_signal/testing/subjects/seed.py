"""The seed's own logic in the shape of ours: the same maps, the same steps, the same defects.

The seed is a small Deno program. It keeps a map of users to sockets, one of rooms that it never empties, and
a queue for each size; it believes what a message says of its sender; it looks at a socket's `readyState`
before it sends, and at nothing before it matches; and when any socket closes it deletes the user of that id
from everything. It answers no error. Where it meets our shell: a withdrawal is the moment at which a socket
is no longer OPEN, and a disconnect is `onclose`.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import cast

from attrs import define, field, frozen

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Drain,
    Invalid,
    Relay,
    RelayClump,
    RequestMatch,
    Withdraw,
)
from focus_signal.core.effects import (
    Close,
    Deliver,
    DeliverClump,
    Effect,
    Refused,
    Relayed,
    RoomFound,
    SeedMessage,
)
from focus_signal.core.matchmaker import MatchmakerStatistics
from focus_signal.server.config import Config
from focus_signal.server.logic import Logic, ReadFrames
from focus_signal.testing.subject import Subject

_RELAYED = ("offer", "answer", "ice-candidate")
_ONE = "number 1.0"


class SeedRequest(RequestMatch, frozen=True, gc=False):
    """Be a request as the seed takes it: any value of JavaScript's for a size.

    Args:
      key: what the seed's map of queues knows it by; None for an array or an object, equal to itself alone.
      number: what JavaScript makes of it in a comparison with a number.
    """

    key: str | None
    number: float


class SeedRelay(Relay, frozen=True, gc=False):
    """Be a relay as the seed takes it: `claim` is what the message says of its sender."""

    claim: str = ""


@define(eq=False)
class SeedLogic:
    """Decide as the seed does.

    Args:
      new_id: gives the id of a room.
    """

    _new_id: Callable[[], str]
    _users: dict[str, int] = field(factory=dict[str, int], init=False)
    _rooms: dict[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]], init=False)
    _queues: dict[str, list[tuple[str, int]]] = field(factory=dict[str, list[tuple[str, int]]], init=False)
    # Every socket that has not closed yet, by its number: its user, and whether it is OPEN.
    _sockets: dict[int, tuple[str, bool]] = field(factory=dict[int, tuple[str, bool]], init=False)
    _matches: int = field(default=0, init=False)
    _relayed: int = field(default=0, init=False)

    def handle(self, command: Command, now: float) -> list[Effect]:
        """Carry out one command."""
        del now  # the seed waits for nothing
        match command:
            case SeedRelay():
                return self._relay(command)
            case SeedRequest():
                return self._match(command)
            case Connect(connection, user):
                self._users[user] = connection
                self._sockets[connection] = (user, True)
            case Withdraw(connection):
                if connection in self._sockets:
                    self._sockets[connection] = (self._sockets[connection][0], False)
            case Disconnect(connection):
                self._close(connection)
            case Drain():
                # The seed cannot drain; its host ends it, and that closes every socket.
                return [
                    Close(connection, "restart")
                    for connection, (_, is_open) in self._sockets.items()
                    if is_open
                ]
            case _:
                pass  # nothing else comes from its own script, and time does nothing to it
        return []

    def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        """Carry out the relays of a clump; the script below writes none."""
        payloads = clump.payloads
        relays = (Relay(clump.connection, clump.to, clump.kind, payload) for payload in payloads)
        return [effect for relay in relays for effect in self.handle(relay, now)]

    def next_deadline(self) -> float | None:
        """Tell that nothing waits for time."""
        return None

    def statistics(self) -> MatchmakerStatistics:
        """Look at the maps."""
        return MatchmakerStatistics(
            connections=len(self._sockets),
            users=len(self._users),
            waiting=sum(map(len, self._queues.values())),
            rooms=len(self._rooms),
            matches=self._matches,
            relayed=self._relayed,
            refused=0,
        )

    def _match(self, request: SeedRequest) -> list[Effect]:
        user, _ = self._sockets.get(request.connection, ("", False))
        if not user:
            return []
        if request.key == _ONE:
            return self._open_room((user,))
        key = f"object {len(self._queues)}" if request.key is None else request.key
        queue = self._queues.setdefault(key, [])
        queue.append((user, request.connection))
        # Any comparison with NaN is false, in JavaScript as here.
        if not len(queue) >= request.number:
            return []
        taken = _spliced(queue, request.number)
        return self._open_room(tuple(name for name, _ in taken))

    def _open_room(self, peers: tuple[str, ...]) -> list[Effect]:
        room = self._new_id()
        self._rooms[room] = peers
        self._matches += 1
        found = RoomFound(room, peers)
        sockets = [self._users.get(user) for user in peers]
        return [Deliver(socket, found) for socket in sockets if socket is not None and self._is_open(socket)]

    def _relay(self, relay: SeedRelay) -> list[Effect]:
        target = self._users.get(relay.to)
        if relay.connection not in self._sockets or target is None or not self._is_open(target):
            return []
        self._relayed += 1
        return [Deliver(target, Relayed(relay.claim, relay.kind, relay.payload))]

    def _close(self, connection: int) -> None:
        user, _ = self._sockets.pop(connection, ("", False))
        if user:
            self._users.pop(user, None)
            for key, queue in self._queues.items():
                self._queues[key] = [entry for entry in queue if entry[0] != user]

    def _is_open(self, connection: int) -> bool:
        return self._sockets.get(connection, ("", False))[1]


@frozen
class SeedScript:
    """Read and write as the seed does; what it cannot use is an `Invalid`, of which nothing comes."""

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        """Make a command of a frame."""
        del user  # identity is the message's business
        nothing = Invalid(connection, "bad-message", "the seed drops this without a word")
        try:
            # As text: of bytes, Python would take a byte order mark as well.
            message = cast("object", json.loads(frame.decode("utf-8", "surrogatepass")))
        except (ValueError, RecursionError):
            return nothing
        if not isinstance(message, dict):
            return nothing
        fields = cast("dict[str, object]", message)
        kind = fields.get("type")
        if kind == "matchmaking":
            size = fields.get("matchSize", ...)
            number = _number(size)
            whole = int(number) if math.isfinite(number) else 0
            return SeedRequest(connection, whole, _key(size), number)
        to, claim = fields.get("to"), fields.get("from")
        if kind not in _RELAYED or not to or not claim:
            return nothing
        parts = (f',"{name}":{_json(fields[name])}' for name in ("sdp", "candidate") if name in fields)
        # A map's key is never equal to a value of another type.
        target = to if isinstance(to, str) else f"no user id: {_json(to)}"
        sender = claim if isinstance(claim, str) else _json(claim)
        payload = "".join(parts).encode("utf-8", "surrogatepass")
        return SeedRelay(connection, target, str(kind), payload, claim=sender)

    def reader(self, connection: int, user: str) -> ReadFrames:
        """Make what makes a command of each frame."""
        return lambda frames: [self.decode(frame, connection, user) for frame in frames]

    def encode_clump(self, sender: str, kind: str, payloads: Sequence[bytes]) -> list[bytes]:
        """Make a frame of each relay."""
        frames = (self.encode(Relayed(sender, kind, payload)) for payload in payloads)
        return [frame for frame in frames if frame is not None]

    def encode(self, message: SeedMessage) -> bytes | None:
        """Make a frame of a message."""
        match message:
            case Relayed(sender, kind, payload):
                head = _json({"type": kind, "from": sender})[:-1]
                return b"%b%b}" % (head.encode("utf-8", "surrogatepass"), payload)
            case RoomFound(room, peers):
                return _json({"type": "room-found", "roomId": room, "peers": list(peers)}).encode()
            case Refused():
                return None


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _spliced(queue: list[tuple[str, int]], number: float) -> list[tuple[str, int]]:
    """Take entries from the front, as many as JavaScript's `splice(0, number)` does."""
    count = min(max(int(number), 0), len(queue)) if math.isfinite(number) else 0
    taken = queue[:count]
    del queue[:count]
    return taken


def _key(size: object) -> str | None:
    """Name a value as JavaScript's `Map` tells values apart; None for what is equal to itself alone."""
    if isinstance(size, (list, dict)):
        return None
    if isinstance(size, (int, float)) and not isinstance(size, bool):
        return f"number {_float(size) + 0.0!r}"  # to the map, 0 and -0 are one
    return f"{type(size).__name__} {size}"


def _number(size: object) -> float:
    """Make a number of a value, as JavaScript does to compare it with one; `...` is `undefined`."""
    if size is None:
        return 0.0
    if isinstance(size, (bool, int, float)):
        return _float(size)
    if isinstance(size, list):
        # An array is the text of what it holds.
        items = cast("list[object]", size)
        return 0.0 if not items else _number(items[0]) if len(items) == 1 else math.nan
    return _float(size.strip() or 0) if isinstance(size, str) else math.nan


def _float(value: str | float) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan  # a text that is no number
    except OverflowError:
        return math.inf


def build_seed(config: Config, new_id: Callable[[], str]) -> Logic:
    """Build the seed's logic; it has no settings."""
    del config
    return Logic(SeedLogic(new_id), SeedScript())


SEED = Subject("seed", "the small Deno program whose clients this server serves", build_seed)

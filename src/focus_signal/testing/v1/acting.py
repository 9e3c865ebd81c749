"""What people do whatever the level is: they ask, send, and answer as their client tells them things."""

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define, field
from msgspec import UNSET, Raw
from msgspec.structs import replace

from focus_signal.core.effects import RoomFound, SeedMessage
from focus_signal.testing.keyed import Key, draw, draw_seconds
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.plan import SignalKind, V1Plan
from focus_signal.wire.messages import from_client, from_server
from focus_signal.wire.messages.from_client import FromClient
from focus_signal.wire.messages.from_server import RoomFields, StateFields

_TALKED: tuple[SignalKind, ...] = ("offer", "ice-candidate", "answer")


@define(eq=False)
class Seen:
    """Be what somebody knows of what stands."""

    room: str | None = None
    peers: list[str] = field(factory=list[str])
    proposal: str | None = None
    code: str | None = None

    def enter(self, room: RoomFields | from_server.RoomFound) -> None:
        """Be in a room."""
        self.room, self.peers = room.room_id, list(room.peers)
        if isinstance(room.code, str):
            self.code = room.code


@define(eq=False)
class Acting:
    """Be somebody.

    Args:
      user: the user id.
      plan: in which they take part.
      note: takes what happened.
    """

    user: str
    plan: V1Plan
    note: Callable[[h.Event], None]
    is_here: bool = field(default=False, init=False)
    life: int = field(default=0, init=False)
    """How many clients they have had."""
    seen: Seen = field(factory=Seen, init=False)
    _asked: int = field(default=0, init=False)

    @property
    def is_seed(self) -> bool:
        """Tell whether they speak the seed's dialect."""
        return self.user in self.plan.config.seeds

    @property
    def now(self) -> float:
        """Tell the time."""
        raise NotImplementedError

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after so many seconds."""
        raise NotImplementedError

    def transmit(self, number: int, message: FromClient) -> None:
        """Have a request sent."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin with a client that knows of nothing."""
        self.is_here = True
        self.life += 1
        self.seen = Seen()
        self.note(h.Came(self.now, self.user, self.is_seed))

    def ask(self, op: int, message: FromClient, *, mark: bool = False, to: str | None = None) -> None:
        """Have a request sent; one that bears a mark has it put into its payload."""
        if not self.is_here:
            return
        self._asked += 1
        text = f"{self.user}.{self._asked}" if mark else ""
        if mark:
            message = _marked(message, text)
        shown = None if self.is_seed else message
        self.note(h.Asked(self.now, self.user, self._asked, op, shown, text, to))
        self.transmit(self._asked, message)

    def say(self, op: int, kind: SignalKind, to: str, padding: int = 0, room: str | None = None) -> None:
        """Send something to a peer, or to all."""
        fill = Raw(b"x" * padding)
        where: Any = UNSET if room is None else room
        message: FromClient
        match kind:
            case "signal":
                message = from_client.Signal(to=to, data=fill, room_id=where)
            case "broadcast":
                message = from_client.Broadcast(data=fill, room_id=where)
            case "offer":
                message = from_client.Offer(to=to, sdp=fill, room_id=where)
            case "answer":
                message = from_client.Answer(to=to, sdp=fill, room_id=where)
            case "ice-candidate":
                message = from_client.IceCandidate(to=to, candidate=fill, room_id=where)
        if not (self.is_seed and kind in {"signal", "broadcast"}):
            self.ask(op, message, mark=True, to=None if kind == "broadcast" else to)

    def answer(self, op: int, *, ready: bool) -> None:
        """Say to the proposal that came last whether one is ready."""
        if not self.is_seed:
            name = self.seen.proposal or "none"
            self.ask(op, from_client.Ready(proposal=name) if ready else from_client.Decline(proposal=name))

    def be_welcome(self, state: StateFields | None) -> None:
        """Take in what stands; None where nothing has changed."""
        if state is None:
            return
        self.seen = Seen(code=self.seen.code)
        if isinstance(state.room, RoomFields):
            self.seen.enter(state.room)
        if isinstance(state.proposal, from_server.ProposalFields):
            self.seen.proposal = state.proposal.proposal

    def react(self, message: object) -> None:
        """Do what a client does when it is told something."""
        seen = self.seen
        match message:
            case from_server.RoomFound():
                seen.enter(message)
                self._talk(message.room_id)
            case from_server.RoomClosed(room_id=room):
                if seen.room == room:
                    seen.room, seen.peers = None, []
            case from_server.PeerJoined(peer=peer):
                seen.peers.append(peer)
            case from_server.PeerLeft(peer=peer):
                if peer in seen.peers:
                    seen.peers.remove(peer)
            case from_server.MatchProposed(proposal=proposal):
                seen.proposal = proposal
                if self.likely(self.plan.config.ready, "ready", self.user, proposal):
                    wait = self.draw(0.0, 2.0, "ready-after", self.user, proposal)
                    self.later(wait, lambda: self.answer(-1, ready=True))
            case _:
                pass

    def react_seed(self, message: SeedMessage) -> None:
        """Do what a client of the seed's dialect does when it is told something."""
        if isinstance(message, RoomFound):
            self.seen.room, self.seen.peers = message.room, list(message.peers)
            self._talk(message.room)

    def draw(self, low: float, high: float, *key: Key) -> float:
        """Draw a time for what the key names."""
        return low if low == high else draw_seconds(low, high, self.plan.seed, *key)

    def likely(self, share: float, *key: Key) -> bool:
        """Draw whether what the key names is done."""
        return share > 0 and draw(self.plan.seed, *key) < share

    def _talk(self, room: str) -> None:
        """Send something to those whom one has met, as clients do at once."""
        for peer in self.seen.peers:
            if peer == self.user or not self.likely(self.plan.config.talk, "talk", self.user, room, peer):
                continue
            for kind in _TALKED:
                wait = self.draw(0.0, 3.0, "talk-after", self.user, room, peer, kind)
                self.later(wait, partial(self.say, -1, kind, peer))


def _marked(message: Any, mark: str) -> Any:  # noqa: ANN401 - any message that has a payload
    """Put a mark into a message's payload."""
    for name in ("data", "sdp", "candidate"):
        fill = getattr(message, name, UNSET)
        if isinstance(fill, Raw):
            return replace(message, **{name: Raw(b'"m:%b %b"' % (mark.encode(), bytes(fill)))})
    return message

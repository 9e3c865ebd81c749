"""What each client was told of its ticket and its room, told again as a story that has to make sense."""

from collections.abc import Callable

from attrs import define, field
from msgspec import UNSET

from focus_signal.testing.v1 import history as h
from focus_signal.wire.messages import from_client, from_server
from focus_signal.wire.messages.from_server import RoomFields

Report = Callable[[str, float, str], None]


@define(eq=False)
class _View:
    """Be what somebody knows."""

    room: str | None = None
    peers: list[str] = field(factory=list[str])
    offers: dict[str, None] = field(factory=dict[str, None])
    ticket: bool = False
    # Whether a ticket may have taken the place of the one before.
    replaced: bool = False

    def enter(self, room: RoomFields | from_server.RoomFound) -> None:
        self.room, self.peers = room.room_id, list(room.peers)
        self.offers = dict.fromkeys(room.offer_to)


@define(eq=False)
class Views:
    """Look at what the clients are told.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
      window: for how long after its start a server takes back what was there before, in seconds.
      seeds: who speaks the seed's dialect.
    """

    _report: Report
    _window: float
    _seeds: tuple[str, ...]
    _views: dict[str, _View] = field(factory=dict[str, _View], init=False)
    _tickets: dict[tuple[str, int], None] = field(factory=dict[tuple[str, int], None], init=False)
    # What has no answer yet, by user.
    _pending: dict[str, dict[int, None]] = field(factory=dict[str, dict[int, None]], init=False)
    _window_ends: float = field(default=-1.0, init=False)
    _servers: int = field(default=0, init=False)

    def look(self, event: h.Event) -> None:  # noqa: C901, PLR0912 - a branch an event
        """Look at the next thing that happened."""
        match event:
            case h.Begun(t=t):
                self._servers += 1
                if self._servers > 1:
                    # What is on the way then is late.
                    self._window_ends = t + self._window + 10.0
            case h.Came(user=user, seed=False):
                self._views[user] = _View()
            case h.Asked(user=user, number=number, request=request) if user not in self._seeds:
                self._pending.setdefault(user, {})[number] = None
                if isinstance(request, from_client.Matchmaking):
                    self._tickets[user, number] = None
            case h.Answered(t=t, user=user, number=number, code=code):
                self._answer(t, user, number)
                if code is None and (user, number) in self._tickets:
                    view = self._views[user]
                    view.replaced = view.ticket
                    view.ticket = True
            case h.Lost(t=t, user=user, number=number):
                self._answer(t, user, number)
            case h.Went(user=user) | h.Over(user=user):
                self._pending.pop(user, None)
            case h.Welcomed(user=user, welcome=welcome) if not welcome.resumed:
                self._begin(user, welcome)
            case h.Told(t=t, user=user, message=message):
                self._tell(t, user, self._views[user], message)
            case h.Settled():
                self._settle(event)
            case _:
                pass

    def _answer(self, t: float, user: str, number: int) -> None:
        pending = self._pending.get(user, {})
        if number in pending:
            del pending[number]
        else:
            self._report("unanswered", t, f"request {number} of {user} was answered twice")

    def _begin(self, user: str, welcome: from_server.Welcome) -> None:
        view = self._views[user] = _View()
        state = welcome.state
        if state is UNSET:
            return
        view.ticket = state.ticket is not UNSET
        if isinstance(state.room, RoomFields):
            view.enter(state.room)

    def _tell(  # noqa: C901, PLR0912 - a branch a message
        self, t: float, user: str, view: _View, message: object
    ) -> None:
        match message:
            case from_server.Queued() | from_server.MatchProposed() if not view.ticket:
                self._report("unanswered", t, f"{user} was told of a ticket that it does not have: {message}")
            case from_server.MatchEnded(reason=reason):
                if not view.ticket or (reason == "replaced" and not view.replaced):
                    text = f"{user} was told that a ticket has ended ({reason}) that it does not have"
                    self._report("unanswered", t, text)
                view.ticket = reason == "replaced"
                view.replaced = False
            case from_server.RoomFound():
                self._find(t, user, view, message)
            case from_server.RoomClosed(room_id=room, reason=reason):
                if view.room == room:
                    view.room, view.peers = None, []
                elif reason != "removed" or t > self._window_ends:
                    text = f"{user} was told that {room} is closed to it, and was in {view.room}"
                    self._report("room-view", t, text)
            case from_server.PeerJoined(peer=peer):
                if view.room is None or peer in view.peers:
                    self._report("room-view", t, f"{user} was told that {peer} has joined {view.peers}")
                view.peers.append(peer)
            case from_server.PeerLeft(peer=peer):
                if peer not in view.peers:
                    self._report("room-view", t, f"{user} was told that {peer} has left {view.peers}")
                else:
                    view.peers.remove(peer)
                view.offers.pop(peer, None)
            case from_server.PeerAway(peer=peer) | from_server.PeerBack(peer=peer):
                if peer not in view.peers:
                    text = f"{user} was told of {peer}, who is not in its room with {view.peers}"
                    self._report("room-view", t, text)
            case _:
                pass

    def _find(self, t: float, user: str, view: _View, found: from_server.RoomFound) -> None:
        if view.room is not None and view.room != found.room_id:
            text = f"{user} found {found.room_id} and was not told that {view.room} is closed to it"
            self._report("room-view", t, text)
        if user not in found.peers or len(set(found.peers)) != len(found.peers):
            self._report("room-view", t, f"{user} is not once among the peers {found.peers}")
        if found.code is UNSET:
            if not view.ticket and t > self._window_ends:
                self._report("unanswered", t, f"{user} found a room without having asked for a match")
            view.ticket = False
        view.enter(found)

    def _settle(self, settled: h.Settled) -> None:
        room_of = {user: name for name, peers in settled.rooms.items() for user in peers}
        for user in settled.live:
            view = self._views.get(user)
            if view is None or user in self._seeds:
                continue
            pending = list(self._pending.get(user, ()))
            if pending:
                self._report("unanswered", settled.t, f"{user} has no answer to its requests {pending}")
            name = room_of.get(user)
            peers = () if name is None else settled.rooms[name]
            if view.room != name or tuple(view.peers) != peers:
                text = (
                    f"{user} believes to be in {view.room} with {view.peers}, and is in {name} with {peers}"
                )
                self._report("room-view", settled.t, text)
            if view.ticket != (user in settled.waiting):
                text = f"{user} believes {'' if view.ticket else 'not '}to wait, and that is not so"
                self._report("unanswered", settled.t, text)
        for peers in settled.rooms.values():
            there = [user for user in peers if user in settled.live]
            for at, first in enumerate(there):
                for second in there[at + 1 :]:
                    self._pair(settled.t, first, second)

    def _pair(self, t: float, first: str, second: str) -> None:
        pair = (first, second)
        offers = [
            one
            for one, other in (pair, pair[::-1])
            if one not in self._seeds and other in self._views[one].offers
        ]
        plain = [one for one in pair if one in self._seeds]
        # Those of the seed's dialect decide by themselves, and the other one is ready for both.
        expected = 1 if len(plain) < 2 else 0
        if len(offers) != expected:
            self._report("offerer", t, f"of {first} and {second} {offers or 'nobody'} offers")

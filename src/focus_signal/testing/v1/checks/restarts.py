"""What a restarted server makes of the tokens of the one before.

Each token that brings a session back shows a record of a room. Who is in a room is what its latest record
says, but for those of whom something later was shown, and for those who have done anything since.
"""

from collections.abc import Callable, Sequence

from attrs import define, field

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    JoinRoom,
    Numbered,
    OpenSession,
    RequestMatch,
    RequestTicket,
)
from focus_signal.core.effects import (
    Close,
    DeliverNumbered,
    Effect,
    PeerLeft,
    Refused,
    RoomClosed,
    RoomEntered,
    SessionIssued,
    Welcome,
)
from focus_signal.core.tokens import RoomRecord, SessionToken
from focus_signal.testing.v1 import history as h

Report = Callable[[str, float, str], None]


@define(eq=False)
class Restarts:
    """Look at the steps of every server but the first.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
      window: for how long a server takes back what was there before, in seconds.
    """

    _report: Report
    _window: float
    _servers: int = field(default=0, init=False)
    _until: float = field(default=-1.0, init=False)
    _process: str = field(default="", init=False)
    _records: dict[str, RoomRecord] = field(factory=dict[str, RoomRecord], init=False)
    # When somebody was known last to be in no room of a record.
    _outside: dict[str, int] = field(factory=dict[str, int], init=False)
    _stirred: dict[str, None] = field(factory=dict[str, None], init=False)
    _users: dict[int, str] = field(factory=dict[int, str], init=False)
    _newest: dict[str, int] = field(factory=dict[str, int], init=False)
    _rivalled: dict[str, None] = field(factory=dict[str, None], init=False)

    def look(self, event: h.Event) -> None:
        """Look at the next thing that happened."""
        match event:
            case h.Begun(t=t):
                self._servers += 1
                self._until = t + self._window
                self._process = ""
                for held in (self._records, self._outside, self._stirred, self._users):
                    held.clear()
            case h.Dialled(user=user, conn=conn, rival=rival):
                if rival:
                    self._rivalled[user] = None
                else:
                    self._newest[user] = conn
            case h.Decided(t=t, command=command, effects=effects) if self._servers > 1:
                self._step(t, command, effects)
            case h.Settled(t=t, away=away) if away:
                self._report("restore", t, f"{away} have not come, and are still in a room")
            case _:
                pass

    def _step(self, t: float, command: Command, effects: Sequence[Effect]) -> None:
        if isinstance(command, OpenSession | Connect):
            self._users[command.connection] = command.user
        if isinstance(command, Connect):
            self._stirred[command.user] = None
        elif isinstance(command, Disconnect):
            self._stirred[self._users.get(command.connection, "")] = None
        self._stir(effects)
        token = command.token if isinstance(command, OpenSession) and command.why is None else None
        if isinstance(command, OpenSession) and token is not None and token.process != self._process:
            self._come_back(t, command, token, effects)
        request = command.request if isinstance(command, Numbered) else command
        if isinstance(request, JoinRoom):
            self._join(t, self._users.get(request.connection, ""), effects)
        elif isinstance(request, RequestTicket | RequestMatch):
            self._stirred[self._users.get(request.connection, "")] = None
        for effect in effects:
            message = getattr(effect, "message", None)
            if isinstance(message, SessionIssued):
                self._process = message.token.process

    def _stir(self, effects: Sequence[Effect]) -> None:
        """Note who goes elsewhere: where they are is no record's business any more."""
        for effect in effects:
            user = self._users.get(effect.connection, "")
            match None if isinstance(effect, Close) else effect.message:
                case PeerLeft(peer=peer, reason=reason) if reason != "removed":
                    self._stirred[peer] = None
                case RoomClosed(reason=reason) if reason not in {"removed", "moved"}:
                    self._stirred[user] = None
                case RoomEntered(view=view) if view.room not in self._records:
                    self._stirred[user] = None
                case _:
                    pass

    def _come_back(
        self, t: float, command: OpenSession, token: SessionToken, effects: Sequence[Effect]
    ) -> None:
        user = command.user
        welcome = next(
            (
                effect.message
                for effect in effects
                if isinstance(effect, DeliverNumbered)
                and effect.connection == command.connection
                and isinstance(effect.message, Welcome)
            ),
            None,
        )
        mine = command.connection == self._newest.get(user) and user not in self._rivalled
        restored = welcome is not None and welcome.why is None
        if t >= self._until:
            if (
                restored
                and welcome is not None
                and welcome.last_id is None
                and token.process != self._process
            ):
                text = f"{user} came back by a token of another server, {t - self._until:.3f} s too late"
                if user not in self._stirred:
                    self._report("restore", t, text)
            return
        if not restored:
            if mine:
                why = "it was sent away" if welcome is None else welcome.why
                self._report("restore", t, f"{user} did not come back by its last token: {why}")
            return
        self._show(user, token)
        if welcome is not None and welcome.state is not None:
            view = welcome.state.room
            room = self._room_of(user)
            if user not in self._stirred and (None if view is None else view.room) != room:
                text = f"{user} came back into {view and view.room}, and was last in {room}"
                self._report("restore", t, text)
            elif view is not None and view.room in self._records:
                there = [peer for peer in view.peers if peer not in self._stirred]
                wanted = [peer for peer in self._members(view.room) if peer not in self._stirred]
                if there != wanted:
                    text = f"{user} came back to {there}, and the latest record has {wanted}"
                    self._report("restore", t, text)

    def _show(self, user: str, token: SessionToken) -> None:
        record = token.room
        if record is not None and (
            record.id not in self._records or self._records[record.id].rev < record.rev
        ):
            self._records[record.id] = record
        if record is None or user not in record.members:
            self._outside[user] = max(self._outside.get(user, -1), token.rev)

    def _room_of(self, user: str) -> str | None:
        claims = [record for record in self._records.values() if user in record.members]
        latest = max(claims, key=lambda record: record.rev, default=None)
        if latest is None or self._outside.get(user, -1) > latest.rev:
            return None
        return latest.id

    def _members(self, room: str) -> list[str]:
        return [user for user in self._records[room].members if self._room_of(user) == room]

    def _join(self, t: float, user: str, effects: Sequence[Effect]) -> None:
        for effect in effects:
            message = getattr(effect, "message", None)
            if t < self._until and isinstance(message, Refused) and message.code == "room-not-found":
                self._report("restore", t, f"{user} was told that a room is not there, which may come back")
            if not isinstance(message, RoomEntered) or self._users.get(effect.connection) != user:
                continue
            record = self._records.get(message.view.room)
            if t < self._until and record is not None and user not in record.members:
                self._report(
                    "restore", t, f"{user} was let into a room that is coming back: {record.members}"
                )

"""Who is in which room, as what the server tells has it, step by step."""

from collections.abc import Sequence

from attrs import define, field

from focus_signal.core.commands import Command, Connect, OpenSession
from focus_signal.core.effects import (
    Close,
    DeliverNumbered,
    Effect,
    PeerJoined,
    PeerLeft,
    RoomClosed,
    RoomEntered,
    RoomFound,
    RoomView,
    State,
    Welcome,
)


@define(eq=False)
class Fresh:
    """Tell what is told for the first time from what is told again."""

    _users: dict[int, str] = field(factory=dict[int, str], init=False)
    _last: dict[str, int] = field(factory=dict[str, int], init=False)

    def clear(self) -> None:
        """Forget everything: there is another server."""
        self._users.clear()
        self._last.clear()

    def of(self, command: Command, effects: Sequence[Effect]) -> list[Effect]:
        """Give those of a step's effects that nobody was told before."""
        if isinstance(command, Connect | OpenSession):
            self._users[command.connection] = command.user
        fresh: list[Effect] = []
        for effect in effects:
            user = self._users.get(effect.connection, "")
            if isinstance(effect, DeliverNumbered):
                if isinstance(effect.message, Welcome):
                    if not effect.message.resumed:
                        self._last[user] = effect.message.seq
                elif effect.seq:
                    if effect.seq <= self._last.get(user, 0):
                        continue
                    self._last[user] = effect.seq
            fresh.append(effect)
        return fresh


@define(eq=False)
class Members:
    """Follow what is told."""

    room_of: dict[str, str] = field(factory=dict[str, str], init=False)
    """The room of each user who is in one."""
    users: dict[int, str] = field(factory=dict[int, str], init=False)
    """Whose each connection is."""

    def clear(self) -> None:
        """Forget everything: there is another server."""
        self.room_of.clear()
        self.users.clear()

    def of(self, room: str | None) -> list[str]:
        """List who is in a room."""
        return [] if room is None else [user for user, other in self.room_of.items() if other == room]

    def peers_of(self, user: str) -> list[str]:
        """List who shares a room with somebody, who is not among them."""
        return [peer for peer in self.of(self.room_of.get(user)) if peer != user]

    def step(self, command: Command, effects: Sequence[Effect]) -> None:
        """Take in what a step has told."""
        if isinstance(command, Connect | OpenSession):
            self.users[command.connection] = command.user
        for effect in effects:
            user = self.users.get(effect.connection)
            if user is None or isinstance(effect, Close):
                continue
            match effect.message:
                case RoomEntered(view=view) | Welcome(state=State(room=RoomView() as view)):
                    self._be_in(view.room, view.peers)
                case RoomFound(room=room, peers=peers):
                    self._be_in(room, peers)
                case RoomClosed(room=room) if self.room_of.get(user) == room:
                    del self.room_of[user]
                case PeerJoined(peer=peer) if user in self.room_of:
                    self.room_of[peer] = self.room_of[user]
                case PeerLeft(peer=peer) if self.room_of.get(peer) == self.room_of.get(user):
                    self.room_of.pop(peer, None)
                case _:
                    pass

    def _be_in(self, room: str, peers: Sequence[str]) -> None:
        for user in self.of(room):
            del self.room_of[user]
        for peer in peers:
            self.room_of[peer] = room

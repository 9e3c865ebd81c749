"""What tokens say: neither more nor less than what their holder was told of its room."""

from collections.abc import Callable, Sequence

from attrs import define, field

from focus_signal.core.commands import Command, Connect, OpenSession
from focus_signal.core.effects import (
    Close,
    Effect,
    Message,
    PeerJoined,
    PeerLeft,
    RoomClosed,
    RoomEntered,
    SessionIssued,
    Welcome,
)
from focus_signal.core.tokens import RoomRecord
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.checks.members import Fresh

Report = Callable[[str, float, str], None]


@define(eq=False)
class Tokens:
    """Look at each token, as it is sent.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
    """

    _report: Report
    _fresh: Fresh = field(factory=Fresh, init=False)
    _users: dict[int, str] = field(factory=dict[int, str], init=False)
    # The room that each was told of, and who is in it.
    _told: dict[str, tuple[str, list[str]]] = field(factory=dict[str, tuple[str, list[str]]], init=False)

    def look(self, event: h.Event) -> None:
        """Look at the next thing that happened."""
        if isinstance(event, h.Begun):
            self._fresh.clear()
            self._users.clear()
            self._told.clear()
        elif isinstance(event, h.Decided):
            self._step(event.t, event.command, event.effects)

    def _step(self, t: float, command: Command, effects: Sequence[Effect]) -> None:
        if isinstance(command, OpenSession | Connect):
            self._users[command.connection] = command.user
        for effect in self._fresh.of(command, effects):
            if not isinstance(effect, Close):
                self._take(t, self._users.get(effect.connection, ""), effect.message)

    def _take(self, t: float, user: str, message: Message) -> None:
        room, peers = self._told.get(user, ("", []))
        match message:
            case Welcome(resumed=False, state=state):
                self._told.pop(user, None)
                if state is not None and state.room is not None:
                    self._told[user] = (state.room.room, list(state.room.peers))
            case RoomEntered(view=view):
                self._told[user] = (view.room, list(view.peers))
            case RoomClosed(room=closed) if closed == room:
                del self._told[user]
            case PeerJoined(peer=peer):
                peers.append(peer)
            case PeerLeft(peer=peer) if peer in peers:
                peers.remove(peer)
            case SessionIssued(token=token):
                self._compare(t, user, token.room)
            case _:
                pass

    def _compare(self, t: float, user: str, record: RoomRecord | None) -> None:
        said = None if record is None else (record.id, list(record.members))
        told = self._told.get(user)
        if said != told:
            self._report("token", t, f"the token of {user} says {said}, and it was told {told}")

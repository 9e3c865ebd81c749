"""Clients of `focus-signal.v1` as the core's tests have them: what they are told, and what they make of it.

A client believes what it hears, and nothing else. If it hears everything, then where it believes to be, with
whom, and for what it waits is what the matchmaker has; `disagreements` says where it is not.
"""

from __future__ import annotations

import attrs

from focus_signal.core.effects import (
    MatchEnded,
    MatchProposed,
    Message,
    PeerAway,
    PeerBack,
    PeerJoined,
    PeerLeft,
    Queued,
    RoomClosed,
    RoomEntered,
    RoomView,
    SessionIssued,
    State,
    Welcome,
)
from focus_signal.core.state import Session
from focus_signal.core.tokens import SessionToken


class Broken(Exception):
    """Something does not hold."""


def insist(holds: object, text: str) -> None:
    """See that something holds.

    Raises:
      Broken: it does not.
    """
    if not holds:
        raise Broken(text)


@attrs.define(eq=False)
class Client:
    """Be one user's client."""

    user: str
    connection: int | None = None
    """On which it hears; None if it hears nothing."""
    tokens: list[SessionToken] = attrs.field(factory=list[SessionToken])
    seen: int = 0
    next_id: int = 1
    room: str | None = None
    peers: list[str] = attrs.field(factory=list[str])
    away: dict[str, None] = attrs.field(factory=dict[str, None])
    waits: bool = False
    proposal: str | None = None

    def hear(self, message: Message, seq: int) -> None:
        """Take a message in."""
        if 0 < seq <= self.seen:
            return  # it has handled that, though it said otherwise when it came back
        self.seen = max(self.seen, seq)
        match message:
            case Welcome(user=user, resumed=resumed, seq=last, state=state):
                insist(user == self.user, "welcomed as somebody else")
                insist(resumed == (state is None), "the welcome says too much or too little")
                if state is not None:
                    self._begin_anew(state, last)
            case SessionIssued(token):
                insist(token.user == self.user, "a token of somebody else")
                self.tokens.append(token)
            case Queued():
                self.waits, self.proposal = True, None
            case MatchProposed(view):
                self.waits, self.proposal = True, view.proposal
            case MatchEnded():
                insist(self.waits, "a match ended for which the client did not wait")
                self.waits, self.proposal = False, None
            case _:
                self._hear_of_a_room(message)

    def _begin_anew(self, state: State, last: int) -> None:
        self.seen = last
        self.waits = state.ticket is not None
        self.proposal = None if state.proposal is None else state.proposal.proposal
        self.room = None
        if state.room is not None:
            self._enter(state.room)

    def _hear_of_a_room(self, message: Message) -> None:
        match message:
            case RoomEntered(view):
                insist(self.room in {None, view.room}, "a room was left and not closed")
                self._enter(view)
                if view.code is None:  # it was found by the ticket
                    self.waits, self.proposal = False, None
            case RoomClosed(room, reason):
                # One who comes back after a restart believes in a room of which only its token tells.
                insist(self.room == room or reason == "removed", "a room was closed that was never entered")
                if self.room == room:
                    self.room = None
            case PeerJoined(peer):
                insist(self.room is not None and peer not in self.peers, "a peer joined who was there")
                self.peers.append(peer)
            case PeerLeft(peer):
                self._insist_on(peer)
                self.peers.remove(peer)
                self.away.pop(peer, None)
            case PeerAway(peer):
                self._insist_on(peer)
                self.away[peer] = None
            case PeerBack(peer):
                self._insist_on(peer)
                self.away.pop(peer, None)
            case _:
                pass

    def _enter(self, view: RoomView) -> None:
        insist(self.user in view.peers, "a room without oneself")
        insist(len(set(view.peers)) == len(view.peers), "a peer is named twice")
        before = view.peers[: view.peers.index(self.user)]
        offer_to = {*before, *view.seeds} - {self.user}
        insist(set(view.offer_to) == offer_to, "an offer to the wrong peers")
        self.room, self.peers, self.away = view.room, list(view.peers), dict.fromkeys(view.away)

    def _insist_on(self, peer: str) -> None:
        insist(self.room is not None and peer in self.peers, f"told of {peer}, who is not in the room")

    def disagreements(self, session: Session) -> list[str]:
        """Say what a client that has heard everything believes wrongly."""
        room, place = session.room, session.place
        wrong: list[str] = []
        if self.user != session.user:
            wrong.append("it speaks for somebody else")
        if self.room != (None if room is None else room.id):
            wrong.append(f"it believes to be in {self.room}")
        elif room is not None:
            users = [member.user for member in room.members]
            # When a room comes back it is told who is in it, and not always in which order.
            if sorted(self.peers) != sorted(users) or not (room.restored or self.peers == users):
                wrong.append(f"it believes to be with {self.peers}, not {users}")
            away = sorted(member.user for member in room.members if member.connection is None)
            if sorted(self.away) != away:
                wrong.append(f"it believes {sorted(self.away)} to be away, not {away}")
        if self.waits != (place is not None):
            wrong.append(f"it believes to wait: {self.waits}")
        proposal = None if place is None or place.proposal is None else place.proposal.id
        if self.proposal != proposal:
            wrong.append(f"it believes in the proposal {self.proposal}, not {proposal}")
        return [f"{self.user}: {each}" for each in wrong]

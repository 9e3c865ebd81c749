"""What a client says in a conversation: what it asks for in answer to what it hears.

They meet by a match, exchange what WebRTC needs, move to a room with a code, leave it, meet again by a match
for which everyone has to be ready, and leave. Each relay says the how-manieth it is between its two peers, so
that what is missing, came twice or came in another order is seen.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from attrs import Factory, define
from msgspec import UNSET, Raw

from focus_signal.client.events import Event
from focus_signal.wire.messages import from_client as ask
from focus_signal.wire.messages import from_server as told
from focus_signal.wire.messages.from_client import FromClient

Stage = Literal["match", "code", "ready", "over"]
CODE = "BLUE-HORSE"
FROM_V1 = 5
"""Relays from a peer of `focus-signal.v1` in a room: offer or answer, two candidates, signal, broadcast."""
FROM_SEED = 3
"""Relays from a peer of the seed's dialect: answer, two candidates."""
Relayed = told.Offer | told.Answer | told.IceCandidate | told.Signal | told.Broadcast


class Mark(msgspec.Struct, frozen=True):
    """Be what is relayed: the how-manieth it is for each who gets it."""

    marks: dict[str, int]


@define(eq=False)
class Player:
    """Be one who talks.

    Args:
      name: the user id.
      speakers: all who speak `focus-signal.v1`, in an order; the first one opens the room with the code.
      seeds: those who speak the seed's dialect; they are in the first room only.
    """

    name: str
    speakers: tuple[str, ...]
    seeds: tuple[str, ...] = ()
    stage: Stage = "match"
    rooms: list[tuple[str, tuple[str, ...]]] = Factory(list)
    """Each room that became full, with its members in order of arrival."""
    sent: dict[str, int] = Factory(dict)
    heard: dict[str, list[int]] = Factory(dict)
    _members: tuple[str, ...] = ()
    _offer_to: tuple[str, ...] = ()
    _room: str = ""
    _talking: bool = False
    _so_far: dict[str, int] = Factory(dict)
    _gone: dict[str, None] = Factory(dict)

    @property
    def is_over(self) -> bool:
        return self.stage == "over"

    def begin(self) -> list[FromClient]:
        """Give what it asks for first."""
        return [ask.Matchmaking(match_size=len(self.speakers) + len(self.seeds))]

    def hear(self, event: Event) -> list[FromClient]:
        """Give what it asks for next."""
        match event:
            case told.MatchProposed(proposal=proposal):
                return [ask.Ready(proposal=proposal)]
            case told.RoomFound():
                self._room, self._members = event.room_id, event.peers
                self._offer_to, self._talking = event.offer_to, False
                self._so_far, self._gone = {}, {}
                return self._talk()
            case told.PeerJoined(peer=peer):
                self._members = (*self._members, peer)
                return self._talk()
            case told.PeerLeft(peer=peer):
                self._gone[peer] = None
                return self._go_on()
            case told.RoomClosed(reason="left"):
                return self._next_match()
            case told.Offer() | told.Answer() | told.IceCandidate() | told.Signal() | told.Broadcast():
                return self._take(event)
            case _:
                return []

    def _talk(self) -> list[FromClient]:
        """Begin to exchange, once all are there."""
        awaited = len(self.speakers) + (len(self.seeds) if self.stage == "match" else 0)
        if self._talking or len(self._members) < awaited:
            return []
        self._talking = True
        self.rooms.append((self._room, self._members))
        says: list[FromClient] = []
        others = [peer for peer in self._members if peer != self.name]
        for peer in others:
            if peer in self._offer_to:
                says.append(ask.Offer(to=peer, sdp=self._mark(peer), room_id=self._room))
            says += [ask.IceCandidate(to=peer, candidate=self._mark(peer)) for _ in range(2)]
        speakers = [peer for peer in others if peer not in self.seeds]
        says += [ask.Signal(to=peer, data=self._mark(peer)) for peer in speakers]
        says.append(ask.Broadcast(data=self._mark(*speakers)))
        return says

    def _take(self, relay: Relayed) -> list[FromClient]:
        sender = relay.from_
        payload = relay.data if isinstance(relay, told.Signal | told.Broadcast) else relay.sdp
        if payload is UNSET and not isinstance(relay, told.Signal | told.Broadcast):
            payload = relay.candidate
        assert payload is not UNSET
        mark = msgspec.json.decode(payload, type=Mark).marks[self.name]
        self.heard.setdefault(sender, []).append(mark)
        self._so_far[sender] = self._so_far.get(sender, 0) + 1
        if isinstance(relay, told.Offer):
            return [ask.Answer(to=sender, sdp=self._mark(sender)), *self._go_on()]
        return self._go_on()

    def _go_on(self) -> list[FromClient]:
        """Go on to the next room, once this one's exchange is over."""
        others = [peer for peer in self._members if peer != self.name]
        if not self._talking or not all(self._has_all_of(peer) for peer in others):
            return []
        host = self.speakers[0]
        if self.stage != "match":
            self._talking = False
            return [ask.RoomLeave()]
        # Who leaves the first room opens the next one by that; so the others see that it stands.
        if self.name != host and host not in self._gone:
            return []
        self.stage, self._talking = "code", False
        if self.name == host:
            return [ask.RoomCreate(max_size=len(self.speakers), code=CODE)]
        return [ask.RoomJoin(code=CODE)]

    def _has_all_of(self, peer: str) -> bool:
        return self._so_far.get(peer, 0) == (FROM_SEED if peer in self.seeds else FROM_V1)

    def _next_match(self) -> list[FromClient]:
        if self.stage == "code":
            self.stage = "ready"
            return [ask.Matchmaking(match_size=len(self.speakers), ready_check=True)]
        self.stage = "over"
        return []

    def _mark(self, *peers: str) -> Raw:
        for peer in peers:
            self.sent[peer] = self.sent.get(peer, 0) + 1
        return Raw(msgspec.json.encode(Mark({peer: self.sent[peer] for peer in peers})))

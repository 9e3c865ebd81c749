"""Matchmaking against an honest server, and against a liar for each thing that can go wrong."""

from __future__ import annotations

import pytest

from focus_signal.load.faults import WrongResult
from focus_signal.load.match import Match
from tests.load.world import Room, Server, drive


@pytest.mark.parametrize(("pairs", "size"), [(2, 2), (3, 3), (2, 3), (4, 1), (2, 4)])
def test_match(pairs: int, size: int) -> None:
    server = Server()
    mode = drive(Match, server, pairs=pairs, room_size=size)
    assert mode.count == server.rooms * size > 30
    latency = mode.latencies["match"].latency()
    assert latency is not None
    assert latency.count == mode.count


class LyingMatch(Server):
    """Lies about one room."""

    def match(self, room: Room) -> None:
        if room.name == "room-7":
            self.lie(room)
        else:
            super().match(room)

    def lie(self, room: Room) -> None:
        raise NotImplementedError


class ForgetsOne(LyingMatch):
    def lie(self, room: Room) -> None:
        self.found(room.members[0], room)


class TellsTwice(LyingMatch):
    def lie(self, room: Room) -> None:
        self.found(room.members[0], room)
        self.found(room.members[0], room)


class OtherOrder(LyingMatch):
    def lie(self, room: Room) -> None:
        self.found(room.members[0], room)
        self.found(room.members[1], Room(room.name, room.members[::-1]))


class OtherRoom(LyingMatch):
    def lie(self, room: Room) -> None:
        self.found(room.members[0], room)
        self.found(room.members[1], Room("room-7-too", room.members))


class SameRoom(LyingMatch):
    def lie(self, room: Room) -> None:
        for member in room.members:
            self.found(member, Room("room-1", room.members))


class Stranger(LyingMatch):
    def lie(self, room: Room) -> None:
        self.found(room.members[0], Room(room.name, [room.members[0], "ana"]))


class TooMany(LyingMatch):
    def lie(self, room: Room) -> None:
        others = [user for user in self.users if user not in room.members]
        self.found(room.members[0], Room(room.name, [*room.members, *others]))


class WithItself(LyingMatch):
    def lie(self, room: Room) -> None:
        self.found(room.members[0], Room(room.name, room.members[:1] * 2))


class WithoutReceiver(LyingMatch):
    def lie(self, room: Room) -> None:
        others = [user for user in self.users if user not in room.members]
        self.found(room.members[0], Room(room.name, others[:2]))


class LosesRequest(Server):
    def ask(self, user: str, size: int) -> None:
        if self.rooms != 7:
            super().ask(user, size)
        else:
            self.rooms += 1


class SaysMore(LyingMatch):
    def lie(self, room: Room) -> None:
        for member in room.members:
            self.tell(member, {"type": "room-found", "roomId": room.name, "peers": room.members, "size": 2})


class SaysNo(LyingMatch):
    def lie(self, room: Room) -> None:
        self.tell(room.members[0], {"type": "error", "code": "bad-match-size", "message": "no"})


MATCH_LIARS = [
    (ForgetsOne, r"waited 0.2 s for \d+ room-found"),
    (TellsTwice, r"told of room room-7, which it is not a member of, or twice"),
    (OtherOrder, r"two members were told different things about room room-7"),
    (OtherRoom, r"is in room room-7-too without having asked for it|was told of room room-7-too"),
    (SameRoom, r"the id of a room was used twice: room-1"),
    (Stranger, r"a stranger is in room room-7: 'ana'. Somebody else is using this server"),
    (TooMany, r"no room of 2 with \S+ in it"),
    (WithItself, r"no room of 2 with \S+ in it"),
    (WithoutReceiver, r"no room of 2 with \S+ in it"),
    (LosesRequest, r"waited 0.2 s for \d+ room-found"),
    (SaysMore, r"no room-found, but b'.*size"),
    (SaysNo, r"no room-found, but b'.*bad-match-size"),
]


@pytest.mark.parametrize(("liar", "said"), MATCH_LIARS)
def test_a_wrong_match_is_found(liar: type[Server], said: str) -> None:
    with pytest.raises(WrongResult, match=said):
        drive(Match, liar(), pairs=4)

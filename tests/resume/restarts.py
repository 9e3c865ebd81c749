"""Restarts drawn from seeds: who comes back with which token and when, beside the naive model."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any, Literal

from attrs import Factory, define, frozen

from focus_signal.core.tokens import SessionToken
from tests.resume.house import EPOCH, GRACE, KEYS, Ear, House, Line
from tests.resume.past import SEED_USERS, Past, framed
from tests.resume.restored import Restored

WINDOW = 2 * GRACE


class Difference(AssertionError):
    """The server and the naive model do not agree, or a client and its server do not."""


@frozen
class Coming:
    """Be somebody who comes.

    Args:
      at: seconds after the start.
      user: who.
      how: with a token, as a client of the seed's dialect, or with nothing but a user id. A proof is no
        coming, but the word that the new server's token has been received.
      token: which one.
    """

    at: float
    user: str
    how: Literal["token", "seed", "bare", "proof"]
    token: str = ""


@define(eq=False)
class Guest:
    """Be a client that has come, and what it knows by what it was told."""

    line: Line
    ear: Ear = Factory(Ear)
    resumed: bool | None = None
    why: str | None = None
    room: str | None = None
    peers: tuple[str, ...] = ()
    away: dict[str, None] = Factory(dict)
    told: list[dict[str, Any]] = Factory(list)
    closed: int | None = None
    seen: int = 0

    def listen(self) -> None:
        data = bytes(self.line.down)
        self.line.down.clear()
        for came in self.ear.take(data):
            if isinstance(came, int):
                self.closed = came
            else:
                self._hear(json.loads(came))

    def _hear(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        self.told.append(frame)
        self.seen = frame.get("seq", self.seen)
        if kind == "welcome":
            self.resumed, self.why = frame["resumed"], frame.get("why")
            state = frame.get("state", {}).get("room")
            if state is not None:
                self._enter(state)
        elif kind == "room-found":
            self._enter(frame)
        elif kind == "room-closed" and frame["roomId"] == self.room:
            self.room, self.peers, self.away = None, (), {}
        elif kind == "peer-joined":
            if frame["peer"] in self.peers:
                raise Difference(f"{self.line.user} is told twice that {frame['peer']} is there")
            self.peers = (*self.peers, frame["peer"])
        elif kind == "peer-left":
            if frame["peer"] not in self.peers:
                raise Difference(f"{self.line.user} is told that {frame['peer']} has left, who was not there")
            self.peers = tuple(peer for peer in self.peers if peer != frame["peer"])
            self.away.pop(frame["peer"], None)
        elif kind == "peer-away":
            self.away[frame["peer"]] = None
        elif kind == "peer-back":
            self.away.pop(frame["peer"], None)

    def _enter(self, room: dict[str, Any]) -> None:
        self.room, self.peers = room["roomId"], tuple(room["peers"])
        self.away = dict.fromkeys(room.get("away", ()))


@define(eq=False)
class Restart:
    """Be a new server, those who come to it, and the naive model of it.

    Args:
      past: where the tokens are from.
      seed: the new server's.
      gap: seconds between the two.
    """

    past: Past
    seed: int
    gap: float
    start: float = 0.0
    now: float = 0.0
    met: Counter[str] = Factory(Counter)
    guests: dict[str, Guest] = Factory(dict)
    house: House = Factory(lambda self: self._make(), takes_self=True)
    model: Restored = Factory(lambda self: Restored(EPOCH + self.start + WINDOW), takes_self=True)

    def _make(self) -> House:
        self.start = self.now = self.past.now + self.gap
        return House(self.seed, lambda: self.now, keys=KEYS)

    def live(self, comings: list[Coming]) -> None:
        """Let all of them come, look after each, and let the window end."""
        for coming in sorted(comings, key=lambda each: each.at):
            self._pass_to(self.start + coming.at)
            getattr(self, f"_{coming.how}")(coming)
            self._look()
        self._pass_to(self.start + WINDOW + 2.0)
        self._look()

    def _pass_to(self, time: float) -> None:
        if self.now < self.start + WINDOW <= time:
            self._pass_all_to(self.start + WINDOW)
            before = sum(map(len, self.model.rooms().values()))
            self.model.end()
            after = sum(map(len, self.model.rooms().values()))
            self.met.update(lost=before - after, rooms=len(self.model.rooms()), members=after)
            self._look()
        self._pass_all_to(time)

    def _pass_all_to(self, time: float) -> None:
        while True:
            due = self.house.core.next_deadline()
            if due is None or due > time:
                break
            self.now = max(self.now, due)
            self.house.pass_time()
        self.now = max(self.now, time)

    def _token(self, coming: Coming) -> None:
        token = self.house.tokens.unseal(coming.token, int((EPOCH + self.past.now) * 1000))
        if isinstance(token, str):
            return  # too old before the first server ended
        back = self.model.show(token, EPOCH + self.now)
        guest = self._open(coming.user, ("focus-signal.v1", f"resume.{coming.token}.0"))
        if back and (guest.closed is not None or guest.why is not None):
            raise Difference(f"{coming.user} should be back, not {guest.closed} {guest.why}")
        if not back:
            self._begin_bare(coming.user, guest)
            if guest.closed is None and guest.why is None:
                raise Difference(f"{coming.user} is back by a token that is no longer good")
            self.met["refused"] += 1
            return
        self.met["back"] += 1
        self._has_told_of(token, guest)

    def _has_told_of(self, token: SessionToken, guest: Guest) -> None:
        """See that somebody knows who is no longer in the room of its token."""
        room = token.room
        if room is None or self.model.rooms().get(room.id, ()).count(token.user):
            return
        closes = [each["roomId"] for each in guest.told if each["type"] == "room-closed"]
        if room.id not in closes:
            raise Difference(f"{token.user} was not told that it is no longer in {room.id}")
        self.met["removed"] += 1

    def _seed(self, coming: Coming) -> None:
        self.model.seeds[coming.user] = None
        self._open(coming.user, ())

    def _bare(self, coming: Coming) -> None:
        self._begin_bare(coming.user, self._open(coming.user, ("focus-signal.v1",)))

    def _begin_bare(self, user: str, guest: Guest) -> None:
        if self.model.come_bare(user) != (guest.closed is None):
            raise Difference(f"{user} without a token: {guest.closed}")
        self.met["bare" if guest.closed is None else "id in use"] += 1

    def _proof(self, coming: Coming) -> None:
        guest = self.guests.get(coming.user)
        if guest is None or coming.user not in self.model.holders:
            return
        self.house.take(guest.line, framed(b'{"type":"ping","seen":%d}' % guest.seen))
        self.model.holders[coming.user].proved = True

    def _open(self, user: str, protocols: tuple[str, ...]) -> Guest:
        guest = Guest(self.house.connect(user, protocols))
        guest.listen()
        if guest.closed is None:
            before = self.guests.get(user)
            if before is not None:
                before.listen()
                if before.closed != 4501:
                    raise Difference(f"the connection before of {user} ended with {before.closed}")
                self.house.end(before.line)
            self.guests[user] = guest
        return guest

    def _look(self) -> None:
        """See that the server, the model and the clients say the same."""
        expected = self.model.rooms()
        there = {
            room.id: tuple(member.user for member in room.members)
            for room in self.house.core._rooms.by_id.values()
        }
        if there != expected:
            raise Difference(f"rooms {_sorted(there)}, and not {_sorted(expected)}")
        of_user = {user: name for name, room in there.items() for user in room}
        came = self.model.holders | self.model.seeds
        for user, guest in self.guests.items():
            guest.listen()
            # Who came without a token is nobody for whom a room is kept.
            room = None if user in self.model.bare else of_user.get(user)
            peers = there.get(room or "", ())
            over = self.model.final is not None
            away = [] if over else [peer for peer in peers if peer not in came]
            if user in SEED_USERS:
                # It is told of a room when it is seated, and of nobody who comes or goes.
                continue
            if (guest.room, sorted(guest.peers), sorted(guest.away)) != (room, sorted(peers), sorted(away)):
                told = (guest.room, guest.peers, list(guest.away))
                raise Difference(f"{user} believes {told}, and it is {(room, peers, away)}")


def _sorted(rooms: dict[str, tuple[str, ...]]) -> list[tuple[str, tuple[str, ...]]]:
    return sorted(rooms.items())


def draw_comings(past: Past, chance: random.Random) -> list[Coming]:
    """Draw who comes to the new server, when and how."""
    comings: list[Coming] = []
    for user, tokens in past.tokens.items():
        fate = chance.random()
        if fate < 0.15:
            continue
        newest = tokens[-1]
        chosen = [newest] if fate < 0.55 else [chance.choice(tokens[-3:])]
        if fate > 0.85:
            chosen.append(chance.choice(tokens[-3:]))
        comings += [Coming(_moment(chance), user, "token", token) for token in chosen]
        if chance.random() < 0.1:
            comings.append(Coming(_moment(chance), user, "bare"))
        if chance.random() < 0.2:
            comings.append(Coming(_moment(chance), user, "proof"))
    comings += [Coming(_moment(chance), user, "seed") for user in SEED_USERS if chance.random() < 0.7]
    return comings


def _moment(chance: random.Random) -> float:
    """Draw when somebody comes: mostly in time, now and then at the last moment or after it."""
    if chance.random() < 0.9:
        return chance.random() * WINDOW
    return chance.choice((0.0, WINDOW - 0.001, WINDOW, WINDOW + 1.0))


def restarts(seeds: range, each: int) -> Counter[str]:
    """Live through pasts and so many restarts of each; count what was met."""
    met: Counter[str] = Counter()
    for seed in seeds:
        past = Past(seed)
        past.live()
        for number in range(each):
            chance = random.Random(f"{seed}/{number}")
            comings = draw_comings(past, chance)
            gap = chance.choice((0.5, 5.0, 60.0, 550.0, 700.0))
            restart = Restart(past, 2 * (seed * each + number) + 1, gap)
            try:
                restart.live(comings)
            except Difference as difference:
                difference.add_note(f"past {seed}, restart {number}")
                raise
            met.update(restart.met, restarts=1)
    return met

"""A random history of people who come, go and meet, told to the real thing and to the naive one.

What a history is like is drawn first (how large, how fussy, how patient people are), so that some are full of
parties, others of enmities, and many hold more people than can meet. Nobody has to be taken out when a group
is found: so groups are looked for among many more tickets than ever wait in earnest.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from attrs import frozen

from focus_signal.core import open_rooms, pools, tickets
from tests.core.matching.naive import Naive, NaiveRoom, NaiveTicket


@frozen
class User:
    user: str


class Difference(AssertionError):
    """The two do not agree."""


class History:
    """Be both of them, and what is drawn.

    The modules are asked for their classes each time, so that a test can put others in their place.
    """

    def __init__(self, seed: int, crowd: int) -> None:
        self.draw = draw = Random(seed)
        self.met: Counter[str] = Counter()
        self.naive = Naive()
        self.pools: pools.Pools[User] = pools.Pools()
        self.rooms: open_rooms.OpenRooms[User] = open_rooms.OpenRooms(self.pools)
        self.pairs: list[tuple[tickets.Ticket[User], NaiveTicket]] = []
        self.places: list[tuple[open_rooms.OpenRoom, NaiveRoom]] = []
        self.crowd = draw.randint(4, crowd)
        self.users = [f"u{number}" for number in range(draw.randint(6, 30))]
        self.keys = [
            tickets.PoolKey(pool, ready, backfill)
            for pool, ready, backfill in draw.sample(
                [
                    ("", False, False),
                    ("", True, False),
                    ("", False, True),
                    ("", False, True),
                    ("a", False, False),
                ],
                draw.choice([1, 1, 1, 1, 2]),
            )
        ]
        self.lightest = draw.choice([1, 1, 1, 2])
        self.heaviest = self.lightest + draw.choice([0, 0, 1, 2, 3])
        self.largest = draw.choice([2, 3, 4, 5, 6, 8, 11])
        self.spread = draw.choice([0, 1, 3, 5, 9])
        self.alone = draw.choice([0.0, 0.0, 0.0, 0.1])
        self.fussy = draw.choice([0.0, 0.0, 0.2, 0.5, 0.8])
        self.patience = draw.choice([0.0, 0.0, 0.3, 0.7])
        self.sociable = draw.choice([0.0, 0.0, 0.2, 1.0])
        if any(key.backfill for key in self.keys):
            # Where nobody meets there are no rooms, and where all want the same they are full at once.
            self.sociable = draw.choice([0.3, 0.8])
            self.spread = max(self.spread, 3)
            self.largest = max(self.largest, 4)
        self.arrivals = 0

    def check(self, what: str, real: object, naive: object) -> None:
        self.met[what] += 1
        if real != naive:
            raise Difference(f"{what}: {real}, and it should be {naive}")

    # What can happen.

    def come(self) -> None:
        draw = self.draw
        busy = [user for _, naive in self.pairs for user in naive.users]
        busy += [user for _, room in self.places for user in room.users]
        free = [user for user in self.users if user not in busy]
        if not free:
            return
        weight = min(len(free), draw.choice([self.lightest, draw.randint(self.lightest, self.heaviest)]))
        members = draw.sample(free, weight)
        # Who needs nobody else meets at once, so few do.
        enough = weight if draw.random() < self.alone else weight + 1
        most = max(enough, draw.choice([self.largest, draw.randint(1, self.largest)]))
        least = min(most, max(enough, most - draw.randint(0, self.spread)))
        if draw.random() < self.alone:
            least = draw.randint(1, least)
        avoid = draw.sample(self.users, min(3, len(self.users))) if draw.random() < self.fussy else []
        key = draw.choice(self.keys)
        patient = draw.random() < self.patience
        self.arrivals += draw.randint(1, 3)
        naive = NaiveTicket(
            (key.pool, key.ready_check, key.backfill), self.arrivals, members, least, most, avoid, patient
        )
        real = tickets.Ticket(
            key,
            self.arrivals,
            tuple([User(user) for user in members]),
            least,
            most,
            frozenset(avoid),
            patient,
        )
        self.pairs.append((real, naive))
        self.naive.tickets.append(naive)
        self.enter(real, naive)
        if not self.take_seat(real, naive) and draw.random() < self.sociable:
            self.meet(real, naive)

    def enter(self, real: tickets.Ticket[User], naive: NaiveTicket) -> None:
        self.pools.enter(real)
        naive.here = True

    def leave(self, real: tickets.Ticket[User], naive: NaiveTicket) -> None:
        self.pools.leave(real)
        naive.here = False

    def lose_patience(self, real: tickets.Ticket[User], naive: NaiveTicket) -> None:
        self.pools.lose_patience(real)
        naive.patient = False

    def end(self, real: tickets.Ticket[User], naive: NaiveTicket) -> None:
        self.leave(real, naive)
        self.pairs.remove((real, naive))
        self.naive.tickets.remove(naive)

    def meet(self, real: tickets.Ticket[User], naive: NaiveTicket) -> None:
        """Let those meet who are to meet; where rooms take others in, one opens."""
        group = self.find(real, naive)
        if not group:
            return
        pairs = [pair for pair in self.pairs if pair[0] in group]
        for pair in pairs:
            self.end(*pair)
        if real.key.backfill:
            age = len(self.places) + self.arrivals
            while any(room.age >= age for _, room in self.places):
                age += 1
            room = NaiveRoom(naive.key, age, min(each.most for _, each in pairs))
            for _, each in pairs:
                self.naive.join(room, each)
            self.naive.rooms.append(room)
            place = open_rooms.OpenRoom.of(real.key, age, group)
            self.rooms.open(place)
            self.places.append((place, room))
            self.met["rooms"] += 1

    def take_seat(self, real: tickets.Ticket[User], naive: NaiveTicket) -> bool:
        if self.draw.random() < 0.3:
            return False
        place = self.fits(real, naive)
        for other, room in self.places:
            if other is place:
                self.join(other, room, real, naive)
                return True
        return False

    def join(
        self, place: open_rooms.OpenRoom, room: NaiveRoom, real: tickets.Ticket[User], naive: NaiveTicket
    ) -> None:
        self.end(real, naive)
        self.rooms.join(place, real)
        self.naive.join(room, naive)
        self.met["joined"] += 1

    def something_about_a_room(self) -> None:
        place, room = self.draw.choice(self.places)
        chance = self.draw.random()
        if chance < 0.3 and room.users:
            for user in list(room.users) if chance < 0.1 else [self.draw.choice(room.users)]:
                self.rooms.leave(place, user)
                self.naive.leave_room(room, user)
        elif chance < 0.7:
            ticket = self.oldest_for(place, room)
            for real, naive in self.pairs:
                if real is ticket:
                    self.join(place, room, real, naive)
                    break
        elif chance < 0.8:
            self.rooms.leave(place, "nobody")
        elif chance < 0.9:
            if room.open:
                self.rooms.open(place)  # once more
        else:
            self.rooms.close(place)
            room.open = False
            if chance < 0.95:
                self.rooms.close(place)
                self.places.remove((place, room))
                self.naive.rooms.remove(room)

    def step(self) -> None:
        chance = self.draw.random()
        if not self.pairs or (chance < 0.7 and len(self.pairs) < self.crowd):
            self.come()
        elif chance < 0.8 and self.places:
            self.something_about_a_room()
        else:
            real, naive = self.draw.choice(self.pairs)
            what = self.draw.choice(
                [self.enter, self.enter, self.leave, self.lose_patience, self.lose_patience, self.end]
            )
            what(real, naive)
            if naive.here and self.draw.random() < self.sociable:
                self.meet(real, naive)

    # What is looked at.

    def find(self, real: tickets.Ticket[User], naive: NaiveTicket) -> list[tickets.Ticket[User]]:
        group = self.pools.find(real)
        what = ("nobody", "alone", "pair")[len(group)] if len(group) < 3 else "group"
        self.check(what, [ticket.arrival for ticket in group], self.naive.find(naive))
        return group

    def fits(self, real: tickets.Ticket[User], naive: NaiveTicket) -> open_rooms.OpenRoom | None:
        place = self.rooms.fits(real)
        age = None if place is None else place.age
        self.check("no room" if age is None else "room", age, self.naive.fits(naive))
        return place

    def oldest_for(self, place: open_rooms.OpenRoom, room: NaiveRoom) -> tickets.Ticket[User] | None:
        ticket = self.rooms.oldest_for(place)
        arrival = None if ticket is None else ticket.arrival
        self.check("no guest" if arrival is None else "guest", arrival, self.naive.oldest_for(room))
        return ticket

    def compare(self) -> None:
        self.check("waiting", self.pools.waiting, self.naive.waiting())
        self.check("keys", len(self.pools), self.naive.keys())
        for real, naive in self.draw.sample(self.pairs, min(1, len(self.pairs))):
            self.find(real, naive)
            self.fits(real, naive)
            self.check("position", self.pools.position(real), self.naive.position(naive))
        if self.places:
            place, room = self.draw.choice(self.places)
            self.oldest_for(place, room)
            self.check("members", list(place.members), room.users)
            self.check("open rooms", len(self.rooms), sum(each.open for each in self.naive.rooms))
        if self.draw.random() < 0.3:
            self.nothing_is_empty()

    def nothing_is_empty(self) -> None:
        """See that no line, no seat and no shape stays behind when the last one has left it."""
        for pool in self.pools._pools.values():
            kept = [pool.everybody, *pool.lines.values(), *pool.seats.values()]
            self.check("empty lines", [line for line in kept if not line.people or not line.arrivals], [])
            self.check("empty weights", [line for line in kept if not all(line.arrivals.values())], [])
            fussy = sum(bool(ticket.avoid) for ticket in pool.tickets.values())
            self.check(
                "avoiding", [line for line in pool.lines.values() if not 0 <= line.avoiding <= fussy], []
            )
        for shapes in self.rooms.shapes.values():
            ages = [ages for sizes in shapes.values() for ages in (sizes.values() or [[]])]
            self.check("empty shapes", not shapes or not all(ages), False)

    def everybody_leaves(self) -> None:
        for real, naive in list(self.pairs):
            self.end(real, naive)
            self.pools.leave(real)
        for place, room in self.places:
            if self.draw.random() < 0.5:
                for user in list(room.users):
                    self.rooms.leave(place, user)
            self.rooms.close(place)
        self.check("left behind", (len(self.pools), self.pools.waiting, self.pools._pools), (0, 0, {}))
        self.check("rooms left behind", (len(self.rooms), self.rooms.shapes), (0, {}))


def run(seed: int, crowd: int, steps: int) -> Counter[str]:
    """Run one history to its end and count what was compared."""
    history = History(seed, crowd)
    for _ in range(history.draw.randint(steps // 3, steps)):
        history.step()
        history.compare()
    history.everybody_leaves()
    return history.met


def run_many(seeds: range, crowd: int, steps: int) -> Counter[str]:
    met: Counter[str] = Counter()
    for seed in seeds:
        met.update(run(seed, crowd, steps))
    return met

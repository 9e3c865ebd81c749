"""Who met whom: the rules of matching, each looked at by going through all groups that there could be."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from attrs import define, field

from focus_signal.core.commands import Command, Numbered, RequestMatch, RequestTicket
from focus_signal.core.effects import Close, Effect, MatchProposed, Message, RoomEntered, RoomFound
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.checks.members import Fresh
from focus_signal.testing.v1.checks.waiting import Waiting, Wish, avoid

Report = Callable[[str, float, str], None]


@define(eq=False)
class _Met:
    """Be a room that takes others in later.

    Args:
      wishes: what each of its members had asked for.
    """

    wishes: dict[str, Wish]


@define(eq=False)
class Matches:
    """Look at each room that somebody finds.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
    """

    _report: Report
    _waiting: Waiting = field(factory=Waiting, init=False)
    _fresh: Fresh = field(factory=Fresh, init=False)
    _known: dict[str, None] = field(factory=dict[str, None], init=False)
    _old: dict[str, None] = field(factory=dict[str, None], init=False)
    _rooms: dict[str, _Met] = field(factory=dict[str, _Met], init=False)

    def look(self, event: h.Event) -> None:
        """Look at the next thing that happened."""
        match event:
            case h.Begun():
                self._waiting.clear()
                self._fresh.clear()
                self._rooms.clear()
                # Those that come back are no matches.
                self._old.update(self._known)
            case h.Decided(t=t, command=command, effects=effects):
                self._step(t, command, effects)
            case h.Settled(t=t, waiting=names, rooms=rooms):
                self._settle(t, names, rooms)
            case _:
                pass

    def _step(  # noqa: C901, PLR0912 - one walk over what is told, in its order
        self, t: float, command: Command, effects: Sequence[Effect]
    ) -> None:
        waiting = self._waiting
        newest = waiting.arrivals
        waiting.come(t, command, effects)
        before = waiting.can_meet()
        # One step may make a room, and then let others in.
        found: dict[tuple[str, tuple[str, ...]], list[Wish]] = {}
        proposed: dict[tuple[str, int], list[Wish]] = {}
        ready: dict[Wish, None] = {}
        for effect in self._fresh.of(command, effects):
            if isinstance(effect, Close):
                continue
            room = _room_in(effect.message)
            user = waiting.users.get(effect.connection, "")
            wish = waiting.wishes.get(user)
            if (
                room is not None
                and wish is None
                and waiting.is_party_incomplete(user)
                and room[0] not in self._old
            ):
                self._report("party-split", t, f"{user} met {room[1]} before its party was complete")
            if room is not None and room[0] not in self._old:
                self._known[room[0]] = None
            if room is not None and wish is not None and room[0] not in self._old:
                wishes = found.setdefault(room, [])
                if wish not in wishes:
                    wishes.append(wish)
                if wish.proposal is not None:
                    ready[wish] = None
            elif isinstance(effect.message, MatchProposed) and wish is not None:
                view = effect.message.view
                wishes = proposed.setdefault((view.proposal, view.size), [])
                if wish not in wishes:
                    wishes.append(wish)
            waiting.tell(effect.connection, effect.message)
        # Whoever has just asked is the one who was tried.
        asked = waiting.users.get(getattr(command, "connection", -1), "")
        is_asking = isinstance(command, RequestMatch) or (
            isinstance(command, Numbered) and isinstance(command.request, RequestTicket)
        )
        after = waiting.can_meet()
        # What came only now was not there yet when those were tried whom it has set free.
        left = {arrival: wish for arrival, wish in before.items() if arrival in after and arrival <= newest}
        for (room_id, peers), wishes in found.items():
            if wishes[0] not in ready and room_id not in self._rooms:
                self._choose(t, wishes, len(peers), left, asked if is_asking else None)
            self._see(t, wishes)
            self._meet(t, room_id, peers, wishes)
            self._ask(t, [wish for wish in wishes if wish in ready])
        for (_, people), wishes in proposed.items():
            if sum(len(wish.users) for wish in wishes) != people:
                continue  # it is told again to somebody who was away, and may wait for something else by now
            self._see(t, wishes)
            self._choose(t, wishes, people, left, asked if is_asking else None)

    def _meet(self, t: float, room: str, peers: tuple[str, ...], wishes: list[Wish]) -> None:
        """See that those who have met may meet."""
        known = self._rooms.get(room)
        new = [user for wish in wishes for user in wish.users]
        stay = {} if known is None else known.wishes
        there = {user: wish for user, wish in stay.items() if user in peers and user not in new}
        for wish in wishes:
            missing = [user for user in wish.users if user not in peers]
            if missing:
                self._report("party-split", t, f"{wish.users} met {peers} without {missing}")
            if not wish.terms.least <= len(peers) <= wish.terms.most:
                self._report("patience", t, f"{wish.users} met {peers}, and asked for {wish.terms}")
        everybody = there | {user: wish for wish in wishes for user in wish.users}
        for (first, one), (second, other) in combinations(everybody.items(), 2):
            if one is not other and (second in one.terms.avoid or first in other.terms.avoid):
                self._report("avoid", t, f"{first} and {second} met, and one avoids the other")
        if wishes[0].terms.backfill:
            met = self._rooms.setdefault(room, _Met({}))
            met.wishes.update({user: wish for wish in wishes for user in wish.users})

    def _see(self, t: float, wishes: Sequence[Wish]) -> None:
        """See that all of them are there."""
        for wish in wishes:
            gone = [user for user in wish.users if user not in self._waiting.there]
            if gone:
                self._report("dead-match", t, f"{gone} met others, and their end was read before")

    def _ask(self, t: float, wishes: Sequence[Wish]) -> None:
        """See that all of them have said that they are ready."""
        for wish in wishes:
            silent = [user for user in wish.users if (user, wish.last_proposal) not in self._waiting.ready]
            if silent:
                self._report("ready", t, f"{silent} met others and had not said that they are ready")

    def _choose(
        self, t: float, wishes: list[Wish], size: int, left: dict[int, Wish], asked: str | None
    ) -> None:
        """See that this group was to be chosen: each accepts it, and no other is larger, or older.

        Where it is not known which of its tickets was tried, it is wrong only if it is wrong for each.
        """
        for wish in wishes:
            if wish.refuses(size, t):
                text = (
                    f"{wish.users} met {size} people, and asked {t - wish.since:.3f} s ago for {wish.terms}"
                )
                self._report("patience", t, text)
        here = sorted(wish.arrival for wish in wishes)
        others = [wish for wish in left.values() if wish.key == wishes[0].key and wish not in wishes]
        tried = [wish.arrival for wish in wishes if asked in wish.users] or here
        larger, older = dict.fromkeys(tried, False), dict.fromkeys(tried, False)
        for group in _groups([*wishes, *others]):
            people = sum(len(wish.users) for wish in group)
            if people < size or not _is_valid(group, people, t):
                continue
            arrivals = sorted(wish.arrival for wish in group)
            for arrival in arrivals:
                if arrival in larger:
                    larger[arrival] |= people > size
                    older[arrival] |= people == size and arrivals < here
        if all(larger.values()):
            self._report("patience", t, f"{_names(wishes)} met, where more could have")
        elif all(older.values()):
            self._report("oldest-first", t, f"{_names(wishes)} met, where others had waited longer")

    def _settle(self, t: float, names: tuple[str, ...], rooms: dict[str, tuple[str, ...]]) -> None:
        """See that nobody waits who could meet somebody."""
        wishes = [wish for wish in self._waiting.can_meet().values() if wish.users[0] in names]
        for wish in wishes:
            for room, met in self._rooms.items():
                if wish.terms.backfill and room in rooms and _fits(wish, met, rooms[room]):
                    self._report(
                        "starved", t, f"{_names([wish])} wait, and there is a seat with {rooms[room]}"
                    )
        for key in dict.fromkeys(wish.key for wish in wishes):
            for group in _groups([wish for wish in wishes if wish.key == key]):
                people = sum(len(wish.users) for wish in group)
                if _is_valid(group, people, t):
                    self._report("starved", t, f"{_names(group)} wait, and could meet")
                    return


def _room_in(message: Message) -> tuple[str, tuple[str, ...]] | None:
    """Read from a message the room of a match, and who is in it."""
    match message:
        case RoomFound(room=room, peers=peers):
            return room, peers
        case RoomEntered(view=view) if view.code is None:
            return view.room, view.peers
        case _:
            return None


def _groups(wishes: Sequence[Wish]) -> Iterator[tuple[Wish, ...]]:
    for count in range(1, len(wishes) + 1):
        yield from combinations(wishes, count)


def _fits(wish: Wish, met: _Met, peers: Sequence[str]) -> bool:
    """Tell whether a room that takes others in certainly takes these."""
    there = [met.wishes.get(peer) for peer in peers]
    size = len(peers) + len(wish.users)
    capacity = min([each.terms.most for each in met.wishes.values()], default=0)
    return (
        None not in there
        and wish.key == next(iter(met.wishes.values())).key
        and wish.terms.least <= size <= min(capacity, wish.terms.most)
        and not any(user in peers for user in wish.users)
        and not any(
            peer in wish.terms.avoid or any(user in each.terms.avoid for user in wish.users)
            for peer, each in zip(peers, there, strict=True)
            if each is not None
        )
    )


def _is_valid(group: Sequence[Wish], people: int, t: float) -> bool:
    return all(wish.accepts(people, t) for wish in group) and not any(
        avoid(first, second) for first, second in combinations(group, 2)
    )


def _names(wishes: Sequence[Wish]) -> str:
    return " and ".join("/".join(wish.users) for wish in wishes)

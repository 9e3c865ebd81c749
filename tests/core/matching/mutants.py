"""Mistakes to be found: a line of the matching engine changed, one at a time."""

from __future__ import annotations

from types import ModuleType

from focus_signal.core import lines, open_rooms, pools, search, tickets
from tests.fuzz.planting import Plant, changed


def in_line(right: str, wrong: str) -> Plant:
    return changed(pools, "Line", lines, right, wrong)


def in_sums(right: str, wrong: str) -> Plant:
    return changed(search, "can_make", lines, right, wrong)


def in_order(right: str, wrong: str) -> Plant:
    return changed(pools, "oldest_group", search, right, wrong)


def in_search(right: str, wrong: str) -> Plant:
    return changed(pools, "Search", search, right, wrong)


def in_itself(module: ModuleType, name: str, right: str, wrong: str) -> Plant:
    return changed(module, name, module, right, wrong)


def in_pools(right: str, wrong: str) -> Plant:
    return in_itself(pools, "Pools", right, wrong)


def in_ticket(right: str, wrong: str) -> Plant:
    return in_itself(tickets, "Ticket", right, wrong)


def in_rooms(right: str, wrong: str) -> Plant:
    return in_itself(open_rooms, "OpenRooms", right, wrong)


def in_room(right: str, wrong: str) -> Plant:
    return in_itself(open_rooms, "OpenRoom", right, wrong)


SUITS = "self._users.isdisjoint(ticket.avoid) and self._avoided.isdisjoint(ticket.users)"
ROOM_SUITS = "self.members.keys().isdisjoint(ticket.avoid) and self._avoided.keys().isdisjoint(ticket.users)"

MUTANTS: dict[str, Plant] = {
    # Who is first.
    "the newest meet, and not the oldest": in_order("ones[: line.size]", "ones[-line.size :]"),
    "somebody is in a group twice": in_order("first if arrival <= first[-1] else [*", "[*"),
    "somebody is in a mixed group twice": in_order("if head != arrival:", "if True:"),
    "a mixed group is in no order": in_order("group.sort()", "group.reverse()"),
    "a mixed group takes whoever has space": in_order(" and can_make(left, missing - each)", ""),
    "who comes back stands last": in_line("insort(same, arrival)", "same.append(arrival)"),
    # Sums.
    "of a weight only one is to be had": in_line("left = min(count, top // weight)", "left = min(count, 1)"),
    "one ticket fills two places": in_line("len(same) - (each == weight)", "len(same)"),
    "what was found out stays when somebody comes": in_line("<= self.size // weight", "< 0"),
    "what was found out stays when somebody goes": in_line(") < self.size // weight", ") < 0"),
    "one too few changes nothing": in_line("<= self.size // weight", "< self.size // weight"),
    "single people count for nothing": in_sums("counts.get(1, 0)", "counts.get(0, 0)"),
    # Avoiding.
    "only who comes avoids": in_search(SUITS, "self._avoided.isdisjoint(ticket.users)"),
    "only who is there avoids": in_search(SUITS, "self._users.isdisjoint(ticket.avoid)"),
    "nobody is known to avoid": in_line("self.avoiding += avoids", "self.avoiding += 0"),
    "one is known to avoid for ever": in_line("self.avoiding -= avoids", "self.avoiding -= 0"),
    "nothing is ever taken back": in_search("if not chosen:", "if chosen or not chosen:"),
    "who was taken back still counts": in_search(
        "self._users.difference_update(self.tickets.pop().users)", "self.tickets.pop()"
    ),
    "whom they avoided is still avoided": in_search("self._avoided -= self._news.pop()", "self._news.pop()"),
    "two who avoid one are counted as one": in_search("ticket.avoid - self._avoided", "ticket.avoid"),
    # Sizes and patience.
    "the smallest size comes first": in_pools("in reversed(_accepted(ticket))", "in _accepted(ticket)"),
    "only the largest size is tried": in_pools("in reversed(_accepted(ticket))", "in [ticket.most]"),
    "nobody is patient": in_ticket("self.most if self.patient else self.least", "self.least"),
    "everybody is patient": in_ticket("self.most if self.patient else self.least", "self.most"),
    "one size is left out": in_pools("range(ticket.smallest, before)", "range(ticket.smallest + 1, before)"),
    "a party has no weight": in_ticket("self.weight = len(self.members)", "self.weight = 1"),
    "ready checks do not matter": in_ticket(
        "self.weight = len(self.members)",
        "self.weight = len(self.members); self.key = self.key._replace(ready_check=False)",
    ),
    # Counting.
    "a position counts tickets": in_pools(
        "everybody.people_up_to(ticket.arrival)",
        "sum(arrival <= ticket.arrival for same in everybody.arrivals.values() for arrival in same)",
    ),
    "those waiting never get fewer": in_pools("self._waiting -= ticket.weight", "self._waiting -= 0"),
    "more are missing than none": in_pools(
        "            max(0, ticket.smallest - there),", "            ticket.smallest - there,"
    ),
    "empty lines stay": changed(pools, "_Pool", pools, "if not line.people:", "if line.people < 0:"),
    "empty seats stay": in_pools("if not seats.people:", "if seats.people < 0:"),
    # Rooms that take others in.
    "the newest room takes them": in_rooms(
        "merge(*queues), MOST", "sorted(sum(queues, []), reverse=True), MOST"
    ),
    "a room is never too small": in_rooms("if size + weight <= capacity:", "if capacity:"),
    "one who wants more gets into a smaller room": in_rooms(
        "max(1, ticket.least - weight)", "max(1, ticket.least - weight - 1)"
    ),
    "one who wants fewer gets into a larger room": in_rooms(
        "ticket.most - weight + 1)", "ticket.most - weight + 2)"
    ),
    "an empty room takes people in": in_rooms(
        "and 0 < size < room.capacity", "and 0 <= size < room.capacity"
    ),
    "a closed room takes people in": in_rooms("room.age in self._rooms and ", ""),
    "a room stays where it was": in_rooms("if shape == room.shape:", "if room.shape is not None:"),
    "a seat goes to whoever is heavier": in_pools("if weight <= free and", "if"),
    "the room's size does not matter": in_pools(
        "pool.seats.get(size + weight)", "pool.seats.get(size + free)"
    ),
    "a room never gets smaller": in_room("self.capacity = min(self.capacity, ticket.most)", "pass"),
    "a room's members avoid nobody": in_room(ROOM_SUITS, "self.members.keys().isdisjoint(ticket.avoid)"),
    "a room's guest avoids nobody": in_room(ROOM_SUITS, "self._avoided.keys().isdisjoint(ticket.users)"),
    "who has left is still heard": in_room("self._count(avoid, -1)", "pass"),
}

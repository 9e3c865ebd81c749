"""What a command costs in the whole core, with 10,000 people waiting, on average and at worst.

    python benchmarks/matching_commands.py

The `Matchmaker` is all there is: no connection, no frame. The crowd of `waiting.py` has come, one every
half a millisecond, so that a step of five milliseconds finds the notices of ten of them due, as everyone
who waits is looked at every five seconds. Then guests come and go, one kind of command after the other, as
v1 clients send them: with a number, and with what they have seen. The clock goes on by such a step ahead of
each command.

A server that was kept from running finds more notices due at once: that is the last line but one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(REPOSITORY)

from benchmarks.matching_house import NOTICES_EVERY, STEP, Cost, House  # noqa: E402
from benchmarks.waiting import CLIQUE, HUGE, PARTY, clique, exactly, make_crowd  # noqa: E402
from focus_signal.core.commands import Cancel, LeaveRoom, Party, Ping, Relay, Terms  # noqa: E402

APART = 0.0005
_EVERYBODY = "time passes, with everyone's notice due at once"


def fill(house: House, people: int) -> None:
    """Let the crowd come."""
    for waiter in make_crowd(people).everybody:
        guest = house.open(waiter.user)
        house.join(guest, waiter.terms)
        house.pass_time(APART, None)


def meet(house: House, size: int, goes: int, name: str) -> None:
    """Let so many people meet, again and again; of each group the last one is a kind of its own."""
    guests = [house.open(f"{name}-{place}") for place in range(size)]
    for _ in range(goes):
        for guest in guests:
            last = guest is guests[-1]
            kind = f"join: the last of {name}" if last else f"join: one of {name} who waits for the others"
            house.join(guest, exactly(size), kind)
        one, other = guests[0], guests[1]
        house.ask(one, Relay(one.connection, other.user, "offer", b',"sdp":"v=0"'), "relay")
        for guest in guests:
            house.ask(guest, LeaveRoom(guest.connection), f"leave a room of {name}")
    assert [house.in_rooms[guest.connection] for guest in guests] == [goes] * size, "somebody has met nobody"
    for guest in guests:
        house.leave(guest)


def come_and_go(house: House, name: str, terms: Callable[[int], Terms], goes: int) -> None:
    """Let somebody ask on some terms, and cancel."""
    guest = house.open(f"guest-{name}")
    for go in range(goes):
        house.join(guest, terms(go), f"join: {name}")
        house.ask(guest, Cancel(guest.connection), f"cancel: {name}")
    assert guest.connection not in house.in_rooms, "somebody has met"
    house.leave(guest)


def last_of_clique(house: House, goes: int) -> None:
    """Let somebody join a clique that is there, and cancel."""
    *others, last = clique(1_000_000, CLIQUE)
    guests = [house.open(waiter.user) for waiter in others]
    for guest, waiter in zip(guests, others, strict=True):
        house.join(guest, waiter.terms)
    guest = house.open(last.user)
    for _ in range(goes):
        house.join(guest, last.terms, "join: the last of a clique of 33")
        house.ask(guest, Cancel(guest.connection), "cancel: the last of a clique of 33")
    for each in [*guests, guest]:
        assert each.connection not in house.in_rooms, "those have met who avoid each other"
        house.leave(each)


def last_of_party(house: House, goes: int) -> None:
    """Let a party come together, and one member cancel for all."""
    guests = [house.open(f"member-{place}") for place in range(PARTY)]
    terms = exactly(HUGE, party=Party("the-party-of-guests", PARTY))
    for _ in range(goes):
        for guest in guests:
            last = guest is guests[-1]
            house.join(guest, terms, f"join: {'the last' if last else 'one'} of a party of four")
        house.ask(guests[0], Cancel(guests[0].connection), "cancel: for a party of four")
    for guest in guests:
        house.leave(guest)


def connections(house: House, goes: int) -> None:
    """Let somebody come, wait, be cut off, come back, and leave; all of it in the long line."""
    for go in range(goes):
        house.pass_time(STEP)
        guest = house.open(f"caller-{go}", "connect")
        house.join(guest, exactly(HUGE))
        house.join(guest, exactly(HUGE), "join: the same again")
        house.ask(guest, Ping(guest.connection), "ping")
        house.leave(guest, "cut off while waiting", finished=False)
        house.resume(guest, "resume while waiting")
        house.leave(guest, "leave while waiting")


def patience(house: House, goes: int) -> None:
    """Let somebody accept less after a step of time."""
    guest = house.open("patient")
    terms = Terms(HUGE - 63, HUGE, patience=STEP)
    for _ in range(goes):
        house.join(guest, terms)
        house.pass_time(STEP, "time passes: patience over, 64 sizes, and the notices due")
        house.ask(guest, Cancel(guest.connection))
    house.leave(guest)


def measure_commands(people: int, goes: int) -> House:
    """Fill a house, let everything happen so many times, and return it with the costs."""
    house = House()
    with house.as_served():
        fill(house, people)
        assert house.matchmaker.statistics().waiting == people
        house.collections = Cost()
        meet(house, 2, goes, "two")
        meet(house, 4, goes, "four")
        come_and_go(house, "one more in the long line", lambda _: exactly(HUGE), goes)
        come_and_go(house, "the same, who accepts 64 sizes", lambda _: Terms(HUGE - 63, HUGE), goes)
        come_and_go(house, "a pool of one's own", lambda go: exactly(2, f"own-{go}"), goes)
        last_of_clique(house, goes)
        last_of_party(house, goes)
        connections(house, goes)
        patience(house, goes)
        assert house.matchmaker.statistics().waiting == people, "somebody of the crowd is gone"
        house.pass_time(2 * NOTICES_EVERY, _EVERYBODY)
    return house


def average_of_kinds(costs: dict[str, Cost]) -> float:
    """Return what a command costs if every kind is as frequent as any other."""
    each = [cost.average for kind, cost in costs.items() if kind != _EVERYBODY]
    return sum(each) / len(each)


def table(house: House, people: int) -> str:
    """Return the costs in markdown."""
    lines = [
        f"| a command in the core, {people:,} waiting, µs | average | worst call | counted |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {kind} | {cost.average:,.1f} | {cost.worst:,.0f} | {cost.commands:,} |"
        for kind, cost in sorted(house.costs.items(), key=lambda item: item[0] == _EVERYBODY)
    ]
    lines.append(f"| **on average, each kind alike** | {average_of_kinds(house.costs):,.1f} | | |")
    found = house.collections
    if found.commands:
        lines.append(
            f"| collections of garbage meanwhile | {found.average:,.0f} | {found.worst:,.0f} "
            f"| {found.commands:,} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    house = measure_commands(10_000, 500)
    print(table(house, 10_000))


if __name__ == "__main__":
    main()

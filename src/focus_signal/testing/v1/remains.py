"""What a matchmaker holds: its rooms, and whatever is left when everybody has gone.

What it tells of itself is not enough for that: it is looked into.
"""

# ruff: noqa: SLF001 - it looks inside
# pyright: reportPrivateUsage=false
from collections.abc import Sized

from focus_signal.core.matchmaker import Matchmaker


def look_at(
    matchmaker: Matchmaker,
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...], tuple[str, ...]]:
    """List who is in each room, who of them has no connection, and who waits."""
    rooms = matchmaker._rooms.by_id
    members = {name: tuple(member.user for member in room.members) for name, room in rooms.items()}
    away = [member.user for room in rooms.values() for member in room.members if member.connection is None]
    sessions = matchmaker._sessions.by_user.values()
    waiting = [each.user for each in sessions if each.place is not None or each.waits_for is not None]
    return members, tuple(away), tuple(waiting)


def remains_of(matchmaker: Matchmaker) -> dict[str, int]:
    """Count all that is left, by its name; nothing that is not there."""
    sessions, rooms, lobby = matchmaker._sessions, matchmaker._rooms, matchmaker._lobby
    restoring = matchmaker._restoring
    held: dict[str, Sized] = {
        "sessions by user": sessions.by_user,
        "sessions by connection": sessions.by_connection,
        "sessions by id": sessions.by_id,
        "rooms": rooms.by_id,
        "codes": rooms.by_code,
        "stale tokens": rooms.stale,
        "thinned rooms": rooms.thinned,
        "pools": lobby.pools,
        "proposals": lobby.proposals,
        "parties": lobby._parties,
        "open rooms": lobby.backfill._open_rooms,
        "rooms by age": lobby.backfill._by_age,
        "rooms to fill": lobby.backfill.to_fill,
        "expected": restoring._expected,
        "known": restoring._known,
        "shown": restoring._shown,
        "timers": matchmaker._timers,
    }
    left = {name: len(holder) for name, holder in held.items() if len(holder)}
    counts = {
        "places": lobby.waiting,
        "plain tickets": lobby._plain_tickets,
        "kept bytes": matchmaker._budget.bytes,
    }
    return left | {name: count for name, count in counts.items() if count}

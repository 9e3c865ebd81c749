"""Requests and rooms: who waits, who is matched, and what the members of a room are told."""

from collections.abc import Sequence

from focus_signal.core.commands import RequestMatch
from focus_signal.core.effects import Close, Deliver, Effect, Refused, RoomFound
from focus_signal.testing.invariants.names import Findings
from focus_signal.testing.invariants.world import World


def requested(
    world: World, findings: Findings, t: float, op: int, command: RequestMatch, effects: Sequence[Effect]
) -> None:
    """Look at what came of a request."""
    line = world.served.get(command.connection)
    if line is None:
        return
    user, size = line.user, command.size
    valid = 1 <= size <= world.plan.config.max_match_size
    speaks = world.speakers.get(user) is line
    if not speaks:
        world.lost[user, size] = ("unheard", op)
    elif line.end_read or line.withdrawn:
        world.lost[user, size] = ("ended", op)
    elif valid:
        world.ask(user, size, op)
    if not effects:
        if speaks and line.open and not valid:
            text = f"c{line.conn} of {user} asked for a room of {size} and was told nothing"
            findings.report("bad-request", t, text, (op,))
        return
    first = effects[0]
    if valid and type(first) is Deliver and type(first.message) is RoomFound:
        if _is_exact(world, effects, size, first.message):
            for member in first.message.peers:
                world.take(member, first.message.room, size)
            return
        matched(world, findings, t, effects, size, op)
    elif not (speaks and not valid and _is_refusal(effects, line.number)):
        text = f"c{line.conn} of {user} asked for a room of {size} and got {_shown(effects)}"
        findings.report("bad-request", t, text, (op,))


def matched(
    world: World, findings: Findings, t: float, effects: Sequence[Effect], size: int | None, op: int
) -> None:
    """Look at the rooms that a decision has opened.

    Args:
      world: what is known.
      findings: where violations go.
      t: when it was decided.
      effects: what was decided.
      size: the size that was asked for; None if no request was behind it.
      op: the operation behind it.
    """
    rooms: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for effect in effects:
        if type(effect) is Deliver and type(effect.message) is RoomFound:
            found = effect.message
            rooms.setdefault(found.room, []).append((effect.connection, found.peers))
    for room, told in rooms.items():
        peers = told[0][1]
        users = tuple(dict.fromkeys(peers))
        ops = [*(world.wishes[user][1] for user in users if user in world.wishes), op]
        if any(others != peers for _, others in told):
            findings.report("room-size", t, f"the members of {_named(peers)} are told different peers", ops)
        else:
            _look_at_members(world, findings, t, peers, len(peers) if size is None else size, ops)
        for user in users:
            world.take(user, room, len(peers) if size is None else size)
        _look_at_the_told(world, findings, t, peers, told, ops)


def starved(world: World, findings: Findings, t: float) -> None:
    """Look at who still waits, though enough of them do."""
    for size, queue in world.queues.items():
        here = {user: op for user, op in queue.items() if world.speakers[user].stays}
        if len(here) >= size:
            text = f"{', '.join(here)} all wait for a room of {size}"
            findings.report("starved-queue", t, text, here.values())


def _is_exact(world: World, effects: Sequence[Effect], size: int, found: RoomFound) -> bool:
    """Tell whether everything about a match is as it should be; nearly every one is."""
    peers, speakers = found.peers, world.speakers
    if len(effects) != size or len(peers) != size or tuple(world.queues.get(size, ())) != peers:
        return False
    for user, effect in zip(peers, effects, strict=True):
        if type(effect) is not Deliver or effect.connection != speakers[user].number:
            return False
        if effect.message is not found and effect.message != found:
            return False
    return True


def _look_at_members(
    world: World, findings: Findings, t: float, peers: tuple[str, ...], size: int, ops: list[int]
) -> None:
    """See whether those who have met are the ones who should have."""
    due = tuple(world.queues.get(size, ()))[:size]
    if peers == due and len(peers) == size:
        return
    wrong = False
    for user in dict.fromkeys(peers):
        if peers.count(user) > 1:
            wrong = True
            findings.report("self-match", t, f"{user} is twice in {_named(peers)}", ops)
        name, text = _misplaced(world, user, size)
        if name:
            wrong = True
            lost = world.lost.get((user, size))
            findings.report(name, t, f"{text} is in {_named(peers)}", (*ops, -1 if lost is None else lost[1]))
    if len(peers) != size:
        findings.report("room-size", t, f"{_named(peers)} was asked for as a room of {size}", ops)
    elif not wrong:
        text = f"{_named(peers)} were matched for {size}, though first came {_named(due)}"
        findings.report("fifo", t, text, (*ops, *(world.wishes[user][1] for user in due)))


def _misplaced(world: World, user: str, size: int) -> tuple[str, str]:
    """Say which invariant keeps this user out of a room of this size, and why; nothing if none does."""
    wish = world.wishes.get(user)
    if wish is not None and wish[0] == size:
        return "", ""
    why, _ = world.lost.get((user, size), ("", -1))
    match why:
        case "ended":
            return "dead-match", f"{user}, whose connection's end had been read,"
        case "replaced":
            return "fifo", f"{user}, whose place was its older connection's and is not taken over,"
        case "drained" if wish is None:
            return "drained", f"{user}, whose request ended when the server began to drain,"
        case "unheard":
            return "newest-wins", f"{user}, for whom only an older connection had asked,"
        case "moved" if wish is not None:
            return "two-queues", f"{user}, who had asked for {wish[0]} instead of {size} since,"
        case _ if wish is not None:
            return "room-size", f"{user}, who had asked for {wish[0]} and not for {size},"
        case _:
            return "two-rooms", f"{user}, who had no request that was still open,"


def _look_at_the_told(
    world: World,
    findings: Findings,
    t: float,
    peers: tuple[str, ...],
    told: list[tuple[int, tuple[str, ...]]],
    ops: list[int],
) -> None:
    """See whether each member's connection was told once, and nobody else."""
    times: dict[int, int] = {}
    for connection, _ in told:
        times[connection] = times.get(connection, 0) + 1
    for user in dict.fromkeys(peers):
        line = world.speakers.get(user)
        count = 0 if line is None else times.pop(line.number, 0)
        if line is None or not line.open:
            continue
        if count == 0:
            name = "takeover-unreachable" if world.had[user] > 1 else "room-size"
            text = f"c{line.conn} of {user} was not told that it is in {_named(peers)}"
            findings.report(name, t, text, (*ops, line.opened_by))
        elif count > peers.count(user):
            findings.report("room-size", t, f"{user} was told {count} times of {_named(peers)}", ops)
    for connection in times:
        line = world.served.get(connection)
        who = f"connection {connection}" if line is None else f"c{line.conn} of {line.user}"
        findings.report("room-size", t, f"{who} was told of {_named(peers)}, in which it is not", ops)


def _is_refusal(effects: Sequence[Effect], connection: int) -> bool:
    effect = effects[0]
    return (
        len(effects) == 1
        and type(effect) is Deliver
        and effect.connection == connection
        and type(effect.message) is Refused
        and effect.message.code == "bad-match-size"
    )


def _shown(effects: Sequence[Effect]) -> str:
    return " and ".join(
        f"a close for {effect.reason}" if isinstance(effect, Close) else type(effect.message).__name__
        for effect in effects
    )


def _named(peers: Sequence[str]) -> str:
    return f"[{', '.join(peers)}]"

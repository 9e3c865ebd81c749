"""A siege: a few users who do nothing wrong, strangers who do, and a server with little room for anything.

Every seed draws other strangers, and other moments at which they come. The limits are small enough that a few
strangers go beyond each of them, and large enough that the users do not.
"""

from collections.abc import Callable
from typing import get_args

from focus_signal.testing.keyed import generator, quantized
from focus_signal.testing.plan import (
    Hostile,
    HostileDeed,
    Join,
    Open,
    Operation,
    Plan,
    RunConfig,
    Signal,
    Verb,
)

LIMITS: dict[str, int | float] = {
    "handshake_timeout": 3.0,
    "rate_grace": 2.0,
    "head_bytes": 1_024,
    "head_lines": 12,
    "target_bytes": 256,
    "user_bytes": 32,
    "frame_bytes": 2_048,
    "max_fragments": 8,
    "nesting": 4,
    "message_rate": 5,
    "message_burst": 20,
    "byte_rate": 4_096,
    "byte_burst": 8_192,
    "max_connections": 24,
    "max_connections_per_address": 4,
    "max_connections_per_user": 3,
    "max_failures_per_address": 4,
    "max_handshakes": 6,
    "inbox_bytes": 4_096,
    "total_outbox_bytes": 16_384,
    "total_unfinished_bytes": 8_192,
}
USERS = ("ana", "bo", "cy", "dee")
SECONDS = 20.0
DEEDS: tuple[HostileDeed, ...] = get_args(HostileDeed)
# With room for whoever comes at once, and one more than each limit allows.
_TIMES: dict[HostileDeed, tuple[int, int]] = {
    "silent": (1, 12),
    "trickle": (1, 8),
    "failing": (4, 8),
    "crowd": (10, 30),
    "neighbours": (2, 8),
    "namesakes": (2, 8),
    "unfinished": (1, 8),
    "heavy-flood": (1, 10),
    "deaf": (1, 10),
    "greedy": (1, 3),
    "mute": (1, 3),
}
_PARTIES = (4, 9)
_GRACES = (0.5, 2.0, 5.0)


def draw_siege_config(seed: int) -> RunConfig:
    """Draw every option of the siege that a seed names."""
    random = generator(seed, "siege config").random
    return RunConfig(
        clients=len(USERS),
        sizes=(2,),
        seconds=SECONDS,
        latency=(0.001, 0.05) if random() < 0.7 else (0.0, 0.0),
        ping_interval=4.0,
        pong_timeout=2.0,
        outbox_bytes=12_288,
        inbox_batches=4,
        write_timeout=2.0,
        plain_streams=random() < 0.25,
        buggify={"owner.late-turn": 0.5} if random() < 0.1 else {},
        # With many, the bound in bytes is met first; with few, this one.
        outbox_messages=64 if random() < 0.7 else 16,
        limits=LIMITS,
    )


def draw_siege(seed: int, config: RunConfig) -> Plan:
    """Draw what users and strangers do."""
    random = generator(seed, "siege").random
    drawn: list[tuple[float, Callable[[int, float], Operation]]] = []
    for conn, user in enumerate(USERS, 1):
        drawn += [(0.0, _open(conn, user)), (0.5, _join(conn))]
        for _ in range(int(random() * 10)):
            # The pairs are matched by the order in which they ask.
            drawn.append((1.0 + random() * (config.seconds - 2.0), _signal(conn, USERS[(conn - 1) ^ 1])))
    for _ in range(_between(random, _PARTIES)):
        deed = DEEDS[int(random() * len(DEEDS))]
        drawn.append((1.0 + random() * 12.0, _hostile(deed, _between(random, _TIMES.get(deed, (1, 2))))))
    if random() < 0.3:
        drawn.append((3.0 + random() * 12.0, _drain(_GRACES[int(random() * len(_GRACES))])))
    drawn.sort(key=lambda each: each[0])
    operations = tuple(make(number, quantized(at)) for number, (at, make) in enumerate(drawn, 1))
    return Plan(seed=seed, config=config, operations=operations)


def _between(random: Callable[[], float], bounds: tuple[int, int]) -> int:
    least, most = bounds
    return least + int(random() * (most - least + 1))


def _open(conn: int, user: str) -> Callable[[int, float], Operation]:
    return lambda number, at: Open(id=number, at=at, conn=conn, user=user)


def _join(conn: int) -> Callable[[int, float], Operation]:
    return lambda number, at: Join(id=number, at=at, conn=conn, size=2)


def _signal(conn: int, to: str) -> Callable[[int, float], Operation]:
    return lambda number, at: Signal(id=number, at=at, conn=conn, kind="ice-candidate", to=to)


def _hostile(deed: HostileDeed, times: int) -> Callable[[int, float], Operation]:
    return lambda number, at: Hostile(id=number, at=at, deed=deed, times=times)


def _drain(grace: float) -> Callable[[int, float], Operation]:
    return lambda number, at: Verb(id=number, at=at, verb="drain", grace=grace)

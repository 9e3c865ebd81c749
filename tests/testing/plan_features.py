"""What a swarm's plans ought to hold, some in one plan and some in another, and what a plan does hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import get_args

from focus_signal.testing.plan import (
    POINTS,
    Fault,
    FaultKind,
    Join,
    Leave,
    LeaveBy,
    Open,
    Operation,
    Plan,
    Say,
    ServerVerb,
    Signal,
    Verb,
    users_of,
)
from focus_signal.testing.workload.vocabulary import BAD_SIZES, DEEDS, TEXTS, UNKNOWN_USER

OPTIONS = (
    "latency",
    "chunk",
    "bandwidth",
    "window",
    "fin_delay",
    "relay_scope",
    "seat_grace",
    "ping_interval",
    "outbox_bytes",
    "inbox_batches",
    "write_timeout",
    "transport",
    "plain_streams",
    "client_pings",
    "sizes",
)
LATENCIES = ((0.001, 0.05), (0.001, 0.005), (0.02, 0.4), (0.0, 1.0), (0.125, 0.125))


def features(plan: Plan) -> Iterator[str]:
    """Name everything that a plan holds and that some plan ought to hold."""
    config = plan.config
    yield from (f"deed {kind}" for kind in config.weights)
    yield from (f"point {point}" for point in config.buggify)
    yield f"some point: {bool(config.buggify)}"
    yield from (f"{option} {getattr(config, option)}" for option in OPTIONS)
    users = users_of(plan)
    opened: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for before, operation in zip((None, *plan.operations), plan.operations, strict=False):
        match operation:
            case Open(user=user):
                yield "takeover" if opened[user] else "return" if seen[user] else "arrival"
                if isinstance(before, Leave) and users[before.conn] == user:
                    yield "back at once" if operation.at == before.at else "back soon"
                opened[user] += 1
                seen[user] += 1
            case Leave():
                opened[users[operation.conn]] -= 1
            case Signal():
                yield from _features_of(operation, users[operation.conn], opened)
            case Verb():
                opened.clear()
            case _:
                pass
        yield from _values_of(operation)
    if max(Counter(operation.at for operation in plan.operations).values(), default=0) >= 8:
        yield "burst"
    # As many in a row as hardly come about unless they are meant to.
    candidates = groupby(plan.operations, _whose_candidate)
    if any(whose is not None and len(list(row)) >= 5 for whose, row in candidates):
        yield "clump"


def _whose_candidate(operation: Operation) -> tuple[float, int, str] | None:
    if isinstance(operation, Signal) and operation.kind == "ice-candidate":
        return operation.at, operation.conn, operation.to
    return None


def _values_of(operation: Operation) -> Iterator[str]:
    yield type(operation).__name__
    for name in ("by", "size", "text", "kind", "fault", "direction", "verb", "grace"):
        if hasattr(operation, name):
            yield f"{name} {getattr(operation, name)}"


def _features_of(signal: Signal, user: str, opened: Counter[str]) -> Iterator[str]:
    if signal.to == user:
        yield "to oneself"
    elif signal.to == UNKNOWN_USER:
        yield f"{signal.kind} to nobody"
    else:
        yield "to somebody here" if opened[signal.to] else "to somebody gone"
    if signal.claim is not None:
        yield "claim of nobody" if signal.claim == UNKNOWN_USER else "claim"
    if signal.padding >= 1_000:
        yield "padding"


EXPECTED = {
    *(f"deed {kind}" for kind in DEEDS),
    *(f"point {point}" for point in POINTS),
    "some point: True",
    "some point: False",
    *(kind.__name__ for kind in (Open, Join, Signal, Say, Leave, Fault, Verb)),
    *(f"by {by}" for by in get_args(LeaveBy)),
    *(f"fault {kind}" for kind in get_args(FaultKind)),
    *(f"verb {verb}" for verb in get_args(ServerVerb)),
    *(f"direction {direction}" for direction in ("both", "up", "down")),
    *(f"grace {grace}" for grace in (0.5, 2.0, 5.0)),
    *(f"text {text}" for text in TEXTS),
    *(f"size {size}" for size in (2, 3, 4, *BAD_SIZES)),
    *("kind offer", "kind answer", "kind ice-candidate", "claim", "claim of nobody", "padding", "burst"),
    *("to oneself", "to somebody here", "to somebody gone", "clump"),
    *("offer to nobody", "answer to nobody", "ice-candidate to nobody"),
    *("arrival", "return", "takeover", "back at once", "back soon"),
    *(f"latency {span}" for span in LATENCIES),
    *(f"chunk {size}" for size in (0, 3, 16, 64)),
    *(f"bandwidth {rate}" for rate in (0.0, 5_000.0, 50_000.0)),
    *(f"window {size}" for size in (40, 100, 512, 4_096, 65_536)),
    *(f"fin_delay {delay}" for delay in (0.0, 0.25, 1.0, 2.0)),
    *("relay_scope room", "relay_scope any", "seat_grace 2.0", "seat_grace 30.0"),
    *(f"ping_interval {interval}" for interval in (5.0, 20.0, 3600.0)),
    *(f"client_pings {interval}" for interval in (0.0, 0.5, 3.0)),
    *(f"outbox_bytes {size}" for size in (256, 1_024, 8_192, 1_048_576)),
    *("write_timeout 1.0", "write_timeout 10.0", "plain_streams True", "plain_streams False"),
    *("transport native", "transport trio-websocket"),
    *(f"inbox_batches {count}" for count in (1, 2, 64)),
    *(f"sizes {sizes}" for sizes in ((2,), (3,), (4,), (2, 3), (2, 4), (3, 4), (2, 3, 4))),
}

"""Plans for Hypothesis, for authors who want its search and its shrinker; only this file needs it."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec.structs import replace

from focus_signal.testing.keyed import quantized
from focus_signal.testing.plan import (
    Fault,
    FaultKind,
    Hostile,
    Join,
    Leave,
    Open,
    Operation,
    Plan,
    RunConfig,
    Say,
    ServerVerb,
    Signal,
    Verb,
)
from focus_signal.testing.workload.vocabulary import BAD_SIZES, TEXTS, UNKNOWN_USER

_GAPS = st.sampled_from((0.0, 0.0625, 0.25, 1.0, 4.0))
# Of the connections that are open at the time: 0 is the newest.
_CONNS = st.integers(0, 7)


def plans_of(
    plain: RunConfig,
    draw_config: Callable[[int], RunConfig],
    faults: Sequence[FaultKind],
    verbs: Sequence[ServerVerb],
) -> SearchStrategy[Plan]:
    """Give a strategy for plans.

    Args:
      plain: the config that examples shrink to; its users and sizes are those of all plans.
      draw_config: makes another config of a seed.
      faults: the faults that may occur.
      verbs: what may be done to the server.
    """
    return st.builds(
        _plan,
        st.integers(0, 255),
        st.one_of(st.just(plain), st.integers(0, 255).map(draw_config)),
        st.lists(_operations(plain, faults, verbs), max_size=plain.operations),
    )


def _operations(
    plain: RunConfig, faults: Sequence[FaultKind], verbs: Sequence[ServerVerb]
) -> SearchStrategy[Operation]:
    """Draw one operation; its time is the gap before it, its connection is counted from the newest."""
    names = [f"u{number}" for number in range(1, plain.clients + 1)]
    users = st.sampled_from(names)
    anyone = st.sampled_from((*names, UNKNOWN_USER))
    sizes = st.sampled_from((*plain.sizes, *BAD_SIZES))
    number = st.just(0)
    signals = st.builds(
        Signal,
        id=number,
        at=_GAPS,
        conn=_CONNS,
        to=anyone,
        claim=st.one_of(st.none(), st.none(), anyone),
        padding=st.sampled_from((0, 0, 0, 3_000)),
    )
    texts = st.sampled_from(TEXTS)
    kinds: list[SearchStrategy[Operation]] = [
        st.builds(Open, id=number, at=_GAPS, conn=number, user=users),
        st.builds(Join, id=number, at=_GAPS, conn=_CONNS, size=sizes),
        signals,
        st.builds(Leave, id=number, at=_GAPS, conn=_CONNS),
        st.builds(Say, id=number, at=_GAPS, conn=_CONNS, text=texts),
    ]
    if faults:
        amounts = st.sampled_from((0.25, 1.0, 64.0, 1_024.0))
        some = st.sampled_from(faults)
        kinds.append(st.builds(Fault, id=number, at=_GAPS, conn=_CONNS, fault=some, amount=amounts))
    if verbs:
        kinds.append(st.builds(Verb, id=number, at=_GAPS, verb=st.sampled_from(verbs)))
    return st.one_of(kinds)


def _plan(seed: int, config: RunConfig, drawn: Sequence[Operation]) -> Plan:
    """Number the operations, and leave out those of connections that nobody opened."""
    operations: list[Operation] = []
    opened = 0
    now = 0.0
    for operation in drawn:
        now = quantized(now + operation.at)
        number = len(operations) + 1
        if isinstance(operation, Verb):
            operations.append(replace(operation, id=number, at=now))
            if operation.verb == "stop":
                break
        elif isinstance(operation, Open):
            opened += 1
            operations.append(replace(operation, id=number, at=now, conn=opened))
        elif not isinstance(operation, Hostile) and operation.conn < opened:
            operations.append(replace(operation, id=number, at=now, conn=opened - operation.conn))
    return Plan(seed=seed, config=config, operations=tuple(operations))

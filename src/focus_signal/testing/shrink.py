"""From a plan that fails to a small one that still does: fewer operations first, then plainer values.

What a plan draws depends on what it is for and never on what was drawn before, so an operation that is taken
out leaves the others as they were; only therefore does this come far, and fast. The operations are taken out
by delta debugging (Zeller and Hildebrandt, 2002): large parts while that goes well, then smaller ones.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from attrs import define, field, frozen
from msgspec.structs import replace

from focus_signal.errors import PlanError
from focus_signal.testing.plan import (
    Fault,
    Hostile,
    Join,
    Leave,
    Open,
    Operation,
    Plan,
    RunConfig,
    Say,
    Signal,
    Verb,
)

Fails = Callable[[Plan], bool]

_LATENCY = (0.001, 0.001)
_PLAIN = RunConfig()
# In this order, each by itself; what a run does not depend on any more says so by having its usual value.
_OPTIONS: dict[str, object] = {
    "buggify": {},
    "chunk": 0,
    "bandwidth": 0.0,
    "window": _PLAIN.window,
    "fin_delay": 0.0,
    "relay_scope": _PLAIN.relay_scope,
    "seat_grace": _PLAIN.seat_grace,
    "ping_interval": _PLAIN.ping_interval,
    "outbox_bytes": _PLAIN.outbox_bytes,
    "inbox_batches": _PLAIN.inbox_batches,
    "max_match_size": _PLAIN.max_match_size,
    "write_timeout": _PLAIN.write_timeout,
    "transport": _PLAIN.transport,
    "plain_streams": False,
    "client_pings": 0.0,
}


@frozen
class Shrunk:
    """Be what came out.

    Args:
      plan: the smallest plan found that still fails.
      runs: how often a plan was tried.
      minimal: whether no operation of it can be left out; False when `max_runs` were not enough to tell.
    """

    plan: Plan
    runs: int
    minimal: bool


def shrink(plan: Plan, still_fails: Fails, *, max_runs: int = 5_000) -> Shrunk:
    """Make a failing plan smaller for as long as that goes.

    Args:
      plan: a plan that fails.
      still_fails: runs a plan and tells whether it fails in the same way; must always say the same of a plan.
      max_runs: how many plans may be tried.

    Raises:
      PlanError: the plan does not fail, or `max_runs` is below 1.
    """
    if max_runs < 1:
        raise PlanError(f"max_runs must be 1 or more, not {max_runs}")
    search = _Search(plan, still_fails, max_runs)
    if not still_fails(plan):
        raise PlanError("this plan does not fail, so there is nothing to shrink")
    while search.improve():
        pass
    return Shrunk(search.best, search.runs, minimal=not search.cut)


@define(eq=False)
class _Search:
    """Hold the smallest plan that failed so far, and try smaller ones."""

    best: Plan
    still_fails: Fails
    max_runs: int
    runs: int = field(default=1, init=False)
    # Whether something was left untried since there were runs enough.
    cut: bool = field(default=False, init=False)
    _passed: dict[bytes, None] = field(factory=dict[bytes, None], init=False)

    def improve(self) -> bool:
        """Try everything once; tell whether the plan is another one now."""
        before = self.best
        self.leave_out_connections()
        self.leave_out_meddling()
        self.leave_out_parts()
        self.simplify_config()
        self.simplify_operations()
        self.simplify_times()
        return self.best != before

    def try_plan(self, plan: Plan) -> bool:
        """Try a plan, and take it if it fails."""
        if plan == self.best:
            return False
        key = msgspec.msgpack.encode(plan)
        if key in self._passed:
            return False
        if self.runs >= self.max_runs:
            self.cut = True
            return False
        self.runs += 1
        if not self.still_fails(plan):
            self._passed[key] = None
            return False
        self.best = plan
        return True

    def try_operations(self, operations: Sequence[Operation]) -> bool:
        """Try the same plan with other operations."""
        return self.try_plan(self.best.keeping(tuple(operations)))

    # Fewer operations.

    def leave_out_connections(self) -> None:
        """Leave out everything of a connection at once."""
        conns = [operation.conn for operation in self.best.operations if isinstance(operation, Open)]
        for conn in reversed(conns):
            self.try_operations([op for op in self.best.operations if _conn_of(op) != conn])

    def leave_out_meddling(self) -> None:
        """Leave out all faults, everything that is done to the server, or all strangers."""
        for kind in (Fault, Verb, Hostile):
            self.try_operations([op for op in self.best.operations if not isinstance(op, kind)])

    def leave_out_parts(self) -> None:
        """Leave out parts of the plan, ever smaller ones, until no operation can be left out."""
        parts = 2
        while (length := len(self.best.operations)) and parts:
            parts = min(parts, length)
            if self._leave_out_one_of(parts):
                parts = max(parts - 1, 2)
            elif parts == length:
                parts = 0
            else:
                parts *= 2

    def _leave_out_one_of(self, parts: int) -> bool:
        operations = self.best.operations
        bounds = [len(operations) * index // parts for index in range(parts + 1)]
        # What came last is the least likely to have led to the failure.
        return any(
            self.try_operations(operations[: bounds[index]] + operations[bounds[index + 1] :])
            for index in reversed(range(parts))
        )

    # Plainer values.

    def simplify_config(self) -> None:
        """Give options their usual values, one after the other."""
        # A plan that stands depends no more on what it was drawn by.
        self.best = replace(self.best, config=replace(self.best.config, weights={}))
        for name, value in _OPTIONS.items():
            self.try_config({name: value})
        for point in tuple(self.best.config.buggify):
            self.try_config({"buggify": {p: x for p, x in self.best.config.buggify.items() if p != point}})
        low, _ = self.best.config.latency
        if not self.try_config({"latency": _LATENCY}):
            self.try_config({"latency": (low, low)})

    def try_config(self, changes: dict[str, object]) -> bool:
        """Try the same plan with other options."""
        return self.try_plan(replace(self.best, config=replace(self.best.config, **changes)))

    def simplify_operations(self) -> None:
        """Give each operation plainer values, for as long as that goes."""
        for index in range(len(self.best.operations)):
            while any(self._replace(index, plainer) for plainer in _plainer(self.best.operations[index])):
                pass

    def _replace(self, index: int, operation: Operation) -> bool:
        operations = self.best.operations
        return self.try_operations((*operations[:index], operation, *operations[index + 1 :]))

    def simplify_times(self) -> None:
        """Let operations happen at times that are easy to read."""
        operations = self.best.operations
        config = self.best.config
        if config.seconds > (last := operations[-1].at if operations else 0.0):
            self.try_config({"seconds": float(int(last) + 1)})
        whole = [replace(operation, at=float(index + 1)) for index, operation in enumerate(operations)]
        if [operation.at for operation in operations] == [operation.at for operation in whole]:
            return
        if self.try_operations(whole):
            return
        for step in (1.0, 0.125):
            if self.try_operations([replace(op, at=op.at // step * step) for op in operations]):
                return


def _conn_of(operation: Operation) -> int | None:
    return None if isinstance(operation, Verb | Hostile) else operation.conn


def _plainer(operation: Operation) -> Iterator[Operation]:
    """Give plainer operations, each of them one change away."""
    for name, plainer in _PLAINER[type(operation)]:
        for value in plainer(getattr(operation, name)):
            yield replace(operation, **{name: value})


# What may stand in place of a value, the plainest first; going from one to the next comes to an end.
_PLAINER: dict[type[Operation], tuple[tuple[str, Callable[[Any], Sequence[object]]], ...]] = {
    Open: (),
    Join: (("size", lambda size: range(1, min(size, 5))),),
    Signal: (
        ("padding", lambda padding: (0, padding // 2) if padding else ()),
        ("claim", lambda claim: () if claim is None else (None,)),
        ("kind", lambda kind: () if kind == "offer" else ("offer",)),
    ),
    Say: (("text", lambda text: () if text in {"", "{}"} else ("", "{}")),),
    Leave: (("by", lambda by: () if by == "close" else ("close",)),),
    Fault: (
        ("direction", lambda direction: () if direction == "both" else ("both",)),
        ("amount", lambda amount: (1.0, float(int(amount / 2))) if amount >= 2 else ()),
    ),
    Verb: (("grace", lambda grace: () if grace == 5.0 else (5.0,)),),
    Hostile: (("times", lambda times: (1, times // 2, times - 1) if times > 1 else ()),),
}

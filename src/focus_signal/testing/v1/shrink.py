"""From a plan of the workload `v1` that fails to a small one that still does.

Chance is keyed by what it is for, so an operation that is taken out leaves nearly everything else as it was:
first whole users go, then parts by delta debugging, then values become the usual ones.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec
from attrs import define, field
from msgspec.structs import fields, replace

from focus_signal.testing.v1.plan import OF_USER, Operation, V1Config, V1Plan

Fails = Callable[[V1Plan], bool]
_PLAIN = V1Config()
_OPTIONS = ("pause", "talk", "ready", "features", "replay_bytes", "ready_timeout", "grace", "seeds", "settle")
_LATENCY = (0.0625, 0.0625)


@define(eq=False)
class Shrinker:
    """Hold the smallest plan that failed so far, and try smaller ones.

    Args:
      best: a plan that fails.
      still_fails: runs a plan, and tells whether it fails in the same way.
      most: how many plans may be tried.
    """

    best: V1Plan
    still_fails: Fails
    most: int = 3_000
    runs: int = field(default=0, init=False)
    _passed: dict[bytes, None] = field(factory=dict[bytes, None], init=False)

    def shrink(self) -> V1Plan:
        """Make it smaller for as long as that goes, and give what is left."""
        before: V1Plan | None = None
        while before != self.best:
            before = self.best
            for user in reversed(self.best.config.users):
                self._try_operations(
                    [op for op in self.best.operations if not isinstance(op, OF_USER) or op.user != user]
                )
            self._leave_out_parts()
            self._simplify_config()
            for index in range(len(self.best.operations)):
                for plainer in _plainer(self.best.operations[index]):
                    operations = self.best.operations
                    self._try_operations((*operations[:index], plainer, *operations[index + 1 :]))
            self._simplify_times()
        return self.best

    def _try(self, plan: V1Plan) -> bool:
        key = msgspec.json.encode(plan)
        if plan == self.best or key in self._passed or self.runs >= self.most:
            return False
        self.runs += 1
        if not self.still_fails(plan):
            self._passed[key] = None
            return False
        self.best = plan
        return True

    def _try_operations(self, operations: Sequence[Operation]) -> bool:
        return self._try(self.best.keeping(tuple(operations)))

    def _leave_out_parts(self) -> None:
        parts = 2
        while (length := len(self.best.operations)) and parts:
            parts = min(parts, length)
            operations = self.best.operations
            bounds = [length * index // parts for index in range(parts + 1)]
            # What came last is the least likely to have led to the failure.
            if any(
                self._try_operations(operations[: bounds[index]] + operations[bounds[index + 1] :])
                for index in reversed(range(parts))
            ):
                parts = max(parts - 1, 2)
            else:
                parts = 0 if parts == length else parts * 2

    def _simplify_config(self) -> None:
        here = {op.user: None for op in self.best.operations if isinstance(op, OF_USER)}
        users = tuple(user for user in self.best.config.users if user in here)
        seeds = tuple(user for user in self.best.config.seeds if user in here)
        self._try_config(users=users, seeds=seeds)
        self._try_config(latency=_LATENCY)
        for name in _OPTIONS:
            self._try_config(**{name: getattr(_PLAIN, name)})
        for name in ("talk", "ready"):
            self._try_config(**{name: 0.0})

    def _try_config(self, **changes: object) -> None:
        self._try(replace(self.best, config=replace(self.best.config, **changes)))

    def _simplify_times(self) -> None:
        operations = self.best.operations
        last = operations[-1].at if operations else 0.0
        if self.best.config.seconds > last + 1:
            self._try_config(seconds=float(int(last) + 1))
        for step in (1.0, 0.125):
            if self._try_operations([replace(op, at=op.at // step * step) for op in operations]):
                return


def _plainer(operation: Operation) -> Iterator[Operation]:
    """Give plainer operations, each of them one change away: with a usual value in place of another one."""
    for info in fields(operation):
        if info.default is not msgspec.NODEFAULT and getattr(operation, info.name) != info.default:
            yield replace(operation, **{info.name: info.default})

"""How much a server holds: every map, list, set, queue and buffer in it, each counted under its path.

Nothing has to be registered, so one that was added yesterday is seen today. Containers of the same path, such
as the outboxes of all connections, are added up: `server._connections[*]._outbox._frames`.
"""

from __future__ import annotations

import functools
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, MutableSet

import attrs
import trio

from focus_signal.wire.close_codes import CLOSE_CODES

_OURS = "focus_signal"
_NOTHING = object()
_PLAIN = (str, bytes, int, float, bool, complex, type(None), type, types.ModuleType)


def census(server: object) -> dict[str, int]:
    """Return how many entries every container that can be reached from a server has.

    Followed are the attributes of this package's objects, what containers hold, and what functions were
    given to keep; also the variables of the package's modules. What waits in a memory channel counts too.
    """
    walk = _Walk()
    walk.follow("server", server)
    for name, module in sorted(sys.modules.items()):
        if _is_ours(name):
            for variable, value in sorted(vars(module).items()):
                if not variable.startswith("__"):
                    walk.follow(f"{name}:{variable}", value)
    return walk.sizes


def left_over(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return the containers that hold more than before, each with both sizes."""
    grown = {path: (before.get(path, 0), size) for path, size in after.items()}
    return {path: sizes for path, sizes in sorted(grown.items()) if sizes[1] > sizes[0]}


def _is_ours(module: str) -> bool:
    return module == _OURS or module.startswith(f"{_OURS}.")


@attrs.define(eq=False)
class _Walk:
    """Visit everything once; `sizes` is what was found."""

    sizes: dict[str, int] = attrs.field(factory=dict[str, int])
    # What was visited is kept, so that its id stays its own.
    _seen: dict[int, object] = attrs.field(factory=dict[int, object])

    def follow(self, path: str, thing: object) -> None:
        # The nearest first, so that what lives as long as the server is reached by a path that does too.
        waiting = deque([(path, thing)])
        while waiting:
            path, thing = waiting.popleft()
            if isinstance(thing, _PLAIN) or id(thing) in self._seen:
                continue
            self._seen[id(thing)] = thing
            waiting += self._inside(path, thing)

    def _inside(self, path: str, thing: object) -> Iterator[tuple[str, object]]:
        if isinstance(thing, MutableMapping | MutableSequence | MutableSet):
            if not _counts_closes(thing):
                self._count(path, len(thing))
            if isinstance(thing, bytearray):
                return
            yield from ((f"{path}[*]", each) for each in list(thing))
            if isinstance(thing, MutableMapping):
                yield from ((f"{path}[*]", each) for each in list(thing.values()))
        elif isinstance(thing, tuple | frozenset):
            yield from ((path, each) for each in thing)
        elif isinstance(thing, trio.MemorySendChannel | trio.MemoryReceiveChannel):
            statistics = thing.statistics()
            self._count(f"{path}.waiting", statistics.current_buffer_used + statistics.tasks_waiting_send)
        elif isinstance(thing, types.MethodType):
            yield path, thing.__self__
        elif isinstance(thing, functools.partial):
            yield path, (thing.func, thing.args, *thing.keywords.values())
        elif isinstance(thing, types.FunctionType):
            yield from _kept_by(path, thing)
        elif any(_is_ours(each.__module__) for each in type(thing).__mro__):
            yield from ((f"{path}.{name}", value) for name, value in _attributes(thing))

    def _count(self, path: str, size: int) -> None:
        self.sizes[path] = self.sizes.get(path, 0) + size


def _counts_closes(thing: object) -> bool:
    """Tell whether this is a number for each name of a close: it grows to the length of their table."""
    return (
        isinstance(thing, Mapping)
        and all(name in CLOSE_CODES and isinstance(number, int) for name, number in thing.items())
        and bool(thing)
    )


def _kept_by(path: str, function: types.FunctionType) -> Iterator[tuple[str, object]]:
    """Give the variables that a function has taken along from where it was made."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"{path}<{name}>", cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def _attributes(thing: object) -> Iterator[tuple[str, object]]:
    for each in type(thing).__mro__:
        slots = each.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            value = getattr(thing, name, _NOTHING)
            if value is not _NOTHING and name not in {"__dict__", "__weakref__"}:
                yield name, value
    for name in getattr(type(thing), "__struct_fields__", ()):  # msgspec keeps them out of sight
        yield name, getattr(thing, name)
    yield from getattr(thing, "__dict__", {}).items()

"""Names of the whole process, replaced for one thread, one simulation at a time, and put back.

Trio's scheduler, the operating system's randomness and the clocks are names in modules, which all threads
share. What stands in for them looks at the thread that calls and gives every other thread the real thing. Two
simulations at once would restore each other's leavings, so there is one holder, and nobody waits for it: a
thread that waited could be the one that the holder waits for.
"""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any

from attrs import define, field


@define(eq=False)
class Hold:
    """Tell which thread holds a kind of patch; what was patched asks, as somebody may keep it for longer."""

    thread: int | None

    def is_mine(self) -> bool:
        """Tell whether the patch is in force for the thread that asks."""
        return self.thread == get_ident()


@define(eq=False)
class _Holder:
    lock: Lock = field(factory=Lock, init=False)
    thread: int | None = field(default=None, init=False)
    kinds: dict[str, None] = field(factory=dict[str, None], init=False)


_HOLDER = _Holder()


@contextmanager
def exclusive(kind: str) -> Generator[Hold]:
    """Take one kind of patch for this thread.

    Args:
      kind: the name of what patches, for the error's text.

    Raises:
      RuntimeError: it is taken already, or another thread holds any kind.
    """
    own = get_ident()
    with _HOLDER.lock:
        if _HOLDER.thread not in {None, own}:
            raise RuntimeError(
                f"{kind}: another thread of this process is in a simulation; use one process for each instead"
            )
        if kind in _HOLDER.kinds:
            raise RuntimeError(f"{kind} is already in force in this thread, and cannot be nested")
        _HOLDER.thread = own
        _HOLDER.kinds[kind] = None
    hold = Hold(own)
    try:
        yield hold
    finally:
        hold.thread = None
        with _HOLDER.lock:
            del _HOLDER.kinds[kind]
            if not _HOLDER.kinds:
                _HOLDER.thread = None


@contextmanager
def replaced(*patches: tuple[Any, str, object]) -> Generator[None]:
    """Put other values under names; what was there before comes back, whatever was put there since.

    Args:
      patches: the module or class, the name of its own that is replaced, and the value.
    """
    kept: list[tuple[Any, str, object]] = [(owner, name, vars(owner)[name]) for owner, name, _ in patches]
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)

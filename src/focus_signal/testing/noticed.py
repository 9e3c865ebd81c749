"""What must happen now and then: a campaign in which it never does says nothing about it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_seen: ContextVar[dict[str, bool] | None] = ContextVar("focus_signal_sometimes", default=None)


def sometimes(name: str, condition: object) -> bool:
    """Tell the campaign whether something that must hold in at least one of its seeds holds here.

    Args:
      name: what it is called in the account.
      condition: whether it holds; anything that is true or false.

    Returns:
      the condition, as a bool. Outside a simulation nothing else happens.
    """
    holds = bool(condition)
    seen = _seen.get()
    if seen is not None:
        seen[name] = seen.get(name, False) or holds
    return holds


@contextmanager
def noting_sometimes() -> Generator[dict[str, bool]]:
    """Collect, in the block, what was named and whether it held at least once."""
    seen: dict[str, bool] = {}
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)

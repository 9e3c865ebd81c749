"""Randomness from a seed, for the thread that simulates: the operating system's, and that of `random`.

Covered are `os.urandom` and `os.getrandom`, and with them `secrets`, `uuid.uuid4`, `random.SystemRandom`, the
masks and keys of wsproto; the functions of `random`, also those that somebody took from it before; and a
`random.Random()` made without a seed. Every other thread draws from what it drew from before, and goes on
there afterwards.

Not covered: `os.urandom` taken by its name before (but for the one in `random`), OpenSSL's own generator,
`uuid.uuid1`, and the order of sets. Another thread that took a function from `random` before shares the
seeded one.
"""

import os
import random
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from focus_signal.testing.determinism.patching import Hold, exclusive, replaced
from focus_signal.testing.keyed import generator

# The generator behind the functions of the module, and their names.
_SHARED: random.Random = vars(random)["_inst"]
_FUNCTIONS = tuple(
    name for name in random.__all__ if getattr(getattr(random, name), "__self__", None) is _SHARED
)


@contextmanager
def seeded_entropy(seed: int) -> Generator[None]:
    """Draw from a seed in this thread within the block; what was before comes back at its end.

    Raises:
      RuntimeError: within another such block.
    """
    with exclusive("seeded_entropy()") as hold:
        bytes_of = generator(seed, "entropy", "system").randbytes
        others = random.Random(0)  # noqa: S311 - goes on with the generator that the other threads had
        others.setstate(_SHARED.getstate())
        with (
            replaced(*_for_system(hold, bytes_of), (random.Random, "seed", _seed(hold, bytes_of))),
            replaced(*((random, name, _Forked(hold, name, others)) for name in _FUNCTIONS)),
        ):
            _SHARED.seed(generator(seed, "entropy", "random").getrandbits(64))
            try:
                yield
            finally:
                _SHARED.setstate(others.getstate())


def _for_system(hold: Hold, bytes_of: Callable[[int], bytes]) -> Iterator[tuple[Any, str, object]]:
    for owner, name in ((os, "urandom"), (random, "_urandom"), (os, "getrandom")):
        if hasattr(owner, name):  # getrandom is Linux's
            yield owner, name, _System(hold, getattr(owner, name), bytes_of)


class _System:
    """Give bytes from the seed in one thread, and the system's in all others."""

    def __init__(self, hold: Hold, real: Callable[..., bytes], bytes_of: Callable[[int], bytes]) -> None:
        self._hold = hold
        self._real = real
        self._bytes_of = bytes_of

    def __call__(self, size: int, *args: object, **kwargs: object) -> bytes:
        # A size that the system refuses is refused by the system.
        if self._hold.is_mine() and size >= 0:
            return self._bytes_of(size)
        return self._real(size, *args, **kwargs)


class _Forked:
    """Call a function of the shared generator in one thread, and its like of another generator elsewhere."""

    def __init__(self, hold: Hold, name: str, others: random.Random) -> None:
        self._hold = hold
        self._own: Callable[..., object] = getattr(_SHARED, name)
        self._theirs: Callable[..., object] = getattr(others, name)

    def __call__(self, *args: object, **kwargs: object) -> object:
        # Nobody holds it any more: the shared one is everybody's again.
        if self._hold.thread is None or self._hold.is_mine():
            return self._own(*args, **kwargs)
        return self._theirs(*args, **kwargs)


def _seed(hold: Hold, bytes_of: Callable[[int], bytes]) -> Callable[..., None]:
    real: Callable[..., None] = random.Random.seed

    def seed(self: random.Random, a: float | str | bytes | bytearray | None = None, version: int = 2) -> None:
        if a is None and hold.is_mine():
            a = int.from_bytes(bytes_of(32))
        real(self, a, version)

    return seed

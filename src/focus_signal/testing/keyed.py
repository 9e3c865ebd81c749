"""Chance by name: what is drawn depends on the seed and on what it is for, never on what was drawn before.

So an operation that is taken out of a plan, or a link that is added, changes nothing for the others; that is
what lets a failing plan shrink.
"""

from hashlib import blake2b
from random import Random

QUANTUM = 2.0**-20
"""The step of virtual time, in seconds: sums of such steps are exact, whatever their order."""

Key = int | str


def draw(seed: int, *key: Key) -> float:
    """Draw a number from 0 up to, not including, 1."""
    return (_digest(seed, key) >> 11) * 2.0**-53


def draw_seconds(low: float, high: float, seed: int, *key: Key) -> float:
    """Draw a time between two, in whole steps of virtual time."""
    return quantized(low + (high - low) * draw(seed, *key))


def quantized(seconds: float) -> float:
    """Round a time down to whole steps of virtual time."""
    return seconds // QUANTUM * QUANTUM


def generator(seed: int, *key: Key) -> Random:
    """Give a generator of its own, for whoever needs more than one number."""
    return Random(_digest(seed, key))  # noqa: S311 - repeatable on purpose; decides nothing secret


def _digest(seed: int, key: tuple[Key, ...]) -> int:
    text = "\0".join(map(str, (seed, *key)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())

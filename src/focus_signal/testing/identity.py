"""Ids that a seed decides, in the shape that the real server gives them."""

from collections.abc import Callable
from hashlib import blake2b
from itertools import count


def room_ids(seed: int) -> Callable[[], str]:
    """Give a function that gives one new room id after the other, each a UUID of version 4 (RFC 9562)."""
    numbers = count(1)

    def new_id() -> str:
        digits = blake2b(b"room %d of %d" % (next(numbers), seed), digest_size=16).hexdigest()
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    return new_id

"""Ids that a seed decides, in the shape that the real server gives them; the keys and the wall clock too."""

from collections.abc import Callable
from hashlib import blake2b
from itertools import count

import trio

from focus_signal.access.keys import Keys

KEYS = Keys((b"the keys of every server in a simulation",))
"""Sign what every server in a simulation signs, so that the next one knows it again."""

_EPOCH = 1_700_000_000.0


def wall_time() -> float:
    """Tell what a wall clock would say that runs with the virtual one."""
    return _EPOCH + trio.current_time()


def room_ids(seed: int) -> Callable[[], str]:
    """Give a function that gives one new room id after the other, each a UUID of version 4 (RFC 9562)."""
    numbers = count(1)

    def new_id() -> str:
        digits = blake2b(b"room %d of %d" % (next(numbers), seed), digest_size=16).hexdigest()
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    return new_id

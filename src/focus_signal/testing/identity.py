"""Ids that a seed decides, in the shape that the real server gives them."""

from collections.abc import Callable
from itertools import count
from uuid import UUID

from focus_signal.testing.keyed import generator


def room_ids(seed: int) -> Callable[[], str]:
    """Give a function that gives one new room id after the other."""
    numbers = count(1)

    def new_id() -> str:
        bits = generator(seed, "room", next(numbers)).getrandbits(128)
        return str(UUID(int=bits, version=4))

    return new_id

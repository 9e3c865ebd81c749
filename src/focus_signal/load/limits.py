"""How many descriptors this process may have: asked ahead, so that nothing breaks in the middle."""

import resource

from focus_signal.access.descriptors import raise_soft_limit
from focus_signal.load.faults import Unreachable

_SPARE = 64


def check_descriptors(connections: int) -> None:
    """Make room for so many connections.

    Raises:
      Unreachable: the hard limit is too low.
    """
    needed, limit = connections + _SPARE, raise_soft_limit()
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise Unreachable(
            f"{connections} connections need {needed} open files, and the hard limit is {limit} "
            "(see ulimit -Hn)"
        )

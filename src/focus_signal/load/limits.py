"""How many descriptors this process may have: asked ahead, so that nothing breaks in the middle."""

import resource

from focus_signal.load.faults import Unreachable

_SPARE = 64


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one, here and in every child; return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def check_descriptors(connections: int) -> None:
    """Make room for so many connections.

    Raises:
      Unreachable: the hard limit is too low.
    """
    needed, limit = connections + _SPARE, raise_descriptor_limit()
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise Unreachable(
            f"{connections} connections need {needed} open files, and the hard limit is {limit} "
            "(see ulimit -Hn)"
        )

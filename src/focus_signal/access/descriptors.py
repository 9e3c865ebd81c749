"""How many descriptors this process may have, for whoever may change that: a program, not a library."""

import resource


def raise_soft_limit() -> int:
    """Raise the soft limit of descriptors to the hard one; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # some systems name a hard limit that they do not grant
        return soft
    return hard

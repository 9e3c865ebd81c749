"""From which pages a browser may connect (RFC 6454; RFC 6455, section 10.2).

A browser says by itself which page speaks, and no page can change that. Whatever is no browser may claim any
origin or none, so that asking it for one would keep nobody out.
"""

import re
from collections.abc import Sequence

_is_origin = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:\*\.)?(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
).fullmatch
_ANY_BELOW = "://*."


def is_origin(text: str) -> bool:
    """Tell whether this can stand in a list of origins, such as "https://example.org:8443".

    A host that begins with "*." stands for every host below it.
    """
    return _is_origin(text.lower()) is not None


def may_connect(origin: str, allowed: Sequence[str]) -> bool:
    """Tell whether a page of this origin may connect.

    Args:
      origin: what the browser says.
      allowed: origins, each of them one by `is_origin`.
    """
    came = origin.lower()
    return any(_is_same(came, each.lower()) for each in allowed)


def _is_same(came: str, allowed: str) -> bool:
    scheme, below, host = allowed.partition(_ANY_BELOW)
    if not below:
        return came == allowed
    return came.startswith(f"{scheme}://") and came.endswith(f".{host}")

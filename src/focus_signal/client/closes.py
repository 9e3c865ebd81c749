"""What the end of a connection says about coming back: the protocol's table "Closes", for a client."""

import re

from attrs import frozen

NO_GOODBYE = 1006
"""What the end of a connection without a close frame counts as."""
RESTART = 1012
"""It comes behind every answer: whatever is unanswered then was not done."""

# Others below 4000 are nobody's business but RFC 6455's: what a client of ours gets by them would come again.
_BACK = {1001, 1005, NO_GOODBYE, 1011, RESTART, 1013}
_WITH_A_NEW_TOKEN = {4502, 4503}
_retry = re.compile(r"\bretry=(\d{1,9})\b").search


@frozen
class Ending:
    """Be what is to be done when a connection has ended.

    Args:
      back: whether to come back.
      wait: seconds to let pass before that, at the least.
    """

    back: bool
    wait: float = 0.0


def judge(code: int, reason: str, *, new_token: bool = False) -> Ending:
    """Read a close code and its reason.

    Args:
      code: the close code; 1006 if there was none.
      reason: `name`, or `name retry=S`.
      new_token: whether there is another authentication token than the one of this connection.
    """
    back = code in _BACK or 4000 <= code < 4500 or (new_token and code in _WITH_A_NEW_TOKEN)
    found = _retry(reason)
    return Ending(back, float(found[1]) if back and found is not None else 0.0)

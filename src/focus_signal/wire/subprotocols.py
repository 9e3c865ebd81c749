"""What a client offers with its handshake in `Sec-WebSocket-Protocol` (RFC 6455, section 11.3.4).

A browser can set no other header, and logs keep addresses. So a client of `focus-signal.v1` puts there,
beside the protocol's name, the session that it means to resume and the token that says who it is.
"""

import re
from collections.abc import Iterable

from attrs import field, frozen

from focus_signal.errors import HttpRefused

V1 = "focus-signal.v1"
"""The one subprotocol that is ever answered."""

_RESUME = "resume."
_TOKEN = "token."  # noqa: S105 - what stands before one
_LARGEST_SEEN = (1 << 53) - 1

# RFC 7230, section 3.2.6.
_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_resume = re.compile(r"resume\.([^.]+)\.(0|[1-9][0-9]{0,15})").fullmatch


@frozen
class V1Offer:
    """Be the offer of a client that speaks `focus-signal.v1`.

    Args:
      resume: the token of the session that it means to resume, of which nothing is known yet; None if there
        is no such session, or what names it is malformed.
      seen: the number of the last message that it has handled in it.
      token: says who it is, to whoever can read it; None if it brings none, or more than one.
      malformed: whether it names a session in a form that is none, or more than one.
    """

    # Neither is to be seen in a log.
    resume: str | None = field(default=None, repr=False)
    seen: int = 0
    token: str | None = field(default=None, repr=False)
    malformed: bool = False


def offer_of(values: Iterable[str]) -> V1Offer | None:
    """Read what a client offers.

    Args:
      values: the values of all header lines of that name, each a list; single names do as well.

    Returns:
      the offer; None if `focus-signal.v1` is not in it: such a client speaks the seed's dialect, and no
      subprotocol is answered.

    Raises:
      HttpRefused: something in the list can be no subprotocol's name.
    """
    members = ",".join(values).split(",")
    # A list may have empty members (RFC 7230, section 7).
    names = [name for member in members if (name := member.strip(" \t"))]
    if not all(map(_is_token, names)):
        raise HttpRefused(400, "Sec-WebSocket-Protocol must be a list of names that are tokens.")
    if V1 not in names:
        return None
    # Of two nobody could tell which is meant, so neither counts.
    tokens = [name.removeprefix(_TOKEN) for name in names if name.startswith(_TOKEN)]
    token = tokens[0] or None if len(tokens) == 1 else None
    sessions = [name for name in names if name.startswith(_RESUME)]
    if not sessions:
        return V1Offer(token=token)
    found = _resume(sessions[0]) if len(sessions) == 1 else None
    if found is None or int(found[2]) > _LARGEST_SEEN:
        return V1Offer(token=token, malformed=True)
    return V1Offer(found[1], int(found[2]), token)

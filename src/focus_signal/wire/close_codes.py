"""Every way in which this server closes a WebSocket: one table.

Codes from 1000 to 1015 are RFC 6455's (section 7.4.1). Of our own, 4000 to 4499 tell a client to come back
and 4500 to 4999 tell it not to. The reason goes onto the wire as it stands here; browsers show it to the
page.
"""

from typing import Literal

from attrs import frozen

CloseName = Literal[
    "done",
    "protocol-error",
    "text-only",
    "not-utf-8",
    "user-id-missing",
    "too-big",
    "internal-error",
    "restart",
    "too-slow",
    "no-pong",
    "flood",
    "id-in-use",
    "bad-request",
    "replaced",
    "not-allowed",
    "token-ended",
    "removed",
]


@frozen
class CloseCode:
    """Be one row of the table.

    Args:
      code: the number on the wire.
      reason: the text on the wire, at most 123 bytes of UTF-8.
      meaning: what it says to whoever reads the documentation.
      v1_only: whether only clients of the protocol `focus-signal.v1` can get it.
    """

    code: int
    reason: str
    meaning: str
    v1_only: bool = False


CLOSE_CODES: dict[CloseName, CloseCode] = {
    "done": CloseCode(1000, "", "the peer closed, and this is the answer"),
    "protocol-error": CloseCode(1002, "protocol-error", "what came is not WebSocket as RFC 6455 has it"),
    "text-only": CloseCode(1003, "text-only", "a binary message came; signaling is text"),
    "not-utf-8": CloseCode(1007, "not-utf-8", "a text, or the reason of a close frame, was not UTF-8"),
    "user-id-missing": CloseCode(
        1008, "Missing userId parameter.", "the address has no userId, or an empty one"
    ),
    "too-big": CloseCode(1009, "too-big", "a message was larger than a frame may be"),
    "internal-error": CloseCode(1011, "internal-error", "a fault of the server's own"),
    "restart": CloseCode(1012, "restart", "the server is stopping; come back"),
    "too-slow": CloseCode(4001, "too-slow", "the peer did not read what it was sent"),
    "no-pong": CloseCode(4002, "no-pong", "the peer did not answer a ping in time"),
    "flood": CloseCode(4003, "flood", "the peer went on sending more than it may"),
    "id-in-use": CloseCode(
        4004, "id-in-use", "somebody else's session has this user id; come back when it has ended"
    ),
    "bad-request": CloseCode(
        4500,
        "bad-request",
        "a resume named what was never sent: the client's state is wrong; begin anew",
        v1_only=True,
    ),
    "replaced": CloseCode(4501, "replaced", "a newer connection speaks for this user; do not come back"),
    "not-allowed": CloseCode(
        4502, "not-allowed", "the token does not allow this; bring another one", v1_only=True
    ),
    "token-ended": CloseCode(4503, "token-ended", "the token's time is over; bring a new one", v1_only=True),
    "removed": CloseCode(4504, "removed", "whoever runs the server has ended the session", v1_only=True),
}

DONE = CLOSE_CODES["done"].code
"""By which a peer says that it does not mean to come back."""

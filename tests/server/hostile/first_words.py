"""What comes along with a handshake, or right behind it: a talk in pieces, an early end, nobody's name."""

from __future__ import annotations

from attrs import frozen

from tests.server.hostile.frame_row import ENDS, PROTOCOL_ERROR, TEXT_ONLY, Events, closed_with
from tests.server.hostile.frames import BINARY, PING, close, fragments, frame, text

NAMELESS = (
    "",
    "?",
    "?userId",
    "?userId=",
    "?userId=&userId=x",
    "?userid=x",
    "?USERID=x",
    "?user=x",
    "?xuserId=x",
)
WITHOUT_A_NAME = closed_with("1008 Missing userId parameter.")

TARGET = "/signal?userId=early"
JOIN = text('{"type":"matchmaking","matchSize":1}')
# A length of each form, a message in fragments, and a ping among them: the ends of all of them are cut at.
TALK = (
    text('{"type":"short"}')
    + text('{"type":"' + "l" * 120 + '"}')
    + fragments(b'{"type":', b'"in-', b'pieces"}')
    + frame(PING, b"now")
    + JOIN
)
HEARD = ["error unknown-type", "error unknown-type", "error unknown-type", "pong now", "room-found"]

EARLY_SIZES = (1, 500, 5_000, 50_000)


def early(size: int) -> bytes:
    """Write ten messages with so many letters each."""
    return text('{"type":"' + "e" * size + '"}') * 10


@frozen
class EarlyEnd:
    """Be what ends a connection along with its handshake."""

    name: str
    sent: bytes
    wanted: Events
    on_library: Events

    @property
    def peer_closes(self) -> bool:
        """Tell whether it is the peer that says goodbye."""
        return self.wanted not in {TEXT_ONLY, PROTOCOL_ERROR}


EARLY_ENDS = (
    EarlyEnd("a close frame", close(1000), closed_with("1000"), closed_with("1000")),
    # Whoever has said goodbye may have no answer to what came before it.
    EarlyEnd(
        "a close frame behind a message",
        text("{}") + close(3333),
        closed_with("3333"),
        closed_with("3333"),
    ),
    EarlyEnd("a binary message", frame(BINARY, b"{}"), TEXT_ONLY, TEXT_ONLY),
    EarlyEnd("an opcode that there is not", frame(3), PROTOCOL_ERROR, ENDS),
)

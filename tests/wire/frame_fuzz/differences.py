"""Where a library says something else than is wanted of this server, each with its reason: one table.

A row is as narrow as it can be: what the library says, on what frame, and what is wanted instead. Each has an
example, and a test shows with it that the library still says that; a row that a later version makes untrue
fails there. Whatever no row names has to be the same.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Literal

from attrs import define, frozen

from tests.server.hostile.frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, close, frame, text
from tests.wire.frame_fuzz.case import Limits, Verdict
from tests.wire.frame_fuzz.libraries import LIBRARIES, LibraryName
from tests.wire.frame_fuzz.walk import Frame

SERVED: Literal["served"] = "served"
"""What is wanted where a library refuses what is allowed: nothing ends. It can be asked no further."""


@define(eq=False)
class Message:
    """Be the fragments of a message so far; none when no message is open."""

    parts: int = 0
    content: bytes = b""

    def add(self, frame: Frame) -> None:
        """Take a frame of data that was not refused."""
        self.parts, self.content = (0, b"") if frame.final else (self.parts + 1, self.content + frame.payload)


@frozen
class Look:
    """Be a frame where it stands, and what the library has said of it.

    Args:
      frame: the frame, perhaps not whole.
      message: the message that is open in front of it.
      limits: the bounds that hold.
      theirs: what the library said.
    """

    frame: Frame
    message: Message
    limits: Limits
    theirs: Verdict

    @property
    def is_in_form(self) -> bool:
        """Tell whether nothing in the first two bytes is wrong (RFC 6455, sections 5.2, 5.4 and 5.5)."""
        frame, opcode = self.frame, self.frame.opcode
        if frame.raw[0] & 0x70 or not frame.masked:
            return False
        if opcode in (8, 9, 10):
            return frame.final and frame.field <= 125
        return opcode == CONTINUATION if self.message.parts else opcode in (TEXT, BINARY)

    @property
    def has_shortest_length(self) -> bool:
        """Tell whether the length is there, in as few bytes as hold it, and below 2^63."""
        length = self.frame.length
        return length is not None and {126: 126, 127: 1 << 16}.get(self.frame.field, 0) <= length < 1 << 63

    @property
    def is_data(self) -> bool:
        """Tell whether it is a frame of a message, with nothing wrong in its head."""
        return self.is_in_form and not self.frame.is_control and self.has_shortest_length

    @property
    def is_too_big(self) -> bool:
        return len(self.message.content) + (self.frame.length or 0) > self.limits.max_bytes

    @property
    def closes(self) -> bool:
        """Tell whether it is a whole close frame with a code, with nothing wrong in its head."""
        whole = self.frame.opcode == CLOSE and self.frame.is_whole and self.is_in_form
        return whole and len(self.frame.payload) >= 2

    @property
    def code(self) -> int:
        return int.from_bytes(self.frame.payload[:2])

    @property
    def has_allowed_code(self) -> bool:
        """Tell whether the code may be sent (section 7.4, and the registry: 1012 to 1014)."""
        return self.code in {1000, 1001, 1002, 1003, *range(1007, 1015)} or 3000 <= self.code <= 4999


def is_text(content: bytes, *, final: bool) -> bool:
    """Tell whether bytes are UTF-8, or the beginning of it."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=final)
    except UnicodeDecodeError:
        return False
    return True


@frozen
class Difference:
    """Be one row.

    Args:
      library: whose it is.
      name: what to count it under.
      reason: what the library does, and what it is measured by.
      theirs: what the library may say for the row to apply; "closed" is for any code.
      applies: whether it does.
      wanted: what is wanted in place of it; "closed" is with the code that the frame holds.
      example: bytes of which the last frame shows it, when a message has at most 1,024 bytes in 64 fragments.
    """

    library: LibraryName
    name: str
    reason: str
    theirs: tuple[Verdict, ...]
    applies: Callable[[Look], bool]
    wanted: Verdict
    example: bytes


def _served_1014(look: Look) -> bool:
    return look.closes and look.code == 1014 and is_text(look.frame.payload[2:], final=True)


def _is_not_text(look: Look) -> bool:
    if not (look.is_data and look.frame.is_whole and look.frame.opcode != BINARY):
        return False
    return not is_text(look.message.content + look.frame.payload, final=look.frame.final)


_OPEN = frame(TEXT, b"a" * 1000, fin=False)
_64_FRAGMENTS = frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 63

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "wsproto",
        "no limit on sizes",
        "the bytes of a message are for its user to count; here its frame's declared length is believed",
        (None, "1007"),
        lambda look: look.is_data and look.frame.opcode != BINARY and look.is_too_big,
        "1009",
        text(b"a" * 1025),
    ),
    Difference(
        "wsproto",
        "no limit on fragments",
        "RFC 6455 has none; here a message has at most so many",
        (None, "1007"),
        lambda look: look.is_data and look.message.parts >= look.limits.max_fragments,
        "1009",
        _64_FRAGMENTS + frame(CONTINUATION),
    ),
    Difference(
        "wsproto",
        "binary messages",
        "they are as good as text; here they are refused, whatever their size",
        (None,),
        lambda look: look.is_data and look.frame.opcode == BINARY,
        "1003",
        frame(BINARY, b"a"),
    ),
    Difference(
        "wsproto",
        "the code 1014",
        "it is in the registry that section 7.4.2 founded, but not in this library's table",
        ("1002",),
        _served_1014,
        "closed 1014",
        close(1014, b"why"),
    ),
    Difference(
        "wsproto",
        "the code 1014, and a reason that is not UTF-8",
        "the same, and the code is judged first",
        ("1002",),
        lambda look: look.closes and look.code == 1014 and not _served_1014(look),
        "1007",
        close(1014, b"\xff"),
    ),
    Difference(
        "websockets",
        "lengths not in the shortest form",
        "they are taken for what they say; section 5.2 wants the fewest bytes",
        (None, "1009", "1007", "closed"),
        lambda look: (
            look.frame.length is not None and look.frame.length < 1 << 63 and not look.has_shortest_length
        ),
        "1002",
        frame(TEXT, b"hello", form=16),
    ),
    Difference(
        "websockets",
        "lengths from 2^63",
        "they are too big like any other; section 5.2 wants the first bit to be 0",
        ("1009",),
        lambda look: look.frame.length is not None and look.frame.length >= 1 << 63,
        "1002",
        frame(TEXT, declared=1 << 63),
    ),
    Difference(
        "websockets",
        "a size is judged before the rest of a head",
        "reserved bits, the order of frames and the form of control frames come after it",
        ("1009",),
        lambda look: not look.is_in_form,
        "1002",
        frame(TEXT, b"a" * 1025, rsv=2),
    ),
    Difference(
        "websockets",
        "a size counts for control frames",
        "they are measured by what is left to the message around them, of which they are no part (5.4)",
        ("1009",),
        lambda look: look.is_in_form and look.frame.is_control,
        SERVED,
        _OPEN + frame(PING, b"a" * 25),
    ),
    Difference(
        "websockets",
        "binary messages",
        "they are as good as text; here they are refused, whatever their size",
        (None, "1009"),
        lambda look: look.is_data and look.frame.opcode == BINARY,
        "1003",
        frame(BINARY, b"a"),
    ),
    Difference(
        "websockets",
        "no limit on fragments",
        "RFC 6455 has none; here a message has at most so many",
        (None,),
        lambda look: look.is_data and look.message.parts >= look.limits.max_fragments,
        "1009",
        _64_FRAGMENTS + frame(CONTINUATION),
    ),
    Difference(
        "websockets",
        "text that is not UTF-8",
        "its sans-I/O layer does not look; who joins the frames does",
        (None,),
        _is_not_text,
        "1007",
        text(b"\xff"),
    ),
    Difference(
        "websockets",
        "a close frame within a message",
        "it calls the message incomplete; control frames may stand between fragments (5.4)",
        ("1002",),
        lambda look: (
            look.closes
            and look.message.parts > 0
            and look.has_allowed_code
            and is_text(look.frame.payload[2:], final=True)
        ),
        "closed",
        _OPEN + close(1000, b"ok"),
    ),
    Difference(
        "websockets",
        "an empty close frame within a message",
        "the same",
        ("1002",),
        lambda look: (
            look.frame.opcode == CLOSE
            and look.is_in_form
            and look.message.parts > 0
            and look.frame.length == 0
        ),
        "closed 1005",
        _OPEN + close(),
    ),
    Difference(
        "websockets",
        "the reason before the code",
        "of a close frame with both wrong the reason is judged first; here it is the code",
        ("1007",),
        lambda look: look.closes and not look.has_allowed_code,
        "1002",
        close(1004, b"\xff"),
    ),
)


_ROWS = {library: [row for row in DIFFERENCES if row.library == library] for library in LIBRARIES}


def wanted_of(library: LibraryName, look: Look) -> tuple[Verdict, str | None]:
    """Say what is wanted of a frame, and the name of the row that says so, if it is not the library."""
    theirs = look.theirs and look.theirs.split()[0]
    for row in _ROWS[library]:
        if theirs in row.theirs and row.applies(look):
            return (f"closed {look.code}" if row.wanted == "closed" else row.wanted), row.name
    return look.theirs, None


@frozen
class Moment:
    """Be a verdict that a library gives at another byte of the frame than this server does.

    Args:
      library: whose it is.
      reason: when it gives it.
      verdict: what it is about.
      early: whether it is the sooner of the two.
      example: bytes behind which just one of the two has given it.
      rest: the bytes behind which both have.
    """

    library: LibraryName
    reason: str
    verdict: Verdict
    early: bool
    example: bytes
    rest: bytes


_CUT = frame(TEXT, b"a", rsv=4, form=16, declared=300)

MOMENTS: tuple[Moment, ...] = (
    Moment(
        "wsproto",
        "reserved bits and a missing mask wait for the length, the order of frames for the payload",
        "1002",
        early=False,
        example=_CUT[:2],
        rest=_CUT[2:4],
    ),
    Moment(
        "wsproto",
        "text is judged before its frame is whole",
        "1007",
        early=True,
        example=text(b"\xffa")[:-1],
        rest=text(b"\xffa")[-1:],
    ),
    Moment(
        "websockets",
        "reserved bits, the order of frames and the form of control frames wait for the whole frame",
        "1002",
        early=False,
        example=frame(PING, b"a", fin=False)[:2],
        rest=frame(PING, b"a", fin=False)[2:],
    ),
)

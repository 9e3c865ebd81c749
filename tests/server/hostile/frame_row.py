"""A row of the table of frames: what is sent behind the handshake, what is wanted, what comes instead."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from focus_signal.wire.close_codes import CLOSE_CODES

# What is seen of a connection: events in the words of `peer`, then "eof", or "kept" if it still serves.
Events = tuple[str, ...]

KEPT: Events = ("kept",)
ENDS: Events = ("eof",)
# Who ends its side without a close frame is not waited for: the server cuts the stream.
CUT: Events = ("reset",)
PROTOCOL_ERROR: Events = ("close 1002", "eof")
NO_TEXT: Events = ("close 1007", "eof")
TEXT_ONLY: Events = (f"close 1003 {CLOSE_CODES['text-only'].reason}", "eof")
TOO_BIG: Events = (f"close 1009 {CLOSE_CODES['too-big'].reason}", "eof")
# The library sends this one by itself, before this server knows.
TOO_BIG_FOR_LIBRARY: Events = ("close 1009 Exceeded maximum message size: 262144 bytes", "eof")


def kept_with(*events: str) -> Events:
    """Make the events of a connection that goes on after these."""
    return (*events, "kept")


def closed_with(code: str) -> Events:
    """Make the events of a connection that ends with this close frame."""
    return (f"close {code}".strip(), "eof")


@frozen
class FrameRow:
    """Be one row.

    Args:
      name: the input in words.
      sent: the bytes.
      wanted: what should come.
      instead: what comes on trio-websocket, if that is something else.
      ending: how the peer ends its side behind the bytes: not at all, with FIN, or with a reset.
    """

    name: str
    sent: bytes
    wanted: Events
    instead: Events | None = None
    ending: Literal["", "fin", "reset"] = ""

    @property
    def pinned(self) -> Events:
        """Tell what comes on trio-websocket."""
        return self.wanted if self.instead is None else self.instead

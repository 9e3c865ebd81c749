"""A row of the table of frames: what is sent behind the handshake, what is wanted, what comes instead."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from focus_signal.server.config import TransportName
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName

# What is seen of a connection: events in the words of `peer`, then "eof", or "kept" if it still serves.
Events = tuple[str, ...]


def kept_with(*events: str) -> Events:
    """Make the events of a connection that goes on after these."""
    return (*events, "kept")


def closed_with(code: str) -> Events:
    """Make the events of a connection that ends with this close frame."""
    return (f"close {code}".strip(), "eof")


def _closed_for(name: CloseName) -> Events:
    return closed_with(f"{CLOSE_CODES[name].code} {CLOSE_CODES[name].reason}")


KEPT: Events = ("kept",)
ENDS: Events = ("eof",)
# The library ends the stream without a goodbye.
CUT: Events = ("reset",)
PROTOCOL_ERROR: Events = _closed_for("protocol-error")
NO_TEXT: Events = _closed_for("not-utf-8")
TEXT_ONLY: Events = _closed_for("text-only")
TOO_BIG: Events = _closed_for("too-big")
# The library sends this one by itself, before this server knows.
TOO_BIG_FOR_LIBRARY: Events = closed_with("1009 Exceeded maximum message size: 262144 bytes")


@frozen
class FrameRow:
    """Be one row.

    Args:
      name: the input in words.
      sent: the bytes.
      wanted: what should come, and comes on the native transport.
      instead: what comes on trio-websocket, if that is something else.
      ending: how the peer ends its side behind the bytes: not at all, with FIN, or with a reset.
      either: whether RFC 6455 allows the one as well as the other, so that neither falls short.
    """

    name: str
    sent: bytes
    wanted: Events
    instead: Events | None = None
    ending: Literal["", "fin", "reset"] = ""
    either: bool = False

    def on(self, transport: TransportName) -> Events:
        """Tell what comes on a transport."""
        return self.wanted if transport == "native" or self.instead is None else self.instead

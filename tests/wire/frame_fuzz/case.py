"""What is drawn, and the words in which readings of it are compared."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

AWAITED = b"beat"
"""What the pong holds that the reader waits for, in every sequence."""

Kind = Literal["text", "binary", "ping", "pong"]

Event = tuple[int, Kind, bytes]
"""What a reading gave: behind how many bytes, what, and what it held. Only the awaited pong is one."""

Verdict = str | None
"""How a reading ended: the code for a fault, such as "1002", or "closed" and the peer's code, such as
"closed 1000"; None while it goes on.
"""


@frozen
class Limits:
    """Be the bounds of a reader: bytes in a message, and fragments."""

    max_bytes: int
    max_fragments: int


@frozen
class Case:
    """Be one sequence.

    Args:
      data: the bytes of its frames, or of what was made of them.
      cuts: where it is cut into the pieces that are fed, in bytes, ascending.
      limits: the bounds of the readers.
    """

    data: bytes
    cuts: tuple[int, ...]
    limits: Limits

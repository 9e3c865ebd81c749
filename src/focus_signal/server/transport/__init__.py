"""A link as batches of messages: one narrow interface, so that transports can stand side by side.

One task at a time receives; one task at a time sends. Deadlines are the caller's. What is sent goes in two
steps: `send_nowait` takes messages and sends what the peer takes at this moment, and for as long as something
is left, `send` sends it, step by step, so that whoever calls it sees that there is progress.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from focus_signal.errors import FocusSignalError
from focus_signal.wire.close_codes import CloseName


class ProtocolViolation(FocusSignalError):
    """Say that a peer sent what ends its connection, and with which close frame."""

    def __init__(self, close: CloseName) -> None:
        super().__init__(close)
        self.close: CloseName = close


class Transport(Protocol):
    """Carry text messages to and from one peer."""

    controls: int
    """How many frames have come that are no part of a message; whoever counts them sets it to 0."""
    held: int
    """How many bytes are kept of what is no whole message yet."""

    async def accept(self, subprotocol: str | None = None) -> None:
        """Answer the handshake; the first thing that is done with a transport.

        Args:
          subprotocol: which of those that the peer has offered is spoken; None if none of them is.

        Raises:
          TransportClosed: the peer has gone before the handshake was through.
        """
        ...

    async def receive(self) -> list[bytes]:
        """Wait for the peer and give every message that is whole, as UTF-8 that was checked.

        Returns:
          the messages; none when what came was something else.

        Raises:
          TransportClosed: the connection has ended, by whosever doing.
          ProtocolViolation: the peer sent what it may not.
        """
        ...

    @property
    def said_goodbye(self) -> bool:
        """Tell whether the peer has said goodbye, and `receive` would only tell that it has ended."""
        ...

    @property
    def peer_code(self) -> int | None:
        """Give the code of the goodbye by which the peer has ended the connection.

        None where it has said none, or has only answered ours: that tells nothing of what it means to do. A
        goodbye without a code counts as 1005 (RFC 6455, section 7.1.5).
        """
        ...

    @property
    def owes_reply(self) -> bool:
        """Tell whether the peer is owed what is no message: call `send_nowait`, if with nothing to send."""
        ...

    def send_nowait(self, messages: Sequence[bytes]) -> bool:
        """Take messages and send as far as the peer takes them now; never raises for a peer that has gone.

        Returns:
          whether nothing is left for `send`.
        """
        ...

    async def send(self) -> bool:
        """Wait until the peer takes something, and send it.

        Returns:
          whether nothing is left.

        Raises:
          TransportClosed: the connection has ended.

        Cancellation: a message may have gone out in part; if so the transport sends nothing from then on, not
        even a close frame.
        """
        ...

    @property
    def unsent(self) -> int:
        """Count the bytes that were taken and have not gone."""
        ...

    def forget_unsent(self) -> None:
        """Drop the messages of which nothing has gone out."""
        ...

    @property
    def awaits_pong(self) -> bool:
        """Tell whether a ping is unanswered."""
        ...

    def ping_soon(self) -> None:
        """Have a ping sent; whoever calls this calls `send_nowait` next, if with nothing to send."""
        ...

    def close_nowait(self) -> bool:
        """Answer the peer's goodbye and end the stream, where nothing has to be waited for.

        Returns:
          whether that is done; `close` does it otherwise.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame, if none went out yet, and wait for the peer's.

        What was taken and has not begun to go out is dropped.
        """
        ...

    @property
    def abort_nowait(self) -> Callable[[], None] | None:
        """Give what does `abort` without a step, and tells whoever waits here; None where it takes some."""
        ...

    async def abort(self) -> None:
        """End the stream at once; works when cancelled."""
        ...

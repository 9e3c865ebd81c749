"""A link as batches of messages: one narrow interface, so that transports can stand side by side.

One task at a time receives; one task at a time sends, pings aside. Deadlines are the caller's.
"""

from collections.abc import Sequence
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

    async def accept(self) -> None:
        """Answer the handshake; the first thing that is done with a transport.

        Raises:
          TransportClosed: the peer has gone before the handshake was through.
        """
        ...

    async def receive(self) -> list[bytes]:
        """Wait for messages and give every complete one, as UTF-8 that was checked.

        Raises:
          TransportClosed: the connection has ended, by whosever doing.
          ProtocolViolation: the peer sent what it may not.
        """
        ...

    def send_nowait(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        """Send as far as the peer takes it now, and give back what is left for `send`."""
        ...

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send what `send_nowait` left.

        Raises:
          TransportClosed: the connection has ended.

        Cancellation: a message may have gone out in part; from then on the transport sends nothing, not even
        a close frame.
        """
        ...

    async def ping(self) -> None:
        """Ask for a sign of life and wait for it; never returns when there is none.

        Raises:
          TransportClosed: the connection has ended.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame, if none went out yet, and wait for the peer's."""
        ...

    async def abort(self) -> None:
        """End the stream at once; works when cancelled."""
        ...

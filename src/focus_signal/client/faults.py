"""What the client raises: about one request, or since it cannot go on."""

from focus_signal.errors import FocusSignalError


class ClientFault(FocusSignalError):
    """Be the root of what the client raises."""


class RequestRefused(ClientFault):
    """Say that the server has not done what was asked of it; nothing has changed.

    Args:
      code: what is wrong, for a program.
      message: what is wrong, for people.
      retry_after: seconds after which to ask again; None if that would not help.
      to: the peer whom it was for; None if it was for none.
    """

    def __init__(
        self, code: str, message: str, retry_after: int | None = None, to: str | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.to = to


class RequestLost(ClientFault):
    """Say that nobody knows any more whether a request was done: its answer will not come."""


class RequestsFull(ClientFault):
    """Say that too much is unanswered already; this request was not taken."""


class RequestTooBig(ClientFault):
    """Say that a request is larger than the server takes; it was not sent."""


class ClientEnded(ClientFault):
    """Say that the client cannot go on.

    Args:
      why: why, for people.
      code: the close code that ended it; None if there was none.
    """

    def __init__(self, why: str, code: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.code = code


class ClientClosed(ClientEnded):
    """Say that the client was closed by whoever has opened it."""


class NotConnected(ClientEnded):
    """Say that the first connection did not come about in time."""


class EventsUnread(ClientEnded):
    """Say that more events came than are kept for whoever does not read them."""


class ProtocolBroken(ClientEnded):
    """Say that the server broke a rule of the protocol, and which one."""

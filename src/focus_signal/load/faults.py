"""What ends a measurement without a figure."""

from focus_signal.errors import FocusSignalError


class WrongResult(FocusSignalError):
    """Say what the server under load did that it may not do: there is no figure for such a run."""


class BadFrame(WrongResult):
    """Say that the server sent what no server may send, or what this generator never asks for."""


class Unreachable(WrongResult):
    """Say why no connection to the server came about, or that its address or its limits do not allow one."""


class WrongMessage(WrongResult):
    """Say what is wrong with a relayed message.

    Args:
      why: that.
      payload: the message.
    """

    def __init__(self, why: str, payload: bytes) -> None:
        super().__init__(why)
        self.payload = payload

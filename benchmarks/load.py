"""The load generator: that of the package (`focus-signal bench`), for a server that is known by its port."""

from __future__ import annotations

from focus_signal.access.descriptors import raise_soft_limit
from focus_signal.load import generator
from focus_signal.load.faults import WrongResult
from focus_signal.load.generator import Connection
from focus_signal.load.target import Target

__all__ = ["Connection", "Load", "WrongResult", "raise_soft_limit"]


class Load(generator.Load):
    """All the connections to one server on this machine, and the loop that serves them."""

    def __init__(self, port: int) -> None:
        super().__init__(Target("127.0.0.1", port, "/signal"))
        self.port = port

"""Handshakes: connect, upgrade, close frame there and back, end of the stream; so many clients at a time."""

from focus_signal.load.faults import WrongResult
from focus_signal.load.frames import CLOSE
from focus_signal.load.generator import Connection, Load
from focus_signal.load.mode import Mode
from focus_signal.load.settings import Settings


class Connect(Mode):
    """Measure connections from their beginning to their end; others may stay and say nothing."""

    what = "handshakes"
    timed = ("upgrade", "close")

    def __init__(self, load: Load, settings: Settings) -> None:
        super().__init__(load, settings)
        self.ended = 0
        self._stopping = False
        self._number = 0
        self._crowd: list[Connection] = []

    @property
    def count(self) -> int:
        """How many connections have come and gone."""
        return self.ended

    def prepare(self) -> None:
        """Connect those who stay."""
        settings = self.settings
        self._crowd = self.load.open(Connection, settings.users(), settings.at_once, settings.patience)
        self._number = len(self._crowd)

    def begin(self) -> None:
        """Let the first ones call."""
        for _ in range(self.settings.at_once):
            self._next()

    def opened(self, caller: "Caller") -> None:
        """Time a handshake."""
        self.latencies["upgrade"].record(caller.left - caller.began)

    def closed(self, caller: "Caller") -> None:
        """Time an end, and let the next one call."""
        self.latencies["close"].record(self.load.clock() - caller.left)
        self.ended += 1
        if not self._stopping:
            self._next()

    def finish(self) -> None:
        """Let everyone end."""
        self._stopping = True
        load, stay, patience = self.load, len(self._crowd), self.settings.patience
        load.run(
            lambda: len(load.connections) == stay,
            patience,
            lambda: f"the end of {len(load.connections) - stay} connections",
        )
        load.leave(self._crowd, patience)

    def _next(self) -> None:
        self._number += 1
        self.load.start(self._make, self.settings.user(self._number))

    def _make(self, load: Load, user: str) -> "Caller":
        return Caller(load, user, self)


class Caller(Connection):
    """Leaves as soon as it is there; `left` is when."""

    __slots__ = ("_connect", "_goodbye", "left")

    def __init__(self, load: Load, user: str, connect: Connect) -> None:
        super().__init__(load, user)
        self._connect = connect
        self._goodbye = False
        self.left = 0.0

    def on_opened(self) -> None:
        """Leave."""
        self.left = self.load.clock()
        self._connect.opened(self)
        self.leave()

    def on_frame(self, opcode: int, payload: bytes) -> None:
        """See the answer to the close frame."""
        super().on_frame(opcode, payload)
        self._goodbye = self._goodbye or opcode == CLOSE

    def on_ended(self) -> None:
        """Tell who counts."""
        if not self._goodbye:
            raise WrongResult("the server ended a connection without a close frame")
        self._connect.closed(self)

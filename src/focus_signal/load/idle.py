"""Idle connections: many of them, held for a while; pings are answered, nothing else is said."""

from focus_signal.load.faults import Unreachable
from focus_signal.load.generator import Connection, Load
from focus_signal.load.mode import Mode
from focus_signal.load.settings import Settings


class Idle(Mode):
    """Measure how many connections stay, and how long it took until each stood."""

    what = "connections"
    timed = ("upgrade",)

    def __init__(self, load: Load, settings: Settings) -> None:
        super().__init__(load, settings)
        self._sitters: list[Sitter] = []

    @property
    def count(self) -> int:
        """How many connections stand."""
        return len(self.load.connections)

    def prepare(self) -> None:
        """Connect everybody."""
        settings = self.settings
        users = settings.users()
        self._sitters = self.load.open(self._make, users, settings.at_once, settings.patience)

    def begin(self) -> None:
        """Say nothing."""

    def opened(self, sitter: "Sitter") -> None:
        """Time a handshake."""
        self.latencies["upgrade"].record(self.load.clock() - sitter.began)

    def gone(self, sitter: "Sitter") -> None:
        """Count a connection that the server has ended."""
        self.lost += 1
        self.load.forget(sitter)
        if self.lost == self.settings.clients:
            raise Unreachable(f"the server went away: all {self.lost} connections were lost")

    def reset(self) -> None:
        """Keep the latencies: the handshakes are over before the clock starts."""

    def finish(self) -> None:
        """Leave."""
        self.load.leave([one for one in self._sitters if not one.forgotten], self.settings.patience)

    def _make(self, load: Load, user: str) -> "Sitter":
        return Sitter(load, user, self)


class Sitter(Connection):
    """Stays."""

    __slots__ = ("_idle",)

    def __init__(self, load: Load, user: str, idle: Idle) -> None:
        super().__init__(load, user)
        self._idle = idle

    def on_opened(self) -> None:
        """Tell who counts."""
        self._idle.opened(self)

    def on_lost(self, why: str) -> None:
        """Be counted as lost; while it is still being opened, that is a fault."""
        if not self.opened:
            super().on_lost(why)
        self._idle.gone(self)

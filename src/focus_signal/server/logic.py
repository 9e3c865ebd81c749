"""What decides and what reads and writes, as the shell sees them: two narrow interfaces.

The shell is built for one matchmaker and one dialect; that it knows them by these interfaces alone lets a
test put others in their place, or watch the ones that are there.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import frozen

from focus_signal.core.commands import Command, RelayClump
from focus_signal.core.effects import DeliverClump, Effect, Message
from focus_signal.core.matchmaker import Matchmaker, MatchmakerStatistics, Rules
from focus_signal.server.config import Config
from focus_signal.server.settings import bound
from focus_signal.wire.seed_dialect import SeedDialect

ReadFrames = Callable[[Sequence[bytes]], list[Command | RelayClump]]


class Decider(Protocol):
    """Decide; `Matchmaker` does."""

    def handle(self, command: Command, now: float) -> list[Effect]:
        """Carry out one command and tell what is to be done."""
        ...

    def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        """Carry out the relays of a clump."""
        ...

    def next_deadline(self) -> float | None:
        """Tell when a `TimePassed` is next due."""
        ...

    def statistics(self) -> MatchmakerStatistics:
        """Look at the state at this moment."""
        ...


class Dialect(Protocol):
    """Read and write frames; `SeedDialect` does."""

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        """Make a command of a frame; never raises, whatever the frame holds."""
        ...

    def reader(self, connection: int, user: str) -> ReadFrames:
        """Make what reads one connection, all frames of a read at once; like relays in a row may be one."""
        ...

    def encode(self, message: Message) -> bytes | None:
        """Make a frame of a message that is one; None for what this dialect does not send."""
        ...

    def encode_clump(self, sender: str, kind: str, payloads: Sequence[bytes]) -> list[bytes]:
        """Make a frame of each relay in a clump."""
        ...


@frozen
class Logic:
    """Be what a server decides with, and what it reads and writes with."""

    decider: Decider
    dialect: Dialect


BuildLogic = Callable[[Config, Callable[[], str]], Logic]


def build_logic(config: Config, new_id: Callable[[], str]) -> Logic:
    """Build the matchmaker and the dialect that a config asks for.

    Args:
      config: the settings.
      new_id: gives the id of a room.
    """
    rules = Rules(config.max_match_size, config.relay_scope, config.seat_grace)
    dialect = SeedDialect(
        max_match_size=config.max_match_size,
        max_user_bytes=bound(config.user_bytes),
        max_nesting=bound(config.nesting),
        silent=config.seed_silent,
    )
    return Logic(Matchmaker(rules, new_id), dialect)

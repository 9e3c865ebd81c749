"""What decides and what reads and writes, as the shell sees them: two narrow interfaces.

The shell is built for one matchmaker and one dialect; that it knows them by these interfaces alone lets a
test put others in their place, or watch the ones that are there.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Protocol

from attrs import frozen
from msgspec import Struct

from focus_signal.core.commands import Command, Invalid, RelayClump
from focus_signal.core.effects import DeliverClump, Effect, SeedMessage
from focus_signal.core.matchmaker import Matchmaker, MatchmakerStatistics, Rules
from focus_signal.core.tokens import SessionToken
from focus_signal.server.config import Config, replay_bound
from focus_signal.server.settings import bound
from focus_signal.wire.seed_dialect import SeedDialect
from focus_signal.wire.v1 import V1Dialect, V1Settings

ReadFrames = Callable[[Sequence[bytes]], list[Command | RelayClump]]


class Hearing(Struct, frozen=True, gc=False):
    """Be how one connection is heard.

    Args:
      read: makes commands of the frames that came with a read.
      refuse: makes a command of a frame that is not taken, and of what it is told.
    """

    read: ReadFrames
    refuse: Callable[[bytes, Invalid], Command]

    @classmethod
    def plainly(cls, read: ReadFrames) -> "Hearing":
        """Hear somebody whose frames have no numbers, so that nothing of one that is not taken matters."""
        return cls(read, _refuse)


def _refuse(_: bytes, refusal: Invalid) -> Command:
    return refusal


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
    """Read and write frames of the seed's dialect; `SeedDialect` does."""

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        """Make a command of a frame; never raises, whatever the frame holds."""
        ...

    def reader(self, connection: int, user: str) -> ReadFrames:
        """Make what reads one connection, all frames of a read at once; like relays in a row may be one."""
        ...

    def encode(self, message: SeedMessage) -> bytes | None:
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
    rules = Rules(
        config.max_match_size,
        config.relay_scope,
        config.seat_grace,
        config.ready_timeout,
        replay_bound(config),
        bound(config.total_replay_bytes),
    )
    dialect = SeedDialect(
        max_match_size=config.max_match_size,
        max_user_bytes=bound(config.user_bytes),
        max_nesting=bound(config.nesting),
        silent=config.seed_silent,
    )
    return Logic(Matchmaker(rules, new_id), dialect)


def build_v1(config: Config, seal: Callable[[SessionToken], str]) -> V1Dialect:
    """Build the dialect of `focus-signal.v1` that a config asks for.

    Args:
      config: the settings.
      seal: makes what a client is given for a token.
    """
    return V1Dialect(
        V1Settings(
            max_match_size=config.max_match_size,
            max_user_bytes=bound(config.user_bytes),
            max_nesting=bound(config.nesting),
            frame_bytes=config.frame_bytes,
            grace=ceil(config.seat_grace),
            replay_bytes=replay_bound(config),
            message_rate=config.message_rate,
            message_burst=config.message_burst,
            byte_rate=config.byte_rate,
            byte_burst=config.byte_burst,
            heartbeat=ceil(config.ping_interval),
            ice_servers=config.ice_servers,
        ),
        seal,
    )

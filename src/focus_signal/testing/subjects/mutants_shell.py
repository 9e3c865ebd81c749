"""Mutants of the shell around the core: outboxes, the owner, connections, drains.

Each puts a class of its own where the server looks up the real one, for as long as a run lasts.
"""

from collections.abc import Sequence
from types import ModuleType

import trio
from attrs import frozen

from focus_signal.core.commands import Command, Disconnect, Drain, RelayClump, Withdraw
from focus_signal.core.effects import Effect, Refused, SeedMessage
from focus_signal.server import connection as connection_module
from focus_signal.server import owner as owner_module
from focus_signal.server import serve as serve_module
from focus_signal.server import server as server_module
from focus_signal.server.connection import Connection
from focus_signal.server.logic import Dialect, ReadFrames
from focus_signal.server.outbox import Outbox
from focus_signal.server.owner import Inbox, Owner
from focus_signal.server.server import Server
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import PlantedMatchmaker, building, putting
from focus_signal.wire.close_codes import CloseName

_NO_BOUND = 1 << 60


class _UnboundedOutbox(Outbox):
    def put(self, frame: bytes) -> bool:
        self.max_bytes = self.max_messages = _NO_BOUND
        return super().put(frame)


class _OutboxTurnsRound(Outbox):
    def take(self) -> list[bytes]:
        return super().take()[::-1]


class _CloseGoesAhead(Outbox):
    def close(self, last: CloseName, *, urgent: bool = False) -> bool:
        self.take()
        return super().close(last, urgent=urgent)


class _FramesAreLost(Outbox):
    count: int = 0

    def put(self, frame: bytes) -> bool:
        self.count += 1
        return self.count % 5 == 0 or super().put(frame)


class _FramesTwice(Outbox):
    def put(self, frame: bytes) -> bool:
        return super().put(frame) and super().put(frame)


class _ClumpLosesItsLast(Outbox):
    def put_all(self, frames: list[bytes]) -> bool:
        return super().put_all(frames[:-1])


class _BatchTurnsRound(Inbox):
    async def send(self, commands: Sequence[Command | RelayClump], size: int = 0) -> None:
        await super().send(commands[::-1], size)


class _TaskStays(Connection):
    async def run(self) -> None:
        await super().run()
        await trio.sleep_forever()


class _EndOvertakes(Owner):
    """Take a connection's end for the last of it, though what it had sent is still waiting."""

    def _handle_all(self, commands: Sequence[Command | RelayClump], now: float) -> None:
        for command in commands:
            super()._handle_all((command,), now)
            if isinstance(command, Withdraw):
                super()._handle_all((Disconnect(command.connection),), now)


class _WithdrawalWaits(Owner):
    """Know of a connection's end only behind what it had sent."""

    def _handle_all(self, commands: Sequence[Command | RelayClump], now: float) -> None:
        super()._handle_all([command for command in commands if not isinstance(command, Withdraw)], now)


class _DrainSaysNothing(Server):
    async def drain(self, grace: float) -> None:
        del grace
        self._draining = True
        self.cut()
        await self._roll.wait_none_left()


class _DrainHasNoGrace(Server):
    async def drain(self, grace: float) -> None:
        del grace
        await super().drain(_NO_BOUND)


class _DrainForgetsToClose(PlantedMatchmaker):
    def handle(self, command: Command, now: float) -> list[Effect]:
        effects = super().handle(command, now)
        return [] if isinstance(command, Drain) else effects


@frozen
class _PlainErrors:
    """Write errors as plain text."""

    real: Dialect

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        return self.real.decode(frame, connection, user)

    def reader(self, connection: int, user: str) -> ReadFrames:
        return self.real.reader(connection, user)

    def encode_clump(self, sender: str, kind: str, payloads: Sequence[bytes]) -> list[bytes]:
        return self.real.encode_clump(sender, kind, payloads)

    def encode(self, message: SeedMessage) -> bytes | None:
        return message.message.encode() if isinstance(message, Refused) else self.real.encode(message)


def _shell_mutant(name: str, about: str, breaks: str, module: ModuleType, planted: type) -> Subject:
    """Make a subject of a class that takes the place of the one it is built on."""
    real = planted.__mro__[1].__name__
    return Subject(name, about, breaks=breaks, above_core=True, changed=putting((module, real, planted)))


def _of_outbox(name: str, about: str, breaks: str, planted: type[Outbox]) -> Subject:
    return _shell_mutant(name, about, breaks, connection_module, planted)


def _of_server(name: str, about: str, breaks: str, planted: type) -> Subject:
    return _shell_mutant(name, about, breaks, server_module, planted)


SHELL_MUTANTS: tuple[Subject, ...] = (
    _of_outbox("unbounded-outbox", "an outbox takes whatever comes", "bound", _UnboundedOutbox),
    _of_outbox(
        "outbox-turns-round",
        "what waits goes out from the last to the first",
        "pair-order",
        _OutboxTurnsRound,
    ),
    _of_outbox(
        "close-goes-ahead", "a close frame drops what waits before it", "silent-loss", _CloseGoesAhead
    ),
    _of_outbox("frames-are-lost", "every fifth frame is dropped", "silent-loss", _FramesAreLost),
    _of_outbox("frames-twice", "every frame goes out twice", "duplicate", _FramesTwice),
    _of_outbox(
        "clump-loses-its-last", "a clump is delivered but for its last one", "silent-loss", _ClumpLosesItsLast
    ),
    _shell_mutant(
        "batch-turns-round",
        "what came at once is decided backwards",
        "pair-order",
        owner_module,
        _BatchTurnsRound,
    ),
    _of_server("task-stays", "a connection's task outlives it", "leak", _TaskStays),
    _of_server(
        "end-overtakes", "an end is carried out ahead of what came before it", "silent-loss", _EndOvertakes
    ),
    _of_server(
        "withdrawal-waits", "an end is known behind what came before it", "dead-match", _WithdrawalWaits
    ),
    _shell_mutant(
        "drain-says-nothing", "a drain cuts everyone at once", "drained", serve_module, _DrainSaysNothing
    ),
    _shell_mutant(
        "drain-has-no-grace",
        "a drain waits for everyone, however long it takes",
        "drained",
        serve_module,
        _DrainHasNoGrace,
    ),
    Subject(
        "drain-forgets-to-close",
        "a drain closes nobody until the grace is over",
        building(_DrainForgetsToClose),
        "drained",
        above_core=True,
    ),
    Subject(
        "plain-errors",
        "errors are plain text",
        building(dialect=_PlainErrors),
        "strange-text",
        above_core=True,
    ),
)

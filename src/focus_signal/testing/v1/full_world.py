"""The production server on a simulated network, ended and started as a plan wants."""

import logging
from collections.abc import Callable
from typing import Any

import attrs
import trio
from attrs import define, field

from focus_signal.access.keys import Keys
from focus_signal.core.commands import Command, Relay, RelayClump
from focus_signal.core.effects import DeliverClump, Effect
from focus_signal.core.matchmaker import Matchmaker, MatchmakerStatistics
from focus_signal.errors import NondeterminismError
from focus_signal.observe.faults import fault_of
from focus_signal.server.config import Config
from focus_signal.server.logic import Logic, build_logic
from focus_signal.server.serve import open_server
from focus_signal.server.server import Server
from focus_signal.testing.identity import room_ids
from focus_signal.testing.keyed import draw
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.house import WALL
from focus_signal.testing.v1.plan import V1Plan

HOST, PORT = "focus.test", 8000
HEARTBEAT = 5.0
"""Seconds between two pings of the server; who does not answer is cut after as many."""
DRAIN = 5.0
_OLD, _NEW = b"o" * 32, b"n" * 32
_CHUNKS = (0, 0, 64, 16)

logger = logging.getLogger("focus_signal")


@define(eq=False)
class _Witness:
    """Decide as the one behind does, and write down what was asked and decided."""

    _decider: Matchmaker
    _note: Callable[[h.Event], None]

    def handle(self, command: Command, now: float) -> list[Effect]:
        """Carry out one command."""
        effects = self._decider.handle(command, now)
        self._note(h.Decided(now, command, list(effects)))
        return effects

    def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        """Carry out the relays of a clump, one by one."""
        effects: list[Effect] = []
        for payload in clump.payloads:
            effects += self.handle(Relay(clump.connection, clump.to, clump.kind, payload), now)
        return effects

    def next_deadline(self) -> float | None:
        """Tell when time is next due."""
        return self._decider.next_deadline()

    def statistics(self) -> MatchmakerStatistics:
        """Look at the state."""
        return self._decider.statistics()


@define(eq=False)
class _Faults(logging.Handler):
    """Write down the faults of its own that the server puts into its log."""

    _note: Callable[[h.Event], None]

    def __attrs_pre_init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record of the log."""
        error = fault_of(record)
        shown = record.getMessage() if error is None else f"{type(error).__name__}: {error}"
        self._note(h.Faulted(trio.current_time(), shown))


@define(eq=False)
class FullWorld:
    """Be the network, and the server on it.

    Args:
      plan: what is played in it.
      nursery: for the server.
    """

    plan: V1Plan
    _nursery: trio.Nursery
    history: list[h.Event] = field(factory=list[h.Event], init=False)
    network: Network = field(init=False)
    matchmaker: Matchmaker = field(init=False)
    server: Server = field(init=False)
    is_up: bool = field(default=False, init=False)
    labels: dict[str, None] = field(factory=dict[str, None], init=False)
    """Every link that was dialled."""
    _keys: Keys = field(factory=lambda: Keys((_OLD,)), init=False)
    _new_id: Callable[[], str] = field(init=False)
    _ending: trio.Event = field(factory=trio.Event, init=False)
    _ended: trio.Event = field(factory=trio.Event, init=False)
    _changing: trio.Lock = field(factory=trio.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        plan = self.plan
        chunk = _CHUNKS[int(draw(plan.seed, "chunk") * len(_CHUNKS))]
        self.network = Network(plan.seed, LinkOptions(latency=plan.config.latency, chunk=chunk))
        self._new_id = room_ids(plan.seed)
        self.faults = _Faults(self.history.append)

    faults: logging.Handler = field(init=False)
    """Listens to the server's log."""

    async def start(self, *, rotated: bool = False) -> None:
        """Start a server that knows of nothing but its secrets, and wait until it takes connections."""
        if rotated:
            self._keys = Keys((_NEW, _OLD))
        self._ending, self._ended = trio.Event(), trio.Event()
        await self._nursery.start(self._run_server)
        self.is_up = True

    async def stop(self, *, tidy: bool) -> None:
        """End the server; an untidy end cuts everyone first."""
        self.is_up = False
        if not tidy:
            for label in self.labels:
                self.network.reset(label)
        self._ending.set()
        await self._ended.wait()
        self.history.append(h.Ended(trio.current_time(), tidy))

    async def restart(self, *, down: float, tidy: bool, rotated: bool = False) -> None:
        """End the server, and start another one after so many seconds."""
        async with self._changing:
            await self.stop(tidy=tidy)
            await trio.sleep(down)
            await self.start(rotated=rotated)

    async def drain(self, down: float) -> None:
        """Send everyone away, and put another server in the place of this one."""
        async with self._changing:
            await self.server.drain(DRAIN)
            await self.stop(tidy=True)
            await trio.sleep(down)
            await self.start()

    async def dial(self, label: str, host: str, port: int) -> trio.abc.Stream:
        """Open a link under a label of its own."""
        self.labels[label] = None
        return await self.network.connect(host, port, label=label)

    def _build(self, config: Config, new_id: Callable[[], str]) -> Logic:
        logic = build_logic(config, new_id)
        assert isinstance(logic.decider, Matchmaker)  # noqa: S101 - the real logic decides with nothing else
        self.matchmaker = logic.decider
        self.history.append(h.Begun(trio.current_time()))
        return Logic(_Witness(logic.decider, self.history.append), logic.dialect)

    async def _run_server(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        usual = self.plan.config.server_config()
        config = attrs.evolve(usual, ping_interval=HEARTBEAT, pong_timeout=HEARTBEAT)
        door: list[trio.abc.Listener[Any]] = [self.network.listen(HOST, PORT)]
        try:
            async with open_server(
                config, door, new_id=self._new_id, build=self._build, keys=self._keys, wall=_wall
            ) as self.server:
                task_status.started()
                await self._ending.wait()
        except* NondeterminismError:
            raise  # the simulation itself has failed
        except* Exception as group:  # noqa: BLE001 - the verdict is the invariants', whatever it was
            self.history.append(h.Faulted(trio.current_time(), repr(group)))
        finally:
            self._ended.set()


def _wall() -> float:
    return WALL + trio.current_time()

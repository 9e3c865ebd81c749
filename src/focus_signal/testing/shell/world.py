"""One run above the core: the production server, a simulated network, and the history of both.

At the full level the server listens on the simulated network as it would on sockets, and speaks WebSocket. At
the message level its connections are given transports without frames; everything behind them is the same.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, cast

import attrs
import trio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from focus_signal.errors import NondeterminismError, TransportClosed
from focus_signal.observe.buggify import directed_by
from focus_signal.server.outbox import OutboxStatistics
from focus_signal.server.serve import open_server
from focus_signal.server.server import Server
from focus_signal.server.stream_link import link_of
from focus_signal.testing import history as h
from focus_signal.testing.identity import KEYS, room_ids, wall_time
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.plain import PlainListener
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.shell.framing import FramedTransport
from focus_signal.testing.shell.watch import Watch
from focus_signal.testing.shell.witness import FaultLog, Notes, ShellDirector, witnessed
from focus_signal.testing.subject import Subject

HOST = "focus.test"
PORT = 8000

logger = logging.getLogger("focus_signal")


@define(eq=False)
class World:
    """Be a simulated server with its network; made by `open_world`.

    Args:
      level: "message" or "full".
      seed: of the run.
      config: of the run.
      subject: whose logic the server runs.
      nursery: for the server and its clients.
      make_network: makes the network of a seed and of what its links are like.
    """

    level: Level
    seed: int
    config: RunConfig
    subject: Subject
    nursery: trio.Nursery
    make_network: Callable[[int, LinkOptions], Network] = Network
    notes: Notes = field(factory=Notes, init=False)
    network: Network = field(init=False)
    director: ShellDirector = field(init=False)
    server: Server = field(init=False)
    watch: Watch = field(init=False)
    stopped: bool = field(default=True, init=False)
    _ending: trio.Event = field(factory=trio.Event, init=False)
    _ended: trio.Event = field(factory=trio.Event, init=False)
    _new_id: Callable[[], str] = field(init=False)
    _idle_tasks: int = field(default=0, init=False)
    _changing: trio.Lock = field(factory=trio.Lock, init=False)
    _server_task: trio.lowlevel.Task | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        config = self.config
        options = LinkOptions(
            latency=config.latency,
            chunk=config.chunk,
            bandwidth=config.bandwidth,
            window=config.window,
            fin_delay=config.fin_delay,
        )
        self.network = self.make_network(self.seed, options)
        self.director = ShellDirector(self.seed, config.buggify, self.notes)
        self.watch = Watch(self.level, config, self.notes)
        self._new_id = room_ids(self.seed)

    async def start(self) -> None:
        """Start a server, and wait until it takes connections."""
        self._ending, self._ended = trio.Event(), trio.Event()
        await self.nursery.start(self._run_server)
        self.stopped = False

    async def stop(self) -> None:
        """Stop the server, and wait until it has closed everyone."""
        async with self._changing:
            await self._stop()

    async def restart(self) -> None:
        """Put another server in the place of the one that runs; it has forgotten everything."""
        async with self._changing:
            await self._stop()
            self.notes.add(h.Restarted(trio.current_time()))
            await self.start()

    async def drain(self, grace: float) -> None:
        """Drain the server."""
        began = trio.current_time()
        await self.server.drain(grace)
        self.notes.add(h.DrainOver(trio.current_time(), began, grace))

    def heal(self) -> None:
        """End every fault of the network, and stop meddling inside the server."""
        self.network.heal()
        self.director.healed = True
        self.notes.add(h.Healed(trio.current_time()))

    def batches_waiting(self) -> int:
        """Count the batches of commands that wait for the server's matchmaker."""
        # Nothing that a server tells of itself shows this bound.
        channel = self.server._owner._receive  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return channel.statistics().current_buffer_used

    def bytes_waiting(self) -> int:
        """Count the bytes with which they came."""
        return self.server._owner.inbox.bytes  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def tasks_beyond_idle(self) -> int:
        """Count the tasks of the server that are there for its connections; 0 when it has ended."""
        return 0 if self._server_task is None else _count_tasks(self._server_task) - self._idle_tasks

    def look_at_what_is_left(self) -> None:
        """Write down what the server still holds, now that everyone has left."""
        now, at = trio.current_time(), self.server.statistics()
        tasks = self.tasks_beyond_idle()
        # A test's own clients close their ends themselves, or their library forgets to.
        streams = self.network.statistics().server_streams
        self.notes.add(h.Emptied(now, at.users, at.rooms, at.waiting, at.connections, tasks, streams))

    async def _stop(self) -> None:
        self.stopped = True
        self._ending.set()
        await self._ended.wait()

    async def _run_server(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self._server_task = trio.lowlevel.current_task()
        door = self.network.listen(HOST, PORT)
        door.on_accept = self.watch.watch
        listener = PlainListener(door) if self.config.plain_streams else door
        build = witnessed(self.subject.build, self.notes, self._outboxes)
        config = attrs.evolve(self.config.server_config(), **self.subject.settings)
        listeners: list[trio.abc.Listener[Any]] = [listener] if self.level == "full" else []
        try:
            with directed_by(self.director):
                async with trio.open_nursery() as guests:
                    async with (
                        open_server(
                            config, listeners, new_id=self._new_id, build=build, keys=KEYS, wall=wall_time
                        ) as self.server,
                        trio.open_nursery() as doors,
                    ):
                        if self.level == "message":
                            welcome = partial(trio.serve_listeners, handler_nursery=guests)
                            await doors.start(welcome, self._welcome, [listener])
                        if not self._idle_tasks:  # the first server: nobody is there yet
                            await wait_all_tasks_blocked()
                            self._idle_tasks = _count_tasks(self._server_task)
                        task_status.started()
                        await self._ending.wait()
                        doors.cancel_scope.cancel()
                    guests.cancel_scope.cancel()
        except* NondeterminismError:
            raise  # the simulation itself has failed
        except* Exception as group:  # noqa: BLE001 - the verdict is the invariants', whatever it was
            # What a `ServerFailed` failed of is in the history as well.
            self.notes.add(h.Crashed(trio.current_time(), "; ".join(map(repr, _leaves(group)))))
        finally:
            self._server_task = None
            self.stopped = True
            self._ended.set()

    def _outboxes(self) -> dict[int, OutboxStatistics]:
        return self.server.outboxes()

    async def _welcome(self, stream: trio.abc.Stream) -> None:
        transport = FramedTransport(link_of(stream))
        messages: list[bytes] = []
        try:
            while not messages:
                messages = await transport.receive()
        except TransportClosed:
            return
        # The first text says who it is, in place of a request's `userId`.
        transport.give_back(messages[1:])
        await self.server.serve_transport(transport, messages[0].decode())


@asynccontextmanager
async def open_world(
    level: Level,
    seed: int,
    config: RunConfig,
    subject: Subject,
    make_network: Callable[[int, LinkOptions], Network] = Network,
) -> AsyncGenerator[World]:
    """Open a world with a server that takes connections.

    Args:
      level: "message" or "full".
      seed: of the run.
      config: of the run.
      subject: whose logic the server runs.
      make_network: makes the network of a seed and of what its links are like.

    Cancellation: everything in it ends at once.
    """
    async with trio.open_nursery() as nursery:
        world = World(level, seed, config, subject, nursery, make_network)
        with subject.changed(), _listening_to_faults(world.notes):
            await world.start()
            yield world
            await world.stop()
            nursery.cancel_scope.cancel()


@contextmanager
def _listening_to_faults(notes: Notes) -> Generator[None]:
    handler = FaultLog(notes)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    inner = cast("BaseExceptionGroup[BaseException]", error).exceptions
    return [leaf for each in inner for leaf in _leaves(each)]


def _count_tasks(task: trio.lowlevel.Task) -> int:
    return 1 + sum(_count_tasks(child) for nursery in task.child_nurseries for child in nursery.child_tasks)

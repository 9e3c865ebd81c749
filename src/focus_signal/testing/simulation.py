"""A simulation as a test sees it: the real server, clients, the network between them, and time."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import cast
from urllib.parse import quote

import trio
from attrs import define, field

from focus_signal.errors import NotListening
from focus_signal.server.pages import SIGNAL_PATH
from focus_signal.server.server import Server
from focus_signal.testing import history as h
from focus_signal.testing.client import AnOperation, Client
from focus_signal.testing.net.dialing import dialing
from focus_signal.testing.plan import (
    Direction,
    Fault,
    FaultKind,
    Level,
    Open,
    Operation,
    Plan,
    RunConfig,
    ServerVerb,
    Verb,
)
from focus_signal.testing.shell.caller import Caller
from focus_signal.testing.shell.play import WAY_HOME
from focus_signal.testing.shell.world import HOST, PORT, World, open_world
from focus_signal.testing.simulated_network import LinkEnd, SimulatedNetwork
from focus_signal.testing.subject import Subject


@define(eq=False, repr=False)
class Simulation:
    """Be one simulated run; `simulate` gives one to each test.

    Args:
      world: the server and its network.
      patience: virtual seconds for which a client waits for what it expects.
    """

    _world: World
    patience: float
    _operations: list[Operation] = field(factory=list[Operation], init=False)
    _ids: "count[int]" = field(factory=lambda: count(1), init=False)
    _conns: "count[int]" = field(factory=lambda: count(1), init=False)
    _clients: list[Client] = field(factory=list[Client], init=False)
    _times: dict[str, int] = field(factory=dict[str, int], init=False)

    def __attrs_post_init__(self) -> None:
        self.net.recorder = self

    def __repr__(self) -> str:
        return f"<Simulation of seed {self.seed} at the {self.level} level>"

    @property
    def seed(self) -> int:
        """Give the seed that decides everything."""
        return self._world.seed

    @property
    def level(self) -> Level:
        """Tell whether this is the message level or the full one."""
        return self._world.level

    @property
    def config(self) -> RunConfig:
        """Give every option of this run."""
        return self._world.config

    @property
    def net(self) -> SimulatedNetwork:
        """Give the network; its verbs take a client, a user, or the label of a link of the test's own."""
        return cast("SimulatedNetwork", self._world.network)

    @property
    def server(self) -> Server:
        """Give the server of the moment; after a restart it is another one."""
        return self._world.server

    @property
    def history(self) -> list[h.Event]:
        """Give what has happened so far."""
        return self._world.notes.events

    @property
    def plan(self) -> Plan:
        """Give what the clients have done so far, as a plan that runs by itself."""
        return Plan(seed=self.seed, config=self.config, operations=tuple(self._operations))

    @property
    def nursery(self) -> trio.Nursery:
        """Give a nursery for what goes on beside the test; it is cancelled when the test has ended."""
        return self._world.nursery

    def now(self) -> float:
        """Tell the virtual time, in seconds from the start."""
        return trio.current_time()

    def url(self, user: str) -> str:
        """Give the address at which a WebSocket client of the test's own reaches the server.

        `trio.open_tcp_stream` and whatever is built on it connects to the simulated network in a simulation.

        Raises:
          NotListening: at the message level nobody speaks WebSocket.
        """
        if self.level != "full":
            raise NotListening(
                "at the message level nobody listens for WebSocket; simulate at the full level"
            )
        return f"ws://{HOST}:{PORT}{SIGNAL_PATH}?userId={quote(user)}"

    async def clients(self, *users: str) -> tuple[Client, ...]:
        """Connect one client for each user, all at once, and give them when all are connected.

        Raises:
          TransportClosed: the server cannot be reached, or lets nobody in.
        """
        made = tuple(self.start_client(user) for user in users)
        for client in made:
            await client.connect()
        return made

    async def client(self, user: str) -> Client:
        """Connect one client; see `clients`."""
        return (await self.clients(user))[0]

    def start_client(self, user: str) -> Client:
        """Begin to connect a client, and give it at once; its `connect` waits for the rest."""
        conn = next(self._conns)
        times = self._times[user] = self._times.get(user, 0) + 1
        label = user if times == 1 else f"{user}#{times}"
        self.record(lambda id_, at: Open(id=id_, at=at, conn=conn, user=user))
        client = Client(self, Caller(self._world, conn, user, label))
        self._clients.append(client)
        self.nursery.start_soon(client.run)
        return client

    async def drain(self, grace: float) -> None:
        """Have the server send everyone away in good order, within `grace` seconds."""
        self._record_verb("drain", grace)
        await self._world.drain(grace)

    async def stop(self) -> None:
        """Stop the server; who connects from then on is refused."""
        self._record_verb("stop")
        await self._world.stop()

    async def restart(self) -> None:
        """Stop the server and start another, which knows nobody."""
        self._record_verb("restart")
        await self._world.restart()

    def heal(self) -> None:
        """End every fault of the network, and stop meddling inside the server."""
        self._world.heal()

    def record(self, make: Callable[[int, float], AnOperation]) -> AnOperation:
        """Put an operation into the plan of this run."""
        operation = make(next(self._ids), trio.current_time())
        self._operations.append(operation)
        return operation

    def note_payload(self, conn: int, payload: bytes, op: int) -> None:
        """Make a payload known that bears no mark."""
        self._world.notes.marks.sent(conn, payload, op)

    def record_fault(
        self, label: str, fault: FaultKind, amount: float = 0.0, direction: Direction = "both"
    ) -> None:
        """Put what was done to a client's link into the plan."""
        client = self._client_labelled(label)
        if client is not None:
            conn = client.conn
            operation = self.record(
                lambda id_, at: Fault(
                    id=id_, at=at, conn=conn, fault=fault, amount=amount, direction=direction
                )
            )
            self.history.append(h.Meddled(trio.current_time(), operation.id))

    def end_link(self, label: str, by: LinkEnd) -> None:
        """Let a client end its link, as its own `reset` and `half_close` do."""
        client = self._client_labelled(label)
        if client is not None:
            client.end_link(by)

    def label_named(self, name: str) -> str:
        """Give the label of the newest client of a user; what names no user is a label already."""
        return next((client.label for client in reversed(self._clients) if client.user == name), name)

    def _client_labelled(self, label: str) -> Client | None:
        return next((client for client in self._clients if client.label == label), None)

    async def end(self) -> None:
        """Heal, settle, send everyone home, and see what the server is left with."""
        world = self._world
        world.heal()
        await trio.sleep(self.config.settle)
        world.notes.add(h.Settled(trio.current_time()))
        async with trio.open_nursery() as nursery:
            nursery.cancel_scope.deadline = trio.current_time() + WAY_HOME
            for client in self._clients:
                nursery.start_soon(client.go_home)
        if not world.stopped:
            await trio.sleep(self.config.seat_grace + 1.0)
            world.look_at_what_is_left()

    def _record_verb(self, verb: ServerVerb, grace: float = 5.0) -> None:
        operation = self.record(lambda id_, at: Verb(id=id_, at=at, verb=verb, grace=grace))
        self.history.append(h.Meddled(trio.current_time(), operation.id))


@asynccontextmanager
async def open_simulation(
    level: Level, seed: int, config: RunConfig, subject: Subject, patience: float
) -> AsyncGenerator[Simulation]:
    """Open a simulation in this run of Trio, which must be a deterministic one.

    Args:
      level: "message" or "full".
      seed: decides everything.
      config: every option.
      subject: whose logic the server runs.
      patience: virtual seconds for which a client waits for what it expects.
    """
    async with open_world(level, seed, config, subject, SimulatedNetwork) as world:
        with dialing(world.network):
            yield Simulation(world, patience)

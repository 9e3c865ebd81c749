"""A running server: what it is made of, and how it starts, drains and stops.

Everything runs in one nursery that no cancellation from outside reaches, so that a server that is cancelled
still says goodbye: `stop` closes everyone, and then the nursery ends.
"""

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import trio
from attrs import define, field

from focus_signal.access.addresses import AddressKey, key_of
from focus_signal.access.keys import Keys
from focus_signal.access.session_tokens import SessionTokens
from focus_signal.core.commands import Begin
from focus_signal.errors import ServerFailed
from focus_signal.observe.faults import describe_fault
from focus_signal.server.accepting import accept_all
from focus_signal.server.admission import Admission
from focus_signal.server.config import Config
from focus_signal.server.connection import Connection
from focus_signal.server.descriptors import free_descriptors, room_for
from focus_signal.server.front_door import FrontDoor, Visitor
from focus_signal.server.guard import report
from focus_signal.server.heartbeat import run_heartbeat
from focus_signal.server.link import Link
from focus_signal.server.logic import BuildLogic, build_v1
from focus_signal.server.mounted import admit
from focus_signal.server.outbox import Backlog, OutboxStatistics
from focus_signal.server.owner import Owner
from focus_signal.server.pages import SIGNAL_PATH
from focus_signal.server.readiness import Readiness, open_readiness
from focus_signal.server.roll import Roll
from focus_signal.server.session_keys import keys_of
from focus_signal.server.settings import bound
from focus_signal.server.shared import Shared
from focus_signal.server.statistics import Statistics
from focus_signal.server.stream_link import link_of
from focus_signal.server.transport import Transport
from focus_signal.server.transport.native import NativeTransport
from focus_signal.server.welcome import Guest, Welcome, spoken_by
from focus_signal.server.whereabouts import address_of
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName
from focus_signal.wire.subprotocols import V1Offer

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

logger = logging.getLogger("focus_signal")

AnyListener = trio.abc.Listener[Any]

_BETWEEN_FORGETTING = 60.0


@define(eq=False)
class Server:
    """Be a running server; made by `open_server`."""

    config: Config
    _new_id: Callable[[], str]
    _listeners: list[AnyListener]
    _build_logic: BuildLogic
    _keys: Keys | None = None
    _wall: Callable[[], float] = time.time
    _welcome: Welcome = field(init=False)
    _owner: Owner = field(init=False)
    _admission: Admission = field(init=False)
    _front_door: FrontDoor = field(init=False)
    _shared: Shared = field(init=False)
    _roll: Roll = field(init=False)
    _frame_bounds: tuple[int, int] = field(init=False)
    _stopping: trio.Event = field(factory=trio.Event, init=False)
    _goodbye: CloseName = field(default="restart", init=False)
    _draining: bool = field(default=False, init=False)
    _readiness: Readiness | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        config = self.config
        logic = self._build_logic(config, self._new_id)
        self._roll = Roll(bound(config.max_connections_per_user))
        self._frame_bounds = bound(config.frame_bytes), bound(config.max_fragments)
        backlog = Backlog(bound(config.total_outbox_bytes))
        clock = trio.lowlevel.current_clock().current_time
        inbox = config.inbox_batches, bound(config.inbox_bytes)
        tokens = SessionTokens(keys_of(config) if self._keys is None else self._keys)
        v1 = build_v1(config, tokens.seal)
        # Keys of its own are no other server's, and so nothing can come back.
        begin = Begin(self._wall(), restores=bool(config.secret_file) or self._keys is not None)
        self._welcome = Welcome(logic.dialect, v1, tokens, self._new_id, self._wall)
        self._owner = Owner(logic.decider, logic.dialect, clock, *inbox, backlog, v1, begin)
        self._shared = Shared(config, self._owner.inbox, backlog, clock)
        free = free_descriptors(self._listeners)
        room = room_for(config.max_connections, config.max_handshakes, free=free)
        self._admission = Admission(config, room, self._takes_nobody)
        self._front_door = FrontDoor(config, self._admission)

    @property
    def port(self) -> int:
        """Give the TCP port of the first listener.

        Raises:
          NotListening: the server listens on no TCP port.
        """
        return address_of(self._listeners)[2]

    @property
    def url(self) -> str:
        """Give the address to which clients on this machine connect.

        Raises:
          NotListening: the server listens on no TCP port.
        """
        secure, host, port = address_of(self._listeners)
        return f"ws{secure}://{host}:{port}{SIGNAL_PATH}"

    @property
    def http_url(self) -> str:
        """Give the address of the server's pages, for clients on this machine.

        Raises:
          NotListening: the server listens on no TCP port.
        """
        secure, host, port = address_of(self._listeners)
        return f"http{secure}://{host}:{port}"

    def statistics(self) -> Statistics:
        """Look at the server at this moment."""
        return Statistics.of(
            self._owner.statistics(),
            handshakes=self._admission.handshakes,
            backlog=self._shared.backlog.bytes,
            closed=self._roll.closed(),
            draining=self._draining,
        )

    def outboxes(self) -> dict[int, OutboxStatistics]:
        """Look at what waits for each connection at this moment, by the connection's number."""
        return {connection.number: connection.outbox_statistics() for connection in self._roll.connections()}

    async def drain(self, grace: float) -> None:
        """Send everyone away in good order, and take nobody new.

        Listeners stay open: `/readyz` and new upgrades get 503. What was sent before is still carried out and
        delivered, then everyone is closed with 1012. Who is still there after the grace is cut.

        Args:
          grace: seconds for all of it.

        Cancellation: the server stays as it is then, draining; drain again or stop it.
        """
        self._draining = True
        with trio.move_on_after(grace):
            await self._owner.drain()
            await self._roll.wait_none_left()
        self.cut()
        # Each is ended by its own task; that takes a few turns and waits on no peer.
        await self._roll.wait_none_left()
        # The owner has been told, and has its turn first: then the matchmaker knows it as well.
        await trio.lowlevel.checkpoint()

    def stop(self, goodbye: CloseName = "restart") -> None:
        """Stop listening and close everyone; never waits.

        The server has ended when `open_server` gives control back, within the close deadline.
        """
        if not self._stopping.is_set():
            self._goodbye = goodbye
            self._stopping.set()

    def cut(self) -> None:
        """End every connection at once, without a goodbye; never waits."""
        self._roll.cut()

    async def mount(self, request: "WebSocketRequest") -> None:
        """Serve one request of somebody else's trio-websocket server, until its connection has ended.

        Nothing that goes wrong in here comes out. The path is the other server's business; the `userId` is
        read from the request's target. What the other server does before and after is bounded by its own
        settings.

        Args:
          request: a request that was neither accepted nor rejected.

        Cancellation: the connection is closed with 1012, within the close deadline.
        """
        try:
            await self._mount(request)
        except* Exception as group:  # noqa: BLE001 - the guard: this is no fault of the other server
            report(group, "a mounted connection")

    async def serve_transport(
        self, transport: Transport, user: str, offer: V1Offer | None = None, key: AddressKey | None = None
    ) -> None:
        """Serve a peer over a transport that was accepted already, until its connection has ended.

        Args:
          transport: the peer's messages; it is closed here.
          user: the user id that the peer names; empty if it names none.
          offer: what it offers as a client of `focus-signal.v1`; None for one that speaks the seed's dialect.
          key: what its address counts as.

        Cancellation: the peer is told, within the close deadline.
        """
        over = False
        try:
            async with trio.open_nursery() as nursery:
                await self._serve_user(transport, Guest(user, offer, key), nursery)
            over = True
        finally:
            with trio.move_on_after(self.config.close_timeout, shield=True):
                if over:
                    await transport.abort()  # what is to be said was said, unless it was cut
                else:
                    await self._close(transport, "restart")

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until `stop`; what a cancellation from outside calls for is the business of `open_server`.

        Raises:
          ServerFailed: the state was suspect, and the server has ended for that.
        """
        with trio.CancelScope(shield=True), open_readiness() as self._readiness:
            async with trio.open_nursery() as nursery:
                if self._readiness is not None:
                    nursery.start_soon(self._readiness.run)
                nursery.start_soon(self._run_owner)
                nursery.start_soon(
                    run_heartbeat,
                    self._roll.slice_of,
                    self.config.ping_interval,
                    self.config.pong_timeout,
                )
                nursery.start_soon(self._forget_at_times)
                async with trio.open_nursery() as listening:
                    await listening.start(
                        accept_all,
                        partial(self._handle_stream, nursery),
                        self._listeners,
                        self._readiness,
                        nursery,
                    )
                    task_status.started()
                    await self._stopping.wait()
                    listening.cancel_scope.cancel()
                for connection in self._roll.connections():
                    connection.close_soon(self._goodbye)
                with trio.move_on_after(self.config.close_timeout):
                    await self._roll.wait_none_left()
                nursery.cancel_scope.cancel()
        if self._goodbye == "internal-error":
            raise ServerFailed("the server's own state was suspect; the log says why")

    async def _run_owner(self) -> None:
        try:
            await self._owner.run()
        except Exception as error:  # noqa: BLE001 - whatever it is: the state is suspect, and nothing goes on with it
            told = describe_fault(error)
            logger.error("the matchmaker failed; the server closes everyone and ends: %s", told)  # noqa: TRY400 - the account
            self.stop("internal-error")

    async def _forget_at_times(self) -> None:
        while True:
            await trio.sleep(_BETWEEN_FORGETTING)
            self._admission.forget()

    async def _handle_stream(self, nursery: trio.Nursery, stream: trio.abc.Stream) -> None:
        """Serve whoever a listener lets in; nothing that goes wrong in here comes out."""
        try:
            link = link_of(stream, self._readiness)
            try:
                key = key_of(link.peer_address)
                # Mostly the whole request is there already: then nothing is waited for until it is answered.
                visitor = self._front_door.look(link, key)
                deadline = None
                if not isinstance(visitor, Visitor):
                    deadline = self._handshake_deadline()
                    visitor = await self._receive(link, visitor, deadline, key)
                if visitor is not None:
                    self._admission.enter(key)
                    try:
                        if self.config.transport != "native":
                            await self._welcome_with_library(link, visitor, deadline, nursery, key)
                        else:
                            native = NativeTransport(
                                link, visitor.key, visitor.read_ahead, *self._frame_bounds
                            )
                            spoken = spoken_by(visitor.offer)
                            if native.accept_nowait(spoken) or await self._accept(native, deadline, spoken):
                                await self._serve_user(
                                    native, Guest(visitor.user, visitor.offer, key), nursery
                                )
                    finally:
                        self._admission.leave(key)
            finally:
                await link.abort()  # noqa: ASYNC102 - waits on nobody, and works when cancelled
        except* Exception as group:  # noqa: BLE001 - the guard: nothing of one connection reaches another
            report(group, "a connection")

    async def _receive(
        self, link: Link, read: bytes | None, deadline: float, key: AddressKey | None
    ) -> Visitor | None:
        visitor: Visitor | None = None
        with self._admission.handshaking(link):  # it may be cut, to make room for others
            visitor = await self._front_door.receive(link, read, deadline, key)
            if visitor is None:
                with trio.move_on_after(self.config.close_timeout):
                    await link.aclose()
        return visitor

    async def _welcome_with_library(
        self,
        link: Link,
        visitor: Visitor,
        deadline: float | None,
        nursery: trio.Nursery,
        key: AddressKey | None,
    ) -> None:
        # The library takes long to import, and most servers never need it.
        from focus_signal.server.transport.trio_websocket import open_trio_websocket  # noqa: PLC0415

        most = bound(self.config.frame_bytes)
        with trio.CancelScope(deadline=self._handshake_deadline() if deadline is None else deadline) as scope:
            async with open_trio_websocket(link, visitor.key, visitor.read_ahead, most) as transport:
                await transport.accept(spoken_by(visitor.offer))
                scope.deadline = math.inf
                await self._serve_user(transport, Guest(visitor.user, visitor.offer, key), nursery)

    async def _mount(self, request: "WebSocketRequest") -> None:
        from focus_signal.server.transport.trio_websocket import TrioWebSocket  # noqa: PLC0415 - as above

        refusal, guest = admit(request, self._admission, bound(self.config.user_bytes))
        deadline = self._handshake_deadline()
        async with trio.open_nursery() as nursery:
            transport = TrioWebSocket(request, bound(self.config.frame_bytes), nursery)
            if refusal is not None:
                with trio.move_on_at(deadline):
                    await transport.reject(refusal)
            else:
                self._admission.enter(None)
                try:
                    if await self._accept(transport, deadline, spoken_by(guest.offer)):
                        await self.serve_transport(transport, guest.user, guest.offer)
                finally:
                    self._admission.leave(None)
            nursery.cancel_scope.cancel()

    def _handshake_deadline(self) -> float:
        return trio.current_time() + self.config.handshake_timeout

    async def _accept(self, transport: Transport, deadline: float | None, subprotocol: str | None) -> bool:
        """Answer the handshake, by a deadline that has been running, or is about to."""
        with trio.move_on_at(self._handshake_deadline() if deadline is None else deadline) as handshake:
            await transport.accept(subprotocol)
        return not handshake.cancelled_caught

    def _takes_nobody(self) -> bool:
        return self._draining or self._stopping.is_set()

    async def _serve_user(self, transport: Transport, guest: Guest, nursery: trio.Nursery) -> None:
        """Serve an accepted WebSocket; whatever goes wrong, the peer is told as well as can be."""
        if self._stopping.is_set():  # it came in while the others were being sent away
            await self._turn_away(transport, self._goodbye)
            return
        if not guest.user and guest.offer is None:
            await self._turn_away(transport, "user-id-missing")
            return
        number = self._roll.next_number()
        user, hearing, first = self._welcome.of(number, guest)
        connection = Connection(number, user, transport, hearing, self._shared, nursery, (first,))
        self._roll.enter(connection)
        try:
            await connection.run()
        except* Exception as group:  # noqa: BLE001 - the guard, where the peer can still be told
            report(group, f"connection {connection.number}")
            if connection.fail():
                await self._close(transport, "internal-error")
        finally:
            self._roll.leave(connection)

    async def _turn_away(self, transport: Transport, name: CloseName) -> None:
        self._roll.note_close(name)
        await self._close(transport, name)

    async def _close(self, transport: Transport, name: CloseName) -> None:
        """Say goodbye where no `Connection` does, and end the stream."""
        row = CLOSE_CODES[name]
        with trio.move_on_after(self.config.close_timeout):
            await transport.close(row.code, row.reason)
        await transport.abort()

"""The clients at the full level: that of `focus_signal.client`, and a plain one for the seed's dialect."""

import json
from collections.abc import Callable
from math import inf
from typing import Any, cast

import trio
from attrs import define, field
from msgspec.json import encode
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from focus_signal.client import open_client
from focus_signal.client.client import Client
from focus_signal.client.events import Answered, Connected, Disconnected, FromSession, Lost
from focus_signal.client.faults import ClientEnded
from focus_signal.client.settings import ClientSettings
from focus_signal.client.unanswered import Request
from focus_signal.core.effects import Refused, Relayed, RoomFound, SeedMessage
from focus_signal.testing.keyed import generator
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.acting import Acting
from focus_signal.testing.v1.full_world import HOST, PORT, FullWorld
from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.messages.from_client import FromClient

_SETTINGS = ClientSettings(
    patience=1e6, connect_timeout=10.0, pong_timeout=5.0, first_delay=0.5, longest_delay=4.0
)
"""It never gives up, and notices soon."""
_NO_GOODBYE = 1006


@define(eq=False)
class FullPerson(Acting):
    """Be somebody, and their client.

    Args:
      world: where they are.
      nursery: for their tasks.
    """

    _world: FullWorld
    _nursery: trio.Nursery
    client: Client | None = field(default=None, init=False)
    _scope: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    _outbox: trio.MemorySendChannel[bytes] | None = field(default=None, init=False)
    _links: int = field(default=0, init=False)
    _numbers: dict[Request, int] = field(factory=dict[Request, int], init=False)
    _closing: trio.Event = field(factory=trio.Event, init=False)

    @property
    def now(self) -> float:
        """Tell the time."""
        return trio.current_time()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after so many seconds."""
        self._nursery.start_soon(_after, seconds, action)

    @property
    def label(self) -> str:
        """Name the newest link."""
        return f"{self.user}-{self._links}"

    @property
    def is_live(self) -> bool:
        """Tell whether they are connected, and welcome."""
        if self.is_seed:
            return self._outbox is not None
        return self.client is not None and self.client.is_connected

    def come(self) -> None:
        """Come, as somebody who knows of no session."""
        if not self.is_here:
            self.begin()
            self._scope, self._closing = trio.CancelScope(), trio.Event()
            self._nursery.start_soon(self._be_seed if self.is_seed else self._be)

    def go(self) -> None:
        """Close with 1000."""
        if self.is_here:
            self.is_here, self.client = False, None
            self.note(h.Went(self.now, self.user))
            self._closing.set()

    def cut(self) -> None:
        """End all tasks at once."""
        self._scope.cancel()

    def ask(self, op: int, message: FromClient, *, mark: bool = False, to: str | None = None) -> None:
        """Have a request sent, if there is a client to do that."""
        if self.client is not None or self._outbox is not None:
            super().ask(op, message, mark=mark, to=to)

    def transmit(self, number: int, message: FromClient) -> None:
        """Have a request sent."""
        if self._outbox is not None:
            self._outbox.send_nowait(encode(message))
        elif self.client is not None:
            try:
                self._numbers[self.client.request_nowait(message)] = number
            except ClientEnded:
                self.client = None  # its task tells the rest
                self.note(h.Lost(self.now, self.user, number))

    async def _dial(self, host: str, port: int) -> trio.abc.Stream:
        self._links += 1
        self.note(h.Dialled(trio.current_time(), self.user, 0, held=self._links > 1))
        return await self._world.dial(self.label, host, port)

    async def _be(self) -> None:
        life, closing = self.life, self._closing
        ended: ClientEnded | None = None
        with self._scope:
            try:
                async with trio.open_nursery() as nursery:
                    opening = trio.CancelScope()
                    nursery.start_soon(_cancel_when, closing, opening)
                    await self._open(opening, closing)
                    nursery.cancel_scope.cancel()
            except* ClientEnded as group:
                ended = _first(group)
        if closing.is_set() or ended is None:
            return
        self.client = None
        self.note(h.Over(self.now, self.user, ended.code or 0, "" if ended.code is not None else ended.why))
        self.is_here = False
        await trio.sleep(self.draw(0.5, 3.0, "anew", self.user, life))
        if not self.is_here and self.life == life:
            self.come()

    async def _open(self, opening: trio.CancelScope, closing: trio.Event) -> None:
        chance = generator(self.plan.seed, "chance", self.user, self.life)
        url = f"ws://{HOST}:{PORT}/signal"
        with opening:
            async with open_client(
                url, self.user, settings=_SETTINGS, dial=self._dial, chance=chance
            ) as client:
                if not closing.is_set():
                    self._watch(client, closing)
                    await self._live(client, closing)

    def _watch(self, client: Client, closing: trio.Event) -> None:
        """See all that the session tells, and not only what its owner is given."""
        self.client = client
        self.note(h.Welcomed(self.now, self.user, client.welcome))
        keeper = client._keeper  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - answers are told there
        real = keeper._tell  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the same

        def tell(event: FromSession | Disconnected, size: int) -> None:
            if not closing.is_set():
                self._take(event)
            real(event, size)

        keeper._tell = tell  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the same

    @staticmethod
    async def _live(client: Client, closing: trio.Event) -> None:
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                async for _ in client:
                    pass
                nursery.cancel_scope.cancel()

            nursery.start_soon(read)
            await closing.wait()
            nursery.cancel_scope.cancel()

    def _take(self, event: FromSession | Disconnected) -> None:
        now, user = trio.current_time(), self.user
        match event:
            case Connected(welcome=welcome, state=state):
                self.note(h.Welcomed(now, user, welcome))
                self.be_welcome(state)
            case Disconnected(code=code):
                self.note(h.Dropped(now, user, code))
            case Answered(request, error):
                number = self._numbers.pop(request)
                self.note(h.Answered(now, user, number, None if error is None else error.code))
            case Lost(requests):
                for request in requests:
                    self.note(h.Lost(now, user, self._numbers.pop(request)))
            case _:
                self.note(h.Told(now, user, cast("Any", event)))
                self.react(event)

    async def _be_seed(self) -> None:
        closing = self._closing
        with self._scope:
            while not closing.is_set():
                code = await self._connect_seed(closing)
                if closing.is_set():
                    return
                over = code == CLOSE_CODES["replaced"].code
                self.note((h.Over if over else h.Dropped)(self.now, self.user, code))
                with trio.move_on_after(self.draw(0.2, 3.0, "back", self.user, self._links)):
                    await closing.wait()
                if over and not closing.is_set():
                    self.note(h.Came(self.now, self.user, seed=True))

    async def _connect_seed(self, closing: trio.Event) -> int:
        try:
            stream = await self._dial(HOST, PORT)
        except OSError:
            return _NO_GOODBYE
        code = _NO_GOODBYE
        try:
            async with trio.open_nursery() as nursery:
                with trio.move_on_after(_SETTINGS.connect_timeout) as opening:
                    code = await self._converse(nursery, stream, opening, closing)
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)
        return code

    async def _converse(
        self, nursery: trio.Nursery, stream: trio.abc.Stream, opening: trio.CancelScope, closing: trio.Event
    ) -> int:
        path = f"/signal?userId={self.user}"
        try:
            socket = await wrap_client_stream(nursery, cast("trio.SocketStream", stream), HOST, path)
        except (ConnectionRejected, HandshakeError, ConnectionClosed):
            return _NO_GOODBYE
        send, receive = trio.open_memory_channel[bytes](1000)
        self._outbox = send
        nursery.start_soon(_pass_on, receive, socket)
        nursery.start_soon(_close_when, closing, socket)
        try:
            opening.deadline = inf
            while True:
                frame = await socket.get_message()
                if not closing.is_set():
                    self._take_seed(frame if isinstance(frame, bytes) else frame.encode())
        except ConnectionClosed as closed:
            return _NO_GOODBYE if closed.reason is None else closed.reason.code
        finally:
            if self._outbox is send:
                self._outbox = None

    def _take_seed(self, frame: bytes) -> None:
        fields: dict[str, Any] = json.loads(frame)
        message: SeedMessage
        match fields.get("type"):
            case "room-found":
                message = RoomFound(fields["roomId"], tuple(fields["peers"]))
            case "error":
                message = Refused(fields["code"], fields["message"])
            case kind:
                message = Relayed(fields["from"], str(kind), frame)
        self.note(h.ToldSeed(trio.current_time(), self.user, message))
        self.react_seed(message)


async def _after(seconds: float, action: Callable[[], None]) -> None:
    await trio.sleep(seconds)
    action()


async def _cancel_when(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


async def _close_when(event: trio.Event, socket: WebSocketConnection) -> None:
    await event.wait()
    with trio.move_on_after(5.0):
        await socket.aclose()


async def _pass_on(receive: trio.MemoryReceiveChannel[bytes], socket: WebSocketConnection) -> None:
    async for frame in receive:
        try:
            await socket.send_message(frame.decode())
        except ConnectionClosed:
            return


def _first(group: BaseExceptionGroup[ClientEnded]) -> ClientEnded:
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", inner).exceptions[0]
    assert isinstance(inner, ClientEnded)  # noqa: S101 - nothing else is in such a group
    return inner

"""A client's connection above the core, from dialling to its end; it writes down what it sends and gets."""

from collections.abc import Callable
from itertools import count

import trio
from attrs import define, field

from focus_signal.core.effects import SeedMessage
from focus_signal.errors import TransportClosed
from focus_signal.testing import history as h
from focus_signal.testing.keyed import draw
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import Join, Leave, Say, Signal, text_of
from focus_signal.testing.shell.texts import read_text
from focus_signal.testing.shell.wires import NotAdmitted, PingingWire, Wire, open_wire
from focus_signal.testing.shell.world import HOST, PORT, World

HOME = -3
"""The operation of whoever leaves since the run is over."""
# A well-behaved client waits so long for the answer to its goodbye.
_GOODBYE = 10.0
_LONGEST_PING = 125


@define(eq=False)
class Caller:
    """Be one connection of a client.

    Args:
      world: where it takes place.
      conn: the connection's number in the plan.
      user: the user in whose name.
      label: what the network calls its link.
      on_message: told of each message that came.
    """

    world: World
    conn: int
    user: str
    label: str
    on_message: Callable[[SeedMessage], None] | None = None
    left: bool = field(default=False, init=False)
    """Whether the client has ended the connection itself."""
    admitted: bool = field(default=False, init=False)
    """Whether the server has ever let it in."""
    failure: Exception | None = field(default=None, init=False)
    """Why it could not connect."""
    code: int | None = field(default=None, init=False)
    """The code of the server's close frame."""
    opened: trio.Event = field(factory=trio.Event, init=False)
    """It is known whether the client is connected."""
    ended: trio.Event = field(factory=trio.Event, init=False)
    """The connection is over."""
    _wire: Wire | None = field(default=None, init=False)
    _goodbye_said: trio.Event = field(factory=trio.Event, init=False)
    _scope: trio.CancelScope = field(factory=trio.CancelScope, init=False)

    @property
    def is_open(self) -> bool:
        """Tell whether something can be sent."""
        return self._wire is not None and not self.left and not self.ended.is_set()

    async def run(self) -> None:
        """Connect, and read until the end."""
        notes = self.world.notes
        notes.conns[self.label] = self.conn
        try:
            with self._scope:
                stream = await self.world.network.connect(HOST, PORT, label=self.label, key=f"c{self.conn}")
                try:
                    await self._converse(stream)
                finally:
                    with trio.CancelScope(shield=True):
                        await trio.aclose_forcefully(stream)
        except (OSError, NotAdmitted) as error:
            self.failure = error
            notes.add(h.NotConnected(trio.current_time(), self.conn, str(error)))
        finally:
            self._wire = None
            self.opened.set()
            self.ended.set()

    async def send(self, operation: Join | Signal | Say) -> None:
        """Send the text of an operation; what cannot be sent any more is not."""
        if self._wire is not None and self.is_open:
            self.world.notes.add(h.Sent(trio.current_time(), self.conn, operation.id))
            await self._wire.send(text_of(operation, self.user))

    async def send_text(self, op: int, text: bytes) -> None:
        """Send any text.

        Raises:
          TransportClosed: the connection has ended.
        """
        if self._wire is None or not self.is_open:
            raise TransportClosed(f"the connection of {self.user} has ended")
        self.world.notes.add(h.Sent(trio.current_time(), self.conn, op))
        await self._wire.send(text)

    async def leave(self, leave: Leave) -> None:
        """End the connection as the operation says."""
        if self.left or self.ended.is_set():
            return
        wire = self._wire
        if wire is None or leave.by == "reset":
            self.cut(leave.id)
            return
        if leave.by == "half-close":
            self.end_sending(leave.id)
            return
        self.left = True
        self.world.notes.add(h.Left(trio.current_time(), self.conn, leave.id))
        try:
            with trio.move_on_after(_GOODBYE) as patience:
                await wire.close()
            if patience.cancelled_caught:
                self._scope.cancel()
        finally:
            self._goodbye_said.set()

    def end_sending(self, op: int) -> None:
        """End what is sent, so that the server reads the end of the stream."""
        if self.left or self.ended.is_set():
            return
        self.left = True
        self.world.notes.add(h.Left(trio.current_time(), self.conn, op))
        self.world.network.half_close(self.label)
        self._goodbye_said.set()

    def cut(self, op: int) -> None:
        """End the connection by a reset, at once."""
        if self.left or self.ended.is_set():
            return
        self.left = True
        self.world.notes.add(h.Left(trio.current_time(), self.conn, op))
        self._goodbye_said.set()
        self.world.network.reset(self.label)
        self._scope.cancel()

    async def _converse(self, stream: SimStream) -> None:
        world, notes = self.world, self.world.notes
        async with (
            open_wire(stream, self.user, world.level, world.config.transport, self._take_pong) as wire,
            trio.open_nursery() as nursery,
        ):
            self._wire = wire
            if world.config.client_pings and isinstance(wire, PingingWire):
                nursery.start_soon(self._ping_often, wire)
            self.admitted = True
            notes.add(h.Connected(trio.current_time(), self.conn))
            self.opened.set()
            try:
                while True:
                    self._take(await wire.receive())
            except TransportClosed:
                self.code = wire.close_code
            if self.left:
                # The goodbye goes over the same wire.
                await self._goodbye_said.wait()
            else:
                notes.add(h.Ended(trio.current_time(), self.conn, self.code))
                self.ended.set()
            nursery.cancel_scope.cancel()

    async def _ping_often(self, wire: PingingWire) -> None:
        """Ask for a pong once an interval, for as long as the chaos lasts and there is anybody to ask."""
        try:
            for number in count(1):
                await trio.sleep(self.world.config.client_pings)
                if self.left or self.world.director.healed:
                    break
                self.world.notes.add(h.Pinged(trio.current_time(), self.conn, number))
                await wire.ping(_ping_of(self.world.seed, self.conn, number))
        except TransportClosed:
            pass  # whoever reads sees it too

    def _take_pong(self, content: bytes) -> None:
        number = int.from_bytes(content[:4])
        if content != _ping_of(self.world.seed, self.conn, number):
            number = -1
        self.world.notes.add(h.Ponged(trio.current_time(), self.conn, number))

    def _take(self, text: bytes) -> None:
        if self.left:
            return
        message = read_text(text)
        if message is None:
            self.world.notes.add(h.Strange(trio.current_time(), self.conn, text.decode(errors="replace")))
            return
        notes = self.world.notes
        notes.add(h.Got(trio.current_time(), self.conn, notes.marks.got(self.conn, message)))
        if self.on_message is not None:
            self.on_message(message)


def _ping_of(seed: int, conn: int, number: int) -> bytes:
    """Give what a client's ping holds: its number, and more or less beside it."""
    return number.to_bytes(4) + b"p" * int(draw(seed, "ping", conn, number) * (_LONGEST_PING - 4))

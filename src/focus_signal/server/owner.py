"""The one task that holds the matchmaker, and the channel through which everyone else speaks to it.

Connections send batches of commands; the owner carries out what is there, puts what comes of it into
outboxes, and flushes each outbox that it touched once. It never waits for a connection.

A connection's end is told out of line, since it must not wait on a full channel, and is carried out in two
steps: the withdrawal ahead of the next batch, so that no match holds somebody who has left, and the
disconnect behind the last batch that the connection sent, so that what it had said is still carried out.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import trio
from attrs import define, field

from focus_signal.core.commands import (
    Begin,
    Command,
    Disconnect,
    Drain,
    RelayClump,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Close, Deliver, DeliverClump, DeliverNumbered, SeedMessage
from focus_signal.core.matchmaker import MatchmakerStatistics
from focus_signal.observe.buggify import buggify, is_directed, pause
from focus_signal.server.logic import Decider, Dialect
from focus_signal.server.outbox import Backlog, Outbox
from focus_signal.server.settings import NO_LIMIT
from focus_signal.wire.v1 import V1Dialect

_MOST_COMMANDS_A_TURN = 1000

# With how many bytes it came; the first batch of a connection hands its outbox over.
Batch = tuple[Sequence[Command | RelayClump], tuple[int, Outbox] | None, int]
_WAKE: Batch = ((), None, 0)


@define(eq=False)
class _Waiter:
    """Be a batch for which there is no room; `may_go` is set when room was made for it."""

    size: int
    may_go: trio.Event = field(factory=trio.Event, init=False)


@define(eq=False)
class Inbox:
    """Be every connection's way to the owner.

    Args:
      channel: the way.
      ended: where those are listed that have ended.
      most_bytes: how much may be on the way; an empty inbox takes a batch of any size.
    """

    _channel: trio.MemorySendChannel[Batch]
    _ended: list[tuple[int, bool]]
    _most_bytes: int
    bytes: int = field(default=0, init=False)
    """How much is on the way."""
    # Who waits for it to be less. First come, first served: were all of them woken to try, those would starve
    # that stand in the middle, since Trio runs what is ready from the one end or from the other.
    _line: dict[_Waiter, None] = field(factory=dict[_Waiter, None], init=False)
    directed: bool = field(factory=is_directed, init=False)
    """Whether a simulation decides at the points."""

    def open_nowait(self, connection: int, outbox: Outbox, commands: Sequence[Command | RelayClump]) -> bool:
        """Send the first batch, and with it the outbox into which everything for this connection goes.

        Returns:
          whether there was room for it; `open` does it otherwise.
        """
        try:
            self._channel.send_nowait((commands, (connection, outbox), 0))
        except trio.WouldBlock:
            return False
        return True

    async def open(self, connection: int, outbox: Outbox, commands: Sequence[Command | RelayClump]) -> None:
        """Send the first batch and the outbox; waits while the channel is full."""
        await self._channel.send((commands, (connection, outbox), 0))

    def send_nowait(self, commands: Sequence[Command | RelayClump], size: int = 0) -> bool:
        """Send a batch if there is room for it, and tell whether it is sent; `send` does it otherwise.

        Args:
          commands: the batch.
          size: with how many bytes it came.
        """
        if self.directed or self._line or self.bytes >= self._most_bytes:
            return False
        try:
            self._channel.send_nowait((commands, None, size))
        except trio.WouldBlock:
            return False
        self.bytes += size
        return True

    async def send(self, commands: Sequence[Command | RelayClump], size: int = 0) -> None:
        """Send a batch; waits while there is no room, and then this connection alone waits.

        Args are those of `send_nowait`.
        """
        await pause("inbox.late-send")
        if self._line or self.bytes >= self._most_bytes:
            await self._stand_in_line(size)
        else:
            self.bytes += size
        try:
            # Without a checkpoint, unless the channel is full.
            self._channel.send_nowait((commands, None, size))
        except trio.WouldBlock:
            try:
                await self._channel.send((commands, None, size))
            except BaseException:  # whatever it was, above all a cancellation: it is not on the way
                self.take(size)
                raise

    def take(self, size: int) -> None:
        """Note that so much is no longer on the way, and make room for those who wait; never waits."""
        self.bytes -= size
        while self._line and self.bytes < self._most_bytes:
            first = next(iter(self._line))
            del self._line[first]
            self.bytes += first.size
            first.may_go.set()

    def close(self) -> None:
        """Let nobody wait any longer: whoever sends is told that there is nobody to take it."""
        self._most_bytes = NO_LIMIT
        self.take(0)

    async def _stand_in_line(self, size: int) -> None:
        waiter = _Waiter(size)
        self._line[waiter] = None
        try:
            await waiter.may_go.wait()
        except BaseException:  # whatever it was, above all a cancellation
            if waiter in self._line:
                del self._line[waiter]
            else:
                self.take(size)  # the room that was made for it is the next one's
            raise

    def end(self, connection: int, *, finished: bool = False) -> None:
        """Tell that a connection has ended and sends nothing more; never waits.

        Args:
          connection: which.
          finished: whether its peer has said that it does not mean to come back.
        """
        self._ended.append((connection, finished))
        # A full channel means that the owner is about to run; a broken one that there is nobody left to tell.
        with suppress(trio.WouldBlock, trio.BrokenResourceError):
            self._channel.send_nowait(_WAKE)


@define(eq=False)
class Owner:
    """Hold the matchmaker; `run` is its only task.

    Args:
      matchmaker: the state.
      dialect: makes frames of messages.
      clock: gives the time in seconds.
      inbox_batches: how many batches may wait.
      inbox_bytes: with how many bytes they may have come.
      backlog: what waits in all outboxes together.
      v1: makes frames of messages that have numbers.
      begin: the first command, if there is one.
    """

    _matchmaker: Decider
    _dialect: Dialect
    _clock: Callable[[], float]
    _inbox_batches: int
    _inbox_bytes: int
    _backlog: Backlog
    _v1: V1Dialect | None = None
    _begin: Begin | None = None
    inbox: Inbox = field(init=False)
    """The way to here."""
    _send: trio.MemorySendChannel[Batch] = field(init=False)
    _receive: trio.MemoryReceiveChannel[Batch] = field(init=False)
    _outboxes: dict[int, Outbox] = field(factory=dict[int, Outbox], init=False)
    _ended: list[tuple[int, bool]] = field(factory=list[tuple[int, bool]], init=False)
    # Connections that have ended, each with the number of the batch behind which that counts and with whether
    # its peer was finished; and once more, to be found by their number.
    _due: deque[tuple[int, int, bool]] = field(factory=deque[tuple[int, int, bool]], init=False)
    _leaving: dict[int, None] = field(factory=dict[int, None], init=False)
    _taken: int = field(default=0, init=False)
    _touched: dict[Outbox, None] = field(factory=dict[Outbox, None], init=False)

    def __attrs_post_init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[Batch](self._inbox_batches)
        self.inbox = Inbox(self._send, self._ended, self._inbox_bytes)

    def statistics(self) -> MatchmakerStatistics:
        """Look at the matchmaker between two turns."""
        return self._matchmaker.statistics()

    async def drain(self) -> None:
        """Have everyone closed, behind what was sent before."""
        # If the owner has ended by a fault, everyone is being closed for that.
        with suppress(trio.BrokenResourceError):
            await self._send.send(([Drain()], None, 0))

    async def run(self) -> None:
        """Carry out commands until cancelled.

        An exception that comes out of here says that the state is suspect: nothing may go on with it.
        """
        try:
            with self._receive:
                if self._begin is not None:
                    self._matchmaker.handle(self._begin, self._clock())
                while True:
                    batch = await self._next_batch()
                    if self.inbox.directed:
                        await pause("owner.late-turn")
                    self._turn(batch)
        finally:
            self.inbox.close()

    async def _next_batch(self) -> Batch | None:
        """Wait for a batch, but not beyond the matchmaker's next deadline."""
        deadline = self._matchmaker.next_deadline()
        if deadline is None:
            return await self._receive.receive()
        if deadline <= self._clock():
            # A wait whose time is over would not even look at what is there.
            await trio.lowlevel.checkpoint()
            try:
                return self._receive.receive_nowait()
            except trio.WouldBlock:
                return None
        with trio.move_on_at(deadline):
            return await self._receive.receive()
        return None

    def _turn(self, batch: Batch | None) -> None:
        now = self._clock()
        commands: list[Command | RelayClump] = []
        deadline = self._matchmaker.next_deadline()
        if deadline is not None and deadline <= now:
            commands.append(TimePassed())
        ended = self._ended.copy()
        self._ended.clear()
        batches = self._take_waiting(batch)
        if ended:
            behind = self._taken + self._receive.statistics().current_buffer_used
            for connection, finished in ended:
                commands.append(Withdraw(connection))
                self._due.append((behind, connection, finished))
                self._leaving[connection] = None
        for came, opened, _ in batches:
            commands += came
            if opened is not None:
                self._outboxes[opened[0]] = opened[1]
                if opened[0] in self._leaving:
                    # Its end has overtaken its beginning, which the matchmaker has to know first.
                    commands.append(Withdraw(opened[0]))
        over: list[int] = []
        while self._due and self._due[0][0] <= self._taken:
            _, connection, finished = self._due.popleft()
            commands.append(Disconnect(connection, finished))
            over.append(connection)
        self._handle_all(commands, now)
        for connection in over:
            self._outboxes.pop(connection, None)
            del self._leaving[connection]
        for outbox in self._touched:
            outbox.flush()
        self._touched.clear()
        if self._backlog.bytes > self._backlog.most:
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Give up the connections for which most waits, until what waits for all is no longer too much."""
        while self._backlog.bytes > self._backlog.most:
            fullest = self._backlog.fullest()
            if fullest is None:
                return
            fullest.close("too-slow", urgent=True)
            fullest.flush()
            self._handle_all((Withdraw(fullest.connection),), now)

    def _take_waiting(self, batch: Batch | None) -> list[Batch]:
        """Take what is there without waiting, up to the size of a turn."""
        batches: list[Batch] = []
        commands = size = 0
        while batch is not None:
            batches.append(batch)
            self._taken += 1
            size += batch[2]
            for command in batch[0]:
                commands += len(command.payloads) if type(command) is RelayClump else 1
            if commands >= _MOST_COMMANDS_A_TURN or (self.inbox.directed and buggify("owner.short-turn")):
                break
            try:
                batch = self._receive.receive_nowait()
            except trio.WouldBlock:
                break
        self.inbox.take(size)
        return batches

    # Flat, for a call for each message would cost more than what it does.
    def _handle_all(self, commands: Sequence[Command | RelayClump], now: float) -> None:  # noqa: C901, PLR0912 - see above
        handle, encode, outboxes = self._matchmaker.handle, self._dialect.encode, self._outboxes
        encoded: SeedMessage | None = None
        frame: bytes | None = None
        outbox: Outbox | None = None
        connection = -1
        for command in commands:
            if isinstance(command, RelayClump):
                effects = self._matchmaker.handle_clump(command, now)
                if isinstance(effects, DeliverClump):
                    self._deliver_clump(effects, now)
                    continue
            else:
                effects = handle(command, now)
            for effect in effects:
                # Much of what comes in one batch is for the same connection.
                if effect.connection != connection:
                    connection = effect.connection
                    outbox = outboxes.get(connection)
                    if outbox is not None:
                        self._touched[outbox] = None
                if outbox is None:
                    continue
                if type(effect) is Deliver:
                    # The members of a room are sent the same message one after the other.
                    if effect.message is not encoded:
                        encoded = effect.message
                        frame = encode(encoded)
                    if frame is not None and not outbox.put(frame):
                        self._give_up(connection, outbox, now)
                elif type(effect) is DeliverNumbered:
                    assert self._v1 is not None  # noqa: S101 - who is sent this has come by it
                    if not outbox.put(self._v1.encode(effect.message, effect.seq)):
                        self._give_up(connection, outbox, now)
                elif type(effect) is Close:
                    outbox.close(effect.reason)

    def _deliver_clump(self, clump: DeliverClump, now: float) -> None:
        outbox = self._outboxes.get(clump.connection)
        if outbox is not None:
            self._touched[outbox] = None
            if not outbox.put_all(self._dialect.encode_clump(clump.sender, clump.kind, clump.payloads)):
                self._give_up(clump.connection, outbox, now)

    def _give_up(self, connection: int, outbox: Outbox, now: float) -> None:
        outbox.close("too-slow")
        self._handle_all((Withdraw(connection),), now)

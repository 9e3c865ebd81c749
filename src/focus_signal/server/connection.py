"""One connection, from its open WebSocket to its end.

Its own task reads, decodes, and sends the commands to the owner. Whoever has put something into its outbox
calls `flush`: what the peer takes goes out at once, and only for the rest a writer task is started; while
there is one, nobody else writes. The close frame goes the same way, behind everything else.
"""

import logging
import math
from collections.abc import Awaitable
from contextlib import nullcontext

import trio
from attrs import define, field

from focus_signal.core.commands import Connect
from focus_signal.errors import TransportClosed
from focus_signal.observe.buggify import buggify, is_directed, witness
from focus_signal.server.config import Config
from focus_signal.server.guard import report
from focus_signal.server.logic import ReadFrames
from focus_signal.server.outbox import Outbox, OutboxStatistics
from focus_signal.server.owner import Inbox
from focus_signal.server.transport import ProtocolViolation, Transport
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName

logger = logging.getLogger("focus_signal")

_NO_SCOPE = nullcontext()


@define(eq=False)
class Connection:
    """Serve one peer; `run` is its task.

    Args:
      number: the connection's number, given out once.
      user: the user for whom it speaks.
      transport: the open WebSocket.
      inbox: its way to the owner.
      read_frames: makes commands of the frames that came with a read.
      config: deadlines and bounds.
      nursery: where a writer runs; open for as long as `run` runs.
    """

    number: int
    user: str
    _transport: Transport
    _inbox: Inbox
    _read_frames: ReadFrames
    _config: Config
    _nursery: trio.Nursery
    _outbox: Outbox = field(init=False)
    _directed: bool = field(factory=is_directed, init=False)
    # By which it is cut, where the transport has no way to end at once.
    _scope: trio.CancelScope | None = field(default=None, init=False)
    # The same for a wait on the owner.
    _behind: trio.CancelScope | None = field(default=None, init=False)
    _starts_writers: bool = field(default=False, init=False)
    _writer: trio.CancelScope | None = field(default=None, init=False)
    # There once this connection's own task waits for the writer to end.
    _written: trio.Event | None = field(default=None, init=False)
    _last_chance: float = field(default=math.inf, init=False)
    # The reader has ended, and everything has to be over by then.
    _ends_by: float = field(default=math.inf, init=False)
    _says_goodbye: bool = field(default=False, init=False)
    _handing_on: bool = field(default=False, init=False)
    _pong_due: float = field(default=math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        self._outbox = Outbox(self._config.outbox_bytes, self._config.outbox_messages, self.flush)

    async def run(self) -> None:
        """Serve the peer until the connection has ended, by whosever doing.

        Cancellation: the connection ends at once; whoever cancels says goodbye with `close_soon` first.
        """
        witness("served", self.number)
        if self._transport.abort_nowait is None:
            self._scope = trio.CancelScope()
        self._starts_writers = True
        with self._scope or _NO_SCOPE:
            try:
                fault = await self._converse()
            finally:
                self._starts_writers = False
            first = self._outbox.close(fault)
            if fault != "done" or self._writer is not None or not self._transport.close_nowait():
                await self._end(first=first)
        if self._writer is not None:
            # This connection was cut, or its time was over.
            self._says_goodbye = True
            self._writer.cancel()

    def outbox_statistics(self) -> OutboxStatistics:
        """Look at what waits for the peer at this moment."""
        return self._outbox.statistics()

    def flush(self) -> None:
        """Send what the peer takes now, and start a writer for the rest; never waits."""
        if self._writer is not None:
            if self._outbox.last == "too-slow":
                # A last chance to end the message that it hangs in, so that the close frame can follow.
                self._last_chance = min(self._last_chance, trio.current_time() + self._config.close_timeout)
                self._writer.deadline = min(self._writer.deadline, self._last_chance)
            return
        if not self._starts_writers:
            return
        try:
            backlogged = self._directed and buggify("connection.backlogged")
            gone = not backlogged and self._transport.send_nowait(self._outbox.take())
        except Exception as fault:  # noqa: BLE001 - a guard: who flushes is the owner, and must not end with this one
            report(fault, f"connection {self.number}")
            self._outbox.close("internal-error")
            gone = False
        if not gone or self._outbox.last is not None:
            self._outbox.unsent = self._transport.unsent
            self._writer = trio.CancelScope()
            self._nursery.start_soon(self._run_writer, self._writer)

    def close_soon(self, name: CloseName) -> None:
        """Close behind everything that waits, within the close deadline; never waits."""
        if self._outbox.close(name):
            self.flush()

    def cut(self) -> None:
        """End the connection at once, without a goodbye; never waits."""
        abort = self._transport.abort_nowait
        if abort is not None:
            abort()
        for scope in (self._scope, self._behind):
            if scope is not None:
                scope.cancel()

    def ping_soon(self, pong_due: float) -> bool:
        """Ask the peer for a sign of life, unless it is being asked already; never waits.

        Args:
          pong_due: the time by which it has to answer.

        Returns:
          whether it is asked now.
        """
        if self._outbox.closed or self._transport.awaits_pong:
            return False
        self._pong_due = pong_due
        self._transport.ping_soon()
        self.flush()
        return True

    def judge_silence(self, now: float) -> bool:
        """Close if a pong is overdue; never waits.

        Returns:
          whether to judge once more, a pong's time later.
        """
        if self._outbox.closed or not self._transport.awaits_pong or now < self._pong_due:
            return False
        if self._handing_on:
            # While the owner keeps this connection waiting, its pongs wait as well: no fault of the peer.
            self._pong_due = now + self._config.pong_timeout
            return True
        self.close_soon("no-pong")
        return False

    async def _converse(self) -> CloseName:
        """Read and hand on until the end, and tell with which close frame to answer it."""
        # Where a connection spends its life: what every read goes through is kept flat here.
        inbox, outbox, transport, read_frames = self._inbox, self._outbox, self._transport, self._read_frames
        number = self.number
        try:
            first = [Connect(number, self.user)]
            if not inbox.open_nowait(number, outbox, first):
                await self._wait_for(inbox.open(number, outbox, first))
            while True:
                messages = await transport.receive()
                if transport.owes_reply:
                    self.flush()
                # Once this side has said goodbye, what comes is no longer heard.
                if messages and not outbox.closed:
                    commands = read_frames(messages)
                    if not inbox.send_nowait(commands):
                        self._handing_on = True
                        await self._wait_for(inbox.send(commands))
                        self._handing_on = False
                elif transport.said_goodbye:
                    break
        except TransportClosed:
            pass  # the same, by raising it
        except ProtocolViolation as violation:
            # What was asked ahead of it is answered first, if the owner is not behind: its turn is the first
            # of these two steps, and once the outbox has ended there is no answer any more.
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            return violation.close
        except trio.BrokenResourceError:
            # The owner has ended by a fault of its own; transports raise TransportClosed.
            return "internal-error"
        finally:
            # At once and before any await: nothing is delivered any more, and the owner knows.
            witness("end-read", number)
            outbox.end()
            inbox.end(number)
        outbox.take()  # nobody is left to read it
        return "done"

    async def _wait_for(self, handing_on: Awaitable[None]) -> None:
        """Hand something to an owner that is behind; to be cut ends this wait too."""
        with trio.CancelScope() as self._behind:
            await handing_on
        if self._behind.cancelled_caught:
            raise TransportClosed("the connection was cut")
        self._behind = None

    async def _end(self, *, first: bool) -> None:
        """Have the rest sent and the close frame behind it, within the close deadline.

        Args:
          first: whether this end is why it closes.
        """
        self._ends_by = trio.current_time() + self._config.close_timeout
        if self._writer is None and not first:
            return  # the close frame has gone out
        with trio.CancelScope(deadline=self._ends_by) as scope:
            if self._writer is not None:
                self._written = trio.Event()
                await self._written.wait()
            else:
                # This task has nothing else to do, and so needs no other one that writes.
                self._writer = scope
                try:
                    await self._write_and_close(scope)
                finally:
                    self._writer = None

    async def _run_writer(self, scope: trio.CancelScope) -> None:
        try:
            await self._write(scope)
        except Exception as fault:  # noqa: BLE001 - a guard: it ends this connection, and no other
            report(fault, f"connection {self.number}")
            await self._give_up()

    async def _give_up(self) -> None:
        """Tell the peer, as well as can be, that something went wrong here, and end the stream."""
        self._outbox.close("internal-error")
        self._writer = trio.CancelScope(deadline=trio.current_time() + self._config.close_timeout)
        try:
            with self._writer:
                await self._close("internal-error")
        except TransportClosed:
            pass  # the peer has left by itself
        except Exception as fault:  # noqa: BLE001 - the same guard: then nothing can be told
            report(fault, f"connection {self.number}")
        finally:
            self._writing_is_over()
        await self._transport.abort()

    async def _write(self, scope: trio.CancelScope) -> None:
        """Be the writer: send what waits for as long as there is something."""
        closed = False
        try:
            with scope:
                closed = await self._write_and_close(scope)
        finally:
            self._writing_is_over()
        if scope.cancelled_caught and not self._says_goodbye:
            # A message may be cut, and the stream with it.
            logger.info("connection %d is cut: too-slow", self.number)
        if closed or scope.cancelled_caught:
            await self._transport.abort()

    def _writing_is_over(self) -> None:
        self._writer = None
        self._outbox.unsent = 0
        if self._written is not None:
            self._written.set()

    async def _write_and_close(self, scope: trio.CancelScope) -> bool:
        """Send everything that waits, then the close frame if there is one, and tell whether it went out."""
        try:
            await self._send_everything(scope)
            if self._outbox.last is None:
                return False
            scope.deadline = min(self._ends_by, trio.current_time() + self._config.close_timeout)
            await self._close(self._outbox.last)
        except TransportClosed:
            return False  # the reader sees it too
        return True

    async def _send_everything(self, scope: trio.CancelScope) -> None:
        gone = False
        while not gone or not self._outbox.empty or self._transport.owes_reply:
            if not gone:
                # Whoever takes something, however little, has as long again for the next.
                soon = trio.current_time() + self._config.write_timeout
                scope.deadline = min(self._last_chance, self._ends_by, soon)
                gone = await self._transport.send()
            else:
                gone = self._transport.send_nowait(self._outbox.take())
            if self._outbox.last == "too-slow":
                self._transport.forget_unsent()  # what has not begun is dropped with the rest
            self._outbox.unsent = self._transport.unsent
        scope.deadline = min(self._last_chance, self._ends_by)

    async def _close(self, name: CloseName) -> None:
        if name not in {"done", "restart"}:
            logger.info("connection %d is closed: %s", self.number, name)
        self._says_goodbye = True
        row = CLOSE_CODES[name]
        await self._transport.close(row.code, row.reason)

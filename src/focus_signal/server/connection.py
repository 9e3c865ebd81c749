"""One connection, from its open WebSocket to its end.

Its own task reads, decodes, and sends the commands to the owner. Whoever has put something into its outbox
calls `flush`: what the peer takes goes out at once, and only for the rest a writer task is started; while
there is one, nobody else writes. The close frame goes the same way, behind everything else.
"""

import logging
import math
from collections.abc import Awaitable, Sequence
from contextlib import nullcontext

import trio
from attrs import define, field

from focus_signal.core.commands import Command
from focus_signal.errors import TransportClosed
from focus_signal.observe.buggify import buggify, is_directed, witness
from focus_signal.server.config import Config
from focus_signal.server.gauge import Gauge
from focus_signal.server.guard import contained, report
from focus_signal.server.logic import Hearing
from focus_signal.server.outbox import Outbox, OutboxStatistics
from focus_signal.server.shared import Shared
from focus_signal.server.transport import ProtocolViolation, Transport
from focus_signal.wire.close_codes import CLOSE_CODES, DONE, CloseName

logger = logging.getLogger("focus_signal")


@define(eq=False)
class Connection:
    """Serve one peer; `run` is its task.

    Args:
      number: the connection's number, given out once.
      user: the user for whom it speaks.
      transport: the open WebSocket.
      hearing: how it is heard.
      shared: what all connections have in common.
      nursery: where a writer runs; open for as long as `run` runs.
      first: with which commands it begins.
    """

    number: int
    user: str
    _transport: Transport
    _hearing: Hearing
    _shared: Shared
    _nursery: trio.Nursery
    _first: Sequence[Command]
    _config: Config = field(init=False)
    _outbox: Outbox = field(init=False)
    _gauge: Gauge = field(init=False)
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
    _end_told: bool = field(default=False, init=False)
    # What has come of a message that is not whole, in bytes.
    _holds: int = field(default=0, init=False)
    _pong_due: float = field(default=math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        shared = self._shared
        self._config = shared.config
        self._outbox = Outbox(
            shared.outbox_bytes, shared.outbox_messages, self.flush, self.number, shared.backlog
        )
        self._gauge = Gauge(self.number, self._hearing, shared)

    async def run(self) -> None:
        """Serve the peer until the connection has ended, by whosever doing.

        Cancellation: the connection ends at once; whoever cancels says goodbye with `close_soon` first.
        """
        witness("served", self.number)
        if self._transport.abort_nowait is None:
            self._scope = trio.CancelScope()
        self._starts_writers = True
        try:
            with self._scope or nullcontext():
                try:
                    fault = await self._converse()
                except Exception as error:  # noqa: BLE001 - a guard: what waits is still sent, and the peer told
                    report(error, f"connection {self.number}")
                    fault = "internal-error"
                finally:
                    self._starts_writers = False
                first = self._outbox.close(fault)
                if fault != "done" or self._writer is not None or not self._transport.close_nowait():
                    await self._end(first=first)
        finally:
            if self._writer is not None:
                # This connection was cut, its time was over, or something went wrong.
                self._says_goodbye = True
                self._writer.cancel()
            # Nothing of it counts any more.
            if self._holds:
                self._shared.unfinished.note(self, 0)
            self._outbox.take()
            self._outbox.note_unsent(0)

    @property
    def closed_as(self) -> CloseName:
        """Tell with which close frame it was closed, or would have been."""
        return self._outbox.last or "done"

    def fail(self) -> bool:
        """Note that `run` has ended by a fault of ours, and tell whether the peer can be told."""
        told = self._outbox.last is not None
        self._outbox.close("internal-error")
        return not told and self._writer is None

    def outbox_statistics(self) -> OutboxStatistics:
        """Look at what waits for the peer at this moment."""
        return self._outbox.statistics()

    def flush(self) -> None:
        """Send what the peer takes now, and start a writer for the rest; never waits."""
        if self._writer is not None:
            if self._outbox.last == "too-slow" or self._outbox.urgent:
                with contained(f"connection {self.number}"):
                    self._hurry(self._writer)
            else:
                self._outbox.recount()
                self._bound_rest(self._writer)
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
            self._outbox.note_unsent(self._transport.unsent)
            self._writer = trio.CancelScope()
            self._bound_rest(self._writer)
            self._nursery.start_soon(self._run_writer, self._writer)

    def _bound_rest(self, writer: trio.CancelScope) -> None:
        """Let a byte now and then buy no time once it is being closed; a drain has a grace of its own."""
        if self._outbox.last not in {None, "restart"}:
            self._last_chance = min(self._last_chance, trio.current_time() + self._config.write_timeout)
            writer.deadline = min(writer.deadline, self._last_chance)

    def _hurry(self, writer: trio.CancelScope) -> None:
        """Drop what has not begun to go out, and give the message that it hangs in a last chance to end."""
        if self._says_goodbye:
            return  # what it hangs in is the close frame
        self._transport.forget_unsent()
        self._outbox.note_unsent(self._transport.unsent)
        # Only behind a whole message can the close frame follow.
        self._last_chance = min(self._last_chance, trio.current_time() + self._config.close_timeout)
        writer.deadline = min(writer.deadline, self._last_chance)
        if self._outbox.urgent and self._transport.unsent:
            # There is no room to wait for that.
            logger.info("connection %d is cut: too-slow", self.number)
            self._says_goodbye = True
            self._outbox.note_unsent(0)
            self.cut()

    def close_soon(self, name: CloseName) -> None:
        """Close behind everything that waits; never waits."""
        if self._outbox.close(name):
            # Nobody is to be matched with it. Where all are sent away, what they said before still counts.
            if name != "restart" and self._behind is None:
                self._tell_end()
            self.flush()

    def cut(self) -> None:
        """End the connection at once, without a goodbye; never waits."""
        with contained(f"connection {self.number}"):
            abort = self._transport.abort_nowait
            if abort is not None:
                abort()
        for scope in (self._scope, self._behind):
            if scope is not None:
                scope.cancel()

    def drop_unfinished(self) -> None:
        """End at once, with all that has come of a message that is not whole; never waits."""
        self._outbox.close("too-big")
        logger.info("connection %d is cut: too-big, there is no room for what is not whole", self.number)
        self.cut()

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
        try:
            self._transport.ping_soon()
        except Exception as fault:  # noqa: BLE001 - a guard: who asks for pings asks others too
            report(fault, f"connection {self.number}")
            self.close_soon("internal-error")
            return False
        self.flush()
        return True

    def judge_silence(self, now: float) -> bool:
        """Close if a pong is overdue; never waits.

        Returns:
          whether to judge once more, a pong's time later.
        """
        if self._outbox.closed or not self._transport.awaits_pong or now < self._pong_due:
            return False
        if self._behind is not None:
            # While the owner keeps this connection waiting, its pongs wait as well: no fault of the peer.
            self._pong_due = now + self._config.pong_timeout
            return True
        self.close_soon("no-pong")
        return False

    async def _converse(self) -> CloseName:
        """Read and hand on until the end, and tell with which close frame to answer it."""
        # Where a connection spends its life: what every read goes through is kept flat here.
        inbox, outbox, transport, first = self._shared.inbox, self._outbox, self._transport, self._first
        gauge, read = self._gauge, self._gauge.read
        try:
            if not inbox.open_nowait(self.number, outbox, first):
                await self._wait_for(inbox.open(self.number, outbox, first))
            while True:
                messages = await transport.receive()
                if transport.controls or transport.held or self._holds:
                    self._note_rest()
                # Once this side has said goodbye, what comes is no longer heard.
                if messages and not outbox.closed:
                    commands = read(messages)
                    if not inbox.send_nowait(commands, gauge.size):
                        await self._wait_for(inbox.send(commands, gauge.size))
                    if gauge.goes_on:
                        self.close_soon("flood")
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
            witness("end-read", self.number)
            outbox.end()
            self._tell_end()
        outbox.take()  # nobody is left to read it
        return "done"

    def _note_rest(self) -> None:
        """Answer and count what came that is no part of a message, and count what is not whole."""
        transport = self._transport
        if transport.held or self._holds:
            self._holds = transport.held
            self._shared.unfinished.note(self, self._holds)
        if transport.owes_reply:
            self.flush()
        count, transport.controls = transport.controls, 0
        if not self._outbox.closed:
            self._gauge.count_controls(count)
            if self._gauge.goes_on:
                self.close_soon("flood")

    def _tell_end(self) -> None:
        """Tell the owner, once, that nothing can be delivered to here any more; never waits."""
        if not self._end_told:
            self._end_told = True
            self._shared.inbox.end(self.number, finished=self._transport.peer_code == DONE)

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
            self._outbox.close("too-slow")
            logger.info("connection %d is cut: too-slow", self.number)
        if closed or scope.cancelled_caught:
            await self._transport.abort()

    def _writing_is_over(self) -> None:
        self._writer = None
        self._outbox.note_unsent(0)
        if self._written is not None:
            self._written.set()

    async def _write_and_close(self, scope: trio.CancelScope) -> bool:
        """Send everything that waits, then the close frame if there is one; tell whether that is the end."""
        try:
            await self._send_everything(scope)
            if self._outbox.last is None:
                return False
            scope.deadline = min(self._ends_by, trio.current_time() + self._config.close_timeout)
            await self._close(self._outbox.last)
        except TransportClosed:
            # The reader sees it too, or waits for nothing but the end.
            return self._outbox.last is not None
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
            self._outbox.note_unsent(self._transport.unsent)
        scope.deadline = min(self._last_chance, self._ends_by)

    async def _close(self, name: CloseName) -> None:
        if name not in {"done", "restart"}:
            logger.info("connection %d is closed: %s", self.number, name)
        self._says_goodbye = True
        row = CLOSE_CODES[name]
        await self._transport.close(row.code, row.reason)

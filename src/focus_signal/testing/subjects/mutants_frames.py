"""Mutants of the way out: who sends, what is sent behind what, and what becomes of a frame that is cut.

The sender and the connection each see to it that nothing begins within a frame, so some bugs do harm only
together: these plant one in each of them.
"""

from collections.abc import Sequence
from types import ModuleType

import trio

from focus_signal.server import server as server_module
from focus_signal.server.connection import Connection
from focus_signal.server.transport import native as native_module
from focus_signal.server.transport.native import NativeTransport
from focus_signal.server.transport.sending import FrameSender
from focus_signal.testing.shell import framing as framing_module
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import putting
from focus_signal.wire.close_codes import CloseName

_PONG = 0x8A


# The sender.


class _BeginsAnew(FrameSender):
    begun: bytes = b""

    def _drop(self, sent: int) -> None:
        super()._drop(sent)
        if self._gone and self._waiting[0] is not self.begun:
            self.begun = self._waiting[0]
            self._gone = 0


class _OverlappingParts(FrameSender):
    def _drop(self, sent: int) -> None:
        super()._drop(sent)
        self._gone = max(0, self._gone - 1)


class _RestIsLost(FrameSender):
    def _drop(self, sent: int) -> None:
        super()._drop(sent)
        if self._gone:
            self._waiting.popleft()
            self._gone = 0


class _NextIsLost(FrameSender):
    def _drop(self, sent: int) -> None:
        super()._drop(sent)
        if self._gone and len(self._waiting) > 1:
            del self._waiting[1]


class _ForgetsTheBegun(FrameSender):
    def forget(self) -> None:
        self._gone = 0
        super().forget()


class _LastFirst(FrameSender):
    """Put what comes later ahead of what waits, within the first frame of it if that has begun."""

    def send_nowait(self, frames: Sequence[bytes]) -> bool:
        if self._dead or not self._waiting:
            return super().send_nowait(frames)
        self._waiting.extendleft(reversed(frames))
        self._bytes += sum(map(len, frames))
        return False


class _DoesNotDie(FrameSender):
    async def send(self) -> bool:
        try:
            return await super().send()
        except trio.Cancelled:
            self._dead = False
            raise


# The connection.


class _FlushesBesideItsWriter(Connection):
    def flush(self) -> None:
        if self._writer is not None:
            self._transport.send_nowait(self._outbox.take())
        super().flush()


class _AnswersBesideItsWriter(Connection):
    def flush(self) -> None:
        if self._writer is not None and self._transport.owes_reply:
            self._transport.send_nowait([])
        super().flush()


class _AnotherWriter(Connection):
    def flush(self) -> None:
        self._writer = None
        super().flush()


class _WriterStays(Connection):
    async def _write(self, scope: trio.CancelScope) -> None:
        await super()._write(scope)
        self._writer = scope


class _ClosesAtOnce(Connection):
    async def _send_everything(self, scope: trio.CancelScope) -> None:
        gone = False
        while not gone or not self._outbox.empty or self._transport.owes_reply:
            if self._outbox.last is not None:
                break
            scope.deadline = trio.current_time() + self._config.write_timeout
            if gone:
                gone = self._transport.send_nowait(self._outbox.take())
            else:
                gone = await self._transport.send()


class _SaysGoodbyeAllTheSame(Connection):
    """Send a close frame behind a send that was cut."""

    async def _write(self, scope: trio.CancelScope) -> None:
        own = trio.CancelScope(deadline=scope.deadline)
        self._writer = own
        try:
            with own:
                await self._send_everything(own)
        finally:
            self._writer = scope
        name: CloseName | None = "too-slow" if own.cancelled_caught else self._outbox.last
        if name is not None:
            await self._close(name)
        self._writer = None


# The transport.


class _AnswersTwice(NativeTransport):
    def _control_frames(self) -> list[bytes]:
        frames = super()._control_frames()
        return [*frames, *(frame for frame in frames if frame[0] == _PONG)]


class _AnswersInShort(NativeTransport):
    def _control_frames(self) -> list[bytes]:
        return [frame for frame in super()._control_frames() if frame[0] != _PONG or frame[1] < 64]


def _frame_mutant(
    name: str,
    about: str,
    breaks: str,
    *,
    sender: type[FrameSender] | None = None,
    connection: type[Connection] | None = None,
    transport: type[NativeTransport] | None = None,
) -> Subject:
    planted: list[tuple[ModuleType, str, object]] = []
    if sender is not None:
        planted += [(native_module, "FrameSender", sender), (framing_module, "FrameSender", sender)]
    if connection is not None:
        planted += [(server_module, "Connection", connection)]
    if transport is not None:
        planted += [(server_module, "NativeTransport", transport)]
    return Subject(name, about, breaks=breaks, above_core=True, changed=putting(*planted))


FRAME_MUTANTS: tuple[Subject, ...] = (
    _frame_mutant(
        "begins-anew", "a frame that is cut is sent again from its beginning", "frames", sender=_BeginsAnew
    ),
    _frame_mutant(
        "parts-overlap", "the last byte of a part goes out again", "frames", sender=_OverlappingParts
    ),
    _frame_mutant("rest-is-lost", "of a frame that is cut the rest is lost", "frames", sender=_RestIsLost),
    _frame_mutant(
        "next-is-lost", "a frame behind one that is cut is lost", "silent-loss", sender=_NextIsLost
    ),
    _frame_mutant(
        "begun-is-forgotten",
        "who is too slow gets no end of the frame that it is in",
        "frames",
        sender=_ForgetsTheBegun,
    ),
    _frame_mutant(
        "close-within-frame",
        "a close frame does not wait for the end of the frame before it",
        "frames",
        sender=_ForgetsTheBegun,
        connection=_ClosesAtOnce,
    ),
    _frame_mutant(
        "flush-beside-writer",
        "what is flushed goes ahead of what a writer has",
        "frames",
        sender=_LastFirst,
        connection=_FlushesBesideItsWriter,
    ),
    _frame_mutant(
        "pong-within-frame",
        "a pong does not wait for the end of the frame before it",
        "frames",
        sender=_LastFirst,
        connection=_AnswersBesideItsWriter,
    ),
    _frame_mutant(
        "cut-send-goes-on",
        "a send that was cut is taken for one that sent nothing",
        "frames",
        sender=_DoesNotDie,
        connection=_SaysGoodbyeAllTheSame,
    ),
    _frame_mutant("another-writer", "a flush starts a writer beside one", "fault", connection=_AnotherWriter),
    _frame_mutant(
        "writer-stays", "a writer that has ended is not known to", "silent-loss", connection=_WriterStays
    ),
    _frame_mutant("pongs-twice", "a ping is answered twice", "pongs", transport=_AnswersTwice),
    _frame_mutant("no-long-pongs", "a long ping gets no answer", "pongs", transport=_AnswersInShort),
)

"""The native transport: whoever reads, writes, pings and closes in whatever order, over whatever link."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from focus_signal.errors import TransportClosed
from focus_signal.server.transport.native import NativeTransport
from focus_signal.wire.frames import FrameReader, close_frame
from tests.server.native_checks import CHECKS, Check
from tests.server.native_closing_checks import CLOSING_CHECKS

# Virtual seconds; whoever waits in vain is told so at once.
PATIENCE = 100.0
ALL_CHECKS = (*CHECKS, *CLOSING_CHECKS)


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
async def test_transport(check: Check, autojump_clock: MockClock) -> None:
    with trio.fail_after(PATIENCE):
        await check(NativeTransport)


class LosesReadAhead(NativeTransport):
    """Forget what the front door had read."""

    async def _read(self) -> bytes:
        self._read_ahead = b""
        return await super()._read()


class ReadsTwice(NativeTransport):
    """Read for the goodbye, even if somebody else does."""

    async def _read_to_goodbye(self, all_read: trio.Event) -> None:
        self._receiving = False
        await super()._read_to_goodbye(all_read)


class ReadsBeside(NativeTransport):
    """Read, even if the goodbye is being read for."""

    async def receive(self) -> list[bytes]:
        self._closing_reads = False
        return await super().receive()


class WaitsForNobody(NativeTransport):
    """Wait for a reader that there is not."""

    async def _read_to_goodbye(self, all_read: trio.Event) -> None:
        self._receiving = True
        await super()._read_to_goodbye(all_read)


class SaysNothing(NativeTransport):
    """Take a violation for an end."""

    async def receive(self) -> list[bytes]:
        if self._reader.fault is not None:
            raise TransportClosed("planted")
        return await super().receive()


class Hearing(FrameReader):
    def ignore_messages(self) -> None:
        """Ignore none."""


class HearsOn(NativeTransport):
    """Give messages that come behind our own goodbye."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._reader = Hearing(self._frame_bytes)


class AnswersItsOwnWay(NativeTransport):
    """Answer a goodbye with a code of its own."""

    async def close(self, code: int, reason: str) -> None:
        if self._reader.closed is not None:
            self._reader.closed = code
        await super().close(code, reason)


class NeverLingers(NativeTransport):
    """Close over what was not read."""

    async def _read_to_goodbye(self, all_read: trio.Event) -> None:
        await super()._read_to_goodbye(all_read)
        self._ended = True


class AlwaysLingers(NativeTransport):
    """Wait for the end of a peer that waits for ours."""

    async def _read_to_goodbye(self, all_read: trio.Event) -> None:
        await super()._read_to_goodbye(all_read)
        self._reader.trailing = True


class SaysGoodbyeAhead(NativeTransport):
    """Put the goodbye into the middle of a frame."""

    async def close(self, code: int, reason: str) -> None:
        self._link.send_nowait(close_frame(code, reason))
        await super().close(code, reason)


class AnswersEveryTime(NativeTransport):
    """Answer a ping again and again."""

    def send_nowait(self, messages: object) -> bool:
        assert isinstance(messages, list)
        pings = [*self._reader.pings]
        gone = super().send_nowait(messages)
        self._reader.pings = pings
        self.owes_reply = bool(pings)
        return gone


class PingsAlike(NativeTransport):
    """Let every ping hold the same."""

    def ping_soon(self) -> None:
        self._pings = 0
        super().ping_soon()


MUTANTS = (
    LosesReadAhead,
    ReadsTwice,
    ReadsBeside,
    WaitsForNobody,
    SaysNothing,
    HearsOn,
    AnswersItsOwnWay,
    NeverLingers,
    AlwaysLingers,
    SaysGoodbyeAhead,
    AnswersEveryTime,
    PingsAlike,
)


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_bug_is_caught(mutant: type[NativeTransport], autojump_clock: MockClock) -> None:
    caught: list[str] = []
    for check in ALL_CHECKS:
        try:
            with trio.fail_after(PATIENCE):
                await check(mutant)
        except* (Exception, pytest.fail.Exception):  # noqa: BLE001 - however a bug shows, it shows
            caught.append(check.__name__)
    assert caught

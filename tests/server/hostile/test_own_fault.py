"""A fault of the server's own ends one connection, says so in the log, and nobody else notices."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence

import pytest
import trio

from focus_signal import open_server
from focus_signal.core.commands import Command
from focus_signal.server.transport.trio_websocket import TrioWebSocket
from focus_signal.wire.seed_dialect import SeedDialect
from tests.server.hostile import honest
from tests.server.hostile.frames import text
from tests.server.hostile.living import QUIET, Living
from tests.server.hostile.traces import traces, until_all_left

TRIGGER = b"trigger"


class InjectedFault(Exception):
    """Be what nobody expects."""


def _break_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    honest_decode = SeedDialect.decode

    def decode(self: SeedDialect, frame: bytes, connection: int, user: str) -> Command:
        if TRIGGER in frame:
            raise InjectedFault
        return honest_decode(self, frame, connection, user)

    monkeypatch.setattr(SeedDialect, "decode", decode)


def _break_send(monkeypatch: pytest.MonkeyPatch) -> None:
    honest_send = TrioWebSocket.send

    async def send(self: TrioWebSocket, messages: Sequence[bytes]) -> None:
        if any(TRIGGER in message for message in messages):
            raise InjectedFault
        await honest_send(self, messages)

    monkeypatch.setattr(TrioWebSocket, "send", send)


def _break_receive(monkeypatch: pytest.MonkeyPatch) -> None:
    honest_receive = TrioWebSocket.receive

    async def receive(self: TrioWebSocket) -> list[bytes]:
        messages = await honest_receive(self)
        if any(TRIGGER in message for message in messages):
            raise InjectedFault
        return messages

    monkeypatch.setattr(TrioWebSocket, "receive", receive)


@pytest.mark.parametrize("break_it", [_break_decode, _break_send, _break_receive])
async def test_one_connection_gets_1011_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    break_it: Callable[[pytest.MonkeyPatch], None],
) -> None:
    break_it(monkeypatch)
    async with open_server(QUIET) as server:
        gc.collect()
        living, before = Living(server), traces()
        try:
            with trio.fail_after(30):
                pair = await honest.meet(living.dial_in)
                for number in range(3):
                    unlucky = await living.dial_in(f"unlucky-{number}")
                    # Its own words come back to it as a target that is not there, so they pass every step.
                    await unlucky.send(text('{"type":"offer","to":"trigger"}'))
                    assert await unlucky.events() == ["close 1011 internal-error", "eof"]
                    await pair.relay(3)
                await pair.part()
                await living.serve_a_pair()
                living.hang_up()
                await until_all_left(server, before)
        finally:
            living.hang_up()
    faults = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(faults) == 3
    for fault in faults:
        assert fault.exc_info is not None
        assert fault.exc_info[0] is InjectedFault
        assert fault.exc_info[2] is not None

"""Behind the handshake: what each frame gets on either transport, and that its siblings never notice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from focus_signal.server.config import TransportName
from focus_signal.server.transport import native
from focus_signal.wire.frames import close_frame, pong_frame
from tests.server.hostile.courtesies import COURTESIES, LEAVING, WITHOUT_GOODBYE
from tests.server.hostile.frame_row import FrameRow
from tests.server.hostile.inputs import frame_input
from tests.server.hostile.living import Living, check_rows, living_server, quiet_on
from tests.server.hostile.violations import VIOLATIONS
from tests.server.transports import BOTH

ROWS = (*VIOLATIONS, *COURTESIES, *LEAVING, *WITHOUT_GOODBYE)


@BOTH
async def test_every_frame_gets_what_is_listed(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    assert sum("kept" not in row.on(transport) for row in ROWS) >= 60
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(row: FrameRow) -> Sequence[str]:
            return await _compare(living, row, transport)

        await check_rows(living, [(row.name, row) for row in ROWS], check)


def always_1000(_: int, reason: str) -> bytes:
    return close_frame(1000, reason)


def empty_pong(_: bytes) -> bytes:
    return pong_frame(b"")


@pytest.mark.parametrize(
    ("name", "bug", "row"),
    [
        ("close_frame", always_1000, "an unmasked text frame"),
        ("close_frame", always_1000, "a close frame with the code 4999"),
        ("pong_frame", empty_pong, "a ping of 125 bytes"),
    ],
)
async def test_a_bug_shows(
    name: str, bug: object, row: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    [played] = [each for each in ROWS if each.name == row]
    async with living_server(caplog) as living:
        assert not await _compare(living, played, "native")
        with monkeypatch.context() as planting:
            planting.setattr(native, name, bug)
            assert await _compare(living, played, "native")


async def _compare(living: Living, row: FrameRow, transport: TransportName) -> Sequence[str]:
    """Play a row, and say what came if that is not what is due."""
    return (await frame_input(row, transport).play(living)).faults

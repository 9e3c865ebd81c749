"""Behind the handshake: what each frame gets on this transport, and that its siblings never notice."""

from __future__ import annotations

import pytest
import trio

from tests.server.hostile.courtesies import COURTESIES, LEAVING
from tests.server.hostile.frame_row import FrameRow
from tests.server.hostile.frames import text
from tests.server.hostile.living import Living, check_rows, living_server
from tests.server.hostile.peer import reset
from tests.server.hostile.violations import VIOLATIONS

ROWS = (*VIOLATIONS, *COURTESIES, *LEAVING)
# Its answer comes behind all that is still due, so it shows that nothing more is.
PROBE = text('{"type":"matchmaking","matchSize":1}')


async def test_every_frame_gets_what_is_pinned(caplog: pytest.LogCaptureFixture) -> None:
    assert sum("kept" not in row.pinned for row in ROWS) >= 60
    async with living_server(caplog) as living:

        async def check(row: FrameRow) -> list[str]:
            seen = await _play(living, row, f"stranger-{ROWS.index(row)}")
            return [] if seen == list(row.pinned) else [f"{_short(seen)} came, not {_short(row.pinned)}"]

        await check_rows(living, [(row.name, row) for row in ROWS], check)


async def _play(living: Living, row: FrameRow, user: str) -> list[str]:
    """Send a row's bytes and list what comes."""
    peer = await living.dial_in(user)
    peer.answers_close = row not in LEAVING
    await peer.send(row.sent)
    stream = peer.stream
    assert isinstance(stream, trio.SocketStream)
    if row.ending == "reset":
        reset(stream)
        return []
    if row.ending == "fin":
        await stream.send_eof()
    if "kept" not in row.pinned:
        return await peer.events()
    await peer.send(PROBE)
    seen = await peer.events(until="room-found")
    return seen if seen[-1:] in (["eof"], ["reset"]) else [*seen, "kept"]


def _short(events: object) -> str:
    shown = str(events)
    return shown if len(shown) < 300 else f"{shown[:300]}..."

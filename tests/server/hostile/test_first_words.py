"""Who speaks for nobody gets 1008; and what comes along with a handshake is kept."""

from __future__ import annotations

import pytest

from tests.server.hostile.frames import close, text
from tests.server.hostile.living import check_rows, living_server
from tests.server.hostile.peer import shake_hands

NAMELESS = (
    "",
    "?",
    "?userId",
    "?userId=",
    "?userId=&userId=x",
    "?userid=x",
    "?USERID=x",
    "?user=x",
    "?xuserId=x",
)


async def test_who_names_no_user_gets_1008(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:

        async def check(query: str) -> list[str]:
            peer = await shake_hands(await living.dial(), f"/signal{query}")
            seen = await peer.events()
            return [] if seen == ["close 1008 Missing userId parameter.", "eof"] else [f"{seen} came"]

        await check_rows(living, [(f"query {query!r}", query) for query in NAMELESS], check)


async def test_frames_may_come_along_with_the_handshake(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:

        async def check(size: int) -> list[str]:
            early = text('{"type":"' + "e" * size + '"}') * 10 + close(1000)
            peer = await shake_hands(await living.dial(), "/signal?userId=early", behind=early)
            peer.answers_close = False
            end = (await peer.events())[-2:]
            return [] if end == ["close 1000", "eof"] else [f"{end} came"]

        rows = [(f"ten messages of {size} bytes", size) for size in (1, 500, 5_000, 50_000)]
        await check_rows(living, rows, check)

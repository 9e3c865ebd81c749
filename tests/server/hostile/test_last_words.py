"""Who speaks for nobody gets 1008; and what was said before a bad end is still carried out."""

from __future__ import annotations

import pytest
import trio

from tests.server.hostile import frames, honest
from tests.server.hostile.frames import close, frame, text
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

ENDS = {
    "a close frame": close(1000),
    "malformed input": frame(3, b"?"),
    "text that is not UTF-8": text(b"\xff"),
    "a binary message": frame(frames.BINARY),
    "text above 256 KiB": text(b"a" * 300_000),
    "the end of the stream": b"",
}
OFFERS = 20


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


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_what_was_said_before_the_end_is_carried_out(
    caplog: pytest.LogCaptureFixture, end: bytes
) -> None:
    async with living_server(caplog) as living:
        pair = await honest.meet(living.dial_in)
        one, other = pair.names
        offers = [f'{{"type":"offer","to":"{other}","sdp":{number}}}' for number in range(OFFERS)]
        stream = pair.first.stream
        assert isinstance(stream, trio.SocketStream)
        await stream.send_all(b"".join(map(text, offers)) + end)
        await stream.send_eof()
        with trio.fail_after(10):
            for number in range(OFFERS):
                assert await pair.second.hear() == {"type": "offer", "from": one, "sdp": number}
        await pair.second.part()

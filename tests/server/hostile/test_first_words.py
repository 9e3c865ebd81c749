"""Who speaks for nobody gets 1008; and what comes along with a handshake is kept, wherever it is cut."""

from __future__ import annotations

import pytest

from focus_signal.server.config import TransportName
from tests.server.hostile.frame_row import ENDS, PROTOCOL_ERROR, TEXT_ONLY, Events, closed_with
from tests.server.hostile.frames import BINARY, PING, close, fragments, frame, text
from tests.server.hostile.living import check_rows, living_server, quiet_on
from tests.server.hostile.peer import Peer, event, finish_handshake, request, shake_hands
from tests.server.transports import BOTH

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
TARGET = "/signal?userId=early"
JOIN = text('{"type":"matchmaking","matchSize":1}')
# A length of each form, a message in fragments, and a ping among them: the ends of all of them are cut at.
TALK = (
    text('{"type":"short"}')
    + text('{"type":"' + "l" * 120 + '"}')
    + fragments(b'{"type":', b'"in-', b'pieces"}')
    + frame(PING, b"now")
    + JOIN
)
HEARD = ["error unknown-type", "error unknown-type", "error unknown-type", "pong now", "room-found"]


@BOTH
async def test_who_names_no_user_gets_1008(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(query: str) -> list[str]:
            peer = await shake_hands(await living.dial(), f"/signal{query}")
            seen = await peer.events()
            return [] if seen == ["close 1008 Missing userId parameter.", "eof"] else [f"{seen} came"]

        await check_rows(living, [(f"query {query!r}", query) for query in NAMELESS], check)


@BOTH
async def test_frames_may_come_along_with_the_handshake(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(size: int) -> list[str]:
            early = text('{"type":"' + "e" * size + '"}') * 10 + JOIN
            peer = await shake_hands(await living.dial(), TARGET, behind=early)
            seen = await peer.events(until="room-found")
            await peer.part()
            return [] if seen == ["error unknown-type"] * 10 else [f"{seen} came"]

        rows = [(f"ten messages of {size} bytes", size) for size in (1, 500, 5_000, 50_000)]
        await check_rows(living, rows, check)


@BOTH
async def test_the_end_may_come_along_with_the_handshake(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    malformed = PROTOCOL_ERROR if transport == "native" else ENDS
    rows: list[tuple[str, tuple[bytes, Events]]] = [
        ("a close frame", (close(1000), closed_with("1000"))),
        ("a close frame behind a message", (text("{}") + close(3333), closed_with("3333"))),
        ("a binary message", (frame(BINARY, b"{}"), TEXT_ONLY)),
        ("an opcode that there is not", (frame(3), malformed)),
    ]
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(row: tuple[bytes, Events]) -> list[str]:
            peer = await shake_hands(await living.dial(), TARGET, behind=row[0])
            peer.answers_close = row[1] == TEXT_ONLY
            seen = await peer.events()
            return [] if seen[-2:] == list(row[1])[-2:] else [f"{seen} came, not {row[1]}"]

        await check_rows(living, rows, check)


@BOTH
async def test_what_comes_byte_by_byte_is_one_conversation(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(sent: bytes) -> list[str]:
            stream = await living.dial()
            for at in range(len(sent)):
                await stream.send_all(sent[at : at + 1])
            return await _hears(await finish_handshake(stream))

        rows = [("the handshake too", request(TARGET) + TALK)]
        await check_rows(living, rows, check)


@BOTH
async def test_wherever_the_first_segment_ends(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    """The handshake with as much of the talk as fits, then, once that is answered, the rest."""
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(cut: int) -> list[str]:
            peer = await shake_hands(await living.dial(), TARGET, behind=TALK[:cut])
            await peer.send(TALK[cut:])
            return await _hears(peer)

        await check_rows(living, [(f"{cut} bytes", cut) for cut in range(len(TALK) + 1)], check)


async def _hears(peer: Peer) -> list[str]:
    """See that all of the talk is answered; errors come in their order, the pong when it likes."""
    seen = [*await peer.events(until="room-found"), "room-found"]
    if "pong now" not in seen:
        seen += [event(await peer.receive())]
    await peer.part()
    return [] if sorted(seen) == sorted(HEARD) else [f"{seen} came"]

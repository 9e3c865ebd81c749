"""Who speaks for nobody gets 1008; and what comes along with a handshake is kept, wherever it is cut."""

from __future__ import annotations

import pytest

from focus_signal.server.config import TransportName
from tests.server.hostile.first_words import (
    EARLY_ENDS,
    EARLY_SIZES,
    HEARD,
    JOIN,
    NAMELESS,
    TALK,
    TARGET,
    EarlyEnd,
    early,
)
from tests.server.hostile.inputs import nameless_input
from tests.server.hostile.living import check_inputs, check_rows, living_server, quiet_on
from tests.server.hostile.peer import Peer, event, finish_handshake, request
from tests.server.transports import BOTH


@BOTH
async def test_who_names_no_user_gets_1008(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:
        await check_inputs(living, [nameless_input(query) for query in NAMELESS])


@BOTH
async def test_frames_may_come_along_with_the_handshake(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(size: int) -> list[str]:
            peer = await living.shake_hands(TARGET, behind=early(size) + JOIN)
            seen = await peer.events(until="room-found")
            await peer.part()
            return [] if seen == ["error unknown-type"] * 10 else [f"{seen} came"]

        rows = [(f"ten messages of {size} bytes", size) for size in EARLY_SIZES]
        await check_rows(living, rows, check)


@BOTH
async def test_the_end_may_come_along_with_the_handshake(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(row: EarlyEnd) -> list[str]:
            wanted = row.wanted if transport == "native" else row.on_library
            peer = await living.shake_hands(TARGET, behind=row.sent)
            peer.answers_close = not row.peer_closes
            seen = await peer.events()
            return [] if seen[-len(wanted) :] == list(wanted) else [f"{seen} came, not {wanted}"]

        await check_rows(living, [(row.name, row) for row in EARLY_ENDS], check)


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
            peer = await living.shake_hands(TARGET, behind=TALK[:cut])
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

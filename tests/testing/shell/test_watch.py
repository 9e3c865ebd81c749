"""The watch on what a simulated server sends: it sees what nobody reads, and only a reset may cut a frame."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from focus_signal.testing import history as h
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.shell.plain import Kind, plain_close, plain_frame
from focus_signal.testing.shell.watch import Watch
from focus_signal.testing.shell.witness import Notes
from focus_signal.wire.frames import close_frame, text_frames
from focus_signal.wire.http_head import upgrade_answer
from tests.testing.net.pairs import HOST, PORT

TEXT = b'{"type":"error","code":"c","message":"m"}'
GOOD: dict[Level, list[bytes]] = {
    "full": [upgrade_answer("dGhlIHNhbXBsZSBub25jZQ=="), *text_frames([TEXT]), close_frame(1000, "")],
    "message": [plain_frame(Kind.TEXT, TEXT), plain_close(1000)],
}


async def watched(level: Level, config: RunConfig | None = None) -> tuple[Watch, Notes, Network, SimStream]:
    """Give the server's end of a link that is watched; the client is "ana", connection 7 of the plan."""
    notes = Notes()
    notes.conns["ana"] = 7
    watch = Watch(level, config or RunConfig(), notes)
    network = Network(0, LinkOptions(latency=(0.0, 0.0)))
    door = network.listen(HOST, PORT)
    door.on_accept = watch.watch
    await network.connect(HOST, PORT, label="ana")
    return watch, notes, network, await door.accept()


def torn(notes: Notes) -> list[tuple[int | None, str]]:
    return [(event.conn, event.text) for event in notes.events if isinstance(event, h.Torn)]


@pytest.mark.parametrize("level", ["full", "message"])
async def test_what_is_right_in_any_pieces_is_not_written_down(
    level: Level, autojump_clock: MockClock
) -> None:
    watch, notes, _, server = await watched(level)
    for piece in GOOD[level]:
        for at in range(0, len(piece), 9):
            server.send_nowait(piece[at : at + 9])
    await server.aclose()
    assert torn(notes) == []
    assert watch.cut > 3
    assert watch.left_within == 0


@pytest.mark.parametrize("level", ["full", "message"])
@pytest.mark.parametrize("reset_by", ["server", "network", "client"])
async def test_a_reset_may_cut_a_frame(level: Level, reset_by: str, autojump_clock: MockClock) -> None:
    watch, notes, network, server = await watched(level)
    server.send_nowait(b"".join(GOOD[level])[:-3])
    if reset_by == "server":
        await server.abort()
    elif reset_by == "network":
        network.reset("ana")
    else:
        network.half_close("ana")
        await server.abort()
    await trio.sleep(1)
    assert torn(notes) == []
    assert watch.left_within == 1


@pytest.mark.parametrize("level", ["full", "message"])
async def test_an_end_in_good_order_may_not(level: Level, autojump_clock: MockClock) -> None:
    _, notes, _, server = await watched(level)
    server.send_nowait(b"".join(GOOD[level])[:-1])
    await server.aclose()
    [(conn, text)] = torn(notes)
    assert conn == 7
    assert "within a frame" in text


@pytest.mark.parametrize("level", ["full", "message"])
async def test_what_nobody_reads_is_watched_and_told_once(level: Level, autojump_clock: MockClock) -> None:
    _, notes, _, server = await watched(level)
    server.send_nowait(GOOD[level][0] + b"rest of a frame")
    server.send_nowait(b"and more")
    await server.aclose()
    [(conn, _)] = torn(notes)
    assert conn == 7


async def test_a_stranger_is_named_by_its_label(autojump_clock: MockClock) -> None:
    _, notes, _, server = await watched("full")
    notes.conns.clear()
    server.send_nowait(b"nonsense")
    [(conn, text)] = torn(notes)
    assert conn is None
    assert text.startswith("ana: ")


async def test_the_librarys_transport_may_end_without_a_word(autojump_clock: MockClock) -> None:
    for transport, wrong in (("native", 1), ("trio-websocket", 0)):
        config = RunConfig(transport=transport)  # type: ignore[arg-type]
        _, notes, _, server = await watched("full", config)
        server.send_nowait(GOOD["full"][0] + GOOD["full"][1])
        await server.aclose()
        assert len(torn(notes)) == wrong

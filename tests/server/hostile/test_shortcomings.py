"""What the trio-websocket transport cannot do is what docs/transports.md says, and the native one does it."""

from __future__ import annotations

from typing import get_args

import pytest
import trio
from msgspec import structs

from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulated import simulate
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.frame_row import TOO_BIG_FOR_LIBRARY
from tests.server.hostile.frames import close, frame, text
from tests.server.hostile.living import Living, living_server, quiet_on
from tests.server.hostile.peer import Peer, event
from tests.server.hostile.shortcomings import (
    BEGIN,
    DOCUMENT,
    EITHER_BEGIN,
    EITHER_END,
    END,
    PLAYED,
    Played,
    either_way,
    in_words,
    rendered,
    rendered_either_way,
    shortcomings,
)
from tests.simulations.raw import empties_by, open_peer

# Nothing takes time but what waits.
NATIVE = RunConfig(latency=(0.0, 0.0))
LIBRARY = RunConfig(latency=(0.0, 0.0), transport="trio-websocket")


def test_the_document_lists_what_the_tests_pin() -> None:
    document = DOCUMENT.read_text()
    listed = document.partition(BEGIN)[2].partition(END)[0]
    either = document.partition(EITHER_BEGIN)[2].partition(EITHER_END)[0]
    assert (listed, either) == (rendered(), rendered_either_way()), (
        "python -m tests.server.hostile.shortcomings writes the lists anew"
    )


def test_every_difference_is_one_and_is_listed_once() -> None:
    listed = [*shortcomings(), *either_way()]
    assert len({each.input for each in listed}) == len(listed)
    assert all(each.wanted != each.instead for each in listed)


def test_every_shortcoming_that_no_table_shows_is_played_here_on_both() -> None:
    assert set(PLAYED) == set(get_args(Played))
    tests = [f"test_{name.replace('-', '_')}{on}" for name in PLAYED for on in ("", "_on_native")]
    assert [test for test in tests if test not in globals()] == []


def test_words_differ_where_events_do() -> None:
    assert in_words(TOO_BIG_FOR_LIBRARY) == "closed with 1009 by the library, in its own words"
    assert in_words(("close 1009 too-big", "eof")) == "closed with 1009"
    assert in_words(("close 1000 why not", "eof")) == "closed with 1000 and the peer's own reason"
    assert in_words(("eof",)) == "the stream ends without a close frame"
    assert in_words(("reset",)) == "the stream ends with a reset"
    assert in_words(("pong a", "kept")) == "1 of the pings is answered"
    assert in_words(("pong a", "pong b", "kept")) == "2 of the pings are answered"
    assert in_words(("kept",)) == in_words(("error bad-message", "kept"))


@simulate(seeds=5, config=structs.replace(LIBRARY, ping_interval=20.0))
async def test_declared(sim: Simulation) -> None:
    async with open_peer(sim, "boaster") as peer:
        # Within a frame there is no room for a pong.
        await peer.send(frame(frames.TEXT, declared=300_000))
        received = await peer.receive()
        assert event(received).startswith("ping")
        asked = sim.now()
        assert (await peer.events())[0] == "close 4002 no-pong"
        await empties_by(sim, asked + 12.0)


@simulate(seeds=5, config=NATIVE)
async def test_declared_on_native(sim: Simulation) -> None:
    async with open_peer(sim, "boaster") as peer:
        began = sim.now()
        # Up to the length, which is enough; of what it announces nothing comes.
        await peer.send(frame(frames.TEXT, declared=262_145)[:10])
        assert event(await peer.receive()) == "close 1009 too-big"
        assert await peer.events() == ["eof"]
        assert sim.now() == began
    await empties_by(sim, began)


@simulate(seeds=5, config=LIBRARY)
async def test_slow_reader(sim: Simulation) -> None:
    async with open_peer(sim, "slow", window=1000) as peer:
        read = await _read_slowly(sim, peer)
        assert 3000 < read < 10_000
        assert sim.now() == pytest.approx(10.0, abs=0.5)
        await empties_by(sim, sim.now())


@simulate(seeds=5, config=NATIVE)
async def test_slow_reader_on_native(sim: Simulation) -> None:
    async with open_peer(sim, "slow", window=1000) as peer:
        assert await _read_slowly(sim, peer) >= 10_000
        assert sim.now() == pytest.approx(30.0, abs=0.5)
        assert event(await peer.receive()) == "offer"
        await peer.part()


async def _read_slowly(sim: Simulation, peer: Peer) -> int:
    """Take 100 bytes of a large message every 0.3 s; tell how many came until it had, or a cut."""
    await peer.say({"type": "matchmaking", "matchSize": 1})
    assert event(await peer.receive()) == "room-found"
    await peer.say({"type": "offer", "to": "slow", "sdp": "o" * 10_000})
    while len(peer._buffer) < 10_000 and sim.server.statistics().connections:
        await peer.receive_bytes(100)
        await trio.sleep(0.3)
    return len(peer._buffer)


async def test_behind_close(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, quiet_on("trio-websocket")) as living:
        assert await _send_much_behind_close(living) in (["close 1000", "eof"], ["close 1000", "reset"])


async def test_behind_close_on_native(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, quiet_on("native")) as living:
        assert await _send_much_behind_close(living) == ["close 1000", "eof"]


async def _send_much_behind_close(living: Living) -> list[str]:
    peer = await living.dial_in("chatterbox")
    peer.answers_close = False
    with trio.fail_after(10):
        await peer.send(close(1000) + bytes(1 << 20))
        return await peer.events()


@simulate(seeds=5, config=LIBRARY)
async def test_ping_behind_ours(sim: Simulation) -> None:
    assert await _send_behind_our_close_frame(sim, frame(frames.PING)) == (["eof"], 2.0)


@simulate(seeds=5, config=NATIVE)
async def test_ping_behind_ours_on_native(sim: Simulation) -> None:
    assert await _send_behind_our_close_frame(sim, frame(frames.PING)) == (["eof"], 0.0)


@simulate(seeds=5, config=LIBRARY)
async def test_much_behind_ours(sim: Simulation) -> None:
    # It is not read, and closing over unread input is a reset.
    assert await _send_behind_our_close_frame(sim, text(b"a" * 300_000)) == (["reset"], 2.0)


@simulate(seeds=5, config=NATIVE)
async def test_much_behind_ours_on_native(sim: Simulation) -> None:
    assert await _send_behind_our_close_frame(sim, text(b"a" * 300_000)) == (["eof"], 0.0)


async def _send_behind_our_close_frame(sim: Simulation, behind: bytes) -> tuple[list[str], float]:
    """Send bytes and a close frame behind the server's; tell what came, and how long that took."""
    async with open_peer(sim, "crossing") as peer:
        peer.answers_close = False
        await peer.send(frame(frames.BINARY))
        assert event(await peer.receive()) == "close 1003 text-only"
        began = sim.now()
        await peer.send(behind + close(1003))
        seen, took = await peer.events(), sim.now() - began
    await empties_by(sim, sim.now())
    return seen, took

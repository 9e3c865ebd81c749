"""What the trio-websocket transport cannot do is what docs/transports.md says that it cannot, and no more."""

from __future__ import annotations

from typing import get_args

import pytest
import trio

from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulated import simulate
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.frame_row import TOO_BIG_FOR_LIBRARY
from tests.server.hostile.frames import close, frame, text
from tests.server.hostile.living import living_server
from tests.server.hostile.peer import event
from tests.server.hostile.shortcomings import (
    BEGIN,
    DOCUMENT,
    END,
    PLAYED,
    Played,
    in_words,
    rendered,
    shortcomings,
)
from tests.server.hostile.violations import VIOLATIONS
from tests.simulations.raw import EXACT, empties_by, open_peer


def test_the_document_lists_what_the_tests_pin() -> None:
    listed = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]
    assert listed == rendered(), "python -m tests.server.hostile.shortcomings writes the list anew"


def test_every_shortcoming_is_one_and_is_listed_once() -> None:
    inputs = [each.input for each in shortcomings()]
    assert len(inputs) == len(set(inputs))
    assert all(each.wanted != each.instead for each in shortcomings())
    assert all(row.instead != row.wanted for row in VIOLATIONS)


def test_every_shortcoming_that_no_table_shows_is_played_here() -> None:
    assert set(PLAYED) == set(get_args(Played))
    assert [name for name in PLAYED if f"test_{name.replace('-', '_')}" not in globals()] == []


def test_words_differ_where_events_do() -> None:
    assert in_words(TOO_BIG_FOR_LIBRARY) == "closed with 1009 by the library, in its own words"
    assert in_words(("close 1009 too-big", "eof")) == "closed with 1009"
    assert in_words(("kept",)) == in_words(("error bad-message", "kept"))


@simulate(seeds=5, config=RunConfig(latency=(0.0, 0.0), ping_interval=20.0))
async def test_declared(sim: Simulation) -> None:
    async with open_peer(sim, "boaster") as peer:
        # Within a frame there is no room for a pong.
        await peer.send(frame(frames.TEXT, declared=300_000))
        received = await peer.receive()
        assert event(received).startswith("ping")
        asked = sim.now()
        assert (await peer.events())[0] == "close 4002 no-pong"
        await empties_by(sim, asked + 12.0)


@simulate(seeds=5, config=EXACT)
async def test_slow_reader(sim: Simulation) -> None:
    async with open_peer(sim, "slow", window=1000) as peer:
        await peer.say({"type": "matchmaking", "matchSize": 1})
        assert event(await peer.receive()) == "room-found"
        await peer.say({"type": "offer", "to": "slow", "sdp": "o" * 10_000})
        read = 0
        while sim.now() < 10.0:
            assert sim.server.statistics().connections == 1
            read += len(await peer.stream.receive_some(100))
            await trio.sleep(0.3)
        await empties_by(sim, sim.now())
        assert 3000 < read < 10_000


async def test_behind_close(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:
        peer = await living.dial_in("chatterbox")
        peer.answers_close = False
        with trio.fail_after(10):
            await peer.send(close(1000) + bytes(1 << 20))
            assert await peer.events() in (["close 1000", "eof"], ["close 1000", "reset"])


@simulate(seeds=5, config=EXACT)
async def test_ping_behind_ours(sim: Simulation) -> None:
    await _send_behind_our_close_frame(sim, frame(frames.PING), "eof")


@simulate(seeds=5, config=EXACT)
async def test_much_behind_ours(sim: Simulation) -> None:
    # It is not read, and closing over unread input is a reset.
    await _send_behind_our_close_frame(sim, text(b"a" * 300_000), "reset")


async def _send_behind_our_close_frame(sim: Simulation, behind: bytes, end: str) -> None:
    async with open_peer(sim, "crossing") as peer:
        peer.answers_close = False
        await peer.send(frame(frames.BINARY))
        assert event(await peer.receive()) == "close 1003 text-only"
        began = sim.now()
        await peer.send(behind + close(1003))
        assert await peer.events() == [end]
        assert sim.now() == began + 2.0
        await empties_by(sim, sim.now())

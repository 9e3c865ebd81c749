"""Behind the handshake, on virtual time: peers that do not answer, do not read, or do not leave."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from focus_signal import Config
from tests.server.hostile import frames
from tests.server.hostile.frames import frame, text
from tests.server.hostile.peer import Peer, event, request
from tests.server.hostile.violations import sized
from tests.server.hostile.virtual import INSTANT, virtual_server

PING, PONG, WRITE, CLOSE = 20.0, 10.0, 10.0, 2.0
TOO_BIG = text("\u20ac" * 100_000)
BINARY = frame(frames.BINARY, b"{}")


def test_the_defaults_are_those_that_are_tested() -> None:
    config = Config()
    times = (config.ping_interval, config.pong_timeout, config.write_timeout, config.close_timeout)
    assert times == (PING, PONG, WRITE, CLOSE)


async def _next_ping(peer: Peer) -> bytes:
    received = await peer.receive()
    assert event(received) != "eof"
    assert not isinstance(received, str)
    assert received.opcode == frames.PING
    return received.payload


@pytest.mark.parametrize("answer", [None, b"another payload"])
async def test_no_pong_in_time_is_4002(autojump_clock: MockClock, answer: bytes | None) -> None:
    async with virtual_server() as virtual:
        peer, began = await virtual.dial_in("mute"), trio.current_time()
        await _next_ping(peer)
        asked = trio.current_time()
        assert asked <= began + PING
        if answer is not None:
            await peer.send(frame(frames.PONG, answer))
        assert await peer.events() == ["close 4002 no-pong", "eof"]
        assert trio.current_time() == asked + PONG
        await virtual.is_empty()


async def test_a_pong_in_the_last_moment_is_in_time(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        peer = await virtual.dial_in("late")
        for _ in range(5):
            payload, asked = await _next_ping(peer), trio.current_time()
            await trio.sleep_until(asked + PONG - INSTANT)
            await peer.send(frame(frames.PONG, payload))
        await peer.part()


async def test_what_a_peer_says_instead_of_a_pong_does_not_count(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        peer = await virtual.dial_in("talker")
        await _next_ping(peer)
        asked = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_talk, peer)
            seen = await peer.events()
            nursery.cancel_scope.cancel()
        assert {*seen[:-2]} == {"error unknown-type"}
        assert seen[-2:] == ["close 4002 no-pong", "eof"]
        assert trio.current_time() == asked + PONG


async def _talk(peer: Peer) -> None:
    while True:
        await peer.send(text('{"type":"weather"}'))
        await trio.sleep(1)


async def test_who_vanishes_without_a_word_is_given_up(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        await virtual.dial_in("ghost", "lockstep")
        await virtual.empties_by(trio.current_time() + PING + PONG + CLOSE)


@pytest.mark.parametrize(
    ("lazy_kind", "on_its_way"),
    [("a message", ["offer"]), ("half a message", ["offer"]), ("pongs", ["pong 1"])],
)
async def test_who_does_not_read_is_given_up_and_slows_nobody(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, lazy_kind: str, on_its_way: list[str]
) -> None:
    caplog.set_level("INFO")
    async with virtual_server() as virtual:
        pair = await virtual.meet()
        lazy, busy = await virtual.dial_in("lazy", "lockstep"), await virtual.dial_in("busy")
        await lazy.say({"type": "matchmaking", "matchSize": 2})
        await wait_all_tasks_blocked()
        await busy.say({"type": "matchmaking", "matchSize": 2})
        assert (await lazy.hear())["peers"] == (await busy.hear())["peers"] == ["lazy", "busy"]
        if lazy_kind == "pongs":
            # The second pong cannot be sent before the first one was read.
            await lazy.send(frame(frames.PING, b"1") + frame(frames.PING, b"2"))
        else:
            await busy.say({"type": "offer", "to": "lazy", "sdp": "o" * 10_000})
        began = trio.current_time()
        if lazy_kind == "half a message":
            await lazy.receive_bytes(5000)
        # While the lazy one hangs, everybody else is served, without a moment's waiting.
        for number in range(50):
            await busy.say({"type": "offer", "to": "lazy", "sdp": number})
        await busy.say({"type": "offer", "to": "busy", "sdp": "to oneself"})
        assert (await busy.hear())["sdp"] == "to oneself"
        await pair.relay(50)
        assert trio.current_time() == began
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_answer_pings, busy)
            await _stay(pair.first, pair.second, began + WRITE + INSTANT)
            nursery.cancel_scope.cancel()
        assert any("too-slow" in record.getMessage() for record in caplog.records)
        await busy.say({"type": "offer", "to": "lazy", "sdp": "are you there?"})
        assert (await busy.hear())["code"] == "peer-unavailable"
        # What was on its way may still arrive, and nothing behind it: half a frame has no room for another.
        assert await lazy.events() == [*on_its_way, "eof"]
        await busy.part()
        await pair.relay()
        await pair.part()


async def _answer_pings(peer: Peer) -> None:
    while (received := await peer.receive()) not in {"eof", "reset"}:
        assert not isinstance(received, str)
        await peer.send(frame(frames.PONG, received.payload))


async def _stay(first: Peer, second: Peer, until: float) -> None:
    with trio.move_on_at(until):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_answer_pings, first)
            nursery.start_soon(_answer_pings, second)
    await wait_all_tasks_blocked()


GOODBYES = {"close 1003 text-only": BINARY, "close 1009 too-big": TOO_BIG}


@pytest.mark.parametrize(("goodbye", "sent"), GOODBYES.items(), ids=GOODBYES.keys())
async def test_who_does_not_answer_a_close_frame_is_cut(
    autojump_clock: MockClock, goodbye: str, sent: bytes
) -> None:
    async with virtual_server() as virtual:
        peer = await virtual.dial_in("stubborn")
        peer.answers_close = False
        began = trio.current_time()
        await peer.send(sent)
        assert (await peer.events())[0] == goodbye
        assert trio.current_time() == began + CLOSE
        await virtual.is_empty()


async def test_a_missing_user_id_that_is_not_answered_is_cut(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        stream, began = virtual.listener.connect(), trio.current_time()
        await stream.send_all(request("/signal"))
        await virtual.empties_at(began + CLOSE)


async def test_what_follows_our_close_frame_is_ignored(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        peer, other = await virtual.dial_in("talker"), await virtual.dial_in("other")
        peer.answers_close = False
        began = trio.current_time()
        await peer.send(BINARY)
        assert event(await peer.receive()) == "close 1003 text-only"
        for _ in range(20):
            await peer.send(text('{"type":"matchmaking","matchSize":1}') + BINARY + text("not JSON"))
        await peer.send(text(sized(1000)) + frame(frames.TEXT, b"{", fin=False))
        assert await peer.events() == ["eof"]
        assert trio.current_time() == began + CLOSE
        await other.part()


async def test_a_close_frame_that_is_not_read_is_given_up(autojump_clock: MockClock) -> None:
    async with virtual_server() as virtual:
        peer, began = await virtual.dial_in("deaf", "lockstep"), trio.current_time()
        await peer.send(BINARY)
        await virtual.empties_at(began + CLOSE)

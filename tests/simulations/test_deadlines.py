"""Before and behind the upgrade nobody is waited for longer than was said, to the second."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from focus_signal.server.config import Config
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.simulated import simulate
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.frames import frame, text
from tests.server.hostile.handshake_table import head, plain
from tests.server.hostile.peer import finish_handshake, request
from tests.simulations.levels import on_both_transports
from tests.simulations.raw import (
    EXACT,
    INSTANT,
    UNEVEN,
    empties_at,
    empties_by,
    handshake_of,
    open_peer,
    open_stream,
)

HANDSHAKE, CLOSE, LINGER, GRACE = 5.0, 2.0, 1.0, 30.0
TOO_LATE = Wanted(408, "within 5 seconds")
OK = Wanted(200, "ok")
# The answer to a handshake, and every other one, is longer than that.
TIGHT = 64

PIECES = {
    "one byte": b"G",
    "an empty line": b"\r\n",
    "a request line": b"GET /signal?userId=u HTTP/1.1\r\n",
    "all but the last byte": head()[:-1],
}
GOODBYES = {
    "close 1003 text-only": frame(frames.BINARY),
    "close 1009 too-big": text("\u20ac" * 100_000),
}


def test_the_defaults_are_those_that_are_tested() -> None:
    config = Config()
    assert (config.handshake_timeout, config.close_timeout) == (HANDSHAKE, CLOSE)
    assert (config.linger_timeout, config.seat_grace) == (LINGER, GRACE)
    assert EXACT.server_config().seat_grace == GRACE


# Before the upgrade.


@simulate(seeds=5, config=EXACT)
async def test_silence_gets_a_plain_close(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        assert await read_all(stream) == b""
        assert sim.now() == HANDSHAKE
        await empties_by(sim, HANDSHAKE)


@pytest.mark.parametrize("sent", PIECES.values(), ids=PIECES.keys())
@simulate(seeds=5, config=EXACT)
async def test_half_a_head_gets_408(sim: Simulation, sent: bytes) -> None:
    async with open_stream(sim) as stream:
        await stream.send_all(sent)
        assert faults(await read_all(stream), TOO_LATE) == []
        assert sim.now() == HANDSHAKE


@simulate(seeds=10, config=UNEVEN)
async def test_a_slow_way_neither_adds_to_a_deadline_nor_takes_from_it(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        began = sim.now()
        await stream.send_all(head()[:-1])
        assert faults(await read_all(stream), TOO_LATE) == []
        # Accepted a way later than the client knows, and told a way later than it was over.
        assert began + HANDSHAKE < sim.now() <= began + HANDSHAKE + 2 * sim.config.latency[1]


@pytest.mark.parametrize("piece", [b"G", b"\r\n"])
@simulate(seeds=5, config=EXACT)
async def test_a_byte_now_and_then_buys_no_time(sim: Simulation, piece: bytes) -> None:
    async with open_stream(sim) as stream:
        sim.nursery.start_soon(_trickle, stream, b"GET /signal?userId=" if piece == b"G" else b"", piece)
        assert faults(await read_all(stream), TOO_LATE) == []
        assert sim.now() == HANDSHAKE


@simulate(seeds=5, config=EXACT)
async def test_a_head_in_the_last_moment_is_welcomed(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        await stream.send_all(head()[:-1])
        await trio.sleep(HANDSHAKE - INSTANT)
        await stream.send_all(head()[-1:])
        peer = await finish_handshake(stream)
        assert sim.now() == HANDSHAKE - INSTANT
        await peer.part()


@on_both_transports(seeds=5, config=EXACT)
async def test_a_handshake_whose_answer_is_not_read_ends_with_the_deadline(sim: Simulation) -> None:
    async with open_stream(sim, window=TIGHT) as stream:
        sim.nursery.start_soon(_send, stream, handshake_of("deaf"))
        await empties_at(sim, HANDSHAKE)


@simulate(seeds=5, config=EXACT)
async def test_an_answer_that_is_not_read_is_given_up(sim: Simulation) -> None:
    async with open_stream(sim, window=TIGHT) as stream:
        await stream.send_all(plain("GET /healthz HTTP/1.1"))
        await empties_at(sim, CLOSE)
        await _ends_in_a_reset(stream)


@simulate(seeds=5, config=EXACT)
async def test_a_408_that_is_not_read_is_given_up(sim: Simulation) -> None:
    async with open_stream(sim, window=TIGHT) as stream:
        await stream.send_all(b"GET ")
        await empties_at(sim, HANDSHAKE + CLOSE)
        await _ends_in_a_reset(stream)


@simulate(seeds=5, config=EXACT)
async def test_who_reads_its_answer_and_stays_is_cut(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        await stream.send_all(plain("GET /healthz HTTP/1.1"))
        assert faults(await read_all(stream), OK) == []
        assert sim.now() == 0.0
        await empties_at(sim, LINGER)


@simulate(seeds=5, config=EXACT)
async def test_who_reads_its_answer_and_goes_on_sending_is_cut(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        await stream.send_all(plain("POST /signal HTTP/1.1", b"Content-Length: 1000000\r\n"))
        sim.nursery.start_soon(_trickle, stream, b"", b"a" * 100)
        assert faults(await read_all(stream), Wanted(400, "Expected WebSocket connection")) == []
        assert sim.now() == 0.0
        await empties_at(sim, LINGER)
        await stream.send_all(b"a")  # this is what the server answers by a reset
        await trio.sleep(INSTANT)
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"a")


# Behind the upgrade.


@pytest.mark.parametrize(("goodbye", "sent"), GOODBYES.items(), ids=GOODBYES.keys())
@on_both_transports(seeds=5, config=EXACT)
async def test_who_does_not_answer_a_close_frame_is_cut(sim: Simulation, goodbye: str, sent: bytes) -> None:
    async with open_peer(sim, "stubborn") as peer:
        peer.answers_close = False
        await trio.sleep(1.0)
        await peer.send(sent)
        seen = await peer.events()
        assert seen[0] == goodbye
        if sim.config.transport == "native":
            # Our end of the stream follows at once, and what still comes is read and forgotten.
            assert (seen[1:], sim.now()) == (["eof"], 1.0)
            await peer.send(text("?") * 1_000)
            await empties_at(sim, 1.0 + CLOSE)
        else:
            assert sim.now() == 1.0 + CLOSE
            await empties_by(sim, 1.0 + CLOSE)


@on_both_transports(seeds=5, config=EXACT)
async def test_a_missing_user_id_that_is_not_answered_is_cut(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        await stream.send_all(request("/signal"))
        await empties_at(sim, CLOSE)


@on_both_transports(seeds=5, config=EXACT)
async def test_a_close_frame_that_is_not_read_is_given_up(sim: Simulation) -> None:
    async with open_peer(sim, "deaf", window=160) as peer:
        # The first error takes some of the room, and the second has none.
        await peer.send(text("{}") * 2 + frame(frames.BINARY))
        await empties_by(sim, 10.0 + CLOSE)


@on_both_transports(seeds=5, config=EXACT)
async def test_a_close_frame_alone_that_has_no_room_is_given_up(sim: Simulation) -> None:
    async with open_peer(sim, "deaf") as peer:
        sim.net.window("deaf", 1)
        # What is wrong is seen by the first bytes of it, and then the rest may find no room either.
        sim.nursery.start_soon(peer.send, frame(frames.BINARY))
        await empties_at(sim, CLOSE)


@simulate(seeds=5, config=EXACT)
async def test_a_seat_is_kept_for_its_grace_and_no_longer(sim: Simulation) -> None:
    [ana] = await sim.clients("ana")
    await ana.join(match_size=1)
    await ana.expect("room-found")
    await trio.sleep(1.0)
    await ana.reset()
    await trio.sleep_until(1.0 + GRACE - INSTANT)
    assert (sim.server.statistics().rooms, sim.server.statistics().users) == (1, 1)
    await trio.sleep_until(1.0 + GRACE + INSTANT)
    assert (sim.server.statistics().rooms, sim.server.statistics().users) == (0, 0)


async def _ends_in_a_reset(stream: SimStream) -> None:
    """See that what there is of an answer does not pass for the whole: no end in good order is behind it."""
    assert len(await stream.receive_some()) == TIGHT
    with pytest.raises(trio.BrokenResourceError):
        await stream.receive_some()


async def _send(stream: SimStream, data: bytes) -> None:
    """Send in a task of its own what may find no room."""
    # Or the server, or the test, is through with it.
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await stream.send_all(data)


async def _trickle(stream: SimStream, first: bytes, piece: bytes) -> None:
    """Send a piece every 0.3 seconds, for as long as they are taken."""
    try:
        await stream.send_all(first)
        while True:
            await stream.send_all(piece)
            await trio.sleep(0.3)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the server has given up, and the test reads how

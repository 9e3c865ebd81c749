"""Files are larger than other answers: slow readers get all of one, and who does not read holds nobody up."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
import trio
import trio.testing

from focus_signal.server import front_door
from focus_signal.server.config import Config
from focus_signal.server.files import File, file_of
from focus_signal.server.front_door import FrontDoor
from focus_signal.server.link import Link
from focus_signal.server.serve import open_server
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.simulated import simulate
from focus_signal.testing.simulation import Simulation
from tests.server.hostile.answers import read_all
from tests.server.hostile.handshake_table import plain
from tests.server.memory_listener import open_memory_listener
from tests.simulations.raw import EXACT, INSTANT, NOTHING, UNEVEN, empties_at, left, open_stream

WRITE, CLOSE, PIECE = 10.0, 2.0, 4096
BODY = bytes(range(32, 127)) * 640
REQUEST = plain("GET /large.js HTTP/1.1")
WINDOW = 500
# Bytes a second: a piece takes less than the write deadline, or more, or all but for ever.
SLOW, TOO_SLOW, STILL = 600.0, 300.0, 0.01


@pytest.fixture(autouse=True)
def _one_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def files_for(*, demo: bool) -> Mapping[str, File]:
        return {"/large.js": file_of("large.js", BODY, from_anywhere=demo)}

    monkeypatch.setattr(front_door, "files_for", files_for)


def test_the_defaults_are_those_that_are_tested() -> None:
    config = Config()
    assert (config.write_timeout, config.close_timeout) == (WRITE, CLOSE)
    assert front_door._PIECE == PIECE
    assert len(BODY) > 60_000


def is_whole(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n" + BODY)


@simulate(seeds=10, config=UNEVEN)
async def test_it_comes_whole_on_an_uneven_way(sim: Simulation) -> None:
    async with open_stream(sim) as stream:
        await stream.send_all(REQUEST)
        assert is_whole(await read_all(stream))


async def _reads_slowly(sim: Simulation) -> None:
    async with open_stream(sim, "slow", window=WINDOW) as stream:
        sim.net.slow_reader("slow", SLOW)
        await stream.send_all(REQUEST)
        assert is_whole(await read_all(stream)), "it was cut"
        assert sim.now() > 10 * WRITE


@simulate(seeds=5, config=EXACT)
async def test_who_reads_slowly_gets_all_of_it(sim: Simulation) -> None:
    await _reads_slowly(sim)


@simulate(seeds=5, config=EXACT)
async def test_nobody_else_is_slowed(sim: Simulation) -> None:
    async with open_stream(sim, "slow", window=WINDOW) as slow:
        sim.net.slow_reader("slow", STILL)
        await slow.send_all(REQUEST)
        for _ in range(5):
            async with open_stream(sim) as stream:
                await stream.send_all(REQUEST)
                assert is_whole(await read_all(stream))
        assert sim.now() == 0.0


async def _does_not_read(sim: Simulation, rate: float) -> None:
    async with open_stream(sim, "slow", window=WINDOW) as stream:
        sim.net.slow_reader("slow", rate)
        await stream.send_all(REQUEST)
        await empties_at(sim, WRITE)
        sim.heal()
        await _ends_in_a_reset(stream)


async def _ends_in_a_reset(stream: SimStream) -> None:
    """See that half an answer does not pass for a whole one."""
    with pytest.raises(trio.BrokenResourceError):
        await read_all(stream)


@pytest.mark.parametrize("rate", [TOO_SLOW, STILL])
@simulate(seeds=5, config=EXACT)
async def test_who_takes_too_long_for_a_piece_is_cut(sim: Simulation, rate: float) -> None:
    await _does_not_read(sim, rate)


@simulate(seeds=5, config=EXACT)
async def test_who_stops_in_the_middle_is_cut_a_write_deadline_later(sim: Simulation) -> None:
    async with open_stream(sim, window=WINDOW) as stream:
        await stream.send_all(REQUEST)
        while sim.now() < 3 * WRITE:
            await stream.receive_some(WINDOW)
            await trio.sleep(1.0)
        assert left(sim) != NOTHING
        await trio.sleep(WRITE)  # it has been running since the piece was begun
        assert left(sim) == NOTHING
        await _ends_in_a_reset(stream)


@pytest.mark.parametrize("way", ["reset", "close", "half-close"])
@simulate(seeds=5, config=EXACT)
async def test_who_leaves_in_the_middle_leaves_nothing(sim: Simulation, way: str) -> None:
    async with open_stream(sim, "leaving", window=WINDOW) as stream:
        await stream.send_all(REQUEST)
        for _ in range(20):
            assert await stream.receive_some(WINDOW)
        if way == "half-close":
            # That is no leaving: who has asked and says no more may still read.
            await stream.send_eof()
            rest = await read_all(stream)
            assert rest.endswith(BODY[-20_000:])
        elif way == "close":
            await stream.aclose()
        else:
            sim.net.reset("leaving")
        await trio.sleep(INSTANT)
        assert left(sim) == NOTHING


def test_a_bound_for_all_of_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "_PIECE", len(BODY) * 2)
    with pytest.raises(trio.BrokenResourceError):
        simulate(seeds=1, config=EXACT)(_reads_slowly)()


def test_no_bound_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def reply(self: FrontDoor, link: Link, answer: bytes) -> None:
        del self
        await link.send_all(answer)

    monkeypatch.setattr(FrontDoor, "_reply", reply)
    with pytest.raises(AssertionError, match="somebody is still there"):
        simulate(seeds=1, config=EXACT)(_stops)()


def test_a_good_end_behind_half_a_file_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def reply(self: FrontDoor, link: Link, answer: bytes) -> None:
        with trio.move_on_after(self._config.write_timeout):
            await link.send_all(answer)

    monkeypatch.setattr(FrontDoor, "_reply", reply)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        simulate(seeds=1, config=EXACT)(_stops)()


async def _stops(sim: Simulation) -> None:
    await _does_not_read(sim, STILL)


# Over streams that are no sockets, as TLS is: they take a piece or nothing.


async def test_the_oldest_slow_reader_makes_room(autojump_clock: trio.testing.MockClock) -> None:
    send, listener = open_memory_listener()
    config = Config(max_handshakes=2)
    began = autojump_clock.current_time()
    peers: list[trio.abc.Stream] = []
    async with open_server(config, [listener]):
        for _ in range(3):
            ours, theirs = trio.testing.lockstep_stream_pair()
            await send.send(theirs)
            await ours.send_all(REQUEST)
            assert await ours.receive_some(1)
            peers.append(ours)
            await trio.testing.wait_all_tasks_blocked()
        cut = b"".join([data async for data in peers[0]])
        assert len(cut) < 2 * PIECE, "the oldest is not cut"
        for peer in peers[1:]:
            assert is_whole(b"H" + b"".join([data async for data in peer]))
        assert autojump_clock.current_time() == began


async def test_a_server_that_stops_waits_for_no_reader(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    send, listener = open_memory_listener()
    began = autojump_clock.current_time()
    with caplog.at_level(logging.INFO, "focus_signal"):
        async with open_server(Config(), [listener]):
            ours, theirs = trio.testing.lockstep_stream_pair()
            await send.send(theirs)
            await ours.send_all(REQUEST)
            assert await ours.receive_some(1)
        rest = b"".join([data async for data in ours])
    assert not is_whole(b"H" + rest)
    assert autojump_clock.current_time() - began <= CLOSE
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

"""One link: what each end sees, and at which moment of virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

from focus_signal.testing.keyed import QUANTUM
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from tests.testing.net.pairs import EIGHTH, OPEN, STEADY, clog, pair

Timed = list[tuple[float, bytes | str]]


async def read_all(stream: SimStream) -> Timed:
    """Note what comes, and when, since now; the end as nothing, a reset as "reset"."""
    began = trio.current_time()
    found: Timed = []
    while not found or found[-1][1] not in {b"", "reset"}:
        try:
            what: bytes | str = await stream.receive_some()
        except trio.BrokenResourceError:
            what = "reset"
        found.append((trio.current_time() - began, what))
    return found


async def since(began: float, attempt: Awaitable[object]) -> float:
    """Tell how long after a moment something was done."""
    await attempt
    return trio.current_time() - began


async def when_broken(stream: SimStream, began: float) -> float:
    with pytest.raises(trio.BrokenResourceError):
        await stream.send_all(b"x" * 1_000_000)
    return trio.current_time() - began


async def test_opening_takes_a_round_trip_and_the_server_hears_of_it_later(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    await pair()
    assert trio.current_time() - began == OPEN


async def test_bytes_arrive_after_the_latency_and_in_order(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    for stream, peer in ((client, server), (server, client)):
        await stream.send_all(b"one")
        await stream.send_all(b"two")
        await stream.send_eof()
        assert await read_all(peer) == [(EIGHTH, b"onetwo"), (EIGHTH, b"")]


async def test_what_arrives_while_somebody_waits_wakes_them(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await read_all(server) == [(1 + EIGHTH, b"one"), (2 + EIGHTH, b"two"), (2 + EIGHTH, b"")]

        nursery.start_soon(read)
        await trio.sleep(1)
        assert client.send_nowait(b"one") == 3
        await trio.sleep(1)
        assert client.send_nowait(b"two") == 3
        await client.send_eof()


async def test_a_segment_draws_its_latency_and_overtakes_none(autojump_clock: MockClock) -> None:
    _, client, server = await pair(LinkOptions(latency=(1, 2)))
    for number in range(20):
        await client.send_all(bytes([number]))
    await client.send_eof()
    found = await read_all(server)
    times = [time for time, _ in found]
    assert b"".join(data for _, data in found if isinstance(data, bytes)) == bytes(range(20))
    assert times == sorted(times)
    assert 1 <= times[0] < times[-1] <= 2
    assert all(time % QUANTUM == 0 for time in times)


@pytest.mark.parametrize("most", [1, 7])
async def test_cut_into_chunks_each_is_read_by_itself(most: int, autojump_clock: MockClock) -> None:
    _, client, server = await pair(LinkOptions(latency=(0, 1), chunk=most))
    data = bytes(range(200))
    await client.send_all(data)
    await client.send_eof()
    parts = [part async for part in server]
    assert b"".join(parts) == data
    assert {len(part) for part in parts} == ({1} if most == 1 else set(range(1, most + 1)))


async def test_uncut_all_that_has_arrived_is_read_at_once_as_far_as_was_asked_for(
    autojump_clock: MockClock,
) -> None:
    _, client, server = await pair()
    for word in (b"one", b"two", b"three"):
        await client.send_all(word)
    await trio.sleep(1)
    assert await server.receive_some(4) == b"onet"
    assert await server.receive_some(1) == b"w"
    assert await server.receive_some() == b"othree"


async def test_the_window_bounds_what_is_unread_and_the_sender_hears_of_reading_after_the_latency(
    autojump_clock: MockClock,
) -> None:
    _, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), window=10))
    assert client.send_nowait(b"x" * 25) == 10
    assert client.send_nowait(b"x") == 0
    await trio.sleep(1)
    assert client.send_nowait(b"x") == 0
    assert await server.receive_some(4) == b"xxxx"
    began = trio.current_time()
    assert client.send_nowait(b"x") == 0
    assert await since(began, client.wait_writable()) == EIGHTH
    assert client.send_nowait(b"y" * 25) == 4


async def test_send_all_waits_for_the_window(autojump_clock: MockClock) -> None:
    """Ten bytes arrive and are read in one way, and in another the sender knows."""
    _, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), window=10))
    async with trio.open_nursery() as nursery:

        async def write() -> None:
            assert await since(trio.current_time(), client.send_all(b"x" * 30)) == 4 * EIGHTH
            await client.send_eof()

        nursery.start_soon(write)
        found = await read_all(server)
    assert found == [(EIGHTH, b"x" * 10), (3 * EIGHTH, b"x" * 10), (5 * EIGHTH, b"x" * 10), (5 * EIGHTH, b"")]


async def test_bandwidth_spreads_what_is_sent(autojump_clock: MockClock) -> None:
    _, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), bandwidth=8, chunk=1))
    await client.send_all(b"ab")
    await client.send_eof()
    assert await read_all(server) == [(2 * EIGHTH, b"a"), (3 * EIGHTH, b"b"), (3 * EIGHTH, b"")]


async def test_the_end_comes_behind_the_bytes_and_after_its_delay(autojump_clock: MockClock) -> None:
    _, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), bandwidth=8, fin_delay=2))
    await client.send_all(b"abcd")
    await client.send_eof()
    assert await read_all(server) == [(5 * EIGHTH, b"abcd"), (2 + 5 * EIGHTH, b"")]


async def test_a_half_closed_link_still_carries_the_other_way(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    await client.send_eof()
    assert await read_all(server) == [(EIGHTH, b"")]
    await server.send_all(b"still")
    await server.aclose()
    assert await read_all(client) == [(EIGHTH, b"still"), (EIGHTH, b"")]
    with pytest.raises(trio.ClosedResourceError):
        await client.send_all(b"x")
    await client.send_eof()


async def test_data_for_a_closed_end_is_answered_by_a_reset(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    await server.aclose()
    await trio.sleep(1)
    assert await client.receive_some() == b""
    began = trio.current_time()
    await client.send_all(b"x")
    assert await when_broken(client, began) == 2 * EIGHTH
    assert client.peer_address is None


async def test_a_reader_that_waits_hears_of_that_reset(autojump_clock: MockClock) -> None:
    """The end was on its way behind a delay, and the reset overtakes it."""
    _, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), fin_delay=2))
    await server.aclose()
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await read_all(client) == [(1 + 2 * EIGHTH, "reset")]

        nursery.start_soon(read)
        await trio.sleep(1)
        await client.send_all(b"x")


async def test_a_writer_that_waits_hears_of_that_reset(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    began = trio.current_time()
    await server.aclose()
    assert await when_broken(client, began) == 2 * EIGHTH


async def test_closing_over_unread_input_is_a_reset(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    await client.send_all(b"unread")
    await trio.sleep(1)
    began = trio.current_time()
    await server.aclose()
    assert await read_all(client) == [(EIGHTH, "reset")]
    assert await when_broken(client, began) == EIGHTH


async def test_a_reset_forgets_what_was_not_sent_and_what_was_unread_there(autojump_clock: MockClock) -> None:
    """What had left is read, the rest is lost, and so is what the aborted end had not read."""
    _, client, server = await pair(LinkOptions(latency=(EIGHTH, EIGHTH), bandwidth=8, chunk=1))
    await client.send_all(b"unread")
    await server.send_all(b"abcdefgh")
    await trio.sleep(2 * EIGHTH)
    began = trio.current_time()
    await server.abort()
    assert await client.receive_some() == b"a"
    assert await client.receive_some() == b"b"
    assert await read_all(client) == [(EIGHTH, b"c"), (EIGHTH, "reset")]
    assert trio.current_time() - began == 2 * EIGHTH
    with pytest.raises(trio.ClosedResourceError):
        await server.receive_some()


async def test_abort_never_raises_and_never_waits(autojump_clock: MockClock) -> None:
    for first in ("aclose", "abort"):
        _, client, _ = await pair()
        await getattr(client, first)()
        with trio.CancelScope() as scope:
            scope.cancel()
            await client.abort()
        assert client.peer_address is None


async def test_addresses(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    assert server.peer_address == client.local[0] == server.remote[0]
    assert client.peer_address == server.local[0] == client.remote[0]
    assert client.remote[1] == server.local[1] == 8000


@pytest.mark.parametrize("what", ["receive_some", "send_all", "wait_writable"])
async def test_a_cancelled_wait_loses_nothing_and_leaves_no_trace(
    what: str, autojump_clock: MockClock
) -> None:
    _, client, server = await pair()
    await clog(client)
    waits: dict[str, Callable[[], Awaitable[object]]] = {
        "receive_some": client.receive_some,
        "send_all": lambda: client.send_all(b"lost"),
        "wait_writable": client.wait_writable,
    }
    with trio.move_on_after(1) as scope:
        await waits[what]()
    assert scope.cancelled_caught
    await server.send_all(b"answer")
    assert await client.receive_some() == b"answer"
    found = 0
    while found < STEADY.window:
        found += len(await server.receive_some())
    await client.wait_writable()
    await client.send_all(b"next")
    assert await server.receive_some() == b"next"


async def test_a_cancelled_read_takes_nothing(autojump_clock: MockClock) -> None:
    _, client, server = await pair()
    await client.send_all(b"kept")
    await trio.sleep(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await server.receive_some()
    assert scope.cancelled_caught
    with assert_checkpoints():
        assert await server.receive_some() == b"kept"


async def test_two_tasks_may_not_do_the_same(autojump_clock: MockClock) -> None:
    _, client, _ = await pair()
    await clog(client)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.send_all, b"x")
        nursery.start_soon(client.receive_some)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            client.send_nowait(b"x")
        with pytest.raises(trio.BusyResourceError):
            await client.send_eof()
        with pytest.raises(trio.BusyResourceError):
            await client.receive_some()
        nursery.cancel_scope.cancel()
    await client.send_eof()


@given(
    seed=st.integers(0, 2**16),
    sends=st.lists(st.binary(min_size=1, max_size=80), max_size=12),
    chunk=st.integers(0, 9),
    window=st.integers(1, 50),
    bandwidth=st.sampled_from([0.0, 100.0, 3e6]),
    reads=st.integers(1, 100),
)
def test_whatever_the_link_is_like_the_stream_is_whole(
    seed: int, sends: list[bytes], chunk: int, window: int, bandwidth: float, reads: int
) -> None:
    options = LinkOptions(latency=(0, 0.5), chunk=chunk, window=window, bandwidth=bandwidth)

    async def carry() -> None:
        _, client, server = await pair(options, seed)

        async def write() -> None:
            for data in sends:
                await client.send_all(data)
            await client.send_eof()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            received = b""
            while part := await server.receive_some(reads):
                received += part
        assert received == b"".join(sends)

    trio.run(carry, clock=MockClock(autojump_threshold=0))

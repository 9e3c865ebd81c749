"""Each verb: what both ends see of it, and when."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from attrs import frozen
from trio.testing import MockClock

from focus_signal.errors import PlanError
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from tests.testing.net.pairs import EIGHTH, HOST, OPEN, PORT, STEADY, clog, meet, pair
from tests.testing.net.test_stream import read_all, since

CALM = LinkOptions(latency=(EIGHTH, EIGHTH), window=100)


async def arrival(sender: SimStream, receiver: SimStream) -> float:
    """Tell how long a byte takes from one end to the other."""
    began = trio.current_time()
    await sender.send_all(b"x")
    assert await receiver.receive_some() == b"x"
    return trio.current_time() - began


async def test_a_partition_keeps_everything_and_its_order(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    await client.send_all(b"on its way, ")
    network.partition("ana", 5)
    await client.send_all(b"sent meanwhile")
    await client.aclose()
    assert await read_all(server) == [(5, b"on its way, sent meanwhile"), (5, b"")]


async def test_what_has_arrived_before_a_partition_can_be_read_in_it(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    await client.send_all(b"there")
    await trio.sleep(EIGHTH)
    network.partition("ana")
    assert await server.receive_some() == b"there"


@pytest.mark.parametrize(
    ("direction", "up", "down"), [("up", 5, EIGHTH), ("down", EIGHTH, 5), ("both", 5, 5)]
)
async def test_a_partition_of_one_direction(
    direction: str, up: float, down: float, autojump_clock: MockClock
) -> None:
    network, client, server = await pair()
    network.partition("ana", 5, direction=direction)  # type: ignore[arg-type] # one of the three
    began = trio.current_time()
    client.send_nowait(b"x")
    server.send_nowait(b"x")
    found: dict[str, float] = {}

    async def read(name: str, stream: SimStream) -> None:
        found[name] = await since(began, stream.receive_some())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, "up", server)
        nursery.start_soon(read, "down", client)
    assert found == {"up": up, "down": down}


async def test_a_partition_keeps_from_the_sender_what_was_read(autojump_clock: MockClock) -> None:
    """The bytes get through, the word that there is room again does not."""
    network, client, server = await pair(CALM)
    await clog(client)
    network.partition("ana", 5, direction="down")
    began = trio.current_time()
    assert len(await server.receive_some()) == CALM.window
    await trio.sleep(1)
    assert client.send_nowait(b"x") == 0
    assert await since(began, client.wait_writable()) == 5


async def test_partitions_that_overlap_last_until_the_last_one_ends(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.partition("ana", 5)
    network.partition("ana", 2)
    assert await arrival(client, server) == 5
    network.partition("ana", 2)
    await trio.sleep(1)
    network.partition("ana", 2)
    assert await arrival(client, server) == 2


async def test_a_partition_may_come_while_somebody_waits(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await since(began, server.receive_some()) == 5

        nursery.start_soon(read)
        await client.send_all(b"x")
        network.partition("ana", 5)


async def test_who_is_partitioned_away_connects_when_it_ends(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    network.partition("ana", 5)
    await meet(network)
    assert trio.current_time() == 5 + 2 * EIGHTH
    assert await since(trio.current_time(), meet(network, "bo")) == OPEN
    network.partition("bo", 5, direction="down")
    assert await since(trio.current_time(), meet(network, "bo")) == 5 + EIGHTH


async def test_who_is_partitioned_away_is_accepted_when_it_ends(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT) as listener:
        await network.connect(HOST, PORT, label="ana")
        network.partition("ana", 5)
        await network.connect(HOST, PORT, label="bo")
        assert (await listener.accept()).label == "bo"
        assert await since(OPEN, listener.accept()) == 5 - EIGHTH


async def test_who_accepts_hears_that_a_held_connection_is_let_in(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT) as listener, trio.open_nursery() as nursery:
        await network.connect(HOST, PORT, label="ana")
        network.hold("ana")

        async def accept() -> None:
            assert await since(2 * EIGHTH, listener.accept()) == 10

        nursery.start_soon(accept)
        await trio.sleep(10)
        network.release("ana")


async def test_hold_and_release(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.hold("ana")
    await client.send_all(b"up")
    await server.send_all(b"down")
    await trio.sleep(100)
    network.partition("ana", 1, direction="down")
    network.release("ana")
    assert await since(trio.current_time(), server.receive_some()) == 0
    assert await since(trio.current_time(), client.receive_some()) == 1
    network.release("ana")
    assert await arrival(client, server) == EIGHTH


async def test_reset(autojump_clock: MockClock) -> None:
    """Each end reads what was on its way, and then that it is over."""
    network, client, server = await pair()
    await client.send_all(b"last")
    network.reset("ana")
    assert await read_all(server) == [(EIGHTH, b"last"), (EIGHTH, "reset")]
    assert await read_all(client) == [(0, "reset")]
    for stream in (client, server):
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"x")
    assert network.statistics().open_streams == 2
    client, server = await meet(network)
    assert await arrival(client, server) == EIGHTH


async def test_a_reset_waits_for_a_partition_to_end(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.partition("ana", 5, direction="up")
    network.reset("ana")
    assert await read_all(client) == [(EIGHTH, "reset")]
    assert await read_all(server) == [(5 - EIGHTH, "reset")]


async def test_half_close(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.half_close("ana")
    assert await read_all(server) == [(EIGHTH, b"")]
    assert await arrival(server, client) == EIGHTH
    with pytest.raises(trio.ClosedResourceError):
        await client.send_all(b"x")


async def test_a_slow_reader_fills_the_window(autojump_clock: MockClock) -> None:
    network, client, server = await pair(CALM)
    network.slow_reader("ana", 8)
    began = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            received = 0
            while received < 180:
                received += len(await client.receive_some())
                # The first byte is not waited for.
                assert received <= 1 + 8 * (trio.current_time() - began)

        nursery.start_soon(read)
        await server.send_all(b"x" * 180)
        assert trio.current_time() - began >= 80 / 8
    assert 180 / 8 - 1 <= trio.current_time() - began <= 180 / 8 + 1
    # The server is as quick as ever.
    assert await arrival(client, server) == EIGHTH


@pytest.mark.parametrize(
    "end", [lambda network: network.slow_reader("ana", 0), lambda network: network.heal()]
)
async def test_a_slow_reader_that_waits_goes_on_when_it_is_no_longer_slow(
    end: Callable[[Network], None], autojump_clock: MockClock
) -> None:
    network, client, server = await pair()
    network.slow_reader("ana", 0.01)
    await server.send_all(b"xyz")
    await trio.sleep(1)
    assert await client.receive_some() == b"x"
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await since(1 + OPEN, client.receive_some()) == 3

        nursery.start_soon(read)
        await trio.sleep(3)
        end(network)


async def test_latency(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    await client.send_all(b"early")
    network.latency("ana", 2, 2)
    await client.send_all(b"late")
    await client.send_eof()
    assert await read_all(server) == [(EIGHTH, b"early"), (2, b"late"), (2, b"")]
    assert await since(trio.current_time(), meet(network)) == 6


async def test_latency_that_becomes_less_lets_nothing_overtake(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.latency("ana", 2, 2)
    await client.send_all(b"slow")
    network.latency("ana", 0, 0)
    await client.send_all(b", quick")
    await client.send_eof()
    assert await read_all(server) == [(2, b"slow, quick"), (2, b"")]


async def test_bandwidth(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.bandwidth("ana", 16)
    for stream, peer in ((client, server), (server, client)):
        await stream.send_all(b"x" * 32)
        await stream.send_eof()
        assert await read_all(peer) == [(2 + EIGHTH, b"x" * 32), (2 + EIGHTH, b"")]


async def test_window(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.window("ana", 10)
    assert client.send_nowait(b"x" * 20) == 10
    began = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            assert await since(began, client.wait_writable()) == 3

        nursery.start_soon(wait)
        await trio.sleep(3)
        network.window("ana", 15)
    assert client.send_nowait(b"x" * 20) == 5
    network.window("ana", 1)
    assert client.send_nowait(b"x") == 0
    assert server.send_nowait(b"xyz") == 1


async def test_chunks(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.chunks("ana", 1)
    await client.send_all(b"abc")
    await client.send_eof()
    assert await read_all(server) == [(EIGHTH, b"a"), (EIGHTH, b"b"), (EIGHTH, b"c"), (EIGHTH, b"")]


async def test_fin_delay(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    network.fin_delay("ana", 3)
    await client.send_all(b"x")
    await client.aclose()
    assert await read_all(server) == [(EIGHTH, b"x"), (3 + EIGHTH, b"")]


@pytest.mark.parametrize("who", ["ana", f"{HOST}:{PORT}", f"192.168.0.1:{PORT}"])
async def test_refuse(who: str, autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT):
        network.refuse(who, times=2)
        network.refuse("bo")
        for _ in range(2):
            began = trio.current_time()
            with pytest.raises(ConnectionRefusedError, match=r"refused: focus\.test:8000"):
                await network.connect(HOST, PORT, label="ana")
            assert trio.current_time() - began == 2 * EIGHTH
        await network.connect(HOST, PORT, label="ana")


async def test_faults_of_one_label_are_no_other_labels(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    for what in (network.hold, network.partition, network.reset, network.half_close, network.refuse):
        what("bo")
    network.latency("bo", 5, 5)
    network.bandwidth("bo", 1)
    network.slow_reader("bo", 1)
    assert await arrival(client, server) == EIGHTH
    assert await arrival(server, client) == EIGHTH


async def test_a_verb_takes_whatever_has_a_label(autojump_clock: MockClock) -> None:
    @frozen
    class Client:
        label: str

    network, client, server = await pair()
    network.partition(Client("ana"), 5)
    network.latency(client, 1, 1)
    assert await arrival(client, server) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        lambda network: network.partition("ana", -1),
        lambda network: network.partition("ana", float("nan")),
        lambda network: network.partition("ana", 1, direction="left"),
        lambda network: network.slow_reader("ana", -1),
        lambda network: network.latency("ana", 2, 1),
        lambda network: network.bandwidth("ana", -1),
        lambda network: network.window("ana", 0),
        lambda network: network.chunks("ana", -1),
        lambda network: network.fin_delay("ana", -1),
        lambda network: network.refuse("ana", 0),
    ],
)
async def test_what_no_network_does_is_refused_and_changes_nothing(
    wrong: Callable[[Network], None], autojump_clock: MockClock
) -> None:
    network, client, server = await pair()
    with pytest.raises(PlanError, match="must be"):
        wrong(network)
    assert await arrival(client, server) == EIGHTH

"""Listening and connecting, what a network tells about itself, and that a seed decides everything."""

from __future__ import annotations

import socket

import pytest
import trio
from trio.testing import MockClock

from focus_signal.testing.net.hosts import WILDCARDS
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.stream import SimStream, serving_label
from tests.testing.net.pairs import EIGHTH, HOST, OPEN, PORT, STEADY, meet, pair
from tests.testing.net.test_stream import read_all


async def test_nobody_listens(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    network.hosts.add(HOST)
    with pytest.raises(ConnectionRefusedError):
        await network.connect(HOST, PORT, label="ana")
    assert trio.current_time() == 2 * EIGHTH


async def test_nobody_has_the_name_or_the_address(autojump_clock: MockClock) -> None:
    network = Network(0)
    with pytest.raises(socket.gaierror, match=r"nowhere\.test"):
        await network.connect("nowhere.test", PORT, label="ana")
    with pytest.raises(OSError, match=r"10\.1\.2\.3"):
        await network.connect("10.1.2.3", PORT, label="ana")


@pytest.mark.parametrize("name", [HOST, "FOCUS.test", "192.168.0.1"])
async def test_a_host_is_reached_by_name_and_by_address(name: str, autojump_clock: MockClock) -> None:
    network = Network(0)
    async with network.listen(HOST, PORT) as listener:
        client = await network.connect(name, PORT, label="ana")
        assert client.remote == listener.address == ("192.168.0.1", PORT)


async def test_a_wildcard_listens_for_every_host(autojump_clock: MockClock) -> None:
    network = Network(0)
    network.hosts.add(HOST)
    async with network.listen(WILDCARDS[4], PORT) as every, network.listen("other.test", PORT) as other:
        for host, listener in ((HOST, every), ("localhost", every), ("other.test", other)):
            client = await network.connect(host, PORT, label="ana")
            server = await listener.accept()
            assert server.local == client.remote
    with pytest.raises(ConnectionRefusedError):
        await network.connect("::1", PORT, label="ana")


async def test_an_address_has_one_listener_at_a_time(autojump_clock: MockClock) -> None:
    network = Network(0)
    listener = network.listen(HOST, PORT)
    with pytest.raises(OSError, match="in use"):
        network.listen(HOST, PORT)
    ports = [network.listen(HOST, 0).port for _ in range(3)]
    assert len({PORT, *ports}) == 4
    await listener.aclose()
    await listener.aclose()
    with pytest.raises(ConnectionRefusedError):
        await network.connect(HOST, PORT, label="ana")
    with pytest.raises(trio.ClosedResourceError):
        await listener.accept()
    await meet(network)


async def test_closing_a_listener_resets_who_waits_and_refuses_who_comes(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    listener = network.listen(HOST, PORT)
    client = await network.connect(HOST, PORT, label="ana")
    async with trio.open_nursery() as nursery:

        async def connect() -> None:
            with pytest.raises(ConnectionRefusedError):
                await network.connect(HOST, PORT, label="bo")

        nursery.start_soon(connect)
        await trio.sleep(0.5 * EIGHTH)
        await listener.aclose()
        assert await read_all(client) == [(EIGHTH, "reset")]
    assert network.statistics().open_streams == 1


async def test_closing_a_listener_wakes_who_accepts(autojump_clock: MockClock) -> None:
    listener = Network(0).listen(HOST, PORT)
    async with trio.open_nursery() as nursery:

        async def accept() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await listener.accept()

        nursery.start_soon(accept)
        await trio.sleep(1)
        await listener.aclose()


async def test_a_listener_that_closes_during_the_handshake(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    listener = network.listen(HOST, PORT)

    async def close() -> None:
        await trio.sleep(1.5 * EIGHTH)
        await listener.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        client = await network.connect(HOST, PORT, label="ana")
    assert await read_all(client) == [(EIGHTH, "reset")]


async def test_who_finds_the_backlog_full_knocks_again(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT, backlog=1) as listener:
        await network.connect(HOST, PORT, label="ana")
        began = trio.current_time()

        async def accept_late() -> None:
            await trio.sleep(2)
            assert (await listener.accept()).label == "ana"

        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_late)
            await network.connect(HOST, PORT, label="bo")
        # There after 1/8 s, then 1 s later, then 2 s after that; every knock takes its way, one leads back.
        assert trio.current_time() - began == 1 + 2 + 4 * EIGHTH
        with pytest.raises(TimeoutError):
            await network.connect(HOST, PORT, label="cy")
        assert [(await listener.accept()).label] == ["bo"]


async def test_of_two_that_accept_each_gets_one(autojump_clock: MockClock) -> None:
    network = Network(0)
    labels: list[str] = []
    async with network.listen(HOST, PORT) as listener, trio.open_nursery() as nursery:

        async def accept() -> None:
            labels.append((await listener.accept()).label)

        for _ in range(2):
            nursery.start_soon(accept)
        for label in ("ana", "bo"):
            await network.connect(HOST, PORT, label=label)
    assert sorted(labels) == ["ana", "bo"]


async def test_a_cancelled_accept_loses_nobody(autojump_clock: MockClock) -> None:
    network = Network(0)
    async with network.listen(HOST, PORT) as listener:
        with trio.move_on_after(1):
            await listener.accept()
        await network.connect(HOST, PORT, label="ana")
        await trio.sleep(1)
        with trio.CancelScope() as scope:
            scope.cancel()
            await listener.accept()
        assert (await listener.accept()).label == "ana"


async def test_a_cancelled_connect_leaves_nothing(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT):
        for seconds in (0.5, 1.5):
            with trio.move_on_after(seconds * EIGHTH):
                await network.connect(HOST, PORT, label="ana")
        await trio.sleep(1)
        assert network.statistics().links_made == network.statistics().open_streams == 0
        assert network._weathers["ana"]._crossings == {}


async def test_each_label_has_an_address_of_its_own(autojump_clock: MockClock) -> None:
    """Whatever the seed is, and whoever else there is; unless it is said which one."""
    first, second = Network(1), Network(2)
    alone = [second.hosts.address_of(label) for label in ("c3", "c1")]
    everybody = {label: first.hosts.address_of(label) for label in (f"c{number}" for number in range(5000))}
    assert alone == [everybody["c3"], everybody["c1"]]
    assert len(set(everybody.values())) == 5000
    async with first.listen(HOST, PORT) as listener:
        for address in (None, None, "10.9.9.9"):
            await first.connect(HOST, PORT, label="c3", address=address)
        streams = [await listener.accept() for _ in range(3)]
    assert [stream.peer_address for stream in streams] == [everybody["c3"], everybody["c3"], "10.9.9.9"]
    assert len({stream.remote for stream in streams}) == 3


async def test_a_task_knows_whom_it_serves_once_it_has_read(autojump_clock: MockClock) -> None:
    network = Network(0)
    found: list[tuple[str | None, str | None]] = []

    async def serve(stream: SimStream) -> None:
        before = serving_label.get()
        await stream.send_all(await stream.receive_some())
        await trio.sleep(1)
        found.append((before, serving_label.get()))

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, serve, [network.listen(HOST, PORT)])
        for label in ("ana", "bo", "ana"):
            client = await network.connect(HOST, PORT, label=label)
            await client.send_all(b"x")
            await client.receive_some()
        await trio.sleep(5)
        assert serving_label.get() is None
        nursery.cancel_scope.cancel()
    assert sorted(found) == [(None, "ana"), (None, "ana"), (None, "bo")]


async def test_statistics(autojump_clock: MockClock) -> None:
    network, client, server = await pair()
    await client.send_all(b"12345")
    await server.send_all(b"123")
    await trio.sleep(1)
    await client.send_all(b"67")
    found = network.statistics()
    assert (found.open_streams, found.links_made) == (2, 1)
    assert (found.bytes_up, found.bytes_down, found.bytes_in_flight) == (7, 3, 2)
    await client.aclose()
    assert network.statistics().open_streams == 1
    await server.aclose()
    found = network.statistics()
    assert (found.open_streams, found.links_made, found.bytes_in_flight) == (0, 1, 0)
    assert (found.bytes_up, found.bytes_down) == (7, 3)
    assert network._links == {"ana": {}}


async def test_events(autojump_clock: MockClock) -> None:
    found: list[tuple[float, str, str, str]] = []
    network = Network(0, STEADY, lambda *event: found.append((trio.current_time(), *event)))
    client, server = await meet(network)
    network.partition("ana", 2, direction="down")
    await client.send_eof()
    await server.abort()
    network.heal()
    with pytest.raises(ConnectionRefusedError):
        await network.connect(HOST, PORT, label="bo")
    assert found == [
        (2 * EIGHTH, "connected", "ana", "focus.test:8000"),
        (OPEN, "accepted", "ana", ""),
        (OPEN, "partition", "ana", "down 2 s"),
        (OPEN, "fin", "ana", "client"),
        (OPEN, "rst", "ana", "server"),
        (OPEN, "heal", "", ""),
        (OPEN + 2 * EIGHTH, "refused", "bo", "focus.test:8000"),
    ]

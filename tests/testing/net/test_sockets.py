"""Code that dials or listens through Trio does so on the simulated network, unchanged."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, check_half_closeable_stream

from focus_signal.testing.net.dialing import dialing, dialing_as
from focus_signal.testing.net.hosts import WILDCARDS
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.sockets import SimSocket
from focus_signal.testing.net.stream import SimStream
from tests.testing.net.pairs import EIGHTH, HOST, OPEN, PORT, STEADY

SMALL = LinkOptions(latency=(0.01, 0.02), window=4000)


async def open_pair(network: Network) -> tuple[trio.SocketStream, trio.SocketStream]:
    """Give both ends of a connection, each with a socket; inside `dialing`."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        client = await trio.open_tcp_stream(*listener.socket.getsockname())
        return client, await listener.accept()


def sim_socket(stream: trio.SocketStream) -> SimSocket:
    assert isinstance(stream.socket, SimSocket)
    return stream.socket


async def test_trios_own_checks_over_sockets(autojump_clock: MockClock) -> None:
    async def make() -> tuple[trio.SocketStream, trio.SocketStream]:
        return await open_pair(network)

    async def make_clogged() -> tuple[trio.SocketStream, trio.SocketStream]:
        client, server = await make()
        for stream in (client, server):
            with trio.move_on_after(1):
                await stream.send_all(b"x" * 10_000)
        return client, server

    network = Network(0, SMALL)
    with dialing(network):
        await check_half_closeable_stream(make, make_clogged)


async def test_dialling_reaches_a_simulated_listener(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT) as listener:
        with dialing(network):
            client = await trio.open_tcp_stream(HOST, PORT)
        assert trio.current_time() == 2 * EIGHTH
        server = await listener.accept()
        assert trio.current_time() == OPEN
    await client.send_all(b"hello")
    assert await server.receive_some() == b"hello"
    assert client.socket.getpeername() == server.local
    assert client.socket.getsockname() == server.remote
    assert sim_socket(client).link is not None


async def test_a_users_own_server_runs_on_it(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)

    async def echo(stream: trio.SocketStream) -> None:
        async for data in stream:
            await stream.send_all(data.upper())

    with dialing(network):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, echo, PORT)
            assert [listener.socket.getsockname()[:2] for listener in listeners] == [
                (WILDCARDS[4], PORT),
                (WILDCARDS[6], PORT),
            ]
            for host in ("localhost", "127.0.0.1", "::1"):
                async with await trio.open_tcp_stream(host, PORT) as client:
                    await client.send_all(b"hello")
                    assert await client.receive_some() == b"HELLO"
            nursery.cancel_scope.cancel()
        with pytest.raises(OSError, match="all attempts"):
            await trio.open_tcp_stream("localhost", PORT)


async def test_a_server_may_listen_in_a_name(autojump_clock: MockClock) -> None:
    network = Network(0)
    with dialing(network):
        [listener] = await trio.open_tcp_listeners(PORT, host=HOST)
        async with listener:
            client = await network.connect(HOST, PORT, label="ana")
            server = await listener.accept()
            await client.send_all(b"x")
            assert await server.receive_some() == b"x"
            with pytest.raises(OSError, match="in use"):
                await trio.open_tcp_listeners(PORT, host=HOST)
    network.listen(HOST, PORT)


async def dialled_labels(network: Network, *dials: Callable[[], Awaitable[object]]) -> list[str]:
    async with network.listen(HOST, PORT) as listener:
        for dial in dials:
            await dial()
        return [(await listener.accept()).label for _ in dials]


async def test_links_that_are_dialled_have_labels(autojump_clock: MockClock) -> None:
    async def dial() -> None:
        await trio.open_tcp_stream(HOST, PORT)

    async def dial_as_ana() -> None:
        with dialing_as("ana"):
            await dial()

    network = Network(0)
    with dialing(network):
        assert await dialled_labels(network, dial, dial_as_ana, dial) == ["dial-1", "ana", "dial-2"]
    with dialing(network, label="bo"):
        assert await dialled_labels(network, dial, dial_as_ana, dial) == ["bo", "ana", "bo"]


async def test_a_fault_reaches_a_dialled_link(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    with dialing(network, label="ana"):
        client, server = await open_pair(network)
    network.partition("ana", 5)
    began = trio.current_time()
    await client.send_all(b"x")
    assert await server.receive_some() == b"x"
    assert trio.current_time() - began == 5
    network.reset("ana")
    with pytest.raises(trio.BrokenResourceError, match="reset"):
        await client.receive_some()


async def test_the_hooks_are_put_back(autojump_clock: MockClock) -> None:
    outer, inner = Network(0), Network(0)
    outer.hosts.add("outer.test")
    with pytest.raises(ZeroDivisionError), dialing(outer):
        with dialing(inner), pytest.raises(socket.gaierror):
            await trio.open_tcp_stream("outer.test", 1)
        with pytest.raises(OSError, match="all attempts"):
            await trio.open_tcp_stream("outer.test", 1)
        raise ZeroDivisionError
    with trio.socket.socket() as real:
        assert not isinstance(real, SimSocket)
    assert trio.socket.set_custom_hostname_resolver(None) is None


@pytest.mark.parametrize(
    ("family", "kind", "number"),
    [
        (socket.AF_INET, socket.SOCK_DGRAM, errno.EPROTONOSUPPORT),
        (socket.AF_INET6, socket.SOCK_RAW, errno.EPROTONOSUPPORT),
        (socket.AF_UNIX, socket.SOCK_STREAM, errno.EAFNOSUPPORT),
    ],
)
async def test_there_are_no_other_sockets(
    family: socket.AddressFamily, kind: socket.SocketKind, number: int, autojump_clock: MockClock
) -> None:
    with dialing(Network(0)), pytest.raises(OSError, match="the simulated network") as caught:
        trio.socket.socket(family, kind)
    assert caught.value.errno == number


@pytest.mark.parametrize(
    ("host", "port", "more", "number"),
    [
        ("nowhere.test", 80, {}, socket.EAI_NONAME),
        (HOST, "http", {}, socket.EAI_SERVICE),
        (HOST, 80, {"type": socket.SOCK_DGRAM}, socket.EAI_SOCKTYPE),
        (HOST, 80, {"family": socket.AF_INET6}, socket.EAI_NONAME),
    ],
)
async def test_what_a_resolver_does_not_find(
    host: str, port: int | str, more: dict[str, int], number: int, autojump_clock: MockClock
) -> None:
    network = Network(0)
    network.hosts.add(HOST)
    with dialing(network), pytest.raises(socket.gaierror) as caught:
        await trio.socket.getaddrinfo(host, port, **more)
    assert caught.value.errno == number


async def test_a_resolver_finds_the_hosts(autojump_clock: MockClock) -> None:
    network = Network(0)
    address = network.hosts.add(HOST)
    with dialing(network):
        [found] = await trio.socket.getaddrinfo(HOST, "80")
        assert found == (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 80))
        assert await trio.socket.getnameinfo((address, 80), 0) == (address, "80")


def raises(number: int) -> pytest.RaisesExc[OSError]:
    return pytest.RaisesExc(OSError, check=lambda error: error.errno == number)


async def test_a_socket_that_is_not_connected_and_one_that_is_closed(autojump_clock: MockClock) -> None:
    network = Network(0)
    with dialing(network):
        sock = trio.socket.socket()
        assert sock.getsockname() == (WILDCARDS[4], 0)
        attempts: list[Callable[[], Awaitable[object]]] = [lambda: sock.recv(1), lambda: sock.send(b"x")]
        for number in (errno.ENOTCONN, errno.EBADF):
            for attempt in attempts:
                with raises(number):
                    await attempt()
            with raises(number):
                sock.getpeername()
            with raises(number):
                sock.shutdown(socket.SHUT_WR)
            sock.close()
        assert sock.fileno() == -1
        for late in (sock.listen, sock.getsockname, sock.is_readable):
            with raises(errno.EBADF):
                late()
        with pytest.raises(OSError, match="without listen"):
            await trio.socket.socket().accept()


async def test_sockets_read_write_and_shut(autojump_clock: MockClock) -> None:
    with dialing(network := Network(0, STEADY)):
        one, other = (sim_socket(stream) for stream in await open_pair(network))
    assert (one.family, one.type, one.proto) == (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    assert await one.send(b"abcdef") == 6
    assert await one.send(b"") == 0
    assert not other.is_readable()
    await trio.sleep(1)
    assert other.is_readable()
    buffer = bytearray(4)
    assert await other.recv_into(buffer, 2) == 2
    assert await other.recv_into(buffer) == 4
    assert buffer == b"cdef"
    assert await other.recv(0) == b""
    shut = [one.did_shutdown_SHUT_WR]
    one.shutdown(socket.SHUT_WR)
    assert [*shut, one.did_shutdown_SHUT_WR] == [False, True]
    assert await other.recv(10) == b""
    with pytest.raises(BrokenPipeError):
        await one.send(b"x")
    with raises(errno.EISCONN):
        await one.connect(("127.0.0.1", 1))


async def test_shutting_reading_gives_the_end_to_who_waits(autojump_clock: MockClock) -> None:
    with dialing(network := Network(0)):
        one, other = (sim_socket(stream) for stream in await open_pair(network))
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await one.recv(1) == b""

        nursery.start_soon(read)
        await trio.sleep(1)
        one.shutdown(socket.SHUT_RD)
    await other.send(b"x")
    await trio.sleep(1)
    assert await one.recv(1) == b"x"
    one.shutdown(socket.SHUT_RDWR)
    assert one.did_shutdown_SHUT_WR
    assert await other.recv(1) == b""


@pytest.mark.parametrize("linger", [False, True])
async def test_closing_without_lingering_is_a_reset(linger: bool, autojump_clock: MockClock) -> None:
    with dialing(network := Network(0)):
        one, other = await open_pair(network)
    option = struct.pack("ii", 1, 5 if linger else 0)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == option
    await one.aclose()
    if linger:
        assert await other.receive_some() == b""
    else:
        with pytest.raises(trio.BrokenResourceError):
            await other.receive_some()


async def test_options_are_kept(autojump_clock: MockClock) -> None:
    with dialing(network := Network(0)):
        one, _ = await open_pair(network)
    assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 0
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 0
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, struct.pack("i", 77))
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 77
    assert not sim_socket(one).get_inheritable()


@pytest.mark.parametrize(
    "name",
    ["detach", "dup", "recvfrom", "recvfrom_into", "sendto", "recvmsg", "recvmsg_into", "sendmsg"],
)
async def test_what_the_network_does_not_have_is_said(name: str, autojump_clock: MockClock) -> None:
    with (
        dialing(Network(0)),
        trio.socket.socket() as sock,
        pytest.raises(OSError, match="simulated") as caught,
    ):
        getattr(sock, name)()
    assert caught.value.errno == errno.EOPNOTSUPP


async def test_a_flag_is_not_ignored(autojump_clock: MockClock) -> None:
    with dialing(network := Network(0)):
        one, _ = await open_pair(network)
    with raises(errno.EOPNOTSUPP):
        await one.socket.recv(1, socket.MSG_PEEK)


async def test_its_descriptor_is_nobodys(autojump_clock: MockClock) -> None:
    """Whoever takes it for a real one must not touch a file by that."""
    with dialing(network := Network(0)):
        one, _ = await open_pair(network)
    with pytest.raises(OverflowError):
        os.read(one.socket.fileno(), 1)


async def test_a_socket_closed_while_it_connects_leaves_nothing(autojump_clock: MockClock) -> None:
    network = Network(0, STEADY)
    async with network.listen(HOST, PORT) as listener, trio.open_nursery() as nursery:
        with dialing(network):
            sock = trio.socket.socket()

        async def connect() -> None:
            with raises(errno.EBADF):
                await sock.connect((HOST, PORT))

        nursery.start_soon(connect)
        await trio.sleep(EIGHTH)
        sock.close()
        server: SimStream = await listener.accept()
        with pytest.raises(trio.BrokenResourceError):
            await server.receive_some()

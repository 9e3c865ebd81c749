"""Signaling mounted in somebody else's trio-websocket application: who meets, who is let in, how it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from focus_signal import Config, NotListening, Server, open_server, serve
from tests.cli.users import closed, connect, connect_url, meet
from tests.server.application import (
    Application,
    handshake,
    serve_application,
    serve_in_memory,
)
from tests.server.memory_listener import open_memory_listener

HERE = Config(host="127.0.0.1", port=0)
_CLOSE_RESTART = b"\x88\x09\x03\xf4restart"
_CLOSE_NO_PONG = b"\x88\x09\x0f\xa2no-pong"


@asynccontextmanager
async def mounted(
    config: Config | None = None, *, max_message_size: int = 1 << 20
) -> AsyncGenerator[tuple[Server, str]]:
    """Give a server that listens nowhere, and the address of an application in which it is mounted."""
    with trio.fail_after(60):
        async with open_server(config, listeners=[]) as server:
            application = Application(server)
            async with serve_application(application, max_message_size=max_message_size) as url:
                yield server, url


async def refusal(url: str, target: str) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Shake hands where that is refused; give the status line, the headers and the body."""
    async with await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2])) as stream:
        await stream.send_all(handshake(target))
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = await stream.receive_some()
            assert data, f"the stream ended within {answer!r}"
            answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        fields = [line.partition(b":") for line in lines]
        headers = {name.lower(): value.strip() for name, _, value in fields}
        # Not to the end of the stream: the other server leaves that to the peer.
        while len(body) < int(headers[b"content-length"]):
            data = await stream.receive_some()
            assert data, f"the stream ended within {answer!r}"
            body += data
        return status, headers, body


async def test_pair() -> None:
    async with (
        mounted() as (server, url),
        connect(f"{url}/signal", "ana") as ana,
        connect(f"{url}/signal", "ben") as ben,
    ):
        await meet(ana, ben)
        await ana.say("offer", to="ben", sdp="v=0")
        assert await ben.hear() == {"type": "offer", "from": "ana", "sdp": "v=0"}
        await ben.say("ice-candidate", to="ana", candidate={"a": [1]})
        assert await ana.hear() == {"type": "ice-candidate", "from": "ben", "candidate": {"a": [1]}}
        statistics = server.statistics()
        assert (statistics.connections, statistics.rooms, statistics.relayed) == (2, 1, 2)


async def test_mounted_and_native_users_meet() -> None:
    """One server has one state, by whichever way somebody came; the path is the application's business."""
    with trio.fail_after(60):
        async with (
            open_server(HERE) as server,
            serve_application(Application(server)) as url,
            connect(f"{url}/any/path", "ana") as ana,
            connect(server.url, "ben") as ben,
            connect(f"{url}/", "cleo") as cleo,
        ):
            await meet(ana, ben, cleo)
            for sender, target in ((ana, ben), (ben, cleo), (cleo, ana)):
                await sender.say("offer", to=target.name, sdp=sender.name)
                assert await target.hear() == {"type": "offer", "from": sender.name, "sdp": sender.name}


async def test_newer_connection_takes_over_by_another_way() -> None:
    with trio.fail_after(60):
        async with (
            open_server(HERE) as server,
            serve_application(Application(server)) as url,
            connect(f"{url}/signal", "ana") as first,
        ):
            await first.settle()
            async with connect(server.url, "ana") as second:
                assert await first.closed() == (4501, "replaced")
                await second.settle()


@pytest.mark.parametrize("query", ["", "?", "?userId=", "?userId", "?user=ana", "?userId=&userId=ana"])
async def test_missing_user_id(query: str) -> None:
    async with mounted() as (server, url):
        async with connect_url(f"{url}/signal{query}") as websocket:
            assert await closed(websocket) == (1008, "Missing userId parameter.")
        assert server.statistics().users == 0


async def test_user_id_is_decoded_as_a_form() -> None:
    async with mounted() as (_, url), connect(f"{url}/signal", "ana+maria%C3%A9%ff") as ana:
        await ana.say("matchmaking", matchSize=1)
        assert (await ana.hear())["peers"] == ["ana mariaé\N{REPLACEMENT CHARACTER}"]


async def test_too_long_user_id() -> None:
    async with mounted() as (server, url), connect(f"{url}/signal", "a" * 128) as longest:
        await longest.settle()
        status, headers, body = await refusal(url, f"/signal?userId={'a' * 129}")
        assert status.startswith(b"HTTP/1.1 414 ")
        assert headers == {
            b"content-type": b"text/plain;charset=UTF-8",
            b"content-length": str(len(body)).encode(),
            b"connection": b"close",
        }
        assert body == b"userId must be at most 128 bytes, not 129."
        assert server.statistics().users == 1


async def test_draining() -> None:
    """Who is there is sent away, who comes is told to come later; the application itself goes on."""
    async with (
        mounted() as (server, url),
        connect(f"{url}/signal", "ana") as ana,
        connect_url(f"{url}/echo") as echo,
    ):
        await ana.settle()
        await server.drain(grace=10)
        assert await ana.closed() == (1012, "restart")
        status, headers, body = await refusal(url, "/signal?userId=ben")
        assert status.startswith(b"HTTP/1.1 503 ")
        assert headers[b"retry-after"] == b"1"
        assert body == b"The server is draining."
        await echo.send_message("still there")
        assert await echo.get_message() == "still there"


async def test_stop_closes_mounted_connections(nursery: trio.Nursery) -> None:
    """The application goes on without the server, and tells its visitors to come later."""
    stop = trio.CancelScope()

    async def serve_until_stopped(*, task_status: trio.TaskStatus[Server]) -> None:
        with stop:
            await serve(listeners=[], task_status=task_status)

    with trio.fail_after(60):
        server: Server = await nursery.start(serve_until_stopped)
        async with (
            serve_application(Application(server)) as url,
            connect(f"{url}/signal", "ana") as ana,
            connect(f"{url}/signal", "ben") as ben,
            connect_url(f"{url}/echo") as echo,
        ):
            await meet(ana, ben)
            stop.cancel()
            assert await ana.closed() == (1012, "restart")
            assert await ben.closed() == (1012, "restart")
            status, _, body = await refusal(url, "/signal?userId=cleo")
            assert status.startswith(b"HTTP/1.1 503 ")
            assert body == b"The server is draining."
            await echo.send_message("still there")
            assert await echo.get_message() == "still there"


async def test_cancelling_the_application_closes_mounted_connections(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """Within the close deadline, and with nothing left of them in the server, which goes on."""
    streams, listener = open_memory_listener()
    async with open_server(Config(), [listener]) as server:
        async with serve_in_memory(Application(server), nursery) as application:
            ana = await application.connect("ana")
            ben = await application.connect("ben")
            for websocket in (ana, ben):
                await websocket.send_message('{"type":"matchmaking","matchSize":2}')
            found = await ana.get_message()
            assert await ben.get_message() == found
            began = trio.current_time()
        assert trio.current_time() - began <= server.config.close_timeout
        assert await closed(ana) == (1012, "restart")
        assert await closed(ben) == (1012, "restart")
        await wait_all_tasks_blocked()
        assert server.statistics().connections == 0
        ours, theirs = memory_stream_pair()
        await streams.send(theirs)
        await ours.send_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_silent_peer_holds_nobody_up(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """A peer that answers no close frame is waited for until the close deadline, and not beyond it."""
    async with open_server(Config(), []) as server:
        async with serve_in_memory(Application(server), nursery) as application:
            stream = await application.open_stream()
            await stream.send_all(handshake("/signal?userId=ana"))
            await wait_all_tasks_blocked()
            assert server.statistics().connections == 1
            began = trio.current_time()
        assert trio.current_time() - began == server.config.close_timeout
        assert b"".join([data async for data in stream]).endswith(_CLOSE_RESTART)


async def test_silent_peer_is_found_out(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """Pings are ours when mounted too."""
    async with (
        open_server(Config(), []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        stream = await application.open_stream()
        began = trio.current_time()
        await stream.send_all(handshake("/signal?userId=ana"))
        answer = b"".join([data async for data in stream])
        config = server.config
        bound = config.ping_interval + config.pong_timeout + config.close_timeout
        assert trio.current_time() - began <= bound
        assert answer.endswith(_CLOSE_NO_PONG)
        await application.application.ended.wait()
        assert server.statistics().connections == 0


async def test_refused_peer_is_the_applications(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """`mount` ends at once; the library then waits for the peer to close, which is no business of ours."""
    async with (
        open_server(Config(), []) as server,
        serve_in_memory(Application(server), nursery) as application,
    ):
        stream = await application.open_stream()
        await stream.send_all(handshake(f"/signal?userId={'a' * 129}"))
        with trio.fail_after(1):
            await application.application.ended.wait()
        answer = b""
        with trio.move_on_after(600) as long:
            async for data in stream:
                answer += data
        assert answer.startswith(b"HTTP/1.1 414 ")
        assert long.cancelled_caught


async def test_message_size_is_ours_in_bytes() -> None:
    """The library counts characters, and its own bound may be far above ours."""
    async with (
        mounted(Config(frame_bytes=1000)) as (_, url),
        connect_url(f"{url}/signal?userId=ana") as websocket,
    ):
        frame = '{"type":"offer","to":"ana","sdp":"%s"}'
        largest = frame % ("x" * (1000 - len(frame) + 2))
        await websocket.send_message(largest)
        assert "peer-unavailable" in await websocket.get_message()
        await websocket.send_message(frame % ("é" * 500))
        assert await closed(websocket) == (1009, "too-big")


async def test_message_size_of_the_application_counts_too() -> None:
    """Whichever bound is the smaller one; the library closes with a text of its own."""
    async with (
        mounted(max_message_size=100) as (_, url),
        connect_url(f"{url}/signal?userId=ana") as websocket,
    ):
        await websocket.send_message("x" * 101)
        code, _ = await closed(websocket)
        assert code == 1009


async def test_no_address_without_listeners() -> None:
    async with open_server(Config(), listeners=[]) as server:
        for name in ("url", "http_url", "port"):
            with pytest.raises(NotListening) as refused:
                getattr(server, name)
            assert isinstance(refused.value, RuntimeError)
            assert str(refused.value) == "this server listens on no TCP port, so it has no address"


async def test_no_address_on_unix_sockets(tmp_path: Path) -> None:
    """Neither a name in the file system nor one in the kernel alone (unix(7), "abstract") is a TCP port."""
    for name in (str(tmp_path / "signal"), f"\0focus-signal-test-{os.getpid()}"):
        listening = trio.socket.socket(socket.AF_UNIX)
        await listening.bind(name)
        listening.listen()
        async with open_server(Config(), [trio.SocketListener(listening)]) as server:
            for attribute in ("url", "http_url", "port"):
                with pytest.raises(NotListening):
                    getattr(server, attribute)
            client = trio.socket.socket(socket.AF_UNIX)
            await client.connect(name)
            async with trio.SocketStream(client) as stream:
                await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_first_tcp_port_is_the_address(tmp_path: Path) -> None:
    """What is no TCP port is passed over."""
    listening = trio.socket.socket(socket.AF_UNIX)
    await listening.bind(str(tmp_path / "signal"))
    listening.listen()
    [tcp] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = tcp.socket.getsockname()[1]
    async with open_server(Config(), [trio.SocketListener(listening), tcp]) as server:
        assert server.port == port
        assert server.url == f"ws://127.0.0.1:{port}/signal"

"""What goes wrong around a mounted server: each fault ends one connection, and nothing else."""

from __future__ import annotations

import logging
from typing import cast

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, WebSocketRequest, WebSocketServer

from focus_signal import Config, guarded, open_server
from focus_signal.core.commands import Command
from focus_signal.observe.faults import fault_of
from focus_signal.server.link import SocketLink
from focus_signal.wire.seed_dialect import SeedDialect
from tests.cli.users import connect, connect_url, meet
from tests.server.application import Application, handshake, serve_application
from tests.server.memory_listener import open_memory_listener

# Malformed input, in the place that the name says.
MALFORMED = {
    "connection": (b"Connection: Upgrade", b"Connection: \xff"),
    "extensions": (b"Connection: Upgrade", b"Connection: Upgrade\r\nSec-WebSocket-Extensions: \xff"),
    "subprotocol": (b"Connection: Upgrade", b"Connection: Upgrade\r\nSec-WebSocket-Protocol: \xff"),
    "host": (b"Host: localhost", b"Host: \xff"),
}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="focus_signal")
    return caplog


def faults(log: pytest.LogCaptureFixture) -> list[type[BaseException] | None]:
    """List the exceptions that the package has logged as faults."""
    return [
        type(error) if (error := fault_of(record)) else None
        for record in log.records
        if record.name == "focus_signal" and record.levelno >= logging.WARNING
    ]


async def test_bug_of_ours_reaches_one_connection(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """It is closed with 1011, and its room and the log are told; nothing comes out of `mount`."""
    decode = SeedDialect.decode

    def decode_with_bug(self: SeedDialect, frame: bytes, connection: int, user: str) -> Command:
        if frame == b"the bug":
            raise ZeroDivisionError("injected")
        return decode(self, frame, connection, user)

    monkeypatch.setattr(SeedDialect, "decode", decode_with_bug)
    with trio.fail_after(60):
        async with open_server(Config(), listeners=[]) as server:
            application = Application(server)
            async with (
                serve_application(application) as url,
                connect(f"{url}/signal", "ana") as ana,
                connect(f"{url}/signal", "ben") as ben,
                connect(f"{url}/signal", "cleo") as cleo,
            ):
                await meet(ana, ben, cleo)
                await cleo.websocket.send_message("the bug")
                assert await cleo.closed() == (1011, "internal-error")
                await application.ended.wait()
                await ana.say("offer", to="cleo", sdp="v=0")
                assert (await ana.hear())["code"] == "peer-unavailable"
                await ana.say("offer", to="ben", sdp="v=0")
                assert await ben.hear() == {"type": "offer", "from": "ana", "sdp": "v=0"}
                async with connect(f"{url}/signal", "dan") as dan:
                    await meet(dan)
    assert faults(log) == [ZeroDivisionError]


async def test_bug_of_the_application_reaches_one_connection(log: pytest.LogCaptureFixture) -> None:
    with trio.fail_after(60):
        async with (
            open_server(Config(), listeners=[]) as server,
            serve_application(Application(server)) as url,
            connect(f"{url}/signal", "ana") as ana,
            connect(f"{url}/signal", "ben") as ben,
        ):
            async with connect_url(f"{url}/broken") as broken:
                with pytest.raises(ConnectionClosed):
                    await broken.get_message()
            await meet(ana, ben)
    assert faults(log) == [ZeroDivisionError]


def malformed(name: str) -> bytes:
    there, instead = MALFORMED[name]
    request = handshake("/signal?userId=ana")
    assert there in request
    return request.replace(there, instead)


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_handshake_is_contained(name: str, log: pytest.LogCaptureFixture) -> None:
    with trio.fail_after(60):
        async with open_server(Config(), listeners=[]) as server:
            application = Application(server)
            async with serve_application(application) as url:
                port = int(url.rpartition(":")[2])
                async with (
                    connect(f"{url}/signal", "ana") as ana,
                    connect(f"{url}/signal", "ben") as ben,
                ):
                    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                        await stream.send_all(malformed(name))
                        assert await stream.receive_some() == b""
                    await meet(ana, ben)
                assert application.mounted == 2
    assert faults(log) == []
    [record] = [record for record in log.records if "malformed" in record.getMessage()]
    assert record.getMessage() == "a connection ended: malformed input (UnicodeDecodeError)"


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_handshake_ends_a_server_that_is_not_guarded(
    name: str, autojump_clock: MockClock
) -> None:
    """This is what `guarded` is there for; without it the library lets the exception through."""

    async def handle(request: WebSocketRequest) -> None:
        raise AssertionError(f"{request} came of no request")

    streams, listener = open_memory_listener()
    server = WebSocketServer(handle, cast("list[trio.SocketListener]", [listener]))
    with pytest.RaisesGroup(UnicodeDecodeError, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            ours, theirs = memory_stream_pair()
            await streams.send(theirs)
            await ours.send_all(malformed(name))
            await trio.sleep_forever()


@pytest.mark.parametrize("target", ["/signal?userId=ana", "/signal", f"/signal?userId={'a' * 129}"])
@pytest.mark.parametrize("how", ["reset", "end"])
async def test_peer_that_leaves_before_it_is_mounted(
    target: str, how: str, log: pytest.LogCaptureFixture
) -> None:
    """Whether it would have been let in or not: that is no fault of anybody's, and nobody is left behind."""
    arrived, mount, ended = trio.Event(), trio.Event(), trio.Event()
    with trio.fail_after(60):
        async with open_server(Config(), listeners=[]) as server, trio.open_nursery() as nursery:

            async def handle(request: WebSocketRequest) -> None:
                arrived.set()
                await mount.wait()
                await server.mount(request)
                ended.set()

            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            other = WebSocketServer(handle, listeners, handler_nursery=guarded(nursery))
            await nursery.start(other.run)
            stream = await trio.open_tcp_stream("127.0.0.1", listeners[0].socket.getsockname()[1])
            async with stream:
                await stream.send_all(handshake(target))
                await arrived.wait()
                if how == "reset":
                    await SocketLink(stream).abort()
            await wait_all_tasks_blocked()
            mount.set()
            await ended.wait()
            await wait_all_tasks_blocked()
            assert server.statistics().connections == 0
            assert server.statistics().users == 0
            nursery.cancel_scope.cancel()
    assert faults(log) == []


async def test_request_that_was_answered_before(log: pytest.LogCaptureFixture) -> None:
    """An application that mounts what it has accepted has a bug, which is told and stays where it is."""
    with trio.fail_after(60):
        async with open_server(Config(), listeners=[]) as server, trio.open_nursery() as nursery:
            came_out = trio.Event()

            async def handle(request: WebSocketRequest) -> None:
                await request.accept()
                await server.mount(request)
                came_out.set()

            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            other = WebSocketServer(handle, listeners, handler_nursery=guarded(nursery))
            await nursery.start(other.run)
            port = listeners[0].socket.getsockname()[1]
            async with connect_url(f"ws://127.0.0.1:{port}/signal?userId=ana") as websocket:
                with pytest.raises(ConnectionClosed):
                    await websocket.get_message()
            await came_out.wait()
            assert server.statistics().connections == 0
            nursery.cancel_scope.cancel()
    assert len(faults(log)) == 1

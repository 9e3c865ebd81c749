"""The client that forgives nothing: it speaks WebSocket to a server, and ends when something is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock, wait_all_tasks_blocked
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Pong, Request, TextMessage
from wsproto.frame_protocol import CloseReason

from focus_signal.errors import TransportClosed
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.shell.strict_client import StrictClient
from tests.testing.net.pairs import meet

UNEVEN = LinkOptions(latency=(0.001, 0.02), chunk=7, window=64)
MESSAGE = '{"type":"error","code":"c","message":"m"}'


@define
class Meeting:
    """Be a client, and a server that somebody else has written."""

    network: Network
    client: StrictClient
    server: SimStream
    peer: WSConnection = field(factory=lambda: WSConnection(ConnectionType.SERVER))
    pongs: list[bytes] = field(factory=list[bytes])
    seen: list[Event] = field(factory=list[Event])

    async def hear(self, number: int = 1) -> list[Event]:
        """Let the server read so many events."""
        while len(self.seen) < number:
            self.peer.receive_data(await self.server.receive_some() or None)
            self.seen += self.peer.events()
        events, self.seen = self.seen[:number], self.seen[number:]
        return events

    async def say(self, event: Event) -> None:
        await self.server.send_all(self.peer.send(event))


@asynccontextmanager
async def meeting(options: LinkOptions | None = None) -> AsyncIterator[Meeting]:
    network = Network(0, options or LinkOptions(latency=(0.0, 0.0)))
    ours, theirs = await meet(network)
    pongs: list[bytes] = []
    found = Meeting(network, StrictClient(ours, pongs.append), theirs, pongs=pongs)
    yield found
    for stream in (ours, theirs):
        await stream.abort()


async def shake_hands(found: Meeting) -> None:
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            assert await found.client.shake_hands("focus.test", "/signal?userId=ana") is None

        nursery.start_soon(ask)
        [request] = await found.hear()
        assert isinstance(request, Request)
        assert (request.host, request.target) == ("focus.test", "/signal?userId=ana")
        await found.say(AcceptConnection())


@pytest.mark.parametrize("options", [None, UNEVEN])
async def test_texts_of_every_length_both_ways(
    options: LinkOptions | None, autojump_clock: MockClock
) -> None:
    sizes = (0, 1, 125, 126, 5_000, 66_000) if options is None else (0, 1, 125, 126, 300)
    async with meeting(options) as found:
        await shake_hands(found)
        async with trio.open_nursery() as nursery:

            async def speak() -> None:
                for size in sizes:
                    await found.client.send(b"x" * size)

            nursery.start_soon(speak)
            got = ""
            for _ in sizes:
                while True:
                    [event] = await found.hear()
                    assert isinstance(event, TextMessage)
                    got += event.data
                    if event.message_finished:
                        break
                got += "|"
            assert got == "".join("x" * size + "|" for size in sizes)
        for size in (1, 100, 200):
            text = MESSAGE.replace('"m"', f'"{"m" * size}"')
            async with trio.open_nursery() as nursery:
                nursery.start_soon(found.say, TextMessage(text))
                assert (await found.client.receive()).decode() == text


async def test_pings_both_ways(autojump_clock: MockClock) -> None:
    async with meeting() as found:
        await shake_hands(found)
        await found.client.ping(b"asked")
        [ping] = await found.hear()
        assert isinstance(ping, Ping)
        await found.say(ping.response())
        await found.say(Ping(b"asking"))
        await found.say(TextMessage(MESSAGE))
        assert await found.client.receive() == MESSAGE.encode()
        assert found.pongs == [b"asked"]
        [pong] = await found.hear()
        assert pong == Pong(b"asking")


async def test_either_closes_in_good_order(autojump_clock: MockClock) -> None:
    async with meeting() as found, trio.open_nursery() as nursery:
        await shake_hands(found)
        nursery.start_soon(found.client.close)
        [close] = await found.hear()
        assert isinstance(close, CloseConnection)
        assert close.code == CloseReason.NORMAL_CLOSURE
        with pytest.raises(TransportClosed):
            await found.client.send(b"late")
        await found.say(close.response())
        await found.server.send_eof()
        await wait_all_tasks_blocked()
        assert found.client.close_code == 1000
    async with meeting() as found:
        await shake_hands(found)
        await found.say(CloseConnection(4001, "too-slow"))
        [close] = await _after(found)
        assert isinstance(close, CloseConnection)
        assert (close.code, found.client.close_code) == (4001, 4001)


async def _after(found: Meeting) -> list[Event]:
    """Let the client see the end of the stream, and give what it had said to that."""
    await found.server.send_eof()
    with pytest.raises(TransportClosed):
        await found.client.receive()
    return await found.hear()


@pytest.mark.parametrize("how", ["reset", "half_close", "a torn frame"])
async def test_an_end_without_a_goodbye_has_no_code(how: str, autojump_clock: MockClock) -> None:
    async with meeting() as found:
        await shake_hands(found)
        await found.say(TextMessage(MESSAGE))
        if how == "reset":
            found.network.reset("ana")
        else:
            await found.server.send_all(b"" if how == "half_close" else b"rest of something")
            await found.server.send_eof()
        assert await found.client.receive() == MESSAGE.encode()
        with pytest.raises(TransportClosed):
            await found.client.receive()
        assert found.client.close_code is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "the connection broke"),
        (b"HTTP/1.1 10", "the connection broke"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP 503"),
        (b"SSH-2.0-x\r\n\r\n", "what is no answer to a handshake: b'SSH-2.0-x'"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "the welcome says"),
    ],
)
async def test_who_is_not_let_in_says_why(answer: bytes, why: str, autojump_clock: MockClock) -> None:
    async with meeting() as found:
        await found.server.send_all(answer)
        await found.server.send_eof()
        said = await found.client.shake_hands("focus.test", "/signal")
        assert said is not None
        assert said.startswith(why)

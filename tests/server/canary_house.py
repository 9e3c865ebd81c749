"""A server to which a secret is sent, on each way by which peers reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Literal, cast

import trio
from attrs import define, evolve, field

from focus_signal import Config, Server, open_server
from tests.server.application import Application, serve_application
from tests.server.canary import HANDSHAKE, HANDSHAKE_OF_OTHER, JOIN, PLAIN, SECRET, Watch
from tests.server.hostile import frames
from tests.server.hostile.peer import Peer, finish_handshake, reset

Way = Literal["native", "trio-websocket", "mounted"]
WAYS: tuple[Way, ...] = ("native", "trio-websocket", "mounted")
CONFIG = Config(host="127.0.0.1", port=0, ping_interval=3600.0, close_timeout=0.5)
SECONDS = 60.0
OWN_GOODBYES = (f"close 1000 {PLAIN}", f"close 4321 {SECRET}")


@define(eq=False)
class House:
    """Be a server that can be reached, and the watch for what it says."""

    way: Way
    server: Server
    port: int
    watch: Watch

    _streams: list[trio.SocketStream] = field(factory=list["trio.SocketStream"], init=False)

    async def dial(self) -> trio.SocketStream:
        self._streams.append(await trio.open_tcp_stream("127.0.0.1", self.port))
        return self._streams[-1]

    def hang_up(self) -> None:
        """Close every stream that is still open."""
        for stream in self._streams:
            stream.socket.close()

    async def hear_out(self, peer: Peer, *, own: tuple[str, ...] = ()) -> None:
        """Read to the end of the stream, and look at the reasons of close frames.

        Args:
          peer: whose stream it is.
          own: the peer's own goodbyes, which the library gives back to it.
        """
        for event in await peer.events():
            if event.startswith("close ") and event not in own:
                self.watch.look_at("close reason", event)
        await peer.stream.aclose()

    async def ask(self, head: bytes) -> None:
        """Send a request, and then, should it be let in, a goodbye and the end."""
        stream = await self.dial()
        with suppress(trio.BrokenResourceError):  # it may be refused before all was sent
            await stream.send_all(head)
            await stream.send_all(frames.close(1000, PLAIN.encode()))
            await stream.send_eof()
            async for _ in stream:
                pass
        await stream.aclose()

    async def pair(self) -> tuple[Peer, Peer]:
        """Connect two peers that share a room."""
        peers: list[Peer] = []
        for handshake in (HANDSHAKE, HANDSHAKE_OF_OTHER):
            stream = await self.dial()
            await stream.send_all(handshake)
            peers.append(await finish_handshake(stream))
            await peers[-1].send(JOIN)
        for peer in peers:
            assert (await peer.hear())["type"] == "room-found"
        return peers[0], peers[1]

    async def say(self, *said: bytes) -> None:
        """Send frames as one of a pair, to the end of both."""
        one, other = await self.pair()
        for frame in said:
            await one.send(frame)
        await one.send(frames.close(1000, PLAIN.encode()))
        one.answers_close = False
        with suppress(trio.BrokenResourceError):
            await cast("trio.SocketStream", one.stream).send_eof()
        await self.hear_out(one, own=() if self.way == "native" else OWN_GOODBYES)
        await other.send(frames.close(1000))
        await self.hear_out(other)

    async def break_off(self, said: bytes) -> None:
        """Reset the stream behind what was said."""
        one, other = await self.pair()
        await one.send(said)
        reset(cast("trio.SocketStream", one.stream))
        await other.send(frames.close(1000))
        await self.hear_out(other)


@contextmanager
def closing_all(house: House) -> Iterator[None]:
    try:
        yield
    finally:
        house.hang_up()


@asynccontextmanager
async def open_house(way: Way, watch: Watch) -> AsyncIterator[House]:
    """Open a server on a transport, or mounted in somebody else's."""
    with trio.fail_after(SECONDS):
        if way == "mounted":
            async with (
                open_server(CONFIG, listeners=[]) as server,
                serve_application(Application(server)) as url,
            ):
                house = House(way, server, int(url.rpartition(":")[2]), watch)
                with closing_all(house):
                    yield house
        else:
            async with open_server(evolve(CONFIG, transport=way)) as server:
                house = House(way, server, server.port, watch)
                with closing_all(house):
                    yield house

"""Two hundred who come and go, each in one of several ways, leave nothing behind in the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence

import pytest
import trio

from focus_signal import Config, Server, open_server
from focus_signal.server.config import TransportName
from focus_signal.server.link import SocketLink
from focus_signal.server.readiness import Readiness, Watched
from tests.server.hostile.peer import Peer, reset, shake_hands
from tests.server.hostile.traces import Traces, traces, until
from tests.server.transports import BOTH

Visit = Callable[[Server, str], Awaitable[None]]

MANY = 200
AT_ONCE = 20


async def dial(server: Server) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", server.port)


async def enter(server: Server, user: str) -> tuple[trio.SocketStream, Peer]:
    """Come so far that the server knows the user."""
    stream = await dial(server)
    peer = await shake_hands(stream, f"/signal?userId={user}")
    await peer.say({"type": "matchmaking", "matchSize": 1})
    assert (await peer.hear())["type"] == "room-found"
    return stream, peer


async def read_to_the_end(stream: trio.SocketStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError):  # a cut is a reset
        while await stream.receive_some():
            pass
    await stream.aclose()


async def close_well(server: Server, user: str) -> None:
    _, peer = await enter(server, user)
    await peer.part()


async def break_off(server: Server, user: str) -> None:
    stream, _ = await enter(server, user)
    reset(stream)


async def end_one_direction(server: Server, user: str) -> None:
    stream, _ = await enter(server, user)
    await stream.send_eof()
    await read_to_the_end(stream)


async def be_cut(server: Server, user: str) -> None:
    stream, _ = await enter(server, user)
    [connection] = [each for each in server._roll.connections() if each.user == user]
    connection.cut()
    await read_to_the_end(stream)


async def say_nothing(server: Server, _: str) -> None:
    stream = await dial(server)
    await stream.send_eof()
    await read_to_the_end(stream)


async def break_off_in_the_handshake(server: Server, _: str) -> None:
    stream = await dial(server)
    await stream.send_all(b"GET /signal?userId=somebody HTTP/1.1\r\nHost:")
    reset(stream)


async def ask_for_a_page(server: Server, _: str) -> None:
    stream = await dial(server)
    await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
    await read_to_the_end(stream)


async def ask_for_a_page_and_go(server: Server, _: str) -> None:
    """Wait for the answer, and not for the end of the stream."""
    async with await dial(server) as stream:
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert await stream.receive_some()


VISITS: tuple[Visit, ...] = (
    close_well,
    break_off,
    end_one_direction,
    be_cut,
    say_nothing,
    break_off_in_the_handshake,
    ask_for_a_page,
)


async def come_and_go(server: Server, visits: Sequence[Visit], many: int) -> None:
    """Have so many come and go, some at a time."""
    for first in range(0, many, AT_ONCE):
        async with trio.open_nursery() as nursery:
            for number in range(first, min(first + AT_ONCE, many)):
                nursery.start_soon(visits[number % len(visits)], server, f"user-{number}")


async def left_behind(
    transport: TransportName, many: int = MANY, visits: Sequence[Visit] = VISITS
) -> list[str]:
    """Tell what is left of all who have come and gone, once no task is there for any of them."""
    with trio.fail_after(60):
        async with open_server(Config(host="127.0.0.1", port=0, transport=transport)) as server:
            tasks = traces().tasks
            await come_and_go(server, visits, len(visits))
            before = await until_they_have_gone(server, tasks)  # with all that is opened only once
            await come_and_go(server, visits, many)
            more = (await until_they_have_gone(server, tasks)).descriptors - before.descriptors
            left = [f"{more} descriptors"] if more > 0 else []
            if server._readiness is not None and server._readiness._watched:
                left.append(f"{len(server._readiness._watched)} watched sockets")
            return left


async def until_they_have_gone(server: Server, tasks: int) -> Traces:
    await until(lambda: server.statistics().connections == 0 and traces().tasks <= tasks)
    return traces()


@BOTH
async def test_nothing_is_left(transport: TransportName) -> None:
    assert await left_behind(transport) == []


async def test_who_is_not_forgotten_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(_: Readiness, watched: Watched) -> None:
        watched.close()

    monkeypatch.setattr(Readiness, "forget", forget)
    [left] = await left_behind("native", 20)
    assert "watched" in left


async def test_a_descriptor_that_is_left_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    close, copies = SocketLink._close, list[int]()

    def leak(link: SocketLink) -> None:
        if not link.closed:
            copies.append(os.dup(link._descriptor()))
        close(link)

    monkeypatch.setattr(SocketLink, "_close", leak)
    try:
        [left] = await left_behind("native", 20, [ask_for_a_page_and_go])
    finally:
        for copy in copies:
            os.close(copy)
    assert left == "20 descriptors"

"""Links: over a socket without blocking calls, and over any other stream."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from trio.testing import assert_checkpoints, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from focus_signal.server.link import SocketLink, linger
from focus_signal.server.stream_link import StreamLink, link_of
from tests.server.socket_pairs import KINDS, SOCKETS, Kind, Open, OpenLink, fill, open_unix


@pytest.fixture(params=KINDS, ids=str)
def open_link(request: pytest.FixtureRequest) -> OpenLink:
    """Open links in every way in which the server does."""
    kind: Kind = request.param
    return kind.open_link


async def test_abort_resets(open_link: OpenLink) -> None:
    """Nothing unread and nothing unsent is here, so that an end in good order would look like one."""
    async with open_link() as (link, peer):
        await link.abort()
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive_some()


async def test_abort_forgets_what_was_not_sent(open_link: OpenLink) -> None:
    async with open_link() as (link, peer):
        sent = fill(link)
        await link.abort()
        received = 0
        with pytest.raises(trio.BrokenResourceError):
            while data := await peer.receive_some(65536):
                received += len(data)
        assert received < sent


@SOCKETS
async def test_abort_works_when_cancelled_and_again(opener: Open, open_link: OpenLink) -> None:
    async with open_link(opener) as (link, _):
        with trio.CancelScope() as scope:
            scope.cancel()
            await link.abort()
        with pytest.raises(trio.ClosedResourceError):
            link.send_nowait(b"x")
        await link.abort()
        await link.aclose()


@pytest.mark.parametrize("how", ["abort", "aclose"])
async def test_closed_socket_link(how: str, open_link: OpenLink) -> None:
    async with open_link() as (link, _):
        await getattr(link, how)()
        with pytest.raises(trio.ClosedResourceError):
            link.send_nowait(b"x")
        for attempt in (link.receive_some, link.wait_writable, link.send_eof):
            with pytest.raises(trio.ClosedResourceError):
                await attempt()
        with pytest.raises(trio.ClosedResourceError):
            await link.send_all(b"x")
        assert link.peer_address == link._address  # what was told on accepting is not forgotten


async def test_number_of_a_closed_socket_is_not_used_again(open_link: OpenLink) -> None:
    """The number goes to the next socket that is opened, and nothing of this link may reach that one."""
    one, other = socket.socketpair()
    with one, other:
        other.setblocking(False)
        async with open_link() as (link, _):
            number = link._socket.fileno()
            await link.abort()
            os.dup2(one.fileno(), number)
            try:
                with pytest.raises(trio.ClosedResourceError):
                    link.send_nowait(b"for the peer that was")
                with pytest.raises(trio.ClosedResourceError):
                    await link.receive_some()
            finally:
                os.close(number)
        with pytest.raises(BlockingIOError):
            other.recv(1)


async def test_broken_peer(open_link: OpenLink) -> None:
    async with open_link() as (link, peer):
        await SocketLink(peer).abort()
        with pytest.raises(trio.BrokenResourceError):
            await link.receive_some()
        with pytest.raises(trio.BrokenResourceError):
            link.send_nowait(b"x")
        with pytest.raises(trio.BrokenResourceError):
            await link.send_all(b"x")


@pytest.mark.parametrize("how", ["abort", "aclose"])
async def test_closing_wakes_who_waits(how: str, open_link: OpenLink) -> None:
    async with open_link() as (link, _):
        fill(link)

        async def wait(attempt: Callable[[], Awaitable[object]]) -> None:
            with pytest.raises(trio.ClosedResourceError):
                await attempt()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, link.receive_some)
            nursery.start_soon(wait, link.wait_writable)
            await wait_all_tasks_blocked()
            await getattr(link, how)()


async def test_reading_is_a_cancel_point_and_a_turn_for_others(open_link: OpenLink) -> None:
    """Also when there is something to read, so that no peer that always sends can keep the others waiting."""
    async with open_link() as (link, peer):
        await peer.send_all(b"more than once")
        with trio.CancelScope() as scope:
            scope.cancel()
            await link.receive_some(4)
        assert scope.cancelled_caught
        with assert_checkpoints():
            assert await link.receive_some(4) == b"more"


async def test_send_nowait_sends_as_far_as_it_goes(open_link: OpenLink) -> None:
    """A short write, then none; and once the peer has read, the rest fits again behind what went."""
    async with open_link() as (link, peer):
        data = bytes(range(256)) * 65536
        view = memoryview(data)
        sent = link.send_nowait(view)
        assert 0 < sent < len(data)
        while taken := link.send_nowait(view[sent:]):
            sent += taken
        assert link.send_nowait(view[sent:]) == 0
        received = bytearray()
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                async for part in peer:
                    received.extend(part)

            nursery.start_soon(read)
            while sent < len(data):
                await link.wait_writable()
                sent += link.send_nowait(view[sent:])
            await link.send_eof()
        assert received == data


async def test_peer_address(open_link: OpenLink) -> None:
    async with open_link() as (link, peer):
        assert link.peer_address == "127.0.0.1"
        await SocketLink(peer).abort()
        with pytest.raises(trio.BrokenResourceError):
            await link.receive_some()
        assert link.peer_address == link._address  # it has gone, and can no longer be asked


async def test_peer_address_of_a_unix_socket(open_link: OpenLink) -> None:
    """There is none: the peer's end has no name, or one that says nothing of where it is."""
    async with open_link(open_unix) as (link, _):
        assert link.peer_address is None


async def test_peer_address_of_a_named_unix_socket(tmp_path: Path) -> None:
    """A peer may give its end a name, in the file system or in the kernel alone (unix(7), "abstract")."""
    unique = f"\0focus-signal-test-{os.getpid()}"
    for name in (str(tmp_path / "peer"), unique):
        with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as peer:
            listening.bind(str(tmp_path / f"server-{len(name)}"))
            listening.listen()
            peer.bind(name)
            peer.connect(listening.getsockname())
            accepted, _ = listening.accept()
            async with trio.SocketStream(trio.socket.from_stdlib_socket(accepted)) as stream:
                assert SocketLink(stream).peer_address is None


async def test_peer_address_of_any_other_stream() -> None:
    one, _ = memory_stream_pair()
    assert StreamLink(one).peer_address is None


async def test_link_of() -> None:
    async with KINDS[0].open_link() as (_, peer):
        assert isinstance(link_of(peer), SocketLink)
    one, _ = memory_stream_pair()
    assert isinstance(link_of(one), StreamLink)


async def test_stream_link_sends_nothing_at_once() -> None:
    """All goes through `send_all`, which is how a stream that is no socket is written."""
    one, other = memory_stream_pair()
    link = StreamLink(one)
    assert link.send_nowait(b"x") == 0
    await link.wait_writable()
    await link.send_all(b"y")
    await link.send_eof()
    assert b"".join([data async for data in other]) == b"y"


async def test_stream_link_aborts_without_good_order() -> None:
    """Nothing that the stream would like to say first is waited for."""
    one, other = lockstep_stream_pair()
    link = StreamLink(one)
    await link.abort()
    with pytest.raises(trio.ClosedResourceError):
        await link.send_all(b"x")
    with pytest.raises(trio.ClosedResourceError):
        await link.receive_some()
    assert await other.receive_some() == b""


async def test_linger_reads_to_the_end(open_link: OpenLink) -> None:
    """The peer can send on, reads our end meanwhile, and sees no reset when it is through."""
    async with open_link() as (link, peer):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(linger, link)
            assert await peer.receive_some() == b""
            await peer.send_all(b"x" * 1_000_000)
            await peer.send_eof()
        await link.aclose()
        assert await peer.receive_some() == b""


async def test_linger_ends_with_a_peer_that_breaks(open_link: OpenLink) -> None:
    async with open_link() as (link, peer), trio.open_nursery() as nursery:
        nursery.start_soon(linger, link)
        await wait_all_tasks_blocked()
        await SocketLink(peer).abort()

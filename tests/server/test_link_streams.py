"""Links as streams: what Trio demands of a stream, demanded of a link, and of `Prefixed` on a link."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import (
    assert_checkpoints,
    check_half_closeable_stream,
    check_two_way_stream,
    lockstep_stream_pair,
    memory_stream_pair,
)

from focus_signal.server.link import Link, SocketLink
from focus_signal.server.prefixed import Prefixed
from focus_signal.server.stream_link import StreamLink, link_of
from tests.server.socket_pairs import KINDS, SOCKETS, Kind, Open, OpenLink, fill

KIND = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture(params=KINDS, ids=str)
def open_link(request: pytest.FixtureRequest) -> OpenLink:
    """Open links in every way in which the server does."""
    kind: Kind = request.param
    return kind.open_link


@attrs.define(eq=False)
class AsStream(trio.abc.HalfCloseableStream):
    """Be a link as a stream, so that Trio's checks of streams check the link."""

    link: Link

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self.link.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.link.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.link.wait_writable()

    async def send_eof(self) -> None:
        await self.link.send_eof()

    async def aclose(self) -> None:
        await self.link.aclose()


@KIND
@SOCKETS
async def test_socket_link_keeps_the_contract_of_streams(opener: Open, kind: Kind) -> None:
    """All but one rule: that who waits to write and who ends the stream at that moment is told so."""
    with trio.fail_after(60):
        async with kind.open_pairs() as (open_pair, readiness):

            async def make() -> tuple[AsStream, AsStream]:
                link, peer = await open_pair(opener)
                return AsStream(link), AsStream(SocketLink(peer, readiness))

            async def make_clogged() -> tuple[AsStream, AsStream]:
                pair = await make()
                for stream in pair:
                    assert fill(stream.link)
                return pair

            await check_two_way_stream(make, make_clogged)
            await check_half_closeable_stream(make, None)
            assert readiness is None or not readiness._watched


async def test_stream_link_keeps_the_contract_of_streams() -> None:
    async def make() -> tuple[AsStream, AsStream]:
        one, other = memory_stream_pair()
        return AsStream(StreamLink(one)), AsStream(StreamLink(other))

    async def make_lockstep() -> tuple[AsStream, AsStream]:
        one, other = lockstep_stream_pair()
        return AsStream(StreamLink(one)), AsStream(StreamLink(other))

    with trio.fail_after(60):
        await check_half_closeable_stream(make, None)
        await check_two_way_stream(make_lockstep, make_lockstep)


@KIND
@SOCKETS
async def test_prefixed_keeps_the_contract_of_streams(opener: Open, kind: Kind) -> None:
    with trio.fail_after(60):
        async with kind.open_pairs() as (open_pair, readiness):

            async def make_links() -> tuple[SocketLink, SocketLink]:
                link, peer = await open_pair(opener)
                return link, SocketLink(peer, readiness)

            async def make() -> tuple[Prefixed, Prefixed]:
                one, other = await make_links()
                return Prefixed(one, b""), Prefixed(other, b"")

            async def make_clogged() -> tuple[Prefixed, Prefixed]:
                one, other = await make_links()
                for link in (one, other):
                    assert fill(link)
                return Prefixed(one, b""), Prefixed(other, b"")

            await check_two_way_stream(make, make_clogged)


async def test_prefixed_gives_the_prefix_first(open_link: OpenLink) -> None:
    async with open_link() as (link, peer):
        stream = Prefixed(link, b"read already")
        await peer.send_all(b"and the rest")
        pieces: list[bytes] = []
        for size in (1, 4, None, 3, None):
            with assert_checkpoints():
                pieces.append(await stream.receive_some(size))
        assert pieces == [b"r", b"ead ", b"already", b"and", b" the rest"]


async def test_prefixed_loses_nothing_to_a_cancelled_caller(open_link: OpenLink) -> None:
    async with open_link() as (link, _):
        stream = Prefixed(link, b"read already")
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.receive_some()
        assert scope.cancelled_caught
        assert await stream.receive_some() == b"read already"


async def test_prefixed_gives_nothing_once_closed(open_link: OpenLink) -> None:
    async with open_link() as (link, _):
        stream = Prefixed(link, b"read already")
        await stream.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await stream.receive_some()


@pytest.mark.parametrize("size", [0, -1])
async def test_prefixed_takes_no_size_below_one(size: int, open_link: OpenLink) -> None:
    async with open_link() as (link, _):
        stream = Prefixed(link, b"read already")
        with pytest.raises(ValueError, match="max_bytes"):
            await stream.receive_some(size)
        assert await stream.receive_some() == b"read already"


async def test_stream_that_is_a_link_is_used_as_it_is() -> None:
    @attrs.define(eq=False)
    class Simulated(AsStream):
        @property
        def peer_address(self) -> str | None:
            return "192.0.2.1"

        def receive_nowait(self) -> bytes | None:
            return None

        def close_nowait(self) -> bool:
            return False

        def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
            return len(data)

        async def wait_writable(self) -> None:
            await trio.lowlevel.checkpoint()

        @property
        def abort_nowait(self) -> None:
            return None

        async def abort(self) -> None:
            await trio.lowlevel.checkpoint()

    one, _ = memory_stream_pair()
    stream = Simulated(StreamLink(one))
    assert link_of(stream) is stream

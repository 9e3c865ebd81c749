"""Both ends of the message level: whole messages, all at once or in parts, pings, and goodbyes of either."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from focus_signal.errors import TransportClosed
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.shell.framing import FramedClient, FramedTransport
from tests.testing.shell.pairs import framed_pair

NARROW = LinkOptions(latency=(0.0, 0.0), window=20)
UNEVEN = LinkOptions(latency=(0.001, 0.02), chunk=7, window=64)
# The bytes of a frame ahead of its content.
HEAD = 5


async def heard(server: FramedTransport, number: int) -> list[bytes]:
    """Let the server receive so many messages."""
    came: list[bytes] = []
    while len(came) < number:
        came += await server.receive()
    return came


async def got(client: FramedClient, number: int) -> list[bytes]:
    """Let the client receive so many messages."""
    return [await client.receive() for _ in range(number)]


async def test_what_came_at_once_is_received_at_once(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.server.accept()
        for text in (b"one", b"", b"three"):
            await pair.client.send(text)
        assert await pair.server.receive() == [b"one", b"", b"three"]
        assert pair.server.send_nowait([b"four", b"five"])
        assert await got(pair.client, 2) == [b"four", b"five"]


@pytest.mark.parametrize("seed", range(5))
async def test_messages_come_whole_and_in_order_through_any_pieces(
    seed: int, autojump_clock: MockClock
) -> None:
    sent = [bytes([number]) * (number * 13 % 150) for number in range(40)]
    async with framed_pair(seed, UNEVEN) as pair, trio.open_nursery() as nursery:

        async def send_from_the_client() -> None:
            for text in sent:
                await pair.client.send(text)

        nursery.start_soon(send_from_the_client)
        nursery.start_soon(pair.say, *sent[::-1])
        assert await heard(pair.server, 40) == sent
        assert await got(pair.client, 40) == sent[::-1]


async def test_what_does_not_go_at_once_is_kept_and_ended(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair:
        messages = [b"abc", b"x" * 50, b"last"]
        assert not pair.server.send_nowait(messages)
        assert pair.server.unsent == sum(map(len, messages)) + 3 * HEAD - 20
        # What comes meanwhile waits behind it.
        assert not pair.server.send_nowait([b"late"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.say)
            assert await got(pair.client, 4) == [*messages, b"late"]
        assert pair.server.unsent == 0
        assert pair.server.send_nowait([b"more"])
        assert await pair.client.receive() == b"more"


async def test_what_has_begun_is_not_forgotten(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair, trio.open_nursery() as nursery:
        pair.server.send_nowait([b"x" * 50, b"not begun"])
        pair.server.forget_unsent()
        nursery.start_soon(pair.say, b"behind")
        assert await got(pair.client, 2) == [b"x" * 50, b"behind"]


async def test_a_server_asks_and_knows_when_it_is_answered(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        pair.server.ping_soon()
        pair.server.ping_soon()
        assert pair.server.owes_reply
        assert pair.server.send_nowait([b"behind"])
        asked = pair.server.awaits_pong
        assert await pair.client.receive() == b"behind"
        assert await pair.server.receive() == []
        assert (asked, pair.server.awaits_pong) == (True, False)


async def test_a_client_asks_and_gets_what_it_said(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair:
        assert not pair.server.send_nowait([b"x" * 50])
        await pair.client.ping(b"12345")
        assert await pair.server.receive() == []
        assert pair.server.owes_reply
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.say, b"behind")
            assert await got(pair.client, 2) == [b"x" * 50, b"behind"]
        assert pair.pongs == [b"12345"]


async def test_the_server_closes_in_good_order(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair, trio.open_nursery() as nursery:
        nursery.start_soon(pair.server.close, 4001, "too-slow")
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code == 4001
        with pytest.raises(TransportClosed):
            await pair.client.send(b"late")
        with pytest.raises(TransportClosed):
            await pair.server.receive()
        assert pair.server.close_code == 4001, "the answer says the same"


async def test_a_client_closes_in_good_order(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.client.close)
            with pytest.raises(TransportClosed):
                while True:
                    assert await pair.server.receive() == []
            await pair.server.close(1012, "restart")
        assert pair.server.close_code == pair.client.close_code == 1000


async def test_both_may_close_at_once(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.client.close)
            nursery.start_soon(pair.server.close, 1012, "restart")
        assert (pair.client.close_code, pair.server.close_code) == (1012, 1000)


async def test_what_came_ahead_of_a_goodbye_is_received_and_nothing_behind_it(
    autojump_clock: MockClock,
) -> None:
    async with framed_pair() as pair, trio.open_nursery() as nursery:
        await pair.client.send(b"one")
        await pair.client.send(b"two")
        nursery.start_soon(pair.client.close)
        await wait_all_tasks_blocked()
        assert await pair.server.receive() == [b"one", b"two"]
        with pytest.raises(TransportClosed):
            await pair.server.receive()
        with pytest.raises(TransportClosed):
            await pair.client.send(b"late")
        nursery.cancel_scope.cancel()


async def test_closing_reads_on_until_the_answer_comes(autojump_clock: MockClock) -> None:
    """A reader may be parked there, or nobody; what still comes is forgotten."""
    async with framed_pair() as pair, trio.open_nursery() as nursery:
        for _ in range(5):
            await pair.client.send(b"unread")
        nursery.start_soon(pair.server.close, 1012, "restart")
        await wait_all_tasks_blocked()
        assert pair.server.send_nowait([b"late"]), "nothing follows a goodbye"
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code == 1012


@pytest.mark.parametrize("how", ["reset", "half_close"])
async def test_an_end_without_a_goodbye_has_no_code(how: str, autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.client.send(b"one")
        getattr(pair.network, how)("ana")
        assert await pair.server.receive() == [b"one"]
        with pytest.raises(TransportClosed):
            while True:
                assert await pair.server.receive() == []
        assert pair.server.close_code is None


@pytest.mark.parametrize("sent", [b"\0\0\0\x0a\0half", b"\0\0\0\0\x07", b"\0\0\1\0\1", b"\0\0\0\1\3?"])
async def test_half_a_message_at_the_end_is_none_nor_is_what_is_no_frame(
    sent: bytes, autojump_clock: MockClock
) -> None:
    async with framed_pair() as pair:
        await pair.client_stream.send_all(sent)
        await pair.client_stream.send_eof()
        with pytest.raises(TransportClosed):
            while True:
                assert await pair.server.receive() == []
        await pair.server_stream.send_all(sent)
        await pair.server_stream.send_eof()
        with pytest.raises(TransportClosed):
            await pair.client.receive()


async def test_behind_a_send_that_was_cut_not_even_a_goodbye_is_said(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair:
        with trio.move_on_after(1.0) as scope:
            await pair.say(b"x" * 50)
        assert scope.cancelled_caught
        await pair.server.close(4001, "too-slow")
        await pair.server.abort()
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code is None


async def test_an_abort_ends_everything_at_once(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.server.abort()
        assert pair.server.send_nowait([b"late"]), "there is nobody left to send it to"
        with pytest.raises(TransportClosed):
            await pair.server.receive()
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code is None


async def test_what_is_given_back_comes_first(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        for text in (b"user", b"one", b"two"):
            await pair.client.send(text)
        _, *rest = await pair.server.receive()
        pair.server.give_back(rest)
        await pair.client.send(b"three")
        assert await pair.server.receive() == [b"one", b"two"]
        assert await pair.server.receive() == [b"three"]


async def test_nothing_given_back_is_not_received(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        pair.server.give_back([])
        await pair.client.send(b"one")
        assert await pair.server.receive() == [b"one"]

"""Messages with a length in front: partial sends, control frames between them, goodbyes, and cut streams."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from focus_signal.errors import TransportClosed
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.shell.framing import FramedTransport
from tests.testing.shell.pairs import framed_pair

NARROW = LinkOptions(latency=(0.0, 0.0), window=20)
UNEVEN = LinkOptions(latency=(0.001, 0.02), chunk=7, window=64)
# The bytes of a frame ahead of its content.
HEAD = 5


async def receive_all(transport: FramedTransport, number: int) -> list[bytes]:
    """Receive so many messages."""
    came: list[bytes] = []
    while len(came) < number:
        came += await transport.receive()
    return came


async def test_what_was_sent_at_once_is_received_at_once(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.client.accept()
        await pair.client.send([b"one", b"", b"three"])
        assert await pair.server.receive() == [b"one", b"", b"three"]
        assert pair.server.send_nowait([b"four", b"five"]) == []
        assert await pair.client.receive() == [b"four", b"five"]


@pytest.mark.parametrize("seed", range(5))
async def test_messages_come_whole_and_in_order_through_any_pieces(
    seed: int, autojump_clock: MockClock
) -> None:
    sent = [bytes([number]) * (number * 13 % 150) for number in range(40)]
    async with framed_pair(seed, UNEVEN) as pair, trio.open_nursery() as nursery:
        nursery.start_soon(pair.client.send, sent)
        nursery.start_soon(pair.server.send, sent[::-1])
        assert await receive_all(pair.server, 40) == sent
        assert await receive_all(pair.client, 40) == sent[::-1]


async def test_a_message_that_goes_out_in_part_is_given_back_and_ended(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair:
        messages = [b"abc", b"x" * 50, b"last"]
        left = pair.client.send_nowait(messages)
        assert left == messages[1:], "the first has gone out, the second in part"
        # While that is so nothing else may go out at once.
        assert pair.client.send_nowait([b"late"]) == [b"late"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.client.send, left)
            assert await receive_all(pair.server, 3) == messages
        assert pair.client.send_nowait([b"more"]) == []
        assert await pair.server.receive() == [b"more"]


async def test_a_message_of_which_nothing_went_out_is_sent_from_its_beginning(
    autojump_clock: MockClock,
) -> None:
    async with framed_pair(options=NARROW) as pair:
        full = b"x" * (20 - HEAD)
        assert pair.client.send_nowait([full]) == []
        assert pair.client.send_nowait([b"abc"]) == [b"abc"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.client.send, [b"abc"])
            assert await receive_all(pair.server, 2) == [full, b"abc"]


async def test_nothing_goes_out_at_once_while_somebody_sends(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair, trio.open_nursery() as nursery:
        nursery.start_soon(pair.client.send, [b"x" * 50])
        await wait_all_tasks_blocked()
        await pair.server_stream.receive_some(1)  # there is room again
        assert pair.client.send_nowait([b"abc"]) == [b"abc"]
        nursery.cancel_scope.cancel()


async def test_a_ping_is_answered_between_two_messages(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair, trio.open_nursery() as nursery:
        await pair.client.send([b"before"])
        nursery.start_soon(pair.client.receive)
        began = trio.current_time()
        async with trio.open_nursery() as asking:
            asking.start_soon(pair.client.ping)
            asking.start_soon(pair.client.ping)  # each gets an answer
            assert await pair.server.receive() == [b"before"]
            nursery.start_soon(pair.server.receive)
        assert trio.current_time() == began
        nursery.cancel_scope.cancel()


async def test_a_ping_ends_the_message_that_is_out_in_part_and_it_is_sent_once(
    autojump_clock: MockClock,
) -> None:
    async with framed_pair(options=NARROW) as pair, trio.open_nursery() as nursery:
        messages = [b"x" * 50, b"behind"]
        left = pair.client.send_nowait(messages)
        nursery.start_soon(pair.client.ping)
        await wait_all_tasks_blocked()
        nursery.start_soon(pair.client.send, left)
        nursery.start_soon(pair.client.receive)
        assert await receive_all(pair.server, 2) == messages
        nursery.cancel_scope.cancel()


async def test_a_ping_to_who_does_not_read_waits(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        with trio.move_on_after(100.0) as scope:
            await pair.server.ping()
        assert scope.cancelled_caught


async def test_a_ping_ends_when_the_peer_has_gone(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair, trio.open_nursery() as nursery:

        async def ping() -> None:
            with pytest.raises(TransportClosed):
                await pair.server.ping()

        nursery.start_soon(ping)
        await wait_all_tasks_blocked()
        pair.network.reset("ana")
        with pytest.raises(TransportClosed):
            await pair.server.receive()


@pytest.mark.parametrize("who", ["client", "server"])
async def test_either_end_closes_in_good_order(who: str, autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        closing, other = (pair.client, pair.server) if who == "client" else (pair.server, pair.client)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(closing.close, 4001, "too-slow")
            with pytest.raises(TransportClosed):
                await other.receive()
        assert other.close_code == 4001
        assert closing.close_code == 4001, "the answer says the same"
        with pytest.raises(TransportClosed):
            await closing.receive()
        with pytest.raises(TransportClosed):
            await other.send([b"late"])


async def test_both_may_close_at_once(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.client.close, 1000, "")
            nursery.start_soon(pair.server.close, 1012, "restart")
        assert (pair.client.close_code, pair.server.close_code) == (1012, 1000)


async def test_what_came_ahead_of_a_goodbye_is_received_and_nothing_behind_it(
    autojump_clock: MockClock,
) -> None:
    async with framed_pair() as pair, trio.open_nursery() as nursery:
        await pair.client.send([b"one", b"two"])
        nursery.start_soon(pair.client.close, 1000, "")
        await wait_all_tasks_blocked()
        assert await pair.server.receive() == [b"one", b"two"]
        with pytest.raises(TransportClosed):
            await pair.server.receive()
        assert pair.server.send_nowait([b"late"]) == [b"late"]


async def test_closing_reads_on_until_the_answer_comes(autojump_clock: MockClock) -> None:
    """A reader may be parked there, or nobody; what still comes is forgotten."""
    async with framed_pair() as pair, trio.open_nursery() as nursery:
        await pair.client.send([b"unread"] * 5)
        nursery.start_soon(pair.server.close, 1012, "restart")
        await wait_all_tasks_blocked()
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code == 1012


@pytest.mark.parametrize("how", ["reset", "half_close"])
async def test_an_end_without_a_goodbye_has_no_code(how: str, autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.client.send([b"one"])
        pair.client.send_nowait([])
        getattr(pair.network, how)("ana")
        assert await pair.server.receive() == [b"one"]
        with pytest.raises(TransportClosed):
            await pair.server.receive()
        assert pair.server.close_code is None


async def test_half_a_message_at_the_end_is_none(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.client_stream.send_all(b"\0\0\0\x0a\0half")
        await pair.client_stream.send_eof()
        with pytest.raises(TransportClosed):
            await pair.server.receive()


async def test_behind_a_send_that_was_cut_not_even_a_goodbye_is_said(autojump_clock: MockClock) -> None:
    async with framed_pair(options=NARROW) as pair:
        with trio.move_on_after(1.0) as scope:
            await pair.server.send([b"x" * 50])
        assert scope.cancelled_caught
        await pair.server.close(4001, "too-slow")
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code is None


async def test_an_abort_ends_everything_at_once(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.server.abort()
        with pytest.raises(TransportClosed):
            await pair.server.send([b"late"])
        with pytest.raises(TransportClosed):
            await pair.client.receive()
        assert pair.client.close_code is None
        # Nobody is left to take it, and `send` will say so.
        assert pair.server.send_nowait([b"late"]) == [b"late"]


async def test_what_is_given_back_comes_first(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        await pair.client.send([b"user", b"one", b"two"])
        _, *rest = await pair.server.receive()
        pair.server.give_back(rest)
        await pair.client.send([b"three"])
        assert await pair.server.receive() == [b"one", b"two"]
        assert await pair.server.receive() == [b"three"]


async def test_nothing_given_back_is_not_received(autojump_clock: MockClock) -> None:
    async with framed_pair() as pair:
        pair.server.give_back([])
        await pair.client.send([b"one"])
        assert await pair.server.receive() == [b"one"]

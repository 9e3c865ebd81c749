"""The client when the network blinks: what ends a connection, when it comes back, and when it does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from focus_signal.client import (
    ClientEnded,
    ClientSettings,
    Connected,
    Disconnected,
    Lost,
    ProtocolBroken,
    RequestLost,
    open_client,
)
from tests.client.host import URL, V1, Chance, Visit, both, come_back, hosting, meeting, next_of
from tests.client.words import ack, pong, queued, say, token, welcome


async def test_a_request_survives_a_cut(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):

        async def serve() -> Visit:
            assert (await visit.hear())["id"] == 1
            await visit.say(queued(2))
            await wait_all_tasks_blocked()
            await visit.cut()
            again = await come_back(host, 2)
            assert again.resume == "TOKEN.2"
            assert again.path == "/signal?userId=ana"
            assert (await again.hear()).items() >= {"type": "cancel", "id": 1, "seen": 2}.items()
            await again.say(ack(3, 1))
            return again

        _, again = await both(client.cancel, serve)
        # Half of at most half a second.
        assert again.at == 0.25
        assert isinstance(await client.next_event(), Connected)
        assert await next_of(client, Disconnected) == Disconnected(
            "the connection ended without a goodbye", 1006, 0.25
        )
        connected = await client.next_event()
        assert isinstance(connected, Connected)
        assert connected.resumed
        counted = client.statistics()
        assert (counted.connections, counted.resumed, counted.lost) == (2, 1, 0)


async def test_the_delay_doubles_up_to_its_limit_and_begins_anew(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):
        host.refusals += [OSError("no route")] * 12
        await visit.cut()
        again = await host.accept()
        moments = [at for _, _, at in host.dialled]
        delays = [after - before for before, after in pairwise(moments)]
        # A quarter of the 30 s for which the server keeps the session, and half of that, until they are over.
        assert delays == [0.25, 0.5, 1.0, 2.0, *[3.75] * 7, 15.0, 15.0]
        await again.say(welcome(1, resumed=True))
        await trio.sleep(4.9)
        # It was not there for long enough to forget.
        for wait, delay in ((5.0, 3.75), (0.0, 0.25), (0.0, 0.5)):
            await again.cut()
            began = trio.current_time()
            again = await come_back(host)
            assert again.at - began == delay
            await trio.sleep(wait)
        await wait_all_tasks_blocked()
        assert client.is_connected


@pytest.mark.parametrize(
    ("end", "wait", "code"),
    [
        (lambda visit: visit.close(1001), 0.25, 1001),
        (lambda visit: visit.close(1011, "internal-error"), 0.25, 1011),
        (lambda visit: visit.close(1012, "restart retry=7"), 7.25, 1012),
        (lambda visit: visit.close(1013, "full"), 0.25, 1013),
        (lambda visit: visit.close(4001, "too-slow"), 0.25, 4001),
        (lambda visit: visit.close(4499, "what-comes-later retry=3"), 3.25, 4499),
        (lambda visit: visit.stream.send_all(b"\x88\x00"), 0.25, 1005),
        (lambda visit: visit.cut(), 0.25, 1006),
    ],
)
async def test_what_it_comes_back_from(
    end: Callable[[Visit], Awaitable[None]], wait: float, code: int, autojump_clock: MockClock
) -> None:
    async with meeting() as (client, visit, host):
        await end(visit)
        again = await come_back(host)
        assert again.at == wait
        disconnected = await next_of(client, Disconnected)
        assert (disconnected.code, disconnected.retry_in) == (code, wait)


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1007, 1008, 1009, 3000, 4500, 4501, 4502, 4503, 4504])
async def test_what_it_does_not_come_back_from(code: int, autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):

        async def ask() -> None:
            with pytest.raises(ClientEnded):
                await client.cancel()

        async def close() -> None:
            await visit.hear()
            await visit.close(code, "because")

        await both(ask, close)
        with pytest.raises(ClientEnded, match=f"closed with {code} because") as caught:
            await next_of(client, Disconnected)
        assert caught.value.code == code
        assert not client.is_connected
        with pytest.raises(ClientEnded):
            client.broadcast_nowait(0)


async def test_a_message_that_is_too_big_ends_the_client(autojump_clock: MockClock) -> None:
    async with meeting(settings=ClientSettings(message_bytes=1000)) as (client, visit, _):
        await visit.say(say("signal", 2, **{"from": "bo"}, data="x" * 1000))
        with pytest.raises(ClientEnded, match="closed with 1009"):
            await next_of(client, Disconnected)


@pytest.mark.parametrize("data", [b"\xff\x01\x00", b"\x81\x02\xc3\x28", b"\x88\x01\x00"])
async def test_what_is_no_websocket_frame_ends_the_client(data: bytes, autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        await visit.stream.send_all(data)
        with pytest.raises(ClientEnded, match=r"closed with 100[27]"):
            await next_of(client, Disconnected)
        assert trio.current_time() == 0


async def test_going_away_is_heeded(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):
        await visit.say(say("going-away", 2, reconnectIn=40))
        await visit.close(1012, "restart retry=3")
        assert (await come_back(host, 2)).at == 40.25
        assert client.statistics().connections == 1


async def test_lost_requests(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):

        async def ask() -> None:
            with pytest.raises(RequestLost):
                await client.match(2)

        async def serve() -> None:
            await visit.hear()
            client.broadcast_nowait(1)
            await visit.hear()
            await visit.cut()
            client.broadcast_nowait(2)
            again = await host.accept()
            await again.say(welcome(0, last_id=None, state={}), token(1, "NEXT"))
            assert (await again.hear())["type"] == "ping"
            await again.say(pong())
            assert (await again.ack_next(2))["data"] == 2

        await both(ask, serve)
        lost = await next_of(client, Lost)
        assert [bytes(request.message.data) for request in lost.requests] == [b"1"]
        assert client.statistics().lost == 2
        await client.wait_all_answered()


async def test_a_user_id_that_the_server_chose_is_kept(autojump_clock: MockClock) -> None:
    async with meeting(user=None) as (client, visit, host):
        assert visit.path == "/signal"
        await visit.cut()
        again = await host.accept()
        assert again.path == "/signal?userId=ana"
        await again.say(welcome(why="expired"))
        await wait_all_tasks_blocked()
        assert client.is_connected


async def test_a_silent_server_is_asked_and_then_left(autojump_clock: MockClock) -> None:
    async with meeting(heartbeat=20) as (_, visit, host):
        assert await visit.hear() == {"type": "ping", "seen": 1}
        assert trio.current_time() == 40
        again = await come_back(host)
        assert again.at == 40 + 10 + 0.25
        # This one answers.
        assert await again.hear() == {"type": "ping", "seen": 1}
        await again.say(pong())
        began = trio.current_time()
        assert await again.hear() == {"type": "ping", "seen": 1}
        assert trio.current_time() == began + 40


async def test_a_servers_pings_are_signs_of_life(autojump_clock: MockClock) -> None:
    async with meeting(heartbeat=20) as (client, visit, _):
        for _ in range(10):
            await trio.sleep(30)
            await visit.websocket.ping()
        assert client.statistics().frames_sent == 1
        assert client.is_connected


async def test_a_server_that_does_not_say_how_often_it_pings(autojump_clock: MockClock) -> None:
    async with meeting(heartbeat=0) as (_, visit, _):
        assert await visit.hear() == {"type": "ping", "seen": 1}
        assert trio.current_time() == 40


async def test_a_server_that_does_not_read_is_left(autojump_clock: MockClock) -> None:
    async with hosting(pair=lockstep_stream_pair) as host, trio.open_nursery() as nursery:

        async def use() -> None:
            async with open_client(URL, dial=host.dial, chance=Chance()) as client:
                for number in range(9):
                    client.broadcast_nowait(number)
                await next_of(client, Disconnected)
                assert trio.current_time() == 20
                await client.wait_all_answered()

        nursery.start_soon(use)
        visit = await host.accept()
        await visit.greet()
        again = await come_back(host, last_id=0)
        for seq in range(2, 11):
            await again.ack_next(seq)


async def test_a_new_token_opens_a_door_that_was_closed(autojump_clock: MockClock) -> None:
    tokens = ["one", "one", "two", "two"]
    async with hosting() as host, trio.open_nursery() as nursery:

        async def use() -> None:
            with pytest.raises(ClientEnded, match="4503"):
                async with open_client(
                    URL, token=lambda: tokens.pop(0) if tokens else "two", dial=host.dial, chance=Chance()
                ) as client:
                    await next_of(client, ProtocolBroken)

        nursery.start_soon(use)
        visit = await host.accept()
        assert visit.protocols == (V1, "token.one")
        await visit.greet()
        tokens[:] = ["two"]
        await visit.close(4503, "token-ended")
        again = await host.accept()
        assert again.protocols == (V1, "token.two", "resume.TOKEN.1")
        await again.say(welcome(1, resumed=True))
        await again.close(4503, "token-ended")


async def test_closing_while_it_is_away(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):
        host.refusals += [OSError("no route")] * 100
        await visit.cut()
        await trio.sleep(60)
        began = trio.current_time()
        await client.aclose()
        assert trio.current_time() == began
    async with meeting() as (client, visit, host):
        await visit.cut()
        await host.stream()  # and now it waits for an answer
        began = trio.current_time()
        await client.aclose()
        assert trio.current_time() == began

"""The client on a connection that holds: requests, events, the end."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed

from focus_signal.client import (
    Client,
    ClientClosed,
    ClientSettings,
    Connected,
    EventsUnread,
    ProtocolBroken,
    RequestRefused,
    RequestsFull,
    RequestTooBig,
    open_client,
)
from focus_signal.wire.messages import from_server
from tests.client.host import URL, V1, Visit, both, hosting, meeting
from tests.client.words import ack, error, queued, say, welcome


async def first(client: Client) -> None:
    """Take the first event, which every client has."""
    assert isinstance(await client.next_event(), Connected)


async def test_opening(autojump_clock: MockClock) -> None:
    async with hosting() as host:

        async def serve() -> Visit:
            visit = await host.accept()
            await visit.greet(user="ana ä", iceServers=[{"urls": "turn:x"}])
            return visit

        async def use() -> tuple[str, Any]:
            async with open_client(URL, "ana ä", "a.b.c", dial=host.dial) as client:
                assert client.is_connected
                await wait_all_tasks_blocked()
                return client.user_id, client.welcome.ice_servers

        visit, used = await both(serve, use)
        assert used == ("ana ä", ({"urls": "turn:x"},))
        assert host.dialled == [("focus.test", 80, 0.0)]
        assert visit.path == "/signal?userId=ana%20%C3%A4"
        assert visit.protocols == (V1, "token.a.b.c")
        assert await visit.hear_close() == (1000, None)


REQUESTS: list[tuple[str, tuple[Any, ...], dict[str, Any], dict[str, Any]]] = [
    ("match", (3,), {}, {"type": "matchmaking", "matchSize": 3, "pool": "", "patience": 10}),
    (
        "match",
        (),
        {"min_size": 2, "max_size": 4, "pool": "p", "party": ("xxxxxxxx", 2), "avoid": ["bo"], "timeout": 9},
        {
            "type": "matchmaking",
            "minSize": 2,
            "maxSize": 4,
            "pool": "p",
            "party": {"code": "xxxxxxxx", "size": 2},
            "avoid": ["bo"],
            "timeout": 9,
        },
    ),
    ("match", (2,), {"ready_check": True, "patience": 0}, {"readyCheck": True, "patience": 0}),
    ("match", (2,), {"backfill": True}, {"readyCheck": False, "backfill": True}),
    ("cancel", (), {}, {"type": "cancel"}),
    ("ready", ("p1",), {}, {"type": "ready", "proposal": "p1"}),
    (
        "decline",
        (from_server.MatchProposed(seq=9, proposal="p2", size=2, within=3),),
        {},
        {"type": "decline", "proposal": "p2"},
    ),
    ("create_room", (4,), {}, {"type": "room-create", "maxSize": 4}),
    ("create_room", (4, "HERE"), {}, {"type": "room-create", "maxSize": 4, "code": "HERE"}),
    ("join_room", ("HERE",), {}, {"type": "room-join", "code": "HERE"}),
    ("leave_room", (), {}, {"type": "room-leave"}),
    (
        "offer",
        ("bo", {"type": "offer", "sdp": "v=0"}),
        {},
        {"type": "offer", "to": "bo", "sdp": {"type": "offer", "sdp": "v=0"}},
    ),
    ("answer", ("bo", "v=0"), {}, {"type": "answer", "to": "bo", "sdp": "v=0"}),
    ("candidate", ("bo", None), {}, {"type": "ice-candidate", "to": "bo", "candidate": None}),
    ("signal", ("bo", [1]), {}, {"type": "signal", "to": "bo", "data": [1]}),
    ("broadcast", (msgspec.Raw(b"[ 1.0 ]"),), {}, {"type": "broadcast", "data": [1.0]}),
]


@pytest.mark.parametrize(("name", "args", "options", "sent"), REQUESTS)
async def test_a_request_by_its_name(
    name: str, args: tuple[Any, ...], options: dict[str, Any], sent: dict[str, Any], autojump_clock: MockClock
) -> None:
    async with meeting() as (client, visit, _):
        _, heard = await both(partial(getattr(client, name), *args, **options), partial(visit.ack_next, 2))
        assert heard.items() >= sent.items()
        assert (heard["id"], heard["seen"]) == (1, 1)


@pytest.mark.parametrize("name", ["offer", "answer", "candidate", "signal"])
async def test_a_twin_does_not_wait(name: str, autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        request = getattr(client, f"{name}_nowait")("bo", {"a": 1})
        broadcast = client.broadcast_nowait(2)
        assert client.statistics().unanswered == 2
        heard = await visit.hear()
        assert heard["to"] == "bo"
        assert (await visit.hear())["data"] == 2
        await visit.say(error(2, 1, "peer-unavailable", to="bo"), ack(3, 2))
        await client.wait_all_answered()
        await first(client)
        event = await client.next_event()
        assert isinstance(event, from_server.Error)
        assert (event.id, event.code, event.to) == (request.id, "peer-unavailable", "bo")
        assert broadcast.id == 2
        assert client.statistics().unanswered == 0


async def test_a_refusal_is_raised(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):

        async def refuse(seq: int, code: str, **more: Any) -> None:
            await visit.say(error(seq, (await visit.hear())["id"], code, **more))

        async def ask() -> RequestRefused:
            with pytest.raises(RequestRefused) as caught:
                await client.join_room("HERE")
            return caught.value

        refused, _ = await both(ask, partial(refuse, 2, "rate-limited", retryAfter=60))
        assert (refused.code, refused.retry_after, refused.to) == ("rate-limited", 60, None)
        assert str(refused) == "rate-limited: rate-limited, that is"
        refused, _ = await both(ask, partial(refuse, 3, "room-not-found", to="bo"))
        assert (refused.code, refused.retry_after, refused.to) == ("room-not-found", None, "bo")
        await first(client)
        assert client.statistics().events == 0


async def test_events_come_in_order_and_end_with_the_client(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        await visit.say(
            say("room-found", 2, roomId="r", peers=["bo", "ana"], offerTo=["bo"]),
            '{"type":"signal","seq":3,"from":"bo","data":{"a": 1}}',
            say("peer-left", 4, peer="bo", reason="left"),
        )
        came: list[Any] = []
        async for event in client:
            came.append(event)
            if len(came) == 4:
                await client.aclose()
        assert isinstance(came[0], Connected)
        assert came[1] == from_server.RoomFound(seq=2, room_id="r", peers=("bo", "ana"), offer_to=("bo",))
        assert msgspec.json.decode(came[2].data) == {"a": 1}
        assert came[3].reason == "left"
        with pytest.raises(ClientClosed):
            await client.next_event()
        with pytest.raises(ClientClosed):
            await client.cancel()
        assert not client.is_connected
        assert await visit.hear_close() == (1000, None)


async def test_too_many_events_end_the_client(autojump_clock: MockClock) -> None:
    async with meeting(settings=ClientSettings(event_bytes=2000)) as (client, visit, _):
        with suppress(ConnectionClosed):  # it leaves before the last one
            await visit.say(*(queued(seq) for seq in range(2, 12)))
        assert await visit.hear_close() == (1000, None)
        with pytest.raises(EventsUnread, match="events wait"):
            await client.cancel()
        came = 0
        with pytest.raises(EventsUnread):
            async for _ in client:
                came += 1
        assert 3 < came < 10
        assert client.statistics().event_bytes == 0


async def test_a_server_that_breaks_the_protocol_is_left(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        await visit.say(queued(3))
        assert await visit.hear_close() == (4500, "protocol-broken")
        await first(client)
        with pytest.raises(ProtocolBroken, match="frame 3 follows frame 1"):
            await client.next_event()


async def test_a_binary_message_breaks_the_protocol(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        await visit.websocket.send_message(queued(2).encode())
        assert (await visit.hear_close())[0] == 4500
        await first(client)
        with pytest.raises(ProtocolBroken, match="binary"):
            await client.next_event()


async def test_requests_are_bounded(autojump_clock: MockClock) -> None:
    async with meeting(settings=ClientSettings(request_bytes=2000)) as (client, visit, _):
        with pytest.raises(RequestTooBig):
            await client.broadcast("x" * 2000)
        taken = 0
        with pytest.raises(RequestsFull):
            for _ in range(100):
                client.broadcast_nowait(0)
                taken += 1
        assert 3 < taken < 10
        for _ in range(taken):
            await visit.hear()
        await visit.say(ack(2, taken))
        await client.wait_all_answered()
        client.broadcast_nowait(0)


async def test_a_request_that_is_cancelled_once_it_was_sent(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        with trio.move_on_after(1):
            await client.match(2)
        assert (await visit.hear())["id"] == 1
        await visit.say(error(2, 1, "draining"))
        await first(client)
        event = await client.next_event()
        assert isinstance(event, from_server.Error)
        assert event.code == "draining"
        await both(client.cancel, partial(visit.ack_next, 3))


async def test_a_request_that_is_cancelled_before_it_was_sent(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, host):
        await visit.cut()
        await wait_all_tasks_blocked()
        with trio.move_on_after(0.1):
            await client.match(2)
        assert client.statistics().unanswered == 0
        again = await host.accept()
        await again.say(welcome(1, resumed=True))
        client.broadcast_nowait(0)
        assert (await again.hear())["type"] == "broadcast"


async def test_next_event_can_be_cancelled(autojump_clock: MockClock) -> None:
    async with meeting() as (client, visit, _):
        await first(client)
        with trio.move_on_after(1) as scope:
            await client.next_event()
        assert scope.cancelled_caught
        await visit.say(queued(2))
        assert isinstance(await client.next_event(), from_server.Queued)


async def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="first_delay"):
        ClientSettings(first_delay=math.inf)

"""One connection around a transport that the test holds: order, bounds, deadlines, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from focus_signal.server.config import Config
from focus_signal.server.transport import ProtocolViolation
from tests.server.fakes import FakeTransport, House, open_house

JOIN = '{"type":"matchmaking","matchSize":2}'


def offer(to: str, number: int) -> str:
    return json.dumps({"type": "offer", "to": to, "sdp": number})


async def meet(house: House, ana: FakeTransport, bo: FakeTransport) -> tuple[Any, Any]:
    """Connect two users and let them find a room."""
    connections = house.connect("ana", ana), house.connect("bo", bo)
    await wait_all_tasks_blocked()
    ana.says(JOIN)
    await wait_all_tasks_blocked()
    bo.says(JOIN)
    await wait_all_tasks_blocked()
    return connections


async def test_a_pair_meets_and_relays_in_order() -> None:
    ana, bo = FakeTransport(), FakeTransport()
    async with open_house() as house:
        await meet(house, ana, bo)
        found = '{"type":"room-found","roomId":"room-1","peers":["ana","bo"]}'
        assert ana.sent == [found]
        assert bo.sent == [found]
        for number in range(100):
            ana.says(offer("bo", number))
        sent = await bo.wait_sent(101)
        assert sent[1:] == [f'{{"type":"offer","from":"ana","sdp":{number}}}' for number in range(100)]


async def test_what_the_peer_takes_at_once_needs_no_writer_and_the_rest_keeps_its_order() -> None:
    ana, bo = FakeTransport(), FakeTransport(takes_now=3)
    async with open_house() as house:
        await meet(house, ana, bo)
        assert len(bo.now) == 1
        for number in range(5):
            ana.says(offer("bo", number))
            await wait_all_tasks_blocked()
        assert [json.loads(text)["sdp"] for text in bo.now[1:]] == [0, 1]
        assert [json.loads(text)["sdp"] for text in bo.sent[1:]] == [0, 1, 2, 3, 4]


async def test_while_a_writer_is_stuck_nobody_else_writes() -> None:
    ana, bo = FakeTransport(), FakeTransport(takes_now=1)
    async with open_house() as house:
        await meet(house, ana, bo)
        bo.stuck = True
        ana.says(offer("bo", 1))
        await wait_all_tasks_blocked()
        bo.takes_now = 10  # there is room again, but the cut message before has not gone out
        ana.says(offer("bo", 2))
        await wait_all_tasks_blocked()
        assert len(bo.sent) == 1


async def test_a_peer_that_leaves_is_out_of_its_queue() -> None:
    eve, ana, bo = FakeTransport(), FakeTransport(), FakeTransport()
    async with open_house() as house:
        house.connect("eve", eve)
        await wait_all_tasks_blocked()
        eve.says(JOIN)
        await wait_all_tasks_blocked()
        assert house.owner.statistics().waiting == 1
        eve.leaves()
        await wait_all_tasks_blocked()
        assert house.owner.statistics().waiting == 0
        assert house.owner.statistics().users == 0
        assert eve.ended.is_set()
        await meet(house, ana, bo)
        assert json.loads(ana.sent[0])["peers"] == ["ana", "bo"]


async def test_what_was_said_before_leaving_is_still_carried_out() -> None:
    ana, bo = FakeTransport(), FakeTransport()
    async with open_house() as house:
        await meet(house, ana, bo)
        for number in range(10):
            ana.says(offer("bo", number))
        ana.leaves()
        assert len(await bo.wait_sent(11)) == 11
        bo.says(offer("ana", 1))
        refused = json.loads((await bo.wait_sent(12))[-1])
        assert (refused["code"], refused["to"]) == ("peer-unavailable", "ana")


@pytest.mark.parametrize(("close", "code"), [("text-only", 1003), ("too-big", 1009)])
async def test_a_violation_is_answered_with_its_close_frame(close: Any, code: int) -> None:
    ana = FakeTransport()
    async with open_house() as house:
        house.connect("ana", ana)
        ana.says("not json")
        ana.violates(ProtocolViolation(close))
        await ana.ended.wait()
        assert json.loads(ana.sent[0])["code"] == "bad-json"
        assert ana.closes == [(code, close)]
        await wait_all_tasks_blocked()
        assert house.owner.statistics().users == 0


async def test_the_newer_connection_closes_the_older_and_hears_what_the_older_would(
    autojump_clock: MockClock,
) -> None:
    old, bo, new = FakeTransport(), FakeTransport(), FakeTransport()
    async with open_house() as house:
        await meet(house, old, bo)
        house.connect("ana", new)
        await old.ended.wait()
        assert old.closes == [(4501, "replaced")]
        bo.says(offer("ana", 1))
        assert json.loads((await new.wait_sent(1))[0])["from"] == "bo"
        new.says(offer("bo", 2))
        assert json.loads((await bo.wait_sent(2))[1])["sdp"] == 2
        await wait_all_tasks_blocked()
        assert house.owner.statistics().connections == 2


async def test_what_comes_behind_our_close_frame_is_not_heard(autojump_clock: MockClock) -> None:
    ana, bo, silent = FakeTransport(), FakeTransport(), FakeTransport()
    async with open_house() as house:
        await meet(house, ana, bo)
        ana.answers_close = False
        house.connect("ana", silent)
        await wait_all_tasks_blocked()
        assert ana.closes == [(4501, "replaced")]
        ana.says(offer("bo", 1))
        began = trio.current_time()
        await ana.ended.wait()
        assert trio.current_time() - began == house.config.close_timeout
        assert len(bo.sent) == 1


async def test_an_outbox_over_its_bound_closes_that_connection_alone(autojump_clock: MockClock) -> None:
    ana, bo = FakeTransport(), FakeTransport()
    config = Config(outbox_bytes=1000)
    async with open_house(config) as house:
        await meet(house, ana, bo)
        bo.stuck = True
        began = trio.current_time()
        for number in range(60):
            ana.says(offer("bo", number))
        await bo.ended.wait()
        assert trio.current_time() - began == config.close_timeout, "it gets a last chance to end its message"
        assert bo.closes == [], "the message was cut, so no close frame may follow"
        refused = json.loads((await ana.wait_sent(2))[-1])
        assert refused["code"] == "peer-unavailable", "its room is told at once"
        ana.says("{}")
        await wait_all_tasks_blocked()
        assert json.loads(ana.sent[-1])["code"] == "bad-message"


async def test_a_slow_peer_that_ends_its_message_in_time_reads_why_it_is_closed(
    autojump_clock: MockClock,
) -> None:
    ana, bo = FakeTransport(), FakeTransport(takes_now=1)
    async with open_house(Config(outbox_messages=5)) as house:
        await meet(house, ana, bo)
        ana.says(*(offer("bo", number) for number in range(20)))
        await bo.ended.wait()
        assert bo.closes == [(4001, "too-slow")]


@pytest.mark.parametrize(("seconds", "told"), [(1.5, [(4001, "too-slow")]), (2.5, [])])
async def test_a_trickle_does_not_buy_a_slow_peer_more_time(
    seconds: float, told: list[tuple[int, str]], autojump_clock: MockClock
) -> None:
    ana, bo = FakeTransport(), FakeTransport()
    async with open_house(Config(outbox_messages=5)) as house:
        await meet(house, ana, bo)
        bo.seconds = seconds
        ana.says(*(offer("bo", number) for number in range(4)))
        await wait_all_tasks_blocked()  # the writer has these, and sends the first
        began = trio.current_time()
        ana.says(*(offer("bo", number) for number in range(4, 12)))
        await bo.ended.wait()
        assert trio.current_time() - began == min(seconds, house.config.close_timeout)
        assert bo.closes == told
        assert len(bo.sent) == 1 + len(told)


async def test_an_empty_outbox_takes_a_message_above_its_bound() -> None:
    ana, bo = FakeTransport(), FakeTransport()
    async with open_house(Config(outbox_bytes=10)) as house:
        await meet(house, ana, bo)
        ana.says(json.dumps({"type": "offer", "to": "bo", "sdp": "x" * 100_000}))
        assert len((await bo.wait_sent(2))[1]) > 100_000


async def test_no_progress_for_the_write_deadline_ends_the_connection(autojump_clock: MockClock) -> None:
    ana, bo = FakeTransport(), FakeTransport()
    async with open_house() as house:
        await meet(house, ana, bo)
        bo.stuck = True
        began = trio.current_time()
        ana.says(offer("bo", 1))
        await bo.ended.wait()
        assert trio.current_time() - began == house.config.write_timeout
        assert bo.cut
        assert bo.closes == []


async def test_a_ping_without_a_pong_closes(autojump_clock: MockClock) -> None:
    ana = FakeTransport(answers_pings=False)
    async with open_house() as house:
        connection = house.connect("ana", ana)
        await wait_all_tasks_blocked()
        began = trio.current_time()
        connection.ping_soon()
        connection.ping_soon()  # one at a time
        await ana.ended.wait()
        assert ana.pings == 1
        assert trio.current_time() - began == house.config.pong_timeout
        assert ana.closes == [(4002, "no-pong")]


async def test_a_pong_in_time_keeps_the_connection(autojump_clock: MockClock) -> None:
    ana = FakeTransport()
    async with open_house() as house:
        connection = house.connect("ana", ana)
        for _ in range(3):
            await wait_all_tasks_blocked()
            connection.ping_soon()
        await trio.sleep(1000)
        assert ana.pings == 3
        assert not ana.ended.is_set()


async def test_a_cut_connection_sends_nothing_more_and_is_withdrawn(autojump_clock: MockClock) -> None:
    ana, bo = FakeTransport(), FakeTransport()
    async with open_house() as house:
        connections = await meet(house, ana, bo)
        connections[0].cut()
        await ana.ended.wait()
        assert ana.closes == []
        await wait_all_tasks_blocked()
        assert house.owner.statistics().connections == 1

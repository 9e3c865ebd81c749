"""One connection around a transport that the test holds: who writes, and when nobody else does.

Order, bounds, deadlines and ends are simulated: see tests/simulations.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from focus_signal.core.commands import Connect
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.server.config import Config
from focus_signal.server.connection import Connection
from focus_signal.server.logic import Hearing
from focus_signal.server.outbox import Backlog
from focus_signal.server.owner import Owner
from focus_signal.server.settings import NO_LIMIT
from focus_signal.server.shared import Shared
from tests.server.fakes import FakeTransport, House, open_house
from tests.wire.dialect import DIALECT

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


@pytest.mark.parametrize("ends_at_once", [True, False])
@pytest.mark.parametrize("room", [0, 1, 2], ids=["opening", "handing on", "reading"])
async def test_what_is_cut_ends_wherever_it_waits(room: int, ends_at_once: bool) -> None:
    """Also where it waits for an owner that is behind; this one never runs at all."""
    transport = FakeTransport(ends_at_once=ends_at_once)
    backlog = Backlog(NO_LIMIT)
    owner = Owner(Matchmaker(Rules(), lambda: "room"), DIALECT, trio.current_time, 2, NO_LIMIT, backlog)
    shared = Shared(Config(), owner.inbox, backlog, trio.current_time)
    for _ in range(2 - room):
        assert owner.inbox.send_nowait([])
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            frames = DIALECT.reader(1, "ana")
            connection = Connection(
                1, "ana", transport, Hearing.plainly(frames), shared, nursery, (Connect(1, "ana"),)
            )
            nursery.start_soon(connection.run)
            transport.says(JOIN)
            await wait_all_tasks_blocked()
            assert nursery.child_tasks
            assert owner._receive.statistics().current_buffer_used == 2
            connection.cut()
            await wait_all_tasks_blocked()
            assert not nursery.child_tasks
    assert owner._ended == [(1, False)]

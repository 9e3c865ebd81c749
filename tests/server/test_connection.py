"""One connection around a transport that the test holds: who writes, and when nobody else does.

Order, bounds, deadlines and ends are simulated: see tests/simulations.
"""

from __future__ import annotations

import json
from typing import Any

from trio.testing import wait_all_tasks_blocked

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

"""Somebody else's server goes on, whatever goes wrong in a connection that is mounted in it."""

from __future__ import annotations

from functools import partial

import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketRequest,
    open_websocket_url,
    serve_websocket,
)

from focus_signal.server import server as server_module
from focus_signal.server.transport import trio_websocket as library_module
from focus_signal.server.transport.trio_websocket import TrioWebSocket
from focus_signal.testing.history import Faulted
from focus_signal.testing.simulated import run_test
from focus_signal.testing.simulation import Simulation
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.mutants_guards import PlantedFault, raising
from focus_signal.testing.subjects.planting import putting

JOIN = '{"type":"matchmaking","matchSize":1}'


class _Cursed(TrioWebSocket):
    async def accept(self, subprotocol: str | None = None) -> None:
        await super().accept(subprotocol)
        if "cursed" in self._request.path:
            raise PlantedFault("this connection cannot be served")


PLANTED = (library_module, "TrioWebSocket", _Cursed)
GUARDED = Subject("fault-mounted", "a mounted connection fails", changed=putting(PLANTED))
UNGUARDED = Subject(
    "no-guard-mounted",
    "a mounted connection fails, and nothing keeps that there",
    changed=putting(PLANTED, (server_module, "report", raising("a mounted connection"))),
)


async def _mount_and_fail(sim: Simulation) -> None:
    async def handle(request: WebSocketRequest) -> None:
        await sim.server.mount(request)

    async with trio.open_nursery() as application:
        # Its handlers run in its own nursery, with no guard of their own.
        await application.start(partial(serve_websocket, handle, "app.test", 9000, None))
        try:
            async with open_websocket_url("ws://app.test:9000/?userId=cursed") as cursed:
                await cursed.get_message()
        except* (ConnectionClosed, HandshakeError):
            pass  # what it is told is no matter here
        async with open_websocket_url("ws://app.test:9000/?userId=ana") as ana:
            await ana.send_message(JOIN)
            assert '"room-found"' in await ana.get_message()
        application.cancel_scope.cancel()


def test_a_mounted_connection_that_fails_ends_alone() -> None:
    for seed in range(5):
        ran = run_test(_mount_and_fail, seed=seed, subject=GUARDED)
        assert ran.error is None
        assert [violation.invariant for violation in ran.violations] == ["fault"]
        assert any(isinstance(event, Faulted) for event in ran.history)


def test_without_its_guard_it_ends_the_application() -> None:
    ran = run_test(_mount_and_fail, seed=0, subject=UNGUARDED)
    assert isinstance(ran.error, PlantedFault)

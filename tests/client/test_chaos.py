"""The client and the real server in the simulated network, where everything goes wrong that can.

Links are reset and held, the server goes away with and without a goodbye. What must hold all the same: what
is answered was done once, what is refused or never sent was not, nothing comes twice or out of order, and in
the end everyone can talk to everyone.
"""

from __future__ import annotations

import os
from functools import partial
from random import Random
from typing import Any

import pytest
import trio
from attrs import Factory, define
from msgspec import UNSET

from focus_signal.access.keys import make_keys
from focus_signal.client import (
    Client,
    ClientSettings,
    Connected,
    Lost,
    RequestLost,
    RequestRefused,
    open_client,
)
from focus_signal.server.config import Config
from focus_signal.server.serve import serve
from focus_signal.testing.determinism.runtime import run_deterministically
from focus_signal.testing.keyed import generator
from focus_signal.testing.net.dialing import dialing, dialing_as
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.wire.messages import from_server
from focus_signal.wire.messages.from_server import StateFields
from tests.client.host import virtual_wall

HOST, PORT = "focus.test", 80
URL = f"ws://{HOST}/signal"


@define(eq=False)
class World:
    """Be everyone who takes part."""

    network: Network
    chance: Random
    tidy: bool
    """Whether nothing happens but that the server is started anew, each time with a goodbye."""
    keys: Any = Factory(lambda: make_keys(os.urandom))
    came: dict[str, list[tuple[str, int]]] = Factory(dict)
    fates: dict[str, int] = Factory(lambda: dict.fromkeys(("answered", "refused", "lost"), 0))
    seated: dict[str, bool] = Factory(dict)
    """Who is in a room, as far as it knows."""
    restarts: int = 0
    anew: int = 0
    """How many connections did not resume."""

    async def run_servers(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run one server after the other."""
        config = Config(seat_grace=20)
        while True:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    listener = self.network.listen(HOST, PORT)
                    await nursery.start(partial(serve, config, [listener], keys=self.keys, wall=virtual_wall))
                    if not self.restarts:
                        task_status.started()
                    await trio.sleep(self.chance.uniform(20, 60))
                    if not self.tidy and self.chance.random() < 0.5:
                        for name in ("ana", "bo"):  # no goodbye reaches them
                            self.network.reset(name)
                    scope.cancel()
            self.restarts += 1
            await trio.sleep(self.chance.uniform(0, 5))

    async def meddle(self) -> None:
        """Let links fail."""
        while True:
            await trio.sleep(self.chance.uniform(0, 10))
            name = self.chance.choice(("ana", "bo"))
            if self.chance.random() < 0.6:
                self.network.reset(name)
            else:
                self.network.partition(name, self.chance.uniform(0, 40))

    async def live(self, client: Client, peer: str) -> None:
        """Be in the room whenever that can be, and send numbers to the peer."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.listen, client)
            for number in range(80):
                seated = self.seated.get(client.user_id, False)
                await self.ask(client.signal(peer, number) if seated else client.match(2))
                await trio.sleep(self.chance.uniform(0, 2))
            nursery.cancel_scope.cancel()

    async def ask(self, request: Any) -> None:
        try:
            await request
        except RequestRefused:
            self.fates["refused"] += 1
        except RequestLost:
            self.fates["lost"] += 1
        else:
            self.fates["answered"] += 1

    async def listen(self, client: Client) -> None:
        user = client.user_id
        async for event in client:
            match event:
                case from_server.Signal(from_=sender, data=data):
                    self.came.setdefault(user, []).append((sender, int(bytes(data))))
                case from_server.RoomFound():
                    self.seated[user] = True
                case from_server.RoomClosed():
                    self.seated[user] = False
                case Connected(resumed=False, state=StateFields(room=room)):
                    self.anew += 1
                    self.seated[user] = room is not UNSET
                case _:
                    assert not isinstance(event, (Lost, from_server.Error)), event


async def muddle_through(seed: int, tidy: bool) -> World:
    world = World(Network(seed, LinkOptions(latency=(0.01, 0.3), chunk=500)), generator(seed, "chaos"), tidy)
    settings = ClientSettings(patience=1000)
    with dialing(world.network), trio.fail_after(5000):
        async with trio.open_nursery() as everything:
            await everything.start(world.run_servers)
            with dialing_as("ana"):
                async with open_client(URL, "ana", settings=settings) as ana:
                    with dialing_as("bo"):
                        async with open_client(URL, "bo", settings=settings) as bo:
                            async with trio.open_nursery() as meddling:
                                if not tidy:
                                    meddling.start_soon(world.meddle)
                                async with trio.open_nursery() as living:
                                    living.start_soon(world.live, ana, "bo")
                                    living.start_soon(world.live, bo, "ana")
                                meddling.cancel_scope.cancel()
                            world.network.heal()
                            await ana.wait_all_answered()
                            await bo.wait_all_answered()
            everything.cancel_scope.cancel()
    return world


def check(seed: int, *, tidy: bool = False) -> World:
    world = run_deterministically(muddle_through, seed, tidy, seed=seed).value
    for came in world.came.values():
        numbers = [number for _, number in came]
        assert numbers == sorted(set(numbers))
    return world


@pytest.mark.parametrize("seed", range(2))
def test_some_chaos(seed: int) -> None:
    world = check(seed)
    assert world.fates["answered"] > 20
    assert world.restarts > 1


@pytest.mark.parametrize("seed", range(2))
def test_restarts_with_a_goodbye_lose_nothing(seed: int) -> None:
    world = check(seed, tidy=True)
    assert world.fates["lost"] == 0
    assert world.restarts > 0
    assert world.anew > 2


@pytest.mark.long
def test_much_chaos() -> None:
    worlds = [check(seed) for seed in range(2, 40)]
    assert all(check(seed, tidy=True).fates["lost"] == 0 for seed in range(2, 40))
    assert sum(world.fates["lost"] for world in worlds) > 0
    assert sum(world.anew for world in worlds) > 80

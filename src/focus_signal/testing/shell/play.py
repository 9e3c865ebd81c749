"""A plan above the core: each operation at its time, then the healing, the settling and the way home."""

import math

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.testing import history as h
from focus_signal.testing.determinism.policies import Policy
from focus_signal.testing.determinism.runtime import Failed, attempt_deterministically
from focus_signal.testing.determinism.scheduler import Schedule
from focus_signal.testing.plan import (
    Fault,
    Hostile,
    Join,
    Leave,
    Level,
    Open,
    Operation,
    Plan,
    Say,
    Signal,
    Verb,
)
from focus_signal.testing.shell.caller import HOME, Caller
from focus_signal.testing.shell.siege import Siege
from focus_signal.testing.shell.world import World, open_world
from focus_signal.testing.subject import Subject

# Everyone has left by then, or is cut.
WAY_HOME = 30.0


@define(eq=False)
class _Actor:
    """Carry out the operations of one connection, one after the other."""

    caller: Caller
    _send: trio.MemorySendChannel[Join | Signal | Say | Leave] = field(init=False)
    _receive: trio.MemoryReceiveChannel[Join | Signal | Say | Leave] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[Join | Signal | Say | Leave](math.inf)

    def tell(self, operation: Join | Signal | Say | Leave) -> None:
        if isinstance(operation, Leave) and operation.by == "reset":
            self.caller.cut(operation.id)
        else:
            self._send.send_nowait(operation)

    async def run(self) -> None:
        await self.caller.opened.wait()
        async for operation in self._receive:
            try:
                if isinstance(operation, Leave):
                    await self.caller.leave(operation)
                else:
                    await self.caller.send(operation)
            except TransportClosed:
                pass  # the caller has seen it and written it down


@define(eq=False)
class _Player:
    """Play one plan in a world."""

    _world: World
    _plan: Plan
    _nursery: trio.Nursery
    _siege: Siege
    _actors: dict[int, _Actor] = field(factory=dict[int, _Actor], init=False)

    async def play(self) -> None:
        """Play all of it, to the end of the chaos."""
        plan, world = self._plan, self._world
        for operation in plan.operations:
            if operation.at > trio.current_time():
                await trio.sleep_until(operation.at)
            self._do(operation)
        await trio.sleep_until(max(plan.config.seconds, trio.current_time()))
        world.heal()
        await trio.sleep(plan.config.settle)
        world.notes.add(h.Settled(trio.current_time()))

    async def end(self) -> None:
        """See everyone home, to the empty server."""
        plan, world = self._plan, self._world
        await self._send_home()
        if not world.stopped:
            await trio.sleep(plan.config.seat_grace + 1.0)
            world.look_at_what_is_left()

    def _do(self, operation: Operation) -> None:
        match operation:
            case Open(conn=conn, user=user):
                actor = self._actors[conn] = _Actor(Caller(self._world, conn, user, f"c{conn}"))
                self._nursery.start_soon(actor.caller.run)
                self._nursery.start_soon(actor.run)
            case Fault():
                self._fault(operation)
            case Verb():
                self._verb(operation)
            case Hostile():
                self._siege.begin(operation)
            case _:
                if operation.conn in self._actors:
                    self._actors[operation.conn].tell(operation)

    def _fault(self, fault: Fault) -> None:
        network, label, amount = self._world.network, f"c{fault.conn}", fault.amount
        self._world.notes.add(h.Meddled(trio.current_time(), fault.id))
        match fault.fault:
            case "partition":
                network.partition(label, amount, direction=fault.direction)
            case "hold":
                network.hold(label)
            case "release":
                network.release(label)
            case "slow-reader":
                network.slow_reader(label, max(amount, 1.0))
            case "latency":
                low, high = self._plan.config.latency
                network.latency(label, low + amount, high + amount)
            case "chunks":
                network.chunks(label, int(amount))
            case "bandwidth":
                network.bandwidth(label, amount)
            case "window":
                network.window(label, max(int(amount), 1))
            case "fin-delay":
                network.fin_delay(label, amount)
            case "refuse":
                network.refuse(label, times=int(amount) or 1)

    def _verb(self, verb: Verb) -> None:
        self._world.notes.add(h.Meddled(trio.current_time(), verb.id))
        match verb.verb:
            case "drain":
                self._nursery.start_soon(self._world.drain, verb.grace)
            case "stop":
                self._nursery.start_soon(self._world.stop)
            case "restart":
                self._nursery.start_soon(self._world.restart)

    async def _send_home(self) -> None:
        for actor in self._actors.values():
            actor.tell(Leave(id=HOME, at=trio.current_time(), conn=actor.caller.conn, by="close"))
        with trio.move_on_after(WAY_HOME):
            await trio.lowlevel.checkpoint()
            for actor in self._actors.values():
                await actor.caller.ended.wait()
        for actor in self._actors.values():
            actor.caller.cut(HOME)
        for actor in self._actors.values():
            await actor.caller.ended.wait()


async def play(plan: Plan, subject: Subject, level: Level) -> tuple[list[h.Event], str]:
    """Play a plan in this run of Trio.

    Returns:
      the history, and the digest of every byte on the network.
    """
    async with open_world(level, plan.seed, plan.config, subject) as world, trio.open_nursery() as nursery:
        async with trio.open_nursery() as strangers:
            siege = Siege(world, strangers)
            player = _Player(world, plan, nursery, siege)
            if level == "full" and any(isinstance(each, Hostile) for each in plan.operations):
                strangers.start_soon(siege.look_on)
            await player.play()
            strangers.cancel_scope.cancel()
        await player.end()
        nursery.cancel_scope.cancel()
    return world.notes.events, world.network.wire_digest()


def run_shell(
    plan: Plan, subject: Subject, level: Level, policy: Policy | None = None
) -> tuple[list[h.Event], Schedule, str]:
    """Run a plan above the core.

    Args:
      plan: what happens.
      subject: whose logic the server runs.
      level: "message" or "full".
      policy: what decides the schedule; the plan's seed if there is none.

    Returns:
      the history, the schedule that it took, and the digest of every byte on the network.
    """
    ran = attempt_deterministically(play, plan, subject, level, seed=plan.seed, policy=policy)
    if isinstance(ran, Failed):
        raise ran.error
    history, wire = ran.value
    return history, ran.schedule, wire

"""A plan of the workload `v1` at the full level: the real server and the real client on a simulated network.

A connection is cut by what a network does: nothing of it arrives any more in one direction or both, or late,
and both ends notice by themselves; or it is reset, behind what is on the way. What a plan says of bytes past
the client, as rivals and raw frames are, is left out.
"""

import trio
from attrs import define, field
from msgspec import UNSET

from focus_signal.testing.determinism.runtime import Failed, attempt_deterministically
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.asking import request_of
from focus_signal.testing.v1.full_people import FullPerson
from focus_signal.testing.v1.full_world import FullWorld, logger
from focus_signal.testing.v1.plan import Answer, Come, Cut, Drain, Go, Operation, Restart, Say, V1Plan
from focus_signal.testing.v1.remains import look_at, remains_of

WAY_HOME = 30.0


@define(eq=False)
class _Player:
    _plan: V1Plan
    _world: FullWorld
    _people: dict[str, FullPerson]
    _nursery: trio.Nursery
    _draining: bool = field(default=False, init=False)

    async def play(self) -> None:
        plan, world, history = self._plan, self._world, self._world.history
        for operation in plan.operations:
            await trio.sleep_until(max(operation.at, trio.current_time()))
            self._do(operation)
        last = plan.operations[-1].at if plan.operations else 0.0
        await trio.sleep_until(max(plan.config.seconds, last, trio.current_time()))
        world.network.heal()
        history.append(h.Healed(trio.current_time()))
        await trio.sleep(plan.config.settle)
        live = tuple(user for user, person in self._people.items() if person.is_live)
        history.append(h.Settled(trio.current_time(), live, *look_at(world.matchmaker)))
        for person in self._people.values():
            person.go()
        await trio.sleep(WAY_HOME)
        for person in self._people.values():
            person.cut()
        await trio.sleep(3 * plan.config.grace)
        history.append(h.Emptied(trio.current_time(), remains_of(world.matchmaker)))

    def _do(self, operation: Operation) -> None:
        world = self._world
        match operation:
            case Drain(down=down) if world.is_up:
                self._nursery.start_soon(world.drain, down)
            case Restart(down=down, killed=killed, rotated=rotated) if world.is_up:
                world.is_up = False
                self._nursery.start_soon(self._restart, down, killed, rotated)
            case Drain() | Restart():
                pass
            case _:
                self._do_of(operation, self._people[operation.user])

    async def _restart(self, down: float, killed: bool, rotated: bool) -> None:  # noqa: FBT001 - for a nursery
        await self._world.restart(down=down, tidy=not killed, rotated=rotated)

    def _do_of(self, operation: Operation, person: FullPerson) -> None:
        match operation:
            case Come():
                person.come()
            case Go():
                person.go()
            case Cut():
                self._nursery.start_soon(self._cut, operation, person.label)
            case Answer(id=op, ready=ready):
                person.answer(op, ready=ready)
            case Say():
                others = [
                    peer for peer in person.seen.peers or self._plan.config.users if peer != person.user
                ]
                to = others[operation.to % len(others)] if others else person.user
                room = {"own": person.seen.room, "other": "elsewhere", "unsaid": None}[operation.room]
                for _ in range(operation.times):
                    person.say(operation.id, operation.kind, to, operation.padding, room)
            case _:
                of = getattr(operation, "of", None)
                code = None if of is None else self._people[of].seen.code
                message = request_of(operation, code, seed=person.is_seed)
                if message is not UNSET:
                    person.ask(operation.id, message)

    async def _cut(self, cut: Cut, label: str) -> None:
        network = self._world.network
        if label not in self._world.labels:
            return
        if cut.up == "lost":
            network.partition(label, direction="up")
        elif cut.up == "late":
            network.partition(label, cut.late, direction="up")
        if cut.down == "lost":
            network.partition(label, direction="down")
        elif cut.down == "late":
            network.partition(label, cut.late, direction="down")
        await trio.sleep(cut.client)
        network.reset(label)


async def play_v1(plan: V1Plan) -> tuple[list[h.Event], str]:
    """Play a plan in this run of Trio, and give its history and the digest of every byte on the network."""
    async with trio.open_nursery() as nursery:
        world = FullWorld(plan, nursery)
        logger.addHandler(world.faults)
        try:
            await world.start()
            people = {
                user: FullPerson(user, plan, world.history.append, world, nursery)
                for user in plan.config.users
            }
            await _Player(plan, world, people, nursery).play()
            await world.stop(tidy=True)
            nursery.cancel_scope.cancel()
        finally:
            logger.removeHandler(world.faults)
    return world.history, world.network.wire_digest()


def run_full_v1(plan: V1Plan) -> tuple[list[h.Event], str]:
    """Run a plan at the full level; its seed decides everything."""
    ran = attempt_deterministically(play_v1, plan, seed=plan.seed)
    if isinstance(ran, Failed):
        raise ran.error
    return ran.value

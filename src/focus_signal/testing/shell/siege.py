"""Strangers at a simulated server, and a count of what the server holds of everybody.

What is counted is what the network shows, not what the server thinks: which connections were accepted, which
were let in, and which it has not closed. Only what waits inside the server is asked of it.
"""

from collections import Counter
from collections.abc import Iterable

import trio
from attrs import define, field

from focus_signal.server.config import Config
from focus_signal.server.settings import bound
from focus_signal.testing import history as h
from focus_signal.testing.plan import Hostile
from focus_signal.testing.shell.deeds import DEEDS_OF_STRANGERS, Deed, ask_after_failures, fail
from focus_signal.testing.shell.stranger import Stranger, open_stranger
from focus_signal.testing.shell.world import World

_WELCOME = 101
_BETWEEN_LOOKS = 0.25
# No operation and no deadline falls on such a moment, so that whatever was due before is done.
_BESIDE = 0.0371
_WIDE = 65_536
# The most that a server reads at once.
_READ = 16_384


@define(eq=False)
class Siege:
    """Play the strangers of a plan.

    Args:
      world: where it takes place.
      nursery: where they run; whoever cancels it lets all of them leave at once.
    """

    _world: World
    _nursery: trio.Nursery
    _config: Config = field(init=False)
    # By the label of its link: in whose name a stranger comes, and from where.
    _users: dict[str, str] = field(factory=dict[str, str], init=False)
    _addresses: dict[str, str] = field(factory=dict[str, str], init=False)
    _strangers: dict[str, Stranger] = field(factory=dict[str, Stranger], init=False)

    def __attrs_post_init__(self) -> None:
        self._config = self._world.config.server_config()

    def begin(self, hostile: Hostile) -> None:
        """Let strangers come."""
        if self._world.level != "full":
            return
        self._world.notes.add(h.Meddled(trio.current_time(), hostile.id))
        if hostile.deed == "failing":
            self._nursery.start_soon(self._run_failing, hostile)
            return
        deed = DEEDS_OF_STRANGERS[hostile.deed]
        for number in range(hostile.times):
            self._nursery.start_soon(self._run_one, hostile, deed, number)

    async def look_on(self) -> None:
        """Count now and then; runs until cancelled."""
        await trio.sleep(_BESIDE)
        while True:
            if not self._world.stopped:
                self._count()
            await trio.sleep(_BETWEEN_LOOKS)

    async def _run_one(self, hostile: Hostile, deed: Deed, number: int) -> None:
        label, shared = f"h{hostile.id}-{number}", f"h{hostile.id}"
        user = shared if hostile.deed == "namesakes" else label
        address = self._address_of(shared if hostile.deed == "neighbours" else label)
        self._users[label], self._addresses[label] = user, address
        async with open_stranger(self._world, label, user, address, deed.window) as stranger:
            if stranger is not None:
                self._strangers[label] = stranger
                await deed.run(stranger)
                del self._strangers[label]

    async def _run_failing(self, hostile: Hostile) -> None:
        address = self._address_of(f"h{hostile.id}")
        for number in range(hostile.times + 1):
            label = f"h{hostile.id}-{number}"
            self._users[label], self._addresses[label] = label, address
            async with open_stranger(self._world, label, label, address, _WIDE) as stranger:
                if stranger is None:
                    return
                if number < hostile.times:
                    await fail(stranger)
                else:
                    await ask_after_failures(stranger, hostile.times)

    def _address_of(self, label: str) -> str:
        return self._world.network.hosts.address_of(label)

    def _count(self) -> None:
        """Compare what there is with what there may be."""
        config, world = self._config, self._world
        held = [each for each in world.watch.seen if not each.gone]
        inside = [each.link.label for each in held if each.status == _WELCOME]
        self._judge("max_connections", len(inside), config.max_connections, "connections are open")
        shaking = len(held) - len(inside)
        self._judge("max_handshakes", shaking, config.max_handshakes, "handshakes are not over")
        self._judge_each("max_connections_per_user", self._users, inside, config.max_connections_per_user)
        if not world.config.plain_streams:  # those have no address
            most = config.max_connections_per_address
            self._judge_each("max_connections_per_address", self._addresses, inside, most)
        waiting = sum(outbox.bytes for outbox in world.server.outboxes().values())
        self._judge("total_outbox_bytes", waiting, config.total_outbox_bytes, "bytes wait for all together")
        if not world.config.buggify:  # else it may not have been read yet
            unfinished = sum(each.holds for each in self._strangers.values() if not each.gone)
            most = config.total_unfinished_bytes
            self._judge("total_unfinished_bytes", unfinished, most, "bytes are kept of what is not whole")
        on_the_way = world.bytes_waiting()
        # One read more is let through as long as there is less than that.
        self._judge("inbox_bytes", on_the_way, bound(config.inbox_bytes) + _READ, "bytes wait to be decided")
        self._judge("inbox_batches", world.batches_waiting(), config.inbox_batches, "batches wait")

    def _judge_each(self, limit: str, names: dict[str, str], labels: Iterable[str], most: int) -> None:
        for name, count in Counter(names[label] for label in labels if label in names).items():
            self._judge(limit, count, most, f"connections are open of {name}")

    def _judge(self, limit: str, count: int, most: int, what: str) -> None:
        if count > bound(most):
            text = f"{count} {what}, and {most} may"
            self._world.notes.add(h.Beyond(trio.current_time(), limit, text))

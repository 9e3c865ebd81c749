"""What waits for the matchmaker: whoever brings more waits, and goes on when there is room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from focus_signal.core.commands import TimePassed
from focus_signal.server.owner import Inbox
from focus_signal.server.settings import bound

BATCH = [TimePassed()]


@define(eq=False)
class Senders:
    """Be an inbox that a test empties, and those who send into it."""

    most: int
    nursery: trio.Nursery
    sent: list[str] = field(factory=list[str])
    inbox: Inbox = field(init=False)
    _receive: trio.MemoryReceiveChannel[Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        send, self._receive = trio.open_memory_channel[Any](100)
        self.inbox = Inbox(send, [], bound(self.most))

    async def start(self, name: str, size: int) -> None:
        """Let somebody send, and wait if there is no room."""

        async def run() -> None:
            if not self.inbox.send_nowait(BATCH, size):
                await self.inbox.send(BATCH, size)
            self.sent.append(name)

        self.nursery.start_soon(run)
        await wait_all_tasks_blocked()

    async def take(self) -> None:
        """Take one batch, as the owner does."""
        self.inbox.take(self._receive.receive_nowait()[2])
        await wait_all_tasks_blocked()


async def at_its_number(nursery: trio.Nursery) -> None:
    senders = Senders(100, nursery)
    # There is room until it is full; what comes then is taken whole.
    await senders.start("a byte less", 99)
    await senders.start("full", 50)
    for name in ("waits", "waits too"):
        await senders.start(name, 10)
    assert senders.sent == ["a byte less", "full"]
    assert senders.inbox.bytes == 149
    await senders.take()
    # In which order those who wait go on is nobody's promise.
    assert sorted(senders.sent) == ["a byte less", "full", "waits", "waits too"]
    assert senders.inbox.bytes == 70


async def exactly_full(nursery: trio.Nursery) -> None:
    senders = Senders(100, nursery)
    await senders.start("all", 100)
    await senders.start("waits", 1)
    assert senders.sent == ["all"]
    await senders.take()
    assert senders.sent == ["all", "waits"]
    assert senders.inbox.bytes == 1


async def one_of_any_size(nursery: trio.Nursery) -> None:
    senders = Senders(1, nursery)
    await senders.start("large", 1_000_000)
    await senders.start("waits", 1)
    assert senders.sent == ["large"]
    await senders.take()
    assert senders.sent == ["large", "waits"]


async def no_limit(nursery: trio.Nursery) -> None:
    senders = Senders(0, nursery)
    for _ in range(50):
        await senders.start("sent", 1_000_000)
    assert len(senders.sent) == 50


async def who_gives_up_counts_for_nothing(nursery: trio.Nursery) -> None:
    senders = Senders(100, nursery)
    await senders.start("all", 100)
    with trio.CancelScope() as scope:
        scope.cancel()
        await senders.inbox.send(BATCH, 50)
    assert scope.cancelled_caught
    assert senders.inbox.bytes == 100
    await senders.take()
    assert senders.inbox.bytes == 0


CHECKS = (at_its_number, exactly_full, one_of_any_size, no_limit, who_gives_up_counts_for_nothing)


@pytest.mark.parametrize("check", CHECKS)
async def test_inbox(check: Callable[[trio.Nursery], Awaitable[None]], nursery: trio.Nursery) -> None:
    await check(nursery)


_real_init, _real_take = Inbox.__init__, Inbox.take


def _bounded(change: int) -> Any:
    def init(self: Inbox, channel: Any, ended: list[tuple[int, bool]], most: int) -> None:
        _real_init(self, channel, ended, most + change)

    return init


def _wakes_nobody(self: Inbox, size: int) -> None:
    self.bytes -= size


@pytest.mark.parametrize(
    ("check", "name", "thing"),
    [
        (exactly_full, "__init__", _bounded(1)),
        (at_its_number, "__init__", _bounded(-1)),
        (exactly_full, "__init__", _bounded(1 << 40)),
        (at_its_number, "take", _wakes_nobody),
    ],
    ids=["one byte more", "one byte less", "any number", "nobody is woken"],
)
async def test_mutants_are_caught(
    check: Callable[[trio.Nursery], Awaitable[None]], name: str, thing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Inbox, name, thing)
    async with trio.open_nursery() as nursery:
        with pytest.raises(AssertionError):
            await check(nursery)
        nursery.cancel_scope.cancel()

"""A server on streams in memory and on virtual time: a deadline costs nothing, and is kept to the second."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import trio
from attrs import define
from trio.testing import wait_all_tasks_blocked

from focus_signal import Config, Server, open_server
from tests.server.hostile import honest
from tests.server.hostile.memory import Kind, MemoryListener
from tests.server.hostile.peer import Peer, shake_hands
from tests.server.hostile.traces import Traces, traces

# A moment, so that what is due at a deadline is done.
INSTANT = 0.001
# The seconds of virtual time after which a test has failed; none of them takes half as long.
LONGEST = 600.0


@define(eq=False)
class Virtual:
    """Be a running server behind a `MemoryListener`; `lonely` is what lives while nobody is connected."""

    server: Server
    listener: MemoryListener
    lonely: Traces

    async def dial_in(self, user: str, kind: Kind = "roomy") -> Peer:
        """Open a WebSocket in the name of a user."""
        return await shake_hands(self.listener.connect(kind), f"/signal?userId={quote(user)}")

    async def meet(self) -> honest.Pair:
        """Have an honest pair matched."""
        return await honest.meet(self.dial_in)

    def has_somebody(self) -> bool:
        """Tell whether a connection, or a task of one, is left."""
        return traces() != self.lonely or self.server.statistics().connections > 0

    async def is_empty(self) -> None:
        """See that every connection has ended by now, with all its tasks."""
        await wait_all_tasks_blocked()
        assert not self.has_somebody(), f"somebody is still there: {traces()}, not {self.lonely}"

    async def empties_by(self, moment: float) -> None:
        """See that every connection has ended at a moment, or before."""
        await trio.sleep_until(moment + INSTANT)
        await self.is_empty()

    async def empties_at(self, moment: float) -> None:
        """See that the last connection ends at a moment, and not before."""
        await trio.sleep_until(moment - INSTANT)
        assert self.has_somebody(), f"everyone had left before {moment}"
        await self.empties_by(moment)


@asynccontextmanager
async def virtual_server(config: Config | None = None) -> AsyncIterator[Virtual]:
    """Open a server that listens in memory; at its end a fresh honest pair is served."""
    listener = MemoryListener()
    async with open_server(config, [listener]) as server:
        await wait_all_tasks_blocked()
        virtual = Virtual(server, listener, traces())
        with trio.fail_after(LONGEST):
            yield virtual
            pair = await virtual.meet()
            await pair.relay(3)
            await pair.part()

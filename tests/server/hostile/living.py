"""One living server on a real loopback socket for a whole table of wrong inputs.

A table ends well only if the server lives on: a fresh honest pair is served, nothing is left behind, and the
log holds no fault of the server's own.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
import trio
from attrs import evolve

from focus_signal import Config, Server, open_server
from focus_signal.server.config import TransportName
from tests.server.hostile import honest
from tests.server.hostile.inputs import Input, bring
from tests.server.hostile.reach import Reach
from tests.server.hostile.traces import traces, until_all_left

# No ping comes between the rows, so that all that is read is what a row brought about.
QUIET = Config(host="127.0.0.1", port=0, ping_interval=3600.0)
ROW_SECONDS = 8.0
LONGEST = 100.0

Row = TypeVar("Row")


def quiet_on(transport: TransportName) -> Config:
    """Make the config of a quiet server on a transport."""
    return evolve(QUIET, transport=transport)


class Living(Reach):
    """Be a running server and every stream that was opened to it."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.port)
        self.server = server

    async def serve_a_pair(self) -> None:
        """See a fresh honest pair through."""
        pair = await honest.meet(self.dial_in)
        await pair.relay(3)
        await pair.part()


@asynccontextmanager
async def living_server(caplog: pytest.LogCaptureFixture, config: Config = QUIET) -> AsyncIterator[Living]:
    """Open a server, and when the block is through see that it lives and has logged no fault of its own."""
    caplog.set_level("INFO")
    async with open_server(config) as server:
        living = Living(server)
        try:
            gc.collect()  # what earlier tests have dropped is not to make room for what is left behind here
            before = traces()
            with trio.fail_after(LONGEST):
                yield living
                living.hang_up()
                await until_all_left(server, before)
                await living.serve_a_pair()
                await until_all_left(server, before)
        finally:
            living.hang_up()
    assert not loud(caplog), "\n".join(loud(caplog))


def loud(caplog: pytest.LogCaptureFixture) -> list[str]:
    """List what the log holds of faults that are the server's own."""
    return [
        f"{record.name}: {record.getMessage()}" for record in caplog.records if record.levelname == "ERROR"
    ]


async def check_rows(
    living: Living, rows: Sequence[tuple[str, Row]], check: Callable[[Row], Awaitable[Sequence[str]]]
) -> None:
    """Check every row, and then fail with all that was not as it should be, each by the row's name."""
    assert len({name for name, _ in rows}) == len(rows), "two rows have the same name"
    found: list[str] = []
    for name, row in rows:
        with trio.move_on_after(ROW_SECONDS) as scope:
            try:
                found += [f"{name}: {fault}" for fault in await check(row)]
            except (AssertionError, trio.BrokenResourceError) as error:
                found.append(f"{name}: {type(error).__name__}: {error}")
        if scope.cancelled_caught:
            found.append(f"{name}: nothing more came for {ROW_SECONDS} seconds")
        living.hang_up()
    assert not found, "\n".join(found)


async def check_inputs(reach: Reach, inputs: Sequence[Input], seconds: float = ROW_SECONDS) -> None:
    """Bring every input, and then fail with all that got another answer than the wanted one."""
    assert len({each.name for each in inputs}) == len(inputs), "two inputs have the same name"
    found: list[str] = []
    for each in inputs:
        outcome = await bring(each, reach, seconds)
        assert outcome.faults or each.admits(outcome.answer), (each.name, each.wanted, outcome.answer)
        found += [f"{each.name}: {fault}" for fault in outcome.faults]
    assert not found, "\n".join(found)

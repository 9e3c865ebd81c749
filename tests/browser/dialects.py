"""Scenarios in which one side knows nothing of focus-signal.v1: a client, an aiortc peer, or the server."""

from __future__ import annotations

import asyncio

from .guests import Guest, guest
from .meeting import NAMES, note_times, see_each_other, talk
from .servers import StandIn, running_seed
from .stage import Stage
from .visitor import Missing, Visitor


async def aiortc_calls(stage: Stage) -> None:
    """An aiortc peer of the seed's dialect asked first, so that it offers."""
    await stage.serve()
    async with guest(stage.signal_url, "rtc") as one:
        await one.ask()
        await one.settle()
        ada = await stage.visit("ada")
        await ada.ask(2)
        await _with_guest(stage, ada, one)
        await note_times(stage, ada)


async def aiortc_is_called(stage: Stage) -> None:
    """The page asked first, and calls the aiortc peer after having waited for its offer."""
    await stage.serve()
    async with guest(stage.signal_url, "rtc") as one:
        ada = await stage.visit("ada")
        await ada.ask(2)
        await ada.queued()
        await one.ask()
        await _with_guest(stage, ada, one)


async def _with_guest(stage: Stage, ada: Visitor, one: Guest) -> None:
    part = asyncio.create_task(one.take_part())
    try:
        await ada.sees(one.name)
        await ada.reads(one.name, "hello from aiortc")
        await ada.says("hello from ada")
        async with asyncio.timeout(stage.patience):
            await one.enough.wait()
            await one.heard.wait()
    except TimeoutError as late:
        raise Missing(f"the guest waited in vain, with {one.report()}") from late
    finally:
        part.cancel()
        # What ended its part is the reason for all else that went wrong.
        [reason] = await asyncio.gather(part, return_exceptions=True)
        stage.notes["guest"] = {**one.report(), "ended": None if part.cancelled() else repr(reason)}


async def seed_page_calls(stage: Stage) -> None:
    """A page with a client of the seed's dialect asked first, so that it offers to the page of the module."""
    await stage.serve()
    ana = await stage.visit("ana", "/seed_client.html?userId=ana&size=2")
    await ana.until("is connected", "() => ws.readyState === 1")
    bob = await stage.visit("bob")
    await bob.ask(2)
    await _with_seed_page(ana, bob)
    await note_times(stage, ana, bob)


async def seed_page_is_called(stage: Stage) -> None:
    """The page of the module asked first: the other one, which does not offer, is called all the same."""
    await stage.serve()
    bob = await stage.visit("bob")
    await bob.ask(2)
    await bob.queued()
    ana = await stage.visit("ana", "/seed_client.html?userId=ana&size=2")
    await _with_seed_page(ana, bob)


async def _with_seed_page(ana: Visitor, bob: Visitor) -> None:
    await ana.sees("bob")
    await bob.sees("ana")


async def seed_server(stage: Stage) -> None:
    """The module meets a server that knows the seed's dialect alone."""
    await stage.serve()
    async with StandIn().listening() as port:
        await _on_a_seed(stage, port)


async def real_seed(stage: Stage) -> None:
    """The same with the seed itself."""
    await stage.serve()
    with running_seed() as port:
        await _on_a_seed(stage, port)


async def _on_a_seed(stage: Stage, port: int) -> None:
    stage.front.lead_to(port)
    ada, bob = await stage.visit_all(NAMES[:2])
    await ada.ask(2)
    await ada.until("is connected", "() => focusSignal.connection?.state === 'open'")
    await bob.ask(2)
    await see_each_other(ada, bob)
    await note_times(stage, ada, bob)
    await talk(ada, bob)

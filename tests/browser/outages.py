"""Scenarios in which something ends in the middle of a call: a page, a socket, the server."""

from __future__ import annotations

import signal

from .meeting import NAMES, meet, see_each_other, talk
from .servers import secret_file
from .stage import Stage

# From the beginning of the page that was loaded anew to the first picture of a peer in it.
_BACK = "() => Math.round(watch.people.bob.first - performance.timeOrigin)"


async def reloaded(stage: Stage) -> None:
    """A page is loaded anew: it goes on by itself, and both see and hear of each other again."""
    await stage.serve()
    ada, bob = await meet(stage, *NAMES[:2])
    await talk(ada, bob)
    room = (await ada.report())["room"]
    await ada.page.reload()
    await ada.views("call")
    await ada.told("resumed")
    await see_each_other(ada, bob)
    stage.notes["back_ms"] = await ada.page.evaluate(_BACK)
    await ada.can_write()
    await bob.told("chat-open", 2)
    await ada.says("I am back")
    await bob.reads("ada", "I am back")
    await bob.says("I see")
    await ada.reads("bob", "I see")
    stage.notes["same_room"] = [room] * 2 == [(await visitor.report())["room"] for visitor in (ada, bob)]


async def cut(stage: Stage) -> None:
    """All sockets are cut without a word: sessions resume, media have gone on, and ICE can be restarted."""
    await stage.serve()
    ada, bob = await meet(stage, *NAMES[:2])
    before = [await visitor.ice() for visitor in (ada, bob)]
    # While nobody gets through, the call does not care.
    stage.front.pause()
    stage.notes["cut"] = stage.front.cut()
    for visitor in (ada, bob):
        await visitor.told("away")
    await see_each_other(ada, bob)
    stage.front.resume()
    for visitor in (ada, bob):
        await visitor.told("resumed")
    stage.notes["same_ice"] = before == [await visitor.ice() for visitor in (ada, bob)]
    await ada.restart_ice()
    for visitor, ufrag in zip((ada, bob), before, strict=True):
        await visitor.new_ice(ufrag)
    await see_each_other(ada, bob)
    await talk(ada, bob)


async def restarted(stage: Stage, number: signal.Signals = signal.SIGTERM) -> None:
    """The server ends and another one starts with its secret: the room stands again, media have gone on."""
    options = ("--secret-file", str(secret_file(stage.home)))
    await stage.serve(*options)
    ada, bob = await meet(stage, *NAMES[:2])
    before = [await visitor.ice() for visitor in (ada, bob)]
    room = (await ada.report())["room"]
    stage.tell_server(number)
    for visitor in (ada, bob):
        await visitor.told("away")
    await stage.end_server()
    await see_each_other(ada, bob)
    await stage.serve(*options)
    for visitor in (ada, bob):
        await visitor.until("is connected again", "() => focusSignal.connection.state === 'open'")
    # What either has gone through, they can still be introduced to each other anew.
    await ada.until("has bob back", "() => !focusSignal.connection.room.away.includes('bob')")
    await bob.until("has ada back", "() => !focusSignal.connection.room.away.includes('ada')")
    await ada.restart_ice()
    for visitor, ufrag in zip((ada, bob), before, strict=True):
        await visitor.new_ice(ufrag)
    await see_each_other(ada, bob)
    await talk(ada, bob)
    stage.notes["same_room"] = [room] * 2 == [(await visitor.report())["room"] for visitor in (ada, bob)]


async def killed(stage: Stage) -> None:
    """The same after a server that had no time to say goodbye."""
    await restarted(stage, signal.SIGKILL)


async def closed(stage: Stage) -> None:
    """A page is closed: the other one is told at once, and rid of the tile when the seat's grace is over."""
    await stage.serve("--seat-grace", "2")
    ada, bob = await meet(stage, *NAMES[:2])
    await bob.close()
    await ada.told("peer-away")
    await ada.told("peer-left")
    await ada.without("bob")
    await ada.noticed("peer-left")


async def left(stage: Stage) -> None:
    """One leaves by the button: the other is told at once, and the call is closed on both sides."""
    await stage.serve()
    ada, bob = await meet(stage, *NAMES[:2])
    await bob.page.click("#leave")
    await bob.views("lobby")
    await ada.told("peer-left")
    await ada.without("bob")
    stage.notes["connections"] = [
        await visitor.page.evaluate("() => watch.connections.map(each => each.signalingState)")
        for visitor in (ada, bob)
    ]


async def drained(stage: Stage) -> None:
    """The server is told to end: the page says so, and the call goes on without it."""
    await stage.serve()
    ada, bob = await meet(stage, *NAMES[:2])
    await talk(ada, bob)
    stage.tell_server(signal.SIGTERM)
    for visitor in (ada, bob):
        await visitor.told("going-away")
        await visitor.noticed("server-restarting")
    await stage.end_server()
    await stage.shoot("draining", ada)
    await see_each_other(ada, bob)
    await ada.says("and on it goes")
    await bob.reads("ada", "and on it goes")

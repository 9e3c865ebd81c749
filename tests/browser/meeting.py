"""Scenarios in which pages meet, see each other and talk, and nothing goes wrong on the way."""

from __future__ import annotations

from itertools import permutations

from .stage import Stage
from .visitor import Visitor

NAMES = ("ada", "bob", "eve", "lea")

_SOUND = """() => document.querySelector('video[data-peer]').srcObject.getAudioTracks().map(
  track => track.readyState)"""


async def meet(stage: Stage, *names: str) -> list[Visitor]:
    """Open a page for each, let them ask one by one, and wait until everybody sees everybody else."""
    visitors = await stage.visit_all(names)
    for visitor in visitors[:-1]:
        await visitor.ask(len(names))
        await visitor.queued()
    await visitors[-1].ask(len(names))
    await see_each_other(*visitors)
    await note_times(stage, *visitors)
    return visitors


async def see_each_other(*visitors: Visitor) -> None:
    """Wait until everybody is shown new frames of everybody else."""
    for visitor, other in permutations(visitors, 2):
        await visitor.sees_more(other.name)


async def talk(*visitors: Visitor, text: str = "hello from") -> None:
    """Let everybody say something that all others read."""
    for visitor in visitors:
        await visitor.told("chat-open", len(visitors) - 1)
    for visitor in visitors:
        await visitor.says(f"{text} {visitor.name}")
    for visitor, other in permutations(visitors, 2):
        await visitor.reads(other.name, f"{text} {other.name}")


async def note_times(stage: Stage, *visitors: Visitor) -> None:
    """Note how long it was from the last one's click to the first picture of a peer, and to the last one."""
    reports = [await visitor.report() for visitor in visitors]
    clicked = max(report["clicked"] for report in reports)
    firsts = [seen["first"] for report in reports for name, seen in report["people"].items() if name]
    stage.notes["first_frame_ms"] = min(firsts) - clicked
    stage.notes["all_frames_ms"] = max(firsts) - clicked


async def two(stage: Stage) -> None:
    """Two pages meet."""
    await stage.serve()
    await talk(*await meet(stage, *NAMES[:2]))


async def three(stage: Stage) -> None:
    """Three pages meet."""
    await stage.serve()
    await talk(*await meet(stage, *NAMES[:3]))


async def four(stage: Stage) -> None:
    """Four pages meet."""
    await stage.serve()
    visitors = await meet(stage, *NAMES)
    await talk(*visitors)
    await stage.shoot("four", visitors[0])


async def cameras(stage: Stage) -> None:
    """Two pages meet with camera and microphone, which are Chromium's made-up ones."""
    await stage.serve()
    visitors = [await stage.visit(name, "/") for name in NAMES[:2]]
    for visitor in visitors:
        await visitor.page.check("#source-camera")
        await visitor.ask(2)
    await see_each_other(*visitors)
    await note_times(stage, *visitors)
    await talk(*visitors)
    stage.notes["audio"] = [await visitor.page.evaluate(_SOUND) for visitor in visitors]


async def invited(stage: Stage) -> None:
    """One page opens a room; another one comes by its link."""
    await stage.serve()
    ada = await stage.visit("ada")
    await ada.page.fill("#name", "ada")
    await ada.page.click("#create")
    await ada.views("call")
    link = await ada.page.get_attribute("#invite", "href")
    assert link is not None, "there is no link"
    stage.notes["link"] = link
    bob = await stage.visit("bob", "/?picture#" + link.partition("#")[2])
    await bob.page.fill("#name", "bob")
    await bob.page.click("#join")
    await see_each_other(ada, bob)
    await note_times(stage, ada, bob)
    await talk(ada, bob)


async def glare(stage: Stage) -> None:
    """Both offer at once from the beginning, for what each sends is late."""
    await stage.serve()
    ada, bob = await stage.visit_all(NAMES[:2])
    await _hold_both(ada, bob)
    for visitor in (ada, bob):
        await visitor.ask(2)
    await _release_both(ada, bob)
    await see_each_other(ada, bob)
    await talk(ada, bob)


async def glare_later(stage: Stage) -> None:
    """Both restart ICE at once in the middle of a call, as both do when the way between them breaks."""
    await stage.serve()
    ada, bob = await meet(stage, *NAMES[:2])
    before = [await visitor.ice() for visitor in (ada, bob)]
    await _hold_both(ada, bob)
    for visitor in (ada, bob):
        await visitor.restart_ice()
    await _release_both(ada, bob)
    for visitor, ufrag in zip((ada, bob), before, strict=True):
        await visitor.new_ice(ufrag)
    await see_each_other(ada, bob)
    await talk(ada, bob)


async def _hold_both(*visitors: Visitor) -> None:
    """Let whatever these pages send wait from their next offer on."""
    for visitor in visitors:
        await visitor.page.evaluate("() => { watch.holding = true }")


async def _release_both(*visitors: Visitor) -> None:
    """Wait until each has made an offer that no other has seen; then let them go."""
    for visitor in visitors:
        await visitor.until("has made an offer", "() => watch.offering()")
    for visitor in visitors:
        await visitor.page.evaluate("() => watch.release()")

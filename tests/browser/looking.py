"""A scenario in which axe looks at the page: what would hinder a screen reader, a keyboard or weak eyes."""

from __future__ import annotations

from typing import Any

from .meeting import see_each_other
from .needs import AXE
from .stage import Stage
from .visitor import Visitor

_LOOK = """async () => (await axe.run()).violations.map(
  ({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(node => node.html) }))"""


async def look(visitor: Visitor) -> list[dict[str, Any]]:
    """Return what axe finds in the page as it is now."""
    await visitor.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = await visitor.page.evaluate(_LOOK)
    return found


async def accessible(stage: Stage) -> None:
    """Axe looks at the lobby, the queue, the call, and a call with a notice; in light and in dark."""
    await stage.serve()
    findings = stage.notes["axe"] = {}
    for scheme in ("light", "dark"):
        ada = await stage.visit("ada", color_scheme=scheme)
        findings[f"lobby, {scheme}"] = await look(ada)
        await stage.shoot(f"lobby-{scheme}", ada)
        await ada.page.fill("#code", "N0TTHERE")
        await ada.page.click("#join")
        await ada.noticed("room-not-found")
        await ada.views("lobby")
        findings[f"refused, {scheme}"] = await look(ada)
        await stage.shoot(f"refused-{scheme}", ada)
        await ada.ask(2)
        await ada.queued()
        findings[f"queue, {scheme}"] = await look(ada)
        await stage.shoot(f"queue-{scheme}", ada)
        bob = await stage.visit("bob", color_scheme=scheme, viewport={"width": 360, "height": 740})
        await bob.ask(2)
        await see_each_other(ada, bob)
        findings[f"call, {scheme}"] = await look(ada)
        findings[f"call on a phone, {scheme}"] = await look(bob)
        await stage.shoot(f"call-{scheme}", ada)
        await stage.shoot(f"phone-{scheme}", bob)
        await bob.page.click("#leave")
        await ada.noticed("peer-left")
        findings[f"notice, {scheme}"] = await look(ada)
        await ada.page.click("#leave")
        await ada.views("lobby")
        for visitor in (ada, bob):
            await visitor.page.close()

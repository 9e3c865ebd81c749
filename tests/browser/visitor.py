"""Somebody in front of a page of their own: what they do with it, and what they wait for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Error, Page

WATCH = Path(__file__).with_name("watch.js")
# As many frames as nobody takes for one picture that stood still.
FRAMES = 15

_SEES = "([name, frames]) => (watch.people[name]?.frames ?? 0) >= frames"
_READS = """([name, text]) => [...document.querySelectorAll('#chat-log li')].some(
  line => line.dataset.from === name && line.querySelector('.said').textContent === text)"""
_HAPPENED = """([kind, least]) =>
  document.querySelectorAll(`#timeline li[data-kind="${kind}"]`).length >= least"""
_VIEW = "view => document.body.dataset.view === view"
_NOTICE = 'kind => document.querySelector(`#notice [data-kind="${kind}"]`)?.checkVisibility() === true'
_TILE = '([name, state]) => document.querySelector(`[data-tile="${name}"]`)?.dataset.state === state'
_GONE = 'name => document.querySelector(`[data-tile="${name}"]`) === null'
_ICE = """before => {
  const [ufrag, state] = watch.ice()
  return ufrag !== before && state === 'connected'
}"""
_REPORT = """() => ({
  view: document.body.dataset.view,
  room: document.querySelector('#room')?.dataset.room ?? null,
  people: watch.people,
  clicked: watch.clicked,
  chat: [...document.querySelectorAll('#chat-log li')].map(
    line => [line.dataset.from, line.querySelector('.said')?.textContent]),
  timeline: [...document.querySelectorAll('#timeline li')].map(line => line.dataset.kind),
  notices: [...document.querySelectorAll('#notice [data-kind]')].map(notice => notice.dataset.kind),
  tiles: [...document.querySelectorAll('[data-tile]')].map(tile => tile.dataset.tile),
})"""


class Missing(Exception):
    """What a visitor waited for did not happen."""


class Visitor:
    """A page in a context of its own, and all that went wrong in it."""

    def __init__(self, name: str, context: BrowserContext, patience: float) -> None:
        self.name = name
        self.errors: list[str] = []
        self.page: Page
        self._context = context
        self._patience = patience

    async def open(self, url: str) -> None:
        """Load a page, and listen to what it says against itself."""
        await self._context.add_init_script(path=WATCH)
        self.page = await self._context.new_page()
        self.page.set_default_timeout(self._patience * 1000)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("requestfailed", lambda request: self.errors.append(f"no answer: {request.url}"))
        await self.page.goto(url)

    async def ask(self, size: int) -> None:
        """Choose a name and a size, and ask to meet."""
        await self.page.fill("#name", self.name)
        await self.page.select_option("#size", str(size))
        await self.page.click("#meet")

    async def queued(self) -> None:
        """Wait until the page says that the server has put its visitor into the queue."""
        await self._until(
            "is in the queue", "() => document.querySelector('#queue').dataset.phase === 'queued'"
        )

    async def views(self, view: str) -> None:
        """Wait for the lobby, the queue or the call."""
        await self._until(f"is in the {view}", _VIEW, view)

    async def sees(self, name: str, frames: int = FRAMES) -> None:
        """Wait for so many frames of somebody, from the beginning of this page on."""
        await self._until(f"sees {frames} frames of {name}", _SEES, [name, frames])

    async def sees_more(self, name: str, frames: int = FRAMES) -> None:
        """Wait for so many frames of somebody, from now on."""
        before = await self.page.evaluate("name => watch.people[name]?.frames ?? 0", name)
        await self.sees(name, before + frames)

    async def says(self, text: str) -> None:
        """Write into the chat."""
        await self.page.fill("#chat-text", text)
        await self.page.press("#chat-text", "Enter")

    async def reads(self, name: str, text: str) -> None:
        """Wait until this stands in the chat, from them."""
        await self._until(f"reads {text!r} from {name}", _READS, [name, text])

    async def can_write(self) -> None:
        """Wait until the chat is open."""
        await self._until("may write", "() => !document.querySelector('#chat-text').disabled")

    async def told(self, kind: str, least: int = 1) -> None:
        """Wait until the timeline has an event, so many times."""
        await self._until(f"has {least} times {kind} in the timeline", _HAPPENED, [kind, least])

    async def times(self, kind: str) -> int:
        """Count an event in the timeline."""
        return await self.page.locator(f'#timeline li[data-kind="{kind}"]').count()

    async def noticed(self, kind: str) -> None:
        """Wait until a notice is shown."""
        await self._until(f"is shown the notice {kind}", _NOTICE, kind)

    async def tile(self, name: str, state: str) -> None:
        """Wait until somebody's tile is in a state."""
        await self._until(f"has {name}'s tile {state}", _TILE, [name, state])

    async def without(self, name: str) -> None:
        """Wait until somebody has no tile any more."""
        await self._until(f"has no tile of {name}", _GONE, name)

    async def ice(self) -> str | None:
        """Return what names the peer's present ICE, of the newest connection."""
        found: list[str | None] = await self.page.evaluate("() => watch.ice()")
        return found[0]

    async def new_ice(self, before: str | None) -> None:
        """Wait until the newest connection stands on another ICE than that."""
        await self._until("has another ICE, connected", _ICE, before)

    async def restart_ice(self) -> None:
        """Restart ICE, as an application may."""
        await self.page.evaluate("() => watch.connections.at(-1).restartIce()")

    async def until(self, what: str, condition: str) -> None:
        """Wait for a condition of a test's own."""
        await self._until(what, condition)

    async def report(self) -> dict[str, Any]:
        """Return what the page shows now, and what it has said against itself so far."""
        shown: dict[str, Any] = {} if self.page.is_closed() else await self.page.evaluate(_REPORT)
        return {**shown, "errors": self.errors}

    async def close(self) -> None:
        """Close the page, as a person does, and its context."""
        await self._context.close()

    async def _until(self, what: str, condition: str, argument: object = None) -> None:
        try:
            await self.page.wait_for_function(condition, arg=argument, polling=50)
        except Error as error:
            raise Missing(f"{self.name} waited in vain: {what} ({error.message.splitlines()[0]})") from error

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

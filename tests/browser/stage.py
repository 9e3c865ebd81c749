"""What a scenario has: a front, servers behind it, one Chromium, and its visitors."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from .front import Front
from .needs import find_chromium
from .servers import Server
from .visitor import Visitor

_HERE = Path(__file__).parent
FILES = {
    f"/{name}": (kind, (_HERE / name).read_bytes())
    for name, kind in (("seed_client.html", "text/html"), ("seed_client.js", "text/javascript"))
}
# No sandbox, as root; WebRTC may use 127.0.0.1 by its number; nobody outside is asked for anything.
FLAGS = (
    "--no-sandbox",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
PICTURE = "/?picture"


class Stage:
    """One scenario's world. What the visitors see is kept for the report, theirs too who have left."""

    def __init__(self, front: Front, browser: Browser, patience: float, sabotage: str, home: Path) -> None:
        self.front = front
        self.home = home
        self.visitors: dict[str, Visitor] = {}
        self.ended: list[dict[str, Any]] = []
        self.notes: dict[str, Any] = {}
        self.shots: Path | None = None
        self._browser = browser
        self.patience = patience
        self._sabotage = sabotage
        self._server: Server | None = None

    @property
    def signal_url(self) -> str:
        """Say where signaling is, for who is no page."""
        return self.front.url.replace("http", "ws") + "/signal"

    async def serve(self, *options: str) -> None:
        """Start a server, for signaling and for pages."""
        server = Server(*options)
        await server.start()
        self._server = server
        self.front.pages = server.port
        self.front.lead_to(server.port)

    def tell_server(self, number: signal.Signals) -> None:
        """Send the server a signal; whoever connects from now on waits."""
        assert self._server is not None
        self.front.lead_to(None)
        self._server.tell(number)

    async def end_server(self) -> None:
        """Wait for the server's end, telling it to if nobody has."""
        if self._server is not None:
            server, self._server = self._server, None
            self.front.lead_to(None)
            self.ended.append(await server.end())

    async def visit(self, name: str, path: str = PICTURE, **context: Any) -> Visitor:
        """Let somebody open a page."""
        made = await self._browser.new_context(**context)
        if self._sabotage:
            await made.add_init_script(self._sabotage)
        visitor = self.visitors[name] = Visitor(name, made, self.patience)
        await visitor.open(self.front.url + path)
        return visitor

    async def visit_all(self, names: Sequence[str]) -> list[Visitor]:
        """Let everybody open the page."""
        return [await self.visit(name) for name in names]

    async def shoot(self, name: str, visitor: Visitor) -> None:
        """Take a picture of the page as it is, where pictures are wanted."""
        if self.shots is not None:
            await visitor.page.screenshot(path=self.shots / f"{name}.png")

    async def report(self) -> Mapping[str, Any]:
        """Return what all that are on stage see."""
        pages = {name: await visitor.report() for name, visitor in self.visitors.items()}
        return {"pages": pages, "servers": self.ended, **self.notes}


@contextlib.asynccontextmanager
async def open_stage(patience: float, sabotage: str = "") -> AsyncIterator[Stage]:
    """Open the front and Chromium; end both, and the server, afterwards."""
    front = Front(FILES)
    await front.open()
    with tempfile.TemporaryDirectory(prefix="pages-") as name:
        home = Path(name)
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=find_chromium(),
                    args=list(FLAGS),
                    env={**os.environ, "HOME": name},
                )
                stage = Stage(front, browser, patience, sabotage, home)
                try:
                    yield stage
                finally:
                    await browser.close()
                    await stage.end_server()
        finally:
            await front.close()

"""A stranger: one connection to a simulated server, over which anything may be sent, or nothing.

Its link takes no time, so that what is due at a moment is due exactly then. What is wrong, a stranger says
itself: it knows which limit it goes beyond, and by when the server has to see to it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import trio
from attrs import define, field

from focus_signal.server.config import Config
from focus_signal.testing import history as h
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.shell.strict import Frame, StrictFrames
from focus_signal.testing.shell.strict_client import client_frame
from focus_signal.testing.shell.watch import Watched
from focus_signal.testing.shell.world import HOST, PORT, World

# A server that does what is due at a moment may need a few turns for it.
SLACK = 0.5
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
_KEY = "c3RyYW5nZXJzLWtleS4uLg=="


@define(eq=False)
class Stranger:
    """Be one connection of a stranger; made by `open_stranger`.

    Args:
      world: where it takes place.
      label: what the network calls its link.
      user: the user in whose name it comes.
      config: the settings that the server is to keep to.
    """

    world: World
    label: str
    user: str
    config: Config
    _stream: SimStream
    over: bool = field(default=False, init=False)
    """Whether the stream has ended, as far as was read."""
    holds: int = field(default=0, init=False)
    """How many bytes it has sent of a message that it does not end."""
    _incoming: StrictFrames = field(factory=StrictFrames, init=False)
    _began: float = field(factory=trio.current_time, init=False)

    @property
    def since(self) -> float:
        """Tell when the server has accepted the connection."""
        watched = self._watched
        return self._began if watched is None else watched.since

    @property
    def answered(self) -> bool:
        """Tell whether the server has answered the request, or has closed its end."""
        watched = self._watched
        return watched is None or watched.gone or watched.status > 0

    @property
    def told(self) -> bool:
        """Tell whether the server has said goodbye, or has closed its end."""
        watched = self._watched
        return watched is None or watched.told

    @property
    def gone(self) -> bool:
        """Tell whether the server has closed its end."""
        watched = self._watched
        return watched is None or watched.gone

    async def ask(self, target: str = "", more: str = "") -> int:
        """Ask for a WebSocket, and give the status of the answer; 0 if there is none.

        Args:
          target: what to ask for; what is right if it is empty.
          more: header lines besides those that are needed.
        """
        await self.send(
            f"GET {target or f'/signal?userId={self.user}'} HTTP/1.1\r\nHost: {HOST}\r\n{more}"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {_KEY}\r\n\r\n".encode()
        )
        while not self._incoming.head and not self.over:
            await self.read()
        return self._incoming.status

    async def send(self, data: bytes) -> None:
        """Send bytes; there may be nobody left who takes them."""
        try:
            await self._stream.send_all(data)
        except _GONE:
            self.over = True

    async def say(self, *texts: bytes) -> None:
        """Send messages, all of them together."""
        await self.send(b"".join(client_frame(0x1, text, 1) for text in texts))

    async def read(self) -> list[Frame]:
        """Wait for bytes, and give every frame that is whole with them."""
        try:
            data = await self._stream.receive_some()
        except _GONE:
            data = b""
        self.over |= not data
        return self._incoming.feed(data)

    def note(self, limit: str, text: str) -> None:
        """Write down that the server has let pass more than a limit allows."""
        self.world.notes.add(h.Beyond(trio.current_time(), limit, f"{self.label} {text}"))

    async def judge(self, limit: str, at: float, is_held: Callable[[], bool], text: str) -> None:
        """See whether the server keeps to a deadline.

        Args:
          limit: the name of its setting, or of the one that brings it about.
          at: the moment by which it is due.
          is_held: tells whether it was not kept.
          text: what is wrong then.
        """
        await trio.sleep_until(at + SLACK)
        # Where the server pauses here and there, nothing is due at any moment.
        if is_held() and not self.world.config.buggify:
            self.note(limit, f"{text}, since {self.since:.3f}")

    @property
    def _watched(self) -> Watched | None:
        seen = self.world.watch.seen
        return next((each for each in reversed(seen) if each.link.label == self.label), None)


@asynccontextmanager
async def open_stranger(
    world: World, label: str, user: str, address: str, window: int
) -> AsyncGenerator[Stranger | None]:
    """Connect a stranger.

    Args:
      world: where it takes place.
      label: what the network calls its link; no other one may be called so.
      user: the user in whose name it comes.
      address: from where it comes.
      window: how many bytes may be sent to it that it has not read.

    Returns:
      the stranger; None if nobody takes connections.
    """
    options = LinkOptions(latency=(0.0, 0.0), window=window)
    try:
        stream = await world.network.connect(
            HOST, PORT, label=label, key=label, address=address, options=options
        )
    except OSError:
        yield None
        return
    try:
        yield Stranger(world, label, user, world.config.server_config(), stream)
    finally:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)

"""Keep a session connected: connect, carry frames both ways, judge the server's silence, come back.

Three tasks a connection: one reads, one writes, one watches. Whatever is to be said is in the session; the
writer is woken and asks it. Nothing that an owner cancels is ever in the middle of a frame.
"""

import math
import ssl
from collections.abc import Callable

import trio
from attrs import define, field

from focus_signal.client.backoff import Backoff
from focus_signal.client.events import Disconnected, FromSession
from focus_signal.client.faults import ClientEnded, NotConnected, ProtocolBroken
from focus_signal.client.link import Dial, Link, LinkEnded, open_link
from focus_signal.client.session import Session
from focus_signal.client.settings import ClientSettings
from focus_signal.client.target import Target
from focus_signal.wire.messages.from_server import GoingAway

_DONE, _BROKEN = 1000, 4500
# Where the server does not say how often it pings.
_USUAL_HEARTBEAT = 20.0
# The longest delay, while the server keeps the session.
_PART_OF_GRACE = 0.25

Tell = Callable[[FromSession | Disconnected, int], None]


@define(eq=False)
class Keeper:
    """Keep a session connected.

    Args:
      session: what is said.
      target: where to connect.
      user: in whose name; None leaves that to the server.
      token: gives what says who that is, where the server asks for it.
      settings: the client's.
      backoff: when to come back.
      dial: opens streams.
      ssl_context: for TLS.
      tell: takes each event, and how many bytes its frame had.
    """

    _session: Session
    _target: Target
    _user: str | None
    _token: Callable[[], str | None]
    _settings: ClientSettings
    _backoff: Backoff
    _dial: Dial
    _ssl_context: ssl.SSLContext | None
    _tell: Tell
    connections: int = field(default=0, init=False)
    """How many were welcomed."""
    frames_sent: int = field(default=0, init=False)
    frames_received: int = field(default=0, init=False)
    _news: trio.Event = field(factory=trio.Event, init=False)
    _end: ClientEnded | None = field(default=None, init=False)
    # Cancelled when there is nothing to say to a server any more, and none to say it to.
    _idle: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    _welcomed_at: float | None = field(default=None, init=False)
    _away_since: float = field(default=0.0, init=False)
    _asked_to_wait: float = field(default=0.0, init=False)

    def wake(self) -> None:
        """Have what the session has to say sent."""
        self._news.set()
        self._news = trio.Event()

    def end(self, end: ClientEnded) -> None:
        """End: say what there is to say, close with 1000, and do not come back."""
        if self._end is None:
            self._end = end
            self._idle.cancel()
            self.wake()

    async def run(self) -> ClientEnded:
        """Keep the session connected until it ends, and say why it has."""
        try:
            return await self._stay_connected()
        finally:
            self._session.end()

    async def _stay_connected(self) -> ClientEnded:
        give_up_at = trio.current_time() + self._settings.patience
        while self._end is None:
            token = self._token()
            ended = await self._connect(token)
            if self._is_ending():
                continue
            delay = self._judge(ended, token)
            never = self._session.welcome is None
            if delay is None or (never and trio.current_time() + delay > give_up_at):
                return (NotConnected if never else ClientEnded)(ended.why, ended.code)
            self._tell(Disconnected(ended.why, ended.code, delay), 0)
            with self._until_end():
                await trio.sleep(delay)
        return self._end

    def _is_ending(self) -> bool:
        return self._end is not None

    def _judge(self, ended: LinkEnded, token: str | None) -> float | None:
        """Say in how many seconds to come back; None for never."""
        renewed = token is not None and self._token() != token
        ending = self._session.closed(ended.code, ended.reason, new_token=renewed)
        if ended.final or not ending.back:
            return None
        now, lived = trio.current_time(), 0.0
        if self._welcomed_at is not None:
            lived = now - self._welcomed_at
            self._away_since = now
        return self._backoff.next(
            lived, max(ended.wait, ending.wait, self._asked_to_wait), self._longest_delay(now)
        )

    def _longest_delay(self, now: float) -> float:
        """Come back several times before the server gives the session up."""
        welcome = self._session.welcome
        if welcome is None or now - self._away_since >= welcome.limits.grace:
            return math.inf
        return welcome.limits.grace * _PART_OF_GRACE

    def _until_end(self) -> trio.CancelScope:
        self._idle = trio.CancelScope()
        if self._end is not None:
            self._idle.cancel()
        return self._idle

    async def _connect(self, token: str | None) -> LinkEnded:
        """Have one connection, from its beginning to its end."""
        self._welcomed_at, self._asked_to_wait = None, 0.0
        welcome = self._session.welcome
        user = self._user if welcome is None else welcome.user_id
        protocols = self._session.protocols(token)
        link: Link | None = None
        ended = LinkEnded("the server did not answer in time")
        try:
            async with trio.open_nursery() as nursery:
                try:
                    with self._until_end() as opening:
                        opening.deadline = trio.current_time() + self._settings.connect_timeout
                        link = await open_link(
                            nursery,
                            self._target,
                            user,
                            protocols,
                            self._dial,
                            self._ssl_context,
                            self._settings,
                        )
                        await self._receive(link)
                    if self._session.is_live:
                        assert link is not None  # noqa: S101 - it brought the welcome
                        self.connections += 1
                        self._welcomed_at = trio.current_time()
                        nursery.start_soon(self._write, link)
                        nursery.start_soon(self._watch, link)
                        while True:
                            await self._receive(link)
                except LinkEnded as how:
                    ended = how
                    if link is not None:
                        await link.wait_closed()
                except ProtocolBroken as broken:
                    self._end = self._end or broken
                    if link is not None:
                        await link.close(_BROKEN, "protocol-broken")
                nursery.cancel_scope.cancel()
        finally:
            if link is not None:
                await link.cut("the connection is over")  # noqa: ASYNC102 - shielded, and waits for nobody
        return ended

    async def _receive(self, link: Link) -> None:
        frame = await link.receive()
        self.frames_received += 1
        for event in self._session.receive(frame):
            if isinstance(event, GoingAway):
                self._asked_to_wait = float(event.reconnect_in)
            self._tell(event, len(frame))
        self.wake()

    async def _write(self, link: Link) -> None:
        try:
            while True:
                news = self._news
                while (frame := self._session.next_frame()) is not None:
                    await link.send(frame)
                    self.frames_sent += 1
                if self._end is not None:
                    await link.close(_DONE, "")
                    return
                await news.wait()
        except LinkEnded:
            return  # the reader learns it too, and ends the others

    async def _watch(self, link: Link) -> None:
        """Ask a server that is silent for two heartbeats, and cut it off if it stays so."""
        welcome = self._session.welcome
        assert welcome is not None  # noqa: S101 - there is a connection
        patience = 2 * (welcome.heartbeat if welcome.heartbeat > 0 else _USUAL_HEARTBEAT)
        while True:
            await trio.sleep_until(link.heard + patience)
            if trio.current_time() < link.heard + patience:
                continue
            heard = link.heard
            self._session.ping()
            self.wake()
            await trio.sleep(self._settings.pong_timeout)
            if link.heard == heard:
                await link.cut("the server has gone silent")
                return

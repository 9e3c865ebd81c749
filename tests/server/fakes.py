"""A transport whose peer is the test, and an owner for connections over such transports."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count

import trio
from attrs import define, field

from focus_signal.core.commands import Connect
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.errors import TransportClosed
from focus_signal.server.config import Config
from focus_signal.server.connection import Connection
from focus_signal.server.logic import Hearing
from focus_signal.server.outbox import Backlog
from focus_signal.server.owner import Owner
from focus_signal.server.settings import NO_LIMIT
from focus_signal.server.shared import Shared
from focus_signal.wire.seed_dialect import SeedDialect


@define(eq=False)
class FakeTransport:
    """Be a transport whose peer is the test.

    Args:
      takes_now: how many messages `send_nowait` takes before the peer's buffer is full.
      stuck: whether `send` waits for ever.
      ends_at_once: whether it can be aborted without a wait.
    """

    takes_now: int = 0
    stuck: bool = False
    ends_at_once: bool = False
    controls: int = field(default=0, init=False)
    held: int = field(default=0, init=False)
    peer_code: int | None = field(default=None, init=False)
    sent: list[str] = field(factory=list[str], init=False)
    now: list[str] = field(factory=list[str], init=False)
    left: deque[bytes] = field(factory=deque[bytes], init=False)
    _peer: trio.MemorySendChannel[list[bytes]] = field(init=False)
    _receive: trio.MemoryReceiveChannel[list[bytes]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._peer, self._receive = trio.open_memory_channel[list[bytes]](math.inf)

    # What the peer does.

    def says(self, *texts: str) -> None:
        """Send messages that the server reads at once."""
        self._peer.send_nowait([text.encode() for text in texts])

    def leaves(self) -> None:
        self._peer.close()

    # The transport.

    async def accept(self, subprotocol: str | None = None) -> None:
        assert subprotocol is None
        await trio.lowlevel.checkpoint()

    async def receive(self) -> list[bytes]:
        try:
            return await self._receive.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise TransportClosed("the peer has left") from None

    @property
    def said_goodbye(self) -> bool:
        return False

    @property
    def owes_reply(self) -> bool:
        return False

    def send_nowait(self, messages: Sequence[bytes]) -> bool:
        fits = min(self.takes_now, len(messages))
        self.takes_now -= fits
        self.now += [message.decode() for message in messages[:fits]]
        self.sent += [message.decode() for message in messages[:fits]]
        self.left.extend(messages[fits:])
        return not self.left

    async def send(self) -> bool:
        if self.stuck:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        if self.left:
            self.sent.append(self.left.popleft().decode())
        return not self.left

    @property
    def unsent(self) -> int:
        return sum(map(len, self.left))

    def forget_unsent(self) -> None:
        self.left.clear()

    @property
    def awaits_pong(self) -> bool:
        return False

    def ping_soon(self) -> None:
        """Send none."""

    def close_nowait(self) -> bool:
        return False

    async def close(self, code: int, reason: str) -> None:
        del code, reason
        await trio.lowlevel.checkpoint()
        self._receive.close()

    @property
    def abort_nowait(self) -> Callable[[], None] | None:
        return self._receive.close if self.ends_at_once else None

    async def abort(self) -> None:
        self._receive.close()


@define(eq=False)
class House:
    """Be an owner with its task, and a nursery for connections to it."""

    _shared: Shared
    _dialect: SeedDialect
    _nursery: trio.Nursery
    _numbers: count[int] = field(factory=lambda: count(1), init=False)
    running: set[int] = field(factory=set[int], init=False)

    def connect(self, user: str, transport: FakeTransport) -> Connection:
        """Start a connection; it is in the inbox when the other tasks have had their turn."""
        number = next(self._numbers)
        hearing = Hearing.plainly(self._dialect.reader(number, user))
        first = (Connect(number, user),)
        connection = Connection(number, user, transport, hearing, self._shared, self._nursery, first)

        async def run() -> None:
            await connection.run()
            self.running.remove(number)
            await transport.abort()

        self.running.add(number)

        self._nursery.start_soon(run)
        return connection


@asynccontextmanager
async def open_house() -> AsyncGenerator[House]:
    rooms = count(1)
    matchmaker = Matchmaker(Rules(), lambda: f"room-{next(rooms)}")
    dialect = SeedDialect(max_match_size=16, max_user_bytes=128, max_nesting=32)
    backlog = Backlog(NO_LIMIT)
    owner = Owner(matchmaker, dialect, trio.current_time, Config().inbox_batches, NO_LIMIT, backlog)
    shared = Shared(Config(), owner.inbox, backlog, trio.current_time)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(owner.run)
        yield House(shared, dialect, nursery)
        nursery.cancel_scope.cancel()

"""A transport that the test holds both ends of, and a server that speaks to such transports."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count

import trio
from attrs import define, field

from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.errors import TransportClosed
from focus_signal.server.config import Config
from focus_signal.server.connection import Connection
from focus_signal.server.owner import Owner
from focus_signal.server.transport import ProtocolViolation
from focus_signal.wire.seed_dialect import SeedDialect


@define(eq=False)
class FakeTransport:
    """Be a transport whose peer is the test.

    Args:
      takes_now: how many messages `send_nowait` takes before the peer's buffer is full.
      stuck: whether `send` waits for ever.
      seconds: how long the peer takes for each message that it does not take now.
      answers_close: whether the peer answers a close frame.
      answers_pings: whether the peer answers pings.
    """

    takes_now: float = 0
    stuck: bool = False
    seconds: float = 0
    answers_close: bool = True
    answers_pings: bool = True
    sent: list[str] = field(factory=list[str], init=False)
    now: list[str] = field(factory=list[str], init=False)
    closes: list[tuple[int, str]] = field(factory=list[tuple[int, str]], init=False)
    pings: int = field(default=0, init=False)
    cut: bool = field(default=False, init=False)
    ended: trio.Event = field(factory=trio.Event, init=False)
    _arrived: trio.Event = field(factory=trio.Event, init=False)
    _peer: trio.MemorySendChannel[list[bytes] | ProtocolViolation] = field(init=False)
    _receive: trio.MemoryReceiveChannel[list[bytes] | ProtocolViolation] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._peer, self._receive = trio.open_memory_channel[list[bytes] | ProtocolViolation](math.inf)

    # What the peer does.

    def says(self, *texts: str) -> None:
        """Send messages that the server reads at once."""
        self._peer.send_nowait([text.encode() for text in texts])

    def violates(self, violation: ProtocolViolation) -> None:
        self._peer.send_nowait(violation)

    def leaves(self) -> None:
        self._peer.close()

    async def wait_sent(self, number: int) -> list[str]:
        """Wait until so many messages have come, and give all of them."""
        with trio.fail_after(60):
            while len(self.sent) < number:
                self._arrived = trio.Event()
                await self._arrived.wait()
        return self.sent

    # The transport.

    async def accept(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive(self) -> list[bytes]:
        try:
            message = await self._receive.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise TransportClosed("the peer has left") from None
        if isinstance(message, ProtocolViolation):
            raise message
        return message

    def send_nowait(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        fits = int(min(self.takes_now, len(messages)))
        self.takes_now -= fits
        self.now += [message.decode() for message in messages[:fits]]
        self._take(messages[:fits])
        return messages[fits:]

    async def send(self, messages: Sequence[bytes]) -> None:
        assert not self.cut, "nothing is ever sent behind a message that was cut"
        try:
            for message in messages:
                if self.stuck:
                    await trio.sleep_forever()
                await trio.sleep(self.seconds)
                self._take([message])
        except trio.Cancelled:
            self.cut = True
            raise

    async def ping(self) -> None:
        self.pings += 1
        if not self.answers_pings:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()

    async def close(self, code: int, reason: str) -> None:
        if self.cut:
            return
        self.closes.append((code, reason))
        if not self.answers_close:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        self._receive.close()

    async def abort(self) -> None:
        self._receive.close()
        self.ended.set()

    def _take(self, messages: Sequence[bytes]) -> None:
        self.sent += [message.decode() for message in messages]
        self._arrived.set()


@define(eq=False)
class House:
    """Be an owner with its task, and a nursery for connections to it."""

    owner: Owner
    matchmaker: Matchmaker
    dialect: SeedDialect
    config: Config
    nursery: trio.Nursery
    _numbers: count[int] = field(factory=lambda: count(1), init=False)

    def connect(self, user: str, transport: FakeTransport) -> Connection:
        """Start a connection; it is in the inbox when the other tasks have had their turn."""
        connection = Connection(
            next(self._numbers), user, transport, self.owner.open_inbox(), self.dialect.decode, self.config
        )

        async def run() -> None:
            await connection.run()
            await transport.abort()

        self.nursery.start_soon(run)
        return connection


@asynccontextmanager
async def open_house(
    config: Config | None = None,
    *,
    max_match_size: int = 16,
    wrap: Callable[[Matchmaker], None] | None = None,
) -> AsyncGenerator[House]:
    config = config or Config()
    rooms = count(1)
    matchmaker = Matchmaker(Rules(max_match_size=max_match_size), lambda: f"room-{next(rooms)}")
    if wrap is not None:
        wrap(matchmaker)
    dialect = SeedDialect(max_match_size=max_match_size, max_user_bytes=128, max_nesting=32)
    owner = Owner(matchmaker, dialect.encode, trio.current_time, config.inbox_batches)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(owner.run)
        yield House(owner, matchmaker, dialect, config, nursery)
        nursery.cancel_scope.cancel()

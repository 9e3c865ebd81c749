"""Who is let in: how many at once, how many from one address, from which pages, and whether anybody at all.

What counts is a connection from the moment that it is let in; one whose handshake is not over counts among
the handshakes, of which the oldest is cut when there are too many: whoever is slow cannot keep others out.
"""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext

import trio
from attrs import define, field

from focus_signal.access.addresses import Addresses, AddressKey
from focus_signal.access.origins import may_connect
from focus_signal.errors import HttpRefused
from focus_signal.server.config import Config
from focus_signal.server.descriptors import Room
from focus_signal.server.guard import contained
from focus_signal.server.link import Link
from focus_signal.server.pages import unavailable

_RETRY_SECONDS = 1
# Answers that hold nothing against an address: the server cannot take it, or has told it so before.
_NO_FAILURES = {429, 503}


@define(eq=False)
class Admission:
    """Let connections in.

    Args:
      config: bounds, and which origins are allowed.
      room: how many connections there is room for.
      takes_nobody: tells whether the server is about to stop.
    """

    _config: Config
    room: Room
    """How many connections there is room for."""
    _takes_nobody: Callable[[], bool]
    connections: int = field(default=0, init=False)
    """Those that are open; changed here only."""
    _addresses: Addresses = field(init=False)
    # Each handshake that is not over, with what ends it, the oldest first; apart those that were answered.
    _unanswered: dict[Link, Callable[[], object]] = field(
        factory=dict[Link, Callable[[], object]], init=False
    )
    _answered: dict[Link, Callable[[], object]] = field(factory=dict[Link, Callable[[], object]], init=False)

    def __attrs_post_init__(self) -> None:
        config = self._config
        self._addresses = Addresses(
            config.max_connections_per_address or math.inf, config.max_failures_per_address or math.inf
        )

    @property
    def handshakes(self) -> int:
        """Count the connections whose handshake is not over."""
        return len(self._unanswered) + len(self._answered)

    def lets_in(self, key: AddressKey | None) -> bool:
        """Tell whether somebody without an origin is let in at this moment."""
        return (
            self.connections < self.room.connections
            and not self._takes_nobody()
            and (key is None or not (self._addresses.is_full(key) or self._wait_for(key)))
        )

    def check(self, key: AddressKey | None, origin: str | None) -> None:
        """Let somebody in whose request is right.

        Args:
          key: what the address counts as.
          origin: where the page that asks is from; None for what is no page.

        Raises:
          HttpRefused: not now, or not from there.
        """
        allowed = self._config.allowed_origins
        if allowed and origin is not None and not may_connect(origin, allowed):
            raise HttpRefused(403, "Pages of this origin may not connect.")
        if key is not None:
            if self._addresses.is_full(key):
                raise _later(429, "Too many connections come from this address.", _RETRY_SECONDS)
            seconds = self._wait_for(key)
            if seconds:
                text = "Too many handshakes from this address have failed."
                raise _later(429, text, math.ceil(seconds))
        self.check_room()

    def check_room(self) -> None:
        """Let somebody in for whom only what the server itself has to say counts.

        Raises:
          HttpRefused: not now.
        """
        if self._takes_nobody():
            raise unavailable()
        if self.connections >= self.room.connections:
            raise _later(503, "The server is full.", _RETRY_SECONDS)

    def enter(self, key: AddressKey | None) -> None:
        """Count a connection that was let in."""
        self.connections += 1
        if key is not None:
            self._addresses.enter(key)

    def leave(self, key: AddressKey | None) -> None:
        """Count it no longer."""
        self.connections -= 1
        if key is not None:
            self._addresses.leave(key)

    def note_refusal(self, key: AddressKey | None, status: int) -> None:
        """Hold against an address that it was refused, where that is its own doing."""
        if key is not None and status not in _NO_FAILURES:
            self._addresses.fail(key, trio.current_time())

    def forget(self) -> None:
        """Forget what is no longer held against anybody."""
        self._addresses.forget(trio.current_time())

    @contextmanager
    def handshaking(self, link: Link) -> Generator[None]:
        """Count a handshake for as long as the block, and end the oldest ones while there are too many."""
        while self.handshakes >= self.room.handshakes:
            self._end_oldest()
        scope = trio.CancelScope() if link.abort_nowait is None else None
        self._unanswered[link] = scope.cancel if scope is not None else link.abort_nowait  # type: ignore[assignment]
        try:
            with scope or nullcontext():
                yield
        finally:
            self._unanswered.pop(link, None)
            self._answered.pop(link, None)

    def note_answer(self, link: Link) -> None:
        """Note that a handshake was answered: all that is left of it is to see the peer off."""
        end = self._unanswered.pop(link, None)
        if end is not None:
            self._answered[link] = end

    def _end_oldest(self) -> None:
        with contained("a handshake"):
            if not self._answered:
                self._unanswered.pop(next(iter(self._unanswered)))()
                return
            # Who has the answer is not to lose it, if it has sent no more than it should have.
            link = next(iter(self._answered))
            end = self._answered.pop(link)
            if not link.close_nowait():
                end()

    def _wait_for(self, key: AddressKey) -> float:
        return self._addresses.wait_for(key, trio.current_time())


def _later(status: int, text: str, seconds: int) -> HttpRefused:
    return HttpRefused(status, text, (("Retry-After", str(seconds)),))

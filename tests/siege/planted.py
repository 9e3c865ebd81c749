"""Servers with a bug each: what the siege has to notice.

    python -m tests.siege.planted NAME DESCRIPTOR serve ...

plants the bug of that name, and is `benchmarks.siege.probed` otherwise.
"""

from __future__ import annotations

import functools
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import trio

from benchmarks.siege import probed
from focus_signal.core.guesses import Guesses
from focus_signal.core.sessions import Sessions
from focus_signal.core.state import Session
from focus_signal.server import pages
from focus_signal.server.connection import Connection
from focus_signal.server.front_door import FrontDoor
from focus_signal.server.outbox import Outbox
from focus_signal.server.server import Server
from focus_signal.server.transport.native import NativeTransport

_RESTART = 1012
KEPT: list[bytearray] = []


def _behind(planted: Callable[[], object]) -> None:
    """Do something more whenever a connection has ended."""
    run = Connection.run

    @functools.wraps(run)
    async def run_and_more(self: Connection) -> None:
        await run(self)
        planted()

    Connection.run = run_and_more  # type: ignore[method-assign]


def leak_map_entry() -> None:
    """Keep the session of a user who has left."""
    disconnect = Sessions.disconnect

    def keep(self: Sessions, connection: int) -> Session | None:
        session = disconnect(self, connection)
        if session is not None:
            self.by_user[f"{session.user} once more"] = session
        return session

    Sessions.disconnect = keep  # type: ignore[method-assign]


def leak_session_id() -> None:
    """Keep the id of a session that has ended."""
    forget = Sessions.forget

    def keep(self: Sessions, session: Session) -> None:
        forget(self, session)
        if session.resumption is not None:
            self.by_id[session.resumption.id] = session

    Sessions.forget = keep  # type: ignore[method-assign]


def remember_twice() -> None:
    """Remember wrong codes of more keys than there are."""
    miss = Guesses.miss

    def miss_more(self: Guesses, keys: Sequence[str], now: float) -> None:
        miss(self, (*keys, *(f"{key} once more" for key in keys)), now)

    Guesses.miss = miss_more  # type: ignore[method-assign]


def leak_memory() -> None:
    """Keep some KiB of each connection where no walk over the server's maps comes by."""
    _behind(lambda: KEPT.append(bytearray(b"x" * 8192)))


def leak_task() -> None:
    """Leave a task behind."""
    _behind(lambda: trio.lowlevel.spawn_system_task(trio.sleep_forever))


def leak_descriptor() -> None:
    """Leave a descriptor behind."""
    _behind(lambda: os.dup(0))


def leak_at_the_door() -> None:
    """Leave a task behind for everyone who asks for no WebSocket."""
    receive = FrontDoor.receive

    @functools.wraps(receive)
    async def receive_and_more(*arguments: Any) -> Any:
        trio.lowlevel.spawn_system_task(trio.sleep_forever)
        return await receive(*arguments)

    FrontDoor.receive = receive_and_more  # type: ignore[assignment, method-assign]


def tell_nobody() -> None:
    """Cut everyone at the end, without a goodbye."""
    close = NativeTransport.close

    async def say_nothing(self: NativeTransport, code: int, reason: str) -> None:
        if code == _RESTART:
            await self.abort()
        else:
            await close(self, code, reason)

    NativeTransport.close = say_nothing  # type: ignore[method-assign]


def never_hurry() -> None:
    """Wait for everyone, however often it is told to end."""

    def stay(self: Server) -> None:
        """Cut nobody."""

    Server.cut = stay  # type: ignore[method-assign]


def lose_messages() -> None:
    """Drop each hundredth of what is put into outboxes, one by one or together."""
    put, put_all = Outbox.put, Outbox.put_all
    turn: Iterator[int] = iter(range(1 << 60))

    def lose(self: Outbox, frame: bytes) -> bool:
        return True if next(turn) % 100 == 99 else put(self, frame)

    def lose_all(self: Outbox, frames: list[bytes]) -> bool:
        return True if next(turn) % 100 == 99 else put_all(self, frames)

    Outbox.put, Outbox.put_all = lose, lose_all  # type: ignore[method-assign]


def name_no_time() -> None:
    """Turn visitors away without telling them when to come back."""
    render = pages.render

    def shorter(
        status: int, text: str, headers: tuple[tuple[str, str], ...] = (), *, head_only: bool = False
    ) -> bytes:
        return render(status, text, () if status == 503 else headers, head_only=head_only)

    pages.render = shorter


def keep_soft_limit() -> None:
    """Make do with the soft limit of descriptors."""

    def refuse(what: int, limits: tuple[int, int]) -> None:
        del what, limits
        raise ValueError("not here")

    resource.setrlimit = refuse


def spin() -> None:
    """Look busy, and say so."""
    init = Server.__attrs_post_init__

    async def turn() -> None:
        while True:
            for _ in range(10_000):
                await trio.lowlevel.checkpoint()
            sys.stderr.write("INFO busy\n")

    def init_and_spin(self: Server) -> None:
        init(self)
        trio.lowlevel.spawn_system_task(turn)

    Server.__attrs_post_init__ = init_and_spin  # type: ignore[method-assign]


def forgive_slow_readers() -> None:
    """Drop what does not fit, and keep the connection."""
    put, put_all = Outbox.put, Outbox.put_all

    def forgive(self: Outbox, frame: bytes) -> bool:
        return put(self, frame) or True

    def forgive_all(self: Outbox, frames: list[bytes]) -> bool:
        return put_all(self, frames) or True

    Outbox.put, Outbox.put_all = forgive, forgive_all  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (
        leak_map_entry,
        leak_session_id,
        remember_twice,
        leak_memory,
        leak_task,
        leak_descriptor,
        leak_at_the_door,
        tell_nobody,
        never_hurry,
        lose_messages,
        name_no_time,
        keep_soft_limit,
        spin,
        forgive_slow_readers,
    )
}


def main() -> int:
    name, *arguments = sys.argv[1:]
    PLANTS[name]()
    return probed.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
